"""Text as the toxicity model learns and reads it: lower case, without addresses, disguise and punctuation."""

from __future__ import annotations

import re
import unicodedata

_URL = re.compile(r"(?:https?://|www\.)\S+|@\w+")
_STYLED = re.compile("[\uff21-\uff5a\U0001d400-\U0001d7ff]")  # full-width and mathematical letters
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]+")
_SPACES = re.compile("[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_STAND_INS = str.maketrans("013457@$", "oieastas")
_REPEATED = re.compile(r"([a-z*])\1\1+")
_KEPT = "*@$\n"  # beside letters and digits: what stands in for letters inside words
_SEPARATORS = bytes(code for code in range(128) if not chr(code).isalnum() and chr(code) not in _KEPT)
_TO_SPACES = bytes.maketrans(_SEPARATORS, b" " * len(_SEPARATORS))


def normalised(text: str) -> bytes:
    """`normalise` in UTF-8."""
    if "://" in text or "www." in text or "@" in text:
        text = _URL.sub(" ", text)
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
        if _STYLED.search(text):
            text = unicodedata.normalize("NFKC", text)
        text = _SPACES.sub(" ", text)
    return text.lower().encode("utf-8", "replace").translate(_TO_SPACES)


def normalise(text: str) -> str:
    """Text in lower case without addresses and ASCII punctuation, line by line; its words still want `fold`.

    Keeps every `\\n` and adds none, so that lines can be told by their number. Other scripts pass unchanged.
    """
    return normalised(text).decode("utf-8")


def fold(word: str) -> str:
    """A word of `normalise` as it is learnt and looked up: `b1tch`, `fuuuck` and `*word*` lose their disguise.

    Digits and signs between letters become the letters they stand for, all others go; three or more equal letters
    become one; stars stay inside words. Empty for numbers.
    """
    if not word.isalpha():
        word = word.strip("*@$0123456789")
        inner = word.translate(_STAND_INS)
        word = "".join(c for c in inner if c.isalpha() or c == "*" or ord(c) > 127)
    return _REPEATED.sub(r"\1", word)
