"""CCNet's normalisation of text before its language models (`cc_net/text_normalizer.py`, MIT licence)."""

from __future__ import annotations

import unicodedata

PUNCTUATION = {
    "，": ",", "。": ".", "、": ",", "„": '"', "”": '"', "“": '"', "«": '"', "»": '"', "１": '"', "」": '"', "「": '"',
    "《": '"', "》": '"', "´": "'", "∶": ":", "：": ":", "？": "?", "！": "!", "（": "(", "）": ")", "；": ";",
    "–": "-", "—": " - ", "．": ". ", "～": "~", "’": "'", "…": "...", "━": "-", "〈": "<", "〉": ">",
    "【": "[", "】": "]", "％": "%", "►": "-",
}  # fmt: skip
"""Unicode punctuation and what stands for it (`UNICODE_PUNCT`)."""


class _Table(dict[int, str | None]):
    """What becomes of each code point after decomposition, found out when it is first met."""

    def __missing__(self, point: int) -> str | None:
        value = self[point] = _replacement(chr(point))
        return value


def _replacement(character: str) -> str | None:
    category = unicodedata.category(character)
    if category == "Mn" or ord(character) < 32 or 127 <= ord(character) < 160:
        return None
    if category == "Nd":
        return "0"
    return PUNCTUATION.get(character, character)


_TABLE = _Table()


def normalise(text: str) -> str:
    """`cc_net.text_normalizer.normalize(text)`: stripped, lower case, no accents, digits as 0, plain punctuation.

    Control characters go, line breaks among them: the words on both sides of a break become one. So do the models of
    CCNet see a whole document, in which nothing is left of its lines.
    """
    text = text.strip().lower()
    return (text if text.isascii() else unicodedata.normalize("NFD", text)).translate(_TABLE)
