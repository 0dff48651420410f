"""Quality signals: numbers measured once for a document; rules decide on them later.

Signals come in families, one for each dialect of the published recipes (`FAMILIES`). One pass over a text measures any
of them, and shares what they have in common: lower case, line splitting, words, n-gram hashing, and C4's line edits.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation.quality import dclm, dolma, lines, nemo
from curation.quality.document import Document
from curation.quality.families import EDITS
from curation.quality.lines import Lines
from curation.quality.vocabulary import MAX_CHUNKS, Vocabulary

CHARACTERS = "characters"
"""Length of the text as it came; measured with every family."""

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "fineweb": lines.GOPHER_SIGNALS + lines.C4_SIGNALS + lines.FINEWEB_SIGNALS,
    "c4_datatrove": lines.C4_DATATROVE_SIGNALS,
    "c4_tfds": lines.C4_TFDS_SIGNALS,
    "gopher_dolma": dolma.SIGNALS,
    "gopher_dclm": dclm.SIGNALS,
    "refinedweb_dclm": dclm.REFINEDWEB_DCLM_SIGNALS,
    "refinedweb": dclm.REFINEDWEB_SIGNALS,
    "nemo": nemo.SIGNALS,
}
"""Signals by the family that measures them, in the order of columns."""

SIGNALS: tuple[str, ...] = (CHARACTERS, *(name for names in FAMILIES.values() for name in names))

_FROM_LINES = frozenset(("fineweb", "c4_datatrove", "c4_tfds"))


@dataclass(frozen=True)
class Measured:
    """What `measure` finds: every signal by name, and the edited text."""

    signals: dict[str, float]
    text: str


def signals_of(families: Collection[str]) -> tuple[str, ...]:
    """Names of the signals of these families, in the order of `SIGNALS`."""
    return (CHARACTERS, *(name for family, names in FAMILIES.items() if family in families for name in names))


def measure(text: str) -> Measured:
    """All signals of one text, each a finite number whatever the text holds, and the text after FineWeb's edits."""
    columns, texts = measure_batch([text])
    return Measured({name: float(column[0]) for name, column in columns.items()}, texts[0])


def measure_batch(
    texts: Sequence[str],
    families: Collection[str] = tuple(FAMILIES),
    *,
    edits: str | None = "fineweb@datatrove",
    bad_words: Sequence[str] = (),
) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """Signals of many texts: one float64 column for each signal of `families`, and the texts after `edits`.

    Args:
        texts: any strings; lone surrogates and NUL are characters like others.
        families: keys of `FAMILIES`.
        edits: key of `families.EDITS`, whose line edits the returned texts have; None returns the texts as they came.
        bad_words: in lower case; `c4_tfds.bad_words` counts those that occur.

    Time is linear in the length of the texts; a run of more than `words.MAX_CHUNK_CHARACTERS` characters without
    white space counts as one of spaCy's words.
    """
    wanted = frozenset(families) | ({EDITS[edits]} if edits else frozenset())
    names = signals_of(families)
    values = np.empty((len(names), len(texts)), np.float64)
    edited = []
    with _LOCK:
        try:
            for place, text in enumerate(texts):
                measured, after = _measure(text, wanted, bad_words)
                values[0, place] = len(text)
                values[1:, place] = [value for family in FAMILIES if family in families for value in measured[family]]
                edited.append(after[edits] if edits else text)
        except BaseException:
            _VOCABULARY.reset()  # an interrupt may have come between two steps of adding a chunk
            raise
    return dict(zip(names, values, strict=True)), edited


_LOCK = threading.Lock()  # Beam runs bundles in threads; the vocabulary is shared between them
_VOCABULARY = Vocabulary()


def _measure(
    text: str, wanted: Collection[str], bad_words: Sequence[str]
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """The values of each family wanted, and the text after each of the line edits that they make."""
    document = Document(text)
    found: dict[str, list[float]] = {}
    texts: dict[str, str] = {}
    if not _FROM_LINES.isdisjoint(wanted):
        if len(_VOCABULARY) > MAX_CHUNKS:
            _VOCABULARY.reset()
        tokenise = "fineweb" in wanted or "c4_datatrove" in wanted
        scanned = Lines(document, _VOCABULARY, tokenise=tokenise)
        if tokenise:
            parts = lines.measure_datatrove(document, scanned)
            found["fineweb"] = parts["gopher"] + parts["c4"] + parts["fineweb"]
            found["c4_datatrove"] = parts["c4_datatrove"]
        if "c4_tfds" in wanted:
            found["c4_tfds"] = lines.measure_tfds(scanned, bad_words)
        texts = {name: scanned.edits[family].text() for name, family in EDITS.items() if family in scanned.edits}
    if "gopher_dolma" in wanted:
        found["gopher_dolma"] = dolma.measure(document)
    if "nemo" in wanted:
        found["nemo"] = nemo.measure(document)
    if not dclm.FAMILIES.isdisjoint(wanted):
        values, edited = dclm.measure_families(document, wanted)
        found |= values
        texts |= {name: edited[family] for name, family in EDITS.items() if family in edited}
    return found, texts
