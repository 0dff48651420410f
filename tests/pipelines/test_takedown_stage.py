import hashlib

import pyarrow as pa

from curation.documents import REJECTED_AT_INGEST
from curation.select import Ruled
from curation.takedown import Takedown
from pipelines.stages.select import taken_down
from pipelines.stages.shard import without_names

LIST = Takedown({"domain": frozenset({"gone.example"}), "repository": frozenset({"gone.git"})})


def test_a_takedown_comes_before_the_rules_and_hides_what_they_measured() -> None:
    documents = pa.table(
        {
            "source": ["web"] * 3,
            "id": ["0" * 32, "1" * 32, "2" * 32],
            "uri": ["https://a.gone.example/", "https://gone.example/", "https://here.example/"],
            "origin": ["a#1", "a#2", "a#3"],
        }
    )
    ruled = Ruled(
        [None, "quality", "quality"], [None, "words", "words"], [None, 3.0, 4.0], [None, 50.0, 50.0],
        [[], ["words"], ["words"]], [[], [], []],
    )  # fmt: skip
    found = taken_down(documents, ruled, LIST)
    assert found.rule == ["takedown.domain", "takedown.domain", "words"]
    assert (found.stage, found.value) == (["takedown", "takedown", "quality"], [None, None, 4.0])
    assert found.failed == [["takedown.domain"], ["takedown.domain"], ["words"]]
    assert ruled.rule == [None, "words", "words"]


def test_a_text_is_compared_without_the_lines_that_are_cut_from_it() -> None:
    documents = pa.table({"source": ["web"], "id": ["0" * 32], "uri": ["https://a.example/"], "origin": ["a#1"]})
    ruled = Ruled([None], [None], [None], [None], [[]], [[{"start": 0, "end": 3}]])
    for text, rule in (("kept", "takedown.hash"), ("cut\nkept", None)):
        entries = {"hash": frozenset({hashlib.sha256(text.encode()).hexdigest()})}
        assert taken_down(documents, ruled, Takedown(entries), ["cut\nkept"]).rule == [rule]


def test_records_refused_at_ingest_lose_their_address_too() -> None:
    rows = [
        {"source": "web", "id": "0" * 32, "uri": "https://gone.example/x", "origin": "a#1", "rule": "http_status"},
        {"source": "code", "id": "1" * 32, "uri": "gone.git@0:x", "origin": "gone.git@0", "rule": "binary"},
        {"source": "web", "id": "2" * 32, "uri": "https://here.example/", "origin": "a#2", "rule": "http_status"},
    ]
    table = pa.Table.from_pylist(rows, REJECTED_AT_INGEST)
    found = without_names(table, LIST)
    assert found["uri"].to_pylist() == [None, None, "https://here.example/"]
    assert found.drop_columns(["uri"]).equals(table.drop_columns(["uri"]))
    assert without_names(table, Takedown({})) is table
