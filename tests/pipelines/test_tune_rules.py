from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from typer.testing import CliRunner

from manifests.errors import JobError, UsageError
from pipelines.change_views import print_changes
from pipelines.changes import number, to_json
from pipelines.cli import app
from pipelines.comparison import compare
from pipelines.parts import read_columns, write_table
from pipelines.recipe import Recipe
from pipelines.redecide import Outcomes, redecide, stored_build
from pipelines.tune_rules import Reason, tune_rules, tuned
from pipelines.tune_view import format_tuning
from tests.pipelines.small_build import ATTACK
from tests.pipelines.two_builds import CHANGES, SITE, builds_of


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return builds_of(tmp_path_factory)[0]


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return builds_of(tmp_path_factory)[1]


def decisions(out: Path) -> dict[str, tuple[Any, ...]]:
    """What a build decided, by the key of each document."""
    found = {}
    for path in sorted((out / ".work/select/decisions").iterdir()):
        for row in read_columns(str(path)).to_pylist():
            reason = (row["stage"] or "", row["rule"] or "", number(row["value"]), number(row["threshold"]))
            found[row["key"].hex()] = (*reason, row["tokens"], row["duplicate_of"])
    return found


def redecided(out: Path, recipe: Recipe) -> dict[str, tuple[Any, ...]]:
    """The same, decided again from the stored numbers of the build at `out`."""
    found, outcomes = {}, Outcomes()
    for item in redecide(stored_build(str(out)), recipe, outcomes):
        for row, key in enumerate(item.keys):
            reason = (*outcomes.names[item.code[row]], number(item.value[row]), number(item.threshold[row]))
            found[bytes(key).ljust(16, b"\0").hex()] = (*reason, int(item.tokens[row]), item.duplicate_of.get(row))
    return found


def tree(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_deciding_again_with_the_builds_own_recipe_changes_nothing(before: Path) -> None:
    assert redecided(before, stored_build(str(before)).recipe) == decisions(before)


def test_every_decision_is_the_one_that_building_again_gives(before: Path, after: Path) -> None:
    recipe = tuned(stored_build(str(before)), CHANGES)
    changed = redecided(before, recipe)
    assert changed == decisions(after)
    assert changed != decisions(before)


def test_and_the_other_way_round(before: Path, after: Path) -> None:
    assert redecided(after, stored_build(str(before)).recipe) == decisions(before)


def test_the_numbers_are_the_difference_between_two_real_builds(before: Path, after: Path) -> None:
    tuning, real = tune_rules(str(before), CHANGES), compare(str(before), str(after))
    assert (tuning.gained, tuning.lost) == (real.gained, real.lost)
    assert tuning.gained.documents > 0
    assert tuning.lost.documents > 0
    assert (tuning.sources, tuning.languages, tuning.domains) == (real.sources, real.languages, real.domains)
    assert tuning.before.tokens + tuning.gained.tokens - tuning.lost.tokens + tuning.recut.tokens == tuning.after.tokens
    assert tuning.recut.documents == real.changed_after.documents == 1
    assert tuning.recut.tokens == real.changed_after.tokens - real.changed_before.tokens < 0
    lost = {(move.after.stage, move.after.rule): move.amount for move in tuning.moves if not move.before.rule}
    assert lost == {(row.stage, row.rule): row.amount for row in real.lost_to}
    gained = {(move.before.stage, move.before.rule): move.amount for move in tuning.moves if not move.after.rule}
    assert gained == {(row.stage, row.rule): row.amount for row in real.gained_from}


def test_a_copy_comes_back_when_the_one_that_stayed_is_dropped(before: Path) -> None:
    tuning = tune_rules(str(before), ["quality.gopher.max_words=500", "mixture={}"], samples=50)
    (back,) = [sample for sample in tuning.gained_samples if sample.source == "web"]
    assert back.uri == f"{SITE}shorter"
    assert (back.before.stage, back.before.rule) == ("dedup", "near")
    (dropped,) = tuning.lost_samples
    assert back.before.duplicate_of == dropped.id
    assert (dropped.uri, dropped.after.rule) == (f"{SITE}long", "gopher.max_words")
    assert (dropped.after.threshold, dropped.other_threshold) == (500.0, 100_000.0)
    assert dropped.after.value is not None
    assert dropped.after.value > 500
    assert dropped.text.startswith("In 1540 ")


def test_a_document_newly_kept_says_which_rule_had_it_and_the_threshold_now(before: Path) -> None:
    tuning = tune_rules(str(before), ["quality.min_words=20"])
    assert {sample.uri for sample in tuning.gained_samples if sample.source == "web"} == {
        f"{SITE}short-{seed}" for seed in range(20, 24)
    }
    sample = next(sample for sample in tuning.gained_samples if sample.source == "web")
    assert (sample.before.rule, sample.before.threshold, sample.other_threshold) == ("gopher.min_words", 70.0, 20.0)
    (setting,) = tuning.settings
    assert (setting.key, setting.before, setting.after) == ("quality.gopher.min_words", 70.0, 20.0)


def test_samples_are_chosen_by_hash_and_as_many_as_asked_for(before: Path) -> None:
    four = tune_rules(str(before), ["quality.min_words=20", "mixture={}"], samples=4).gained_samples
    two = tune_rules(str(before), ["quality.min_words=20", "mixture={}"], samples=2).gained_samples
    assert len(four) == 4
    assert two == four[:2]


def test_the_builds_own_settings_change_nothing(before: Path) -> None:
    tuning = tune_rules(str(before), ["quality.gopher.min_words=70"])
    assert tuning.before == tuning.after
    assert not tuning.moves
    assert not tuning.settings


def test_another_rule_set_whose_signals_are_stored_can_be_tried(before: Path) -> None:
    tuning = tune_rules(str(before), ["quality={rules: nemo-english}", "mixture={}"])
    assert any(move.after.rule.startswith("nemo.") for move in tuning.moves)
    assert Reason("quality", "gopher.min_words") in {move.before for move in tuning.moves}


def test_nothing_of_the_build_is_written(before: Path) -> None:
    files = tree(before)
    tune_rules(str(before), CHANGES)
    assert tree(before) == files


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("language.model=other.ftz", r"language\.model: changes what is read and measured.*language\.min_score"),
        ("dedup.minhash.threshold=0.9", r"dedup\.minhash\..*changes which documents are found to be copies"),
        ("dedup.exact=false", r"dedup\.exact: changes which documents"),
        ("output.shard_bytes=4096", r"output\.shard_bytes: decides nothing"),
        ("quality.measure=[nemo-english]", r"quality\.measure: changes what is read"),
        ("quality={rules: fineweb}", r"quality\.rules=fineweb: it keeps other lines of a page than gopher"),
        ("links.min_votes=3", r"no WAT file"),
        ("links.voter=domain", r"changes how votes are counted"),
        ("quality.gopher.min_wrods=80", r"did you mean `gopher\.min_words`\?"),
        ("language.min_scores=0.5", r"did you mean `min_score`\?"),
        ("languages.keep=[en]", r"unknown key `languages`; did you mean `language`\?"),
        ("quality.gopher.min_words", r"expected key\.path=value"),
        ("language.min_score=2", r"less than or equal to 1"),
    ],
)
def test_what_stored_numbers_cannot_decide_is_refused(before: Path, override: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        tune_rules(str(before), [override])


def test_a_mixture_that_cannot_be_met_is_told_as_the_build_would(before: Path) -> None:
    with pytest.raises(JobError, match="no tokens of it are left"):
        tune_rules(str(before), ["code.licenses=[copyleft]"])


def test_no_change_is_asked_for(before: Path) -> None:
    with pytest.raises(UsageError, match=r"--set quality\.gopher\.min_words=80"):
        tune_rules(str(before), [])


def test_a_build_without_its_work_files_is_refused(before: Path, tmp_path: Path) -> None:
    shutil.copytree(before, tmp_path / "out")
    shutil.rmtree(tmp_path / "out/.work")
    with pytest.raises(UsageError, match=r"work files .* are gone"):
        tune_rules(str(tmp_path / "out"), ["seed=2"])


def test_work_files_of_another_run_are_refused(before: Path, after: Path, tmp_path: Path) -> None:
    shutil.copytree(before, tmp_path / "out")
    shutil.rmtree(tmp_path / "out/.work/select")
    shutil.copytree(after / ".work/select", tmp_path / "out/.work/select")
    with pytest.raises(UsageError, match="of another run than the manifest"):
        tune_rules(str(tmp_path / "out"), ["seed=2"])


def test_numbers_that_were_measured_anew_since_the_build_are_refused(before: Path, tmp_path: Path) -> None:
    shutil.copytree(before, tmp_path / "out")
    part = next(part for part in stored_build(str(tmp_path / "out")).parts if part.source == "web")
    path = tmp_path / "out/.work" / part.documents
    table = read_columns(str(path))
    place = table.column_names.index("gopher.words")
    words = pc.subtract(table["gopher.words"], 400.0)
    write_table(str(path), table.set_column(place, table.schema.field(place), words))
    with pytest.raises(UsageError, match=r"the stored numbers of \d+ documents .* do not give what the build decided"):
        tune_rules(str(tmp_path / "out"), ["seed=2"])


def test_damaged_work_files_are_told_with_the_way_out(before: Path, tmp_path: Path) -> None:
    shutil.copytree(before, tmp_path / "out")
    part = stored_build(str(tmp_path / "out")).parts[0]
    (tmp_path / "out/.work" / part.documents).write_bytes(b"not parquet at all")
    with pytest.raises(UsageError, match=r"work files cannot be read .* to repair them"):
        tune_rules(str(tmp_path / "out"), ["seed=2"])


def test_the_command_prints_tables_and_writes_json(before: Path, tmp_path: Path) -> None:
    arguments = ["tune-rules", str(before), "--set", "quality.gopher.max_words=500", "--set", "mixture={}"]
    done = CliRunner().invoke(app, [*arguments, "--json", str(tmp_path / "tuning.json"), "--samples", "50"])
    assert done.exit_code == 0, done.output
    rows = [line.split() for line in done.output.splitlines()]
    assert ["quality.gopher.max_words", "100,000", "500"] in rows
    assert ["dedup", "near", "kept", "1", "500"] in rows
    assert ["example.org", "+1", "-1", "+500", "-550"] in rows
    assert f"{SITE}shorter" in done.output
    written = json.loads((tmp_path / "tuning.json").read_text())
    printed = json.loads(CliRunner().invoke(app, [*arguments, "--samples", "50", "--json", "-"]).output)
    assert printed == written
    assert "example.org" in {group["name"] for group in written["domains"]}


def test_what_a_crawl_holds_cannot_control_the_terminal(before: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tuning = tune_rules(str(before), ["quality.min_words=20"])
    hostile = dataclasses.replace(tuning.gained_samples[0], uri=f"https://evil.example/{ATTACK}", text=f"[/]{ATTACK}")
    print_changes(format_tuning(dataclasses.replace(tuning, gained_samples=(hostile,)), 5))
    printed = capsys.readouterr().out
    assert "https://evil.example/</pre>" in printed
    assert "[/]</pre>" in printed
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    assert to_json(dataclasses.replace(tuning, lost_samples=(hostile,))).isascii()


@pytest.mark.slow
def test_a_hundred_thousand_documents_are_decided_again_part_by_part(before: Path, tmp_path: Path) -> None:
    from tests.pipelines.large_build import write_large_build

    write_large_build(before, tmp_path, 100_000)
    tuning = tune_rules(str(tmp_path), ["quality.gopher.min_words=80"])
    assert sum(group.before.documents for group in tuning.sources) == tuning.before.documents > 10_000
    assert tuning.lost.documents > 0
