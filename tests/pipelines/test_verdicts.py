from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from curation.code.signals import CODE_SIGNALS
from curation.policy import Policy
from curation.quality import evaluate
from curation.quality.rules import RULE_SETS
from curation.quality.signals import measure_batch
from manifests.errors import UsageError
from pipelines.cli import app
from pipelines.explain import explain, format_explanation
from pipelines.explanation import EditedLine
from pipelines.verdicts import verdicts
from tests.pipelines.tiny import prose
from tests.pipelines.two_builds import SITE, builds_of

TEXTS = (prose(3), "too short", "lorem ipsum { and the rest of it\n" * 40)


def row(text: str, **more: Any) -> dict[str, Any]:
    columns, _ = measure_batch([text])
    signals = {name: float(values[0]) for name, values in columns.items()}
    return {"id": "0" * 32, "language": "en", "source": "web", **signals, **more}


@pytest.mark.parametrize("text", TEXTS)
def test_every_rule_set_whose_signals_are_stored_says_what_it_says_of_the_text(text: str) -> None:
    found = verdicts(row(text), None)
    assert {"fineweb", "gopher@dolma", "c4@tfds", "nemo-english@nemo", "refinedweb"} <= {one.rules for one in found}
    assert len({one.rules for one in found}) == len(found)
    for one in found:
        verdict = evaluate(text, RULE_SETS[one.rules])
        assert (one.keep, one.rule, one.failed) == (verdict.keep, verdict.rule, verdict.failed)
        assert (one.value, one.threshold) == (verdict.value, verdict.threshold)


def test_the_builds_own_rule_set_comes_first_with_the_builds_thresholds() -> None:
    policy = Policy.model_validate({"quality": {"rules": "gopher", "gopher": {"min_words": 10_000}}})
    own, *others = verdicts(row(prose(3)), policy)
    assert (own.rules, own.own, own.keep, own.rule, own.threshold) == ("gopher", True, False, "gopher.min_words", 1e4)
    assert not any(one.own for one in others)
    assert next(one for one in others if one.rules == "gopher@datatrove").rule != "gopher.min_words"


def test_rule_sets_can_be_named() -> None:
    assert [one.rules for one in verdicts(row(prose(3)), None, ["c4", "gopher", "c4@tfds"])] == ["c4@tfds", "gopher"]


def test_rule_sets_that_read_what_is_not_stored_are_left_out_or_refused() -> None:
    assert "ccnet" not in {one.rules for one in verdicts(row(prose(3)), None)}
    with pytest.raises(UsageError, match=r"--rules ccnet: it reads the signal `perplexity`"):
        verdicts(row(prose(3)), None, ["ccnet"])
    with pytest.raises(UsageError, match=r"did you mean `gopher`\?"):
        verdicts(row(prose(3)), None, ["gophre"])


def test_a_score_that_the_build_stored_is_read() -> None:
    (one,) = verdicts(row(prose(3), link_votes=2.0), None, ["webtext"])
    assert (one.keep, one.rule, one.value, one.threshold) == (False, "webtext.min_votes", 2.0, 3.0)


def test_code_has_its_own_rule_set_only() -> None:
    signals = {**dict.fromkeys(CODE_SIGNALS, float("nan")), "code.max_line_length": 2000.0}
    (one,) = verdicts({"id": "0" * 32, "language": "C", "source": "code", **signals}, None)
    assert (one.rules, one.rule, one.value, one.threshold) == ("code@bigcode", "code.max_line_length", 2000.0, 1000.0)


def test_explain_shows_the_verdicts_and_the_nearest_kept_copy(tmp_path_factory: pytest.TempPathFactory) -> None:
    before, _ = builds_of(tmp_path_factory)
    (record,) = explain(str(before), uri=f"{SITE}shorter", rules=["gopher", "fineweb"]).records
    assert record.details is not None
    assert [(one.rules, one.own) for one in record.details.verdicts] == [("gopher", True), ("fineweb", False)]
    assert record.copy is not None
    assert record.copy.uri == f"{SITE}long"
    assert 0.75 < record.copy.similarity < 1
    assert record.copy.line > 20
    assert record.copy.text is None
    assert (record.copy.other or "").startswith("In 1541 ")
    assert explain(str(before), uri=f"{SITE}long").records[0].copy is None


def test_an_unknown_rule_set_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown rule set `gophr`; did you mean `gopher`\?"):
        explain(str(tmp_path), uri="x", rules=["gophr"])


def test_explain_marks_the_line_that_was_cut(tmp_path_factory: pytest.TempPathFactory) -> None:
    _, after = builds_of(tmp_path_factory)
    (record,) = explain(str(after), uri=f"{SITE}bad").records
    assert record.details is not None
    (cut,) = [line for line in record.details.lines if line.mark != "kept"]
    assert (cut.mark, cut.text[:18]) == ("toxic", "you are all stupid")
    done = CliRunner().invoke(app, ["explain", str(after), "--uri", f"{SITE}bad", "--rules", "gopher,c4"])
    assert "... 9 lines kept" in done.output
    assert "- you are all stupid" in done.output
    assert "gopher (this build)" in done.output
    assert "c4@tfds" in done.output


def test_a_changed_line_is_shown_about_its_first_change(tmp_path_factory: pytest.TempPathFactory) -> None:
    before, _ = builds_of(tmp_path_factory)
    explanation = explain(str(before), uri=f"{SITE}page-1")
    (record,) = explanation.records
    assert record.details is not None
    line = EditedLine("changed", "x" * 300 + "[1] end", "x" * 300 + " end", None)
    details = dataclasses.replace(record.details, lines=(line, EditedLine("kept", "after", None, None)))
    shown = dataclasses.replace(explanation, records=(dataclasses.replace(record, details=details),))
    console = Console(width=200, file=io.StringIO(), record=True, color_system=None)
    console.print(format_explanation(shown))
    rows = [row.rstrip() for row in console.export_text().splitlines()]
    place = rows.index(f"  < ...{'x' * 50}[1] end")
    assert rows[place + 1 : place + 3] == [f"  > ...{'x' * 50} end", "    after"]


def test_explain_prints_json(tmp_path_factory: pytest.TempPathFactory) -> None:
    before, _ = builds_of(tmp_path_factory)
    done = CliRunner().invoke(app, ["explain", str(before), "--uri", f"{SITE}shorter", "--json"])
    (record,) = json.loads(done.output)["records"]
    assert record["copy"]["uri"] == f"{SITE}long"
    assert {one["rules"] for one in record["details"]["verdicts"]} >= {"gopher", "fineweb"}


def test_explain_without_rule_sets_named_lists_all(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    before, _ = builds_of(tmp_path_factory)
    output = CliRunner().invoke(app, ["explain", str(before), "--uri", f"{SITE}page-1"]).output
    for name in ("gopher@dolma", "fineweb@datatrove", "nemo-english@nemo", "refinedweb@dclm"):
        assert name in output
