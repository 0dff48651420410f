"""Token counts: a fixed rule that needs no file, or any tokenizer.json."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from manifests.errors import UsageError

PIECES = "pieces@1"
"""One token for each maximal run of letters, marks and digits, for each character of a script written without
spaces, and for each other character that is not white space. Words, in short, and punctuation marks."""

_SPACE, _WORD, _SINGLE = 0, 1, 2
_TABLE_SIZE = 0x20000
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x30FF),  # CJK radicals to Katakana
    (0x3400, 0x9FFF),  # CJK ideographs
    (0xF900, 0xFAFF),  # CJK compatibility
)


@functools.cache
def _character_classes() -> NDArray[np.uint8]:
    table = np.full(_TABLE_SIZE, _SINGLE, np.uint8)
    for code in range(_TABLE_SIZE):
        character = chr(code)
        if character.isspace():
            table[code] = _SPACE
        elif character.isalnum() or unicodedata.category(character)[0] == "M":
            table[code] = _WORD
    for first, last in _UNSPACED:
        block = table[first : last + 1]
        block[block == _WORD] = _SINGLE
    return table


_CODES = numba.types.Array(numba.types.uint32, 1, "C", readonly=True)


@numba.njit(numba.types.int64(_CODES, numba.types.uint8[::1]), cache=True)
def _count_pieces(codes: Any, table: Any) -> int:
    count = 0
    in_word = False
    for code in codes:
        kind = table[code] if code < table.size else 2
        if kind == 1:
            if not in_word:
                count += 1
            in_word = True
        else:
            in_word = False
            if kind == 2:
                count += 1
    return count


class TokenCounter:
    """Counts tokens of texts under a named rule or a Hugging Face tokenizer.

    Args:
        name: `pieces@1`, a path to a `tokenizer.json` (or a folder that holds one), or a hub id.

    Raises:
        UsageError: the tokenizer cannot be loaded.
    """

    def __init__(self, name: str = PIECES) -> None:
        self.name = name
        self._tokenizer = None if name == PIECES else _load_tokenizer(name)

    def count(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Number of tokens in each text, without special tokens."""
        if self._tokenizer is None:
            table = _character_classes()
            return np.fromiter((_count_pieces(_codes(text), table) for text in texts), np.int64, len(texts))
        # A lone surrogate, which the library refuses, becomes `?`.
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        encodings = self._tokenizer.encode_batch_fast(clean, add_special_tokens=False)
        return np.fromiter((len(encoding.ids) for encoding in encodings), np.int64, len(texts))


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _load_tokenizer(name: str) -> Any:
    from tokenizers import Tokenizer

    try:
        path = Path(name)
        if path.is_dir():
            path = path / "tokenizer.json"
        if path.exists():
            tokenizer = Tokenizer.from_file(str(path))
        elif path.name.endswith(".json") or name.startswith((".", "/", "~")):
            raise UsageError(f"tokenizer: {path}: no such file")
        else:
            tokenizer = Tokenizer.from_pretrained(name)
        tokenizer.no_truncation()  # both are often set for a model's training, and would make every count the same
        tokenizer.no_padding()
        return tokenizer
    except UsageError:
        raise
    except Exception as error:  # the library raises bare Exception for a broken file or an unknown hub id
        raise UsageError(f"tokenizer: {name}: cannot be loaded: {error}") from error
