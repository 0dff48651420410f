"""Texts of two kinds that a tiny model can tell apart, and such a model."""

import functools
import tempfile
from pathlib import Path

from curation.quality_models.documents import Document
from curation.training.quality_classifier import Settings, draw, train

GOOD = ("theorem", "proof", "energy", "history", "river", "language", "species", "century", "empire", "theory")
BAD = ("buy", "cheap", "click", "sale", "casino", "subscribe", "login", "cart", "discount", "offer")

SETTINGS = Settings(dim=4, epochs=20, lr=0.5, bucket=1000, word_ngrams=2)


def texts(words: tuple[str, ...], count: int = 60) -> list[str]:
    """Different texts of twelve words each."""
    return [
        " ".join(words[(i * 7 + place * (i % 9 + 1) + place * place) % len(words)] for place in range(12)) + f" {i}"
        for i in range(count)
    ]


@functools.cache
def _trained() -> bytes:
    good, bad = (iter([Document(text, f"{i}") for i, text in enumerate(texts(words))]) for words in (GOOD, BAD))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.bin"
        train(draw(good, bad, SETTINGS), SETTINGS, path)
        return path.read_bytes()


def model(path: Path, good: str = "hq", bad: str = "cc") -> Path:
    """Write a model with two labels to `path`; it has learnt that texts of GOOD are `good`."""
    content = _trained()
    for old, new in (("hq", good), ("cc", bad)):  # names in the file end at a zero byte, and may be of any length
        content = content.replace(f"__label__{old}\0".encode(), f"__label__{new}\0".encode())
    path.write_bytes(content)
    return path
