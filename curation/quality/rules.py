"""The published rule sets as data, by the name of recipe and dialect.

Published systems disagree on what a recipe means, so a name carries the system whose decisions it reproduces, bugs
included (`gopher@dolma`). A plain name is the set to use: the same recipe with the bugs repaired (docs/quality.md).
"""

from __future__ import annotations

from curation.quality.ccnet import LEAST_CHARACTERS
from curation.quality.decisions import Decisions, Rule, RuleSet, decide, hint, with_thresholds
from manifests.errors import UsageError

__all__ = ["RULE_SETS", "Decisions", "Rule", "RuleSet", "decide", "rule_set", "with_thresholds"]

_TOP_SHARES = ((2, 0.20), (3, 0.18), (4, 0.16))
_REPEATED_SHARES = ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))


def _top(family: str, signal: str) -> tuple[Rule, ...]:
    return tuple(
        Rule(f"{family}.max_top_{n}_gram_chars", f"{signal}_{n}_gram_chars", maximum=share) for n, share in _TOP_SHARES
    )


def _repeated(family: str, signals: str) -> tuple[Rule, ...]:
    return tuple(
        Rule(f"{family}.max_dup_{n}_gram_chars", f"{signals}.dup_{n}_gram_chars", maximum=share)
        for n, share in _REPEATED_SHARES
    )


def _gopher_repetition(top: str) -> tuple[Rule, ...]:
    return (
        Rule("empty", "characters", minimum=1),
        Rule("gopher.max_dup_paragraphs", "gopher.dup_paragraphs", maximum=0.30),
        Rule("gopher.max_dup_paragraph_chars", "gopher.dup_paragraph_chars", maximum=0.20),
        Rule("gopher.max_dup_lines", "gopher.dup_lines", maximum=0.30),
        Rule("gopher.max_dup_line_chars", "gopher.dup_line_chars", maximum=0.20),
        *_top("gopher", top),
        *_repeated("gopher", "gopher"),
    )


_GOPHER_QUALITY = (
    Rule("gopher.min_words", "gopher.words", minimum=50),
    Rule("gopher.max_words", "gopher.words", maximum=100_000),
    Rule("gopher.min_word_length", "gopher.word_length", minimum=3),
    Rule("gopher.max_word_length", "gopher.word_length", maximum=10),
    Rule("gopher.max_hashes", "gopher.hashes", maximum=0.1),
    Rule("gopher.max_ellipses", "gopher.ellipses", maximum=0.1),
    Rule("gopher.max_bullet_lines", "gopher.bullet_lines", maximum=0.9),
    Rule("gopher.max_ellipsis_lines", "gopher.ellipsis_lines", maximum=0.3),
    Rule("gopher.min_alphabetic_words", "gopher.alphabetic_words", minimum=0.8),
    Rule("gopher.min_stop_words", "gopher.stop_words", minimum=2),
)


def _c4(signals: str, sentences: int) -> tuple[Rule, ...]:
    return (
        # C4 drops a page at the first line with either phrase. The first of these rules only decides which reason
        # comes first; the third fails wherever it does.
        Rule("c4.max_curly_bracket", f"{signals}.curly_bracket_first", maximum=0),
        Rule("c4.max_lorem_ipsum", f"{signals}.lorem_ipsum", maximum=0),
        Rule("c4.max_curly_bracket", f"{signals}.curly_bracket", maximum=0),
        Rule("c4.min_sentences", f"{signals}.sentences", minimum=sentences),
    )


_FINEWEB = (
    Rule("fineweb.min_lines", "fineweb.lines", minimum=1),
    Rule("fineweb.min_end_punctuation_lines", "fineweb.end_punctuation_lines", minimum=0.12),
    Rule("fineweb.max_short_lines", "fineweb.short_lines", maximum=0.67),
    Rule("fineweb.max_dup_line_chars", "fineweb.dup_line_chars", maximum=0.01),
    Rule("fineweb.max_newlines", "fineweb.newlines", maximum=0.3),
)
_GOPHER_DOLMA = (
    Rule("gopher.min_words", "gopher_dolma.words", minimum=50),
    Rule("gopher.max_words", "gopher_dolma.words", maximum=100_000),
    Rule("gopher.min_word_length", "gopher_dolma.word_length", minimum=3),
    Rule("gopher.max_word_length", "gopher_dolma.word_length", maximum=10),
    Rule("gopher.max_symbols", "gopher_dolma.symbols", maximum=0.1),
    Rule("gopher.min_alphabetic_words", "gopher_dolma.alphabetic_words", minimum=0.8),
    Rule("gopher.min_stop_words", "gopher_dolma.stop_words", minimum=2),
    Rule("gopher.max_bullet_lines", "gopher_dolma.bullet_lines", maximum=0.9),
    Rule("gopher.max_ellipsis_lines", "gopher_dolma.ellipsis_lines", maximum=0.3),
    Rule("gopher.max_dup_lines", "gopher_dolma.dup_lines", maximum=0.3),
    Rule("gopher.max_dup_line_chars", "gopher_dolma.dup_line_chars", maximum=0.3),
)


def _gopher_dclm(signals: str) -> tuple[Rule, ...]:
    return (
        Rule("gopher.min_words", f"{signals}.words", minimum=50),
        Rule("gopher.max_words", f"{signals}.words", maximum=100_000),
        Rule("gopher.min_word_length", f"{signals}.word_length", minimum=3),
        Rule("gopher.max_word_length", f"{signals}.word_length", maximum=10),
        Rule("gopher.max_symbols", f"{signals}.symbols", maximum=0.1),
        Rule("gopher.max_bullet_lines", f"{signals}.bullet_lines", maximum=0.9),
        Rule("gopher.max_ellipsis_lines", f"{signals}.ellipsis_lines", maximum=0.3),
        Rule("gopher.max_non_alphabetic_words", f"{signals}.non_alphabetic_words", maximum=0.2),
        Rule("gopher.min_stop_words", f"{signals}.stop_words", minimum=2),
        Rule("gopher.max_dup_lines", f"{signals}.dup_lines", maximum=0.3),
        Rule("gopher.max_dup_paragraphs", f"{signals}.dup_paragraphs", maximum=0.3),
        Rule("gopher.max_dup_line_chars", f"{signals}.dup_line_chars", maximum=0.2),
        Rule("gopher.max_dup_paragraph_chars", f"{signals}.dup_paragraph_chars", maximum=0.2),
        *_top("gopher", f"{signals}.top"),
        *_repeated("gopher", signals),
    )


def _refinedweb(signals: str) -> tuple[Rule, ...]:
    return (
        Rule("refinedweb.min_characters", f"{signals}.characters", minimum=1),
        *_gopher_dclm(signals),
        Rule("refinedweb.min_kept_characters", f"{signals}.kept_characters", minimum=1),
        Rule("refinedweb.max_removed_words", f"{signals}.removed_words", maximum=0.05),
    )


_NEMO = (
    Rule("nemo.max_other_chars", "nemo.other_chars", maximum=0.25),
    Rule("nemo.max_symbols", "nemo.symbols", maximum=0.1),
    Rule("nemo.max_digits", "nemo.digits", maximum=0.15),
    Rule("nemo.max_urls", "nemo.urls", maximum=0.2),
    Rule("nemo.max_white_space", "nemo.white_space", maximum=0.25),
    Rule("nemo.max_brackets", "nemo.brackets", maximum=0.1),
    Rule("nemo.max_boilerplate", "nemo.boilerplate", maximum=0.4),
    Rule("nemo.min_unique_lines", "nemo.unique_lines", minimum=0.7),
    Rule("nemo.min_unique_paragraphs", "nemo.unique_paragraphs", minimum=0.7),
    Rule("nemo.min_unique_line_chars", "nemo.unique_line_chars", minimum=0.8),
    Rule("nemo.min_unique_paragraph_chars", "nemo.unique_paragraph_chars", minimum=0.8),
    Rule("nemo.min_words", "nemo.words", minimum=50),
    Rule("nemo.max_words", "nemo.words", maximum=100_000),
    Rule("nemo.max_no_end_mark_lines", "nemo.no_end_mark_lines", maximum=0.85),
    Rule("nemo.min_alphabetic_words", "nemo.alphabetic_words", minimum=0.8),
    Rule("nemo.min_stop_words", "nemo.stop_words", minimum=2),
    Rule("nemo.min_word_length", "nemo.word_length", minimum=3),
    Rule("nemo.max_word_length", "nemo.word_length", maximum=10),
    Rule("nemo.max_longest_word", "nemo.longest_word", maximum=1000),
    Rule("nemo.max_ellipsis_lines", "nemo.ellipsis_lines", maximum=0.3),
    *_top("nemo", "nemo.top"),
    *_repeated("nemo", "nemo"),
    Rule("nemo.max_bullet_lines", "nemo.bullet_lines", maximum=0.9),
)

_PUBLISHED = (
    RuleSet(
        "c4@tfds",
        (
            Rule("c4.max_characters", "characters", maximum=190_000),
            *_c4("c4_tfds", 3),
            Rule("c4.max_bad_words", "c4_tfds.bad_words", maximum=0),
        ),
        "C4 as made for T5 (tensorflow_datasets): page cleaner with its line edits; bad words where a list is named.",
        "c4@tfds",
    ),
    RuleSet(
        "c4@datatrove",
        _c4("c4_datatrove", 5),
        "datatrove's C4 filter with its defaults: 5 sentences, lines of 3 words, as the paper has it.",
        "c4@datatrove",
    ),
    RuleSet(
        "gopher@datatrove",
        _gopher_repetition("gopher.top") + _GOPHER_QUALITY,
        "Gopher's repetition rules, then its quality rules, as datatrove 0.10 has them.",
    ),
    RuleSet(
        "gopher",
        _gopher_repetition("gopher.repeated_top") + _GOPHER_QUALITY,
        "gopher@datatrove; an n-gram that occurs once is no repetition.",
    ),
    RuleSet(
        "gopher@dolma",
        _GOPHER_DOLMA + _repeated("gopher", "gopher_dolma"),
        "Gopher's rules as dolma 1.6 mixes Common Crawl with them. Its three rules on the most frequent n-grams"
        " misspell the attribute and never fire.",
    ),
    RuleSet(
        "gopher@dclm",
        _gopher_dclm("gopher_dclm"),
        "Gopher's rules as DCLM has them in its RefinedWeb, on the text as it came.",
    ),
    RuleSet(
        "fineweb@datatrove",
        _gopher_repetition("gopher.top") + _GOPHER_QUALITY + _c4("c4", 5) + _FINEWEB,
        "FineWeb's English recipe as datatrove 0.10 runs it: Gopher repetition, Gopher quality, C4 without the rule on"
        " end marks (its line edits make the text that is kept), FineWeb's own rules.",
        "fineweb@datatrove",
    ),
    RuleSet(
        "fineweb",
        _gopher_repetition("gopher.repeated_top") + _GOPHER_QUALITY + _c4("c4", 5) + _FINEWEB,
        "fineweb@datatrove; an n-gram that occurs once is no repetition.",
        "fineweb@datatrove",
    ),
    RuleSet(
        "refinedweb@dclm",
        _refinedweb("refinedweb_dclm"),
        "DCLM's RefinedWeb after URL and language filters: URLs out, Gopher's rules, line edits, at most 5 % of the"
        " words removed. Looks for URLs only in pages that begin with the letters of a top-level domain.",
        "refinedweb@dclm",
    ),
    RuleSet(
        "refinedweb",
        _refinedweb("refinedweb"),
        "refinedweb@dclm; URLs are looked for in every page.",
        "refinedweb",
    ),
    RuleSet("nemo-english@nemo", _NEMO, "NeMo Curator's heuristic pipeline for English text."),
    RuleSet(
        "ccnet",
        (
            Rule("ccnet.min_characters", "characters", minimum=LEAST_CHARACTERS),
            Rule("ccnet.max_bucket", "ccnet.bucket", maximum=1),
        ),
        "CCNet: at least 300 characters; head (0) and middle (1) of the language by perplexity, not the tail (2).",
    ),
    RuleSet(
        "gpt3",
        (Rule("gpt3.min_noisy_score", "gpt3.noisy_score", minimum=1),),
        "GPT-3: kept where Pareto noise exceeds 1 - score of a classifier of reference text; noise by seed and id.",
    ),
    RuleSet(
        "redpajama1",
        (Rule("redpajama1.min_score", "classifier", minimum=0.25),),
        "RedPajama-1's rule on Common Crawl: score of a classifier of pages that Wikipedia cites.",
    ),
    RuleSet(
        "dclm-classifier",
        (Rule("dclm.min_score", "classifier", minimum=0.018112),),
        "DCLM-Baseline's rule: score of a classifier of OpenHermes and ELI5 against RefinedWeb, the best tenth.",
    ),
    RuleSet(
        "webtext",
        (Rule("webtext.min_votes", "link_votes", minimum=3),),
        "WebText: pages that a link with at least 3 votes leads to.",
    ),
)
RULE_SETS: dict[str, RuleSet] = {rules.name: rules for rules in _PUBLISHED}
RULE_SETS["c4"] = RULE_SETS["c4@tfds"]
RULE_SETS["nemo-english"] = RULE_SETS["nemo-english@nemo"]


def rule_set(name: str) -> RuleSet:
    """The named rule set.

    Raises:
        UsageError: an unknown name (names the nearest one).
    """
    if name not in RULE_SETS:
        raise UsageError(f"unknown rule set `{name}`; {hint(name, RULE_SETS)}")
    return RULE_SETS[name]
