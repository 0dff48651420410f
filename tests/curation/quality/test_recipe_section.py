"""The `quality` section of a recipe, and deciding by each set from stored columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from curation.documents import document_schema
from curation.policy import Policy
from curation.quality import evaluate
from curation.quality.families import FAMILIES
from curation.quality.rules import RULE_SETS
from curation.quality.scores import scores_of
from curation.quality.signals import SIGNALS, measure_batch, signals_of
from curation.select import apply_rules, needed_columns
from manifests.errors import UsageError
from tests.curation.quality.documents import documents


def policy(**quality: Any) -> Policy:
    return Policy.model_validate({"language": {"keep": []}, "quality": quality})


def neutral_of(kind: pa.DataType) -> Any:
    """A value that no rule minds."""
    return [] if pa.types.is_list(kind) else {pa.string(): "", pa.binary(16): b"\0" * 16}.get(kind, 0)


def table(texts: list[str], **columns: list[float]) -> pa.Table:
    """Documents as `ingest` stores them, with neutral values for what quality rules do not read."""
    signals, _ = measure_batch(texts)
    schema = document_schema(SIGNALS)
    values: dict[str, Any] = {**signals, "text": texts, "id": [f"{i:032x}" for i in range(len(texts))]}
    values |= {"toxic_lines": [[] for _ in texts], "language": ["en"] * len(texts), "source": ["web"] * len(texts)}
    rows = {
        field.name: pa.array(values.get(field.name, [neutral_of(field.type)] * len(texts)), type=field.type)
        for field in schema
    }
    return pa.table(rows | {name: pa.array(column, pa.float64()) for name, column in columns.items()})


TEXTS = [documents()[name] for name in ("kept", "empty", "lorem ipsum", "hashes", "prose 2", "short lines")]


@pytest.mark.parametrize("name", [name for name, rules in RULE_SETS.items() if not scores_of(rules)])
def test_stored_columns_decide_as_evaluate_does(name: str) -> None:
    ruled = apply_rules(table(TEXTS), policy(rules=name))
    verdicts = [evaluate(text, name) for text in TEXTS]
    assert ruled.rule == [verdict.rule for verdict in verdicts]
    assert ruled.failed == [list(verdict.failed) for verdict in verdicts]
    assert ruled.value == [verdict.value for verdict in verdicts]


def test_votes_of_links_decide_where_they_are_stored() -> None:
    documents_of_two = table(TEXTS[:2], link_votes=[3, 2])
    assert apply_rules(documents_of_two, policy(rules="webtext")).rule == [None, "webtext.min_votes"]
    assert apply_rules(documents_of_two, policy(rules="webtext", min_votes=2)).rule == [None, None]
    with pytest.raises(UsageError, match="rule set webtext needs the signal `link_votes`"):
        apply_rules(table(TEXTS[:2]), policy(rules="webtext"))


def test_only_the_columns_of_the_set_are_read() -> None:
    names = set(needed_columns(policy(rules="gopher@dolma"), table(TEXTS).schema.names))
    assert "gopher_dolma.words" in names
    assert not {name for name in names if name.startswith(("gopher.", "nemo.", "fineweb."))}
    assert "text" not in names


def test_all_sets_are_measured_unless_the_recipe_names_some() -> None:
    assert policy().quality.families() == FAMILIES
    assert policy(measure=[]).quality.families() == ("fineweb",)
    assert policy(rules="c4", measure=["gopher@dolma"]).quality.families() == ("c4_tfds", "gopher_dolma")
    assert signals_of(policy(measure=["webtext"]).quality.families())[0] == "characters"


def test_a_set_that_is_measured_and_edits_the_same_lines_needs_no_new_reading() -> None:
    assert policy(rules="gopher@dolma").measuring() == policy(rules="nemo-english").measuring()
    assert policy(rules="fineweb").measuring() == policy(rules="fineweb@datatrove").measuring()
    assert policy(rules="fineweb").measuring() == policy(rules="fineweb", gopher={"min_words": 9}).measuring()
    assert policy(rules="fineweb").measuring() != policy(rules="c4").measuring()
    assert policy(rules="fineweb").measuring() != policy(rules="fineweb", measure=[]).measuring()


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"measure": ["gophr"]}, r"unknown rule set `gophr`; did you mean `gopher`\?"),
        ({"rules": "ccnet"}, "rule set ccnet reads the score `perplexity`, which no part of a recipe gives"),
        ({"rules": "gpt3"}, "rule set gpt3 reads the score `classifier`"),
        ({"rules": "gopher@dolma", "max_hashes": 1}, r"unknown threshold `max_hashes` of rule set gopher@dolma"),
    ],
)
def test_a_section_that_cannot_be_meant_is_refused(section: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        policy(**section)


def test_bad_words_are_read_from_the_file_that_the_recipe_names(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("Darn\n\n heck \ndarn\n")
    named = policy(bad_words=str(path))
    assert named.quality.list_of_bad_words() == ("darn", "heck")
    assert str(path) in named.measuring_files()
    columns, _ = measure_batch(["Oh heck, it is.\nWhat the darn thing is!"], ("c4_tfds",), bad_words=("darn", "heck"))
    assert columns["c4_tfds.bad_words"].tolist() == [1]  # the first line has too few words to be kept
    with pytest.raises(UsageError, match=r"quality\.bad_words: cannot read"):
        policy(bad_words=str(tmp_path / "none.txt")).quality.list_of_bad_words()


def test_a_page_without_a_score_is_kept() -> None:
    assert apply_rules(table(TEXTS[:1], link_votes=[float("nan")]), policy(rules="webtext")).rule == [None]
