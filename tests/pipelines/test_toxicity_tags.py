import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.select import TAGGED
from curation.summary import empty
from pipelines.toxicity_tags import toxicity_counts, with_tags
from tests.pipelines.tiny import information, make, prose, response


def row(**changed: Any) -> dict[str, Any]:
    lines = [{"start": 3, "end": 9, "score": 0.87654}]
    kinds = {"toxicity_abuse": 0.5, "toxicity_hate": 0.25, "toxicity_sexual": 0.0}
    return {
        "id": "a",
        "toxicity": 0.75,
        "toxic_words": 2,
        "toxic_lines": lines,
        **kinds,
        "meta": '{"kind":"html"}',
        **changed,
    }


def tags(document: dict[str, Any], failed: list[str], cut: list[dict[str, int]]) -> dict[str, Any]:
    decisions = pa.Table.from_pylist([{"failed": failed, "cut": cut}])
    table = with_tags(pa.Table.from_pylist([document]), decisions)
    meta = json.loads(table["meta"][0].as_py())
    assert meta["kind"] == "html"
    return dict(meta["toxicity"])


def test_what_was_measured_stands_in_meta() -> None:
    assert tags(row(), [TAGGED], []) == {
        "score": 0.75, "words": 2, "tagged": True, "abuse": 0.5, "hate": 0.25, "sexual": 0.0, "lines": [[3, 9, 0.8765]],
    }  # fmt: skip


def test_lines_are_left_out_where_their_offsets_would_no_longer_hold() -> None:
    found = tags(row(), [], [{"start": 0, "end": 2}])
    assert "lines" not in found
    assert found["tagged"] is False


def test_a_model_without_kinds_leaves_them_out() -> None:
    found = tags(row(toxicity_abuse=None, toxicity_hate=None, toxicity_sexual=None, toxic_lines=[]), [], [])
    assert found == {"score": 0.75, "words": 2, "tagged": False}


def test_documents_are_counted_by_what_became_of_them() -> None:
    summary = empty({}, 0)
    summary.outcomes[("web", "toxicity", "toxicity.document")] = (3, 300)
    summary.outcomes[("web", "toxicity", "toxicity.words")] = (1, 10)
    summary.outcomes[("web", "quality", "short")] = (9, 9)
    summary.failures[("web", TAGGED)] = (5, 4)
    summary.cuts[("web",)] = (2, 7, 70)
    assert toxicity_counts(summary) == [
        {"source": "web", "dropped": 4, "tagged": 5, "cut_documents": 2, "cut_lines": 7, "cut_tokens": 70}
    ]
    assert toxicity_counts(empty({}, 0)) == []


def test_a_build_drops_cuts_or_tags(tmp_path: Path) -> None:
    insult = "You are a stupid worthless idiot and a moron."
    abuse = "\n".join(f"{insult} {line}" for line in prose(3).split("\n"))
    pages = [prose(1), f"{prose(2)}\n{insult}", abuse]
    content = b"".join(response(f"http://a.org/{k}", text) for k, text in enumerate(pages))
    (tmp_path / "a.warc").write_bytes(information() + content)
    found = {}
    for action in ("drop", "cut", "tag"):
        recipe: dict[str, Any] = {
            "quality": {"rules": "c4"},
            "toxicity": {"action": action, "max_cut": 1.0, "max_line": 0.7},
        }
        manifest = make(tmp_path / "out", [tmp_path / "a.warc"], **recipe).manifest
        files = [tmp_path / "out" / entry["path"] for entry in manifest["shards"]]
        rows = [row for path in files for row in pq.read_table(path).to_pylist()]
        tagged = [json.loads(row["meta"]).get("toxicity", {}).get("tagged") for row in rows]
        counts = {key: value for key, value in manifest["toxicity"][0].items() if value and key != "cut_tokens"}
        found[action] = (sorted(insult in row["text"] for row in rows), sorted(filter(None, tagged)), counts)
    assert found == {
        "drop": ([False, False], [], {"source": "web", "dropped": 1, "cut_documents": 1, "cut_lines": 1}),
        "cut": ([False, False, False], [], {"source": "web", "cut_documents": 2, "cut_lines": 25}),
        "tag": ([False, True, True], [True, True], {"source": "web", "tagged": 2}),
    }
