"""English words that carry no evidence: function words, and the words of tests and of programs themselves."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTION_WORDS = _words(
    """
    a about above after again against all almost also although always am among an and another any anyone anything
    are around as at away back be became because become been before began begin behind being below between both but
    by came can cannot come could d did do does doing done down during each either else enough even ever every
    everyone everything few first five for four from further gave get give given go goes going gone got had has have
    having he her here hers herself him himself his how however i if in indeed instead into is it its itself just
    last least less let like ll made make makes many may me might mine more most much must my myself near neither
    never next no nobody none nor not nothing now o of off often on once one only onto or other others our ours
    ourselves out over own per perhaps put quite rather re s said same say says second see seen several shall she
    should since six so some someone something sometimes soon still such t take taken ten than that the their theirs
    them themselves then there therefore these they third this those though three through thus to together too
    toward towards two under until up upon us use used using ve very was way we well went were what whatever when
    where whether which while who whole whom whose why will with within without would yes yet you your yours
    yourself zero
    """
)

TEST_WORDS = _words(
    """
    answer answers best choice choices choose correct correctly example examples explain false following given input
    none option options output question questions select statement statements step steps true
    """
)

CODE_WORDS = _words(
    """
    and append args assert bool break candidate class continue def dict elif else except false float for from if
    import in int is it len list main math max min none not object optional or pass print range return returns self
    set sorted str string sum true try tuple typing while with yield
    """
)
