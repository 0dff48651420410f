"""Real evaluation sets beside ../shared/data, which are not part of the project."""

from __future__ import annotations

import gzip

import pytest

from curation.decontamination.index import build_index
from curation.decontamination.items import read_items
from curation.decontamination.match import find_items
from tests.benchmarks.decontamination import DATA, clean_paragraphs, counted, settings

pytestmark = [pytest.mark.realdata, pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data")]


def test_flan_holds_every_question_of_gsm8k_and_clean_text_none() -> None:
    config = settings(["gsm8k"])
    index = build_index(read_items(config.benchmarks), config)
    with gzip.open(DATA / "instructions" / "flan_cot" / "gsm8k_train.tsv.gz", "rt", encoding="utf-8") as stream:
        rows = stream.read().rstrip("\n").split("\n")
    found = [{hit.part for hit in counted(config, find_items(index, row.replace("\t", "\n")))} for row in rows]
    assert (len(rows), sum("question" in parts for parts in found)) == (7_473, 7_473)
    assert not any(counted(config, find_items(index, paragraph)) for paragraph in clean_paragraphs(2_000))
