from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from curation.documents import REJECTED, SHARD, record_id
from manifests.errors import UsageError
from manifests.manifest import write_manifest
from pipelines import comparison
from pipelines.changes import Amount, Setting, domain_of, first_difference, settings_between
from pipelines.cli import app
from pipelines.comparison import ChangedText, FunnelRow, InputChange, Removal, compare, merged_funnel
from tests.pipelines.small_build import ATTACK
from tests.pipelines.two_builds import SITE, builds_of


def kept(name: str, tokens: int = 10, **changed: Any) -> dict[str, Any]:
    """A row of a shard."""
    row = {
        "id": record_id(name), "text": f"text of {name}", "source": "web", "uri": f"https://{name}.example/",
        "origin": "a#1", "language": "en", "license": None, "tokens": tokens, "meta": "{}",
    }  # fmt: skip
    return {**row, **changed}


def dropped(name: str, stage: str, rule: str, **changed: Any) -> dict[str, Any]:
    """A row of the rejects."""
    row = {"id": record_id(name), "source": "web", "uri": f"https://{name}.example/", "stage": stage, "rule": rule}
    return {**row, "value": 20.0, "threshold": 50.0, "duplicate_of": None, **changed}


def write(
    out: Path,
    shards: dict[str, list[dict[str, Any]]],
    rejected: list[dict[str, Any]],
    recipe: dict[str, Any] | None = None,
    inputs: dict[str, str] | None = None,
) -> Path:
    """A finished build of these rows; small row groups, so that ranges begin and end within files."""
    entries: dict[str, list[dict[str, Any]]] = {"shards": [], "rejected": []}
    files = [("shards", f"shards/{source}/part-00000.parquet", rows, SHARD) for source, rows in shards.items()]
    for section, path, rows, schema in [*files, ("rejected", "rejected/part-00000.parquet", rejected, REJECTED)]:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pylist(sorted(rows, key=lambda row: row["id"]), schema)
        pq.write_table(table, out / path, row_group_size=3)
        source = path.split("/")[1]
        tokens = sum(row.get("tokens", 0) for row in rows)
        entries[section].append({"path": path, "documents": len(rows), "source": source, "tokens": tokens})
    read = [{"uri": uri, "sha256": sha256} for uri, sha256 in (inputs or {"a": "0"}).items()]
    totals = {"documents": sum(len(rows) for rows in shards.values()), "rejected": len(rejected), "bytes": 1000}
    manifest = {"name": "x", "version": "1", "recipe": recipe or {}, "funnel": [], "inputs": read, "totals": totals}
    write_manifest(str(out), {**manifest, **entries})
    return out


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    web = [kept(f"p{n}") for n in range(8)]
    first = write(
        tmp_path / "a",
        {
            "web": [*web, kept("short", 7, language="de"), kept("gone"), kept("twice")],
            "code": [kept("c", source="code")],
        },
        [dropped("late", "quality", "gopher.min_words")],
        {"quality": {"rules": "fineweb"}},
        {"a": "1", "b": "2"},
    )
    second = write(
        tmp_path / "b",
        {"web": [*web[:7], kept("p7", 30, text="text of p7\nand more"), kept("late", 5)]},
        [
            dropped("short", "quality", "gopher.min_words"),
            dropped("c", "license", "license.none", value=None, threshold=None),
            dropped("twice", "dedup", "same_record", duplicate_of=record_id("twice")),
            dropped("twice", "mix", "mixture"),
        ],
        {"quality": {"rules": "fineweb", "gopher": {"min_words": 80}}},
        {"a": "1", "c": "3"},
    )
    return str(first), str(second)


def test_documents_of_both_builds_and_of_one_only_are_counted(pair: tuple[str, str]) -> None:
    found = compare(*pair)
    assert (found.both_before, found.both_after) == (Amount(8, 80), Amount(8, 100))
    assert (found.lost, found.gained) == (Amount(4, 37), Amount(1, 5))
    sources = {group.name: (group.before, group.after, group.gained, group.lost) for group in found.sources}
    assert sources["web"] == (Amount(11, 107), Amount(9, 105), Amount(1, 5), Amount(3, 27))
    assert sources["code"] == (Amount(1, 10), Amount(0, 0), Amount(0, 0), Amount(1, 10))
    assert {group.name: group.lost.tokens for group in found.languages} == {"en": 30, "de": 7}
    assert [group.name for group in found.domains] == [
        "gone.example",
        "late.example",
        "short.example",
        "twice.example",
        "unknown",
    ]


def test_each_document_of_one_build_has_its_reason_in_the_other(pair: tuple[str, str]) -> None:
    found = compare(*pair)
    assert found.lost_to == (
        Removal("", "", Amount(1, 10)),  # no record of it
        Removal("license", "license.none", Amount(1, 10)),
        Removal("mix", "mixture", Amount(1, 10)),  # and not that it was met twice
        Removal("quality", "gopher.min_words", Amount(1, 7)),
    )
    assert found.gained_from == (Removal("quality", "gopher.min_words", Amount(1, 5)),)
    samples = {sample.uri: (sample.rule, sample.value, sample.threshold) for sample in found.lost_samples}
    assert samples["https://short.example/"] == ("gopher.min_words", 20.0, 50.0)
    assert samples["https://gone.example/"] == ("", None, None)
    assert [sample.text for sample in found.gained_samples] == ["text of late"]


def test_a_changed_text_of_the_same_id_shows_its_first_line_that_differs(pair: tuple[str, str]) -> None:
    found = compare(*pair)
    assert (found.changed_before, found.changed_after) == (Amount(1, 10), Amount(1, 30))
    assert found.changed_samples == (ChangedText(record_id("p7"), "https://p7.example/", 2, None, "and more", 10, 30),)


def test_recipes_and_inputs_that_differ_are_listed(pair: tuple[str, str]) -> None:
    found = compare(*pair)
    assert found.settings == (Setting("quality.gopher.min_words", None, 80),)
    assert found.inputs == (InputChange("b", "2", None), InputChange("c", None, "3"))


def test_the_other_way_round_gained_is_lost(pair: tuple[str, str]) -> None:
    there, back = compare(*pair), compare(*reversed(pair))
    assert (there.gained, there.lost, there.lost_to) == (back.lost, back.gained, back.gained_from)
    assert there.lost_samples == back.gained_samples


def test_any_number_of_ranges_gives_the_same_answer(pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = compare(*pair, samples=3)
    for most in (1, 5):
        monkeypatch.setattr(comparison, "DOCUMENTS_PER_RANGE", most)
        assert compare(*pair, samples=3) == whole


def test_a_build_is_the_same_as_itself(pair: tuple[str, str]) -> None:
    found = compare(pair[0], pair[0])
    assert (found.gained.documents, found.lost.documents, found.changed_after.documents) == (0, 0, 0)
    assert found.both_after == Amount(12, 117)
    assert not found.domains
    assert not found.settings
    assert not found.inputs


def test_a_real_build_is_compared_without_its_work_files(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before, after = builds_of(tmp_path_factory)
    whole = compare(str(before), str(after))
    shutil.copytree(before, tmp_path / "a", ignore=shutil.ignore_patterns(".work"))
    bare = compare(str(tmp_path / "a"), str(after))
    assert (bare.lost_to, bare.gained_from, bare.funnel) == (whole.lost_to, whole.gained_from, whole.funnel)
    assert Removal("quality", "gopher.max_words", Amount(1, 550)) in whole.lost_to
    assert [sample.uri for sample in whole.changed_samples] == [f"{SITE}bad"]
    assert Setting("toxicity.max_line", 1.0, 0.5) in whole.settings
    row = next(row for row in whole.funnel if row.rule == "gopher.max_words")
    assert row == FunnelRow("web", "quality", "gopher.max_words", None, Amount(1, 550))


def test_funnels_are_merged_in_the_order_of_the_rules() -> None:
    def rows(*names: str) -> list[dict[str, Any]]:
        return [{"source": "web", "stage": "s", "rule": name, "documents": 1, "tokens": 2} for name in names]

    merged = merged_funnel(rows("input", "b", "kept"), rows("input", "a", "b", "c", "kept"))
    assert [row.rule for row in merged] == ["input", "a", "b", "c", "kept"]
    assert merged[1] == FunnelRow("web", "s", "a", None, Amount(1, 2))


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        ("a\nb", "a\nc", (2, "b", "c")),
        ("a", "a\nb", (2, None, "b")),
        ("a", "a", (2, None, None)),
        ("", "\ud800", (1, None, "\ud800")),
        ("a\n\nb", "a\nc", (2, "b", "c")),
        ("a\n\nb", "a\nb", (2, "", "b")),
        ("x" * 300 + "y", "x" * 300 + "z", (1, "..." + "x" * 50 + "y", "..." + "x" * 50 + "z")),
    ],
)
def test_the_first_difference_is_shown_where_it_is(before: str, after: str, difference: tuple[Any, ...]) -> None:
    assert first_difference(before, after) == difference


@pytest.mark.parametrize(
    ("source", "uri", "domain"),
    [
        ("web", "https://User@www.Example.org:80/a", "example.org"),
        ("web", "nonsense", "unknown"),
        ("code", f"repos/a@b.git@{'0' * 40}:src/x@y.py", "repos/a@b.git"),
        ("code", "nonsense", "unknown"),
    ],
)
def test_the_domain_of_a_page_is_its_host_and_of_a_file_its_repository(source: str, uri: str, domain: str) -> None:
    assert domain_of(source, uri) == domain


def test_lists_of_a_recipe_are_compared_as_a_whole() -> None:
    before: dict[str, Any]
    after: dict[str, Any]
    before, after = {"a": {"b": [1, 2], "c": None}}, {"a": {"b": [1], "c": None, "d": {}}}
    assert settings_between(before, after) == (Setting("a.b", [1, 2], [1]),)


def test_what_a_crawl_holds_cannot_control_the_terminal(tmp_path: Path) -> None:
    hostile = kept("h", uri=f"https://evil.example/{ATTACK}", text=ATTACK, language=ATTACK)
    first = write(tmp_path / "a", {"web": [hostile, kept("p")]}, [])
    second = write(tmp_path / "b", {"web": [kept("p", text=f"[/]{ATTACK}")]}, [dropped("h", ATTACK, ATTACK)])
    done = CliRunner().invoke(app, ["compare", str(first), str(second)])
    assert done.exit_code == 0, done.output
    assert "<script>alert('x')</script>" in done.output
    assert "[/]</pre>" in done.output
    assert "\x1b" not in done.output
    assert "\u202e" not in done.output
    printed = CliRunner().invoke(app, ["compare", str(first), str(second), "--json", "-"]).output
    assert printed.isascii()
    assert json.loads(printed)["lost_samples"][0]["uri"] == hostile["uri"]


def test_tables_show_as_many_rows_as_asked_for(pair: tuple[str, str]) -> None:
    output = CliRunner().invoke(app, ["compare", *pair, "--top", "2", "--samples", "1"]).output
    assert "by domain (the first 2 of 5)" in output
    assert "only in A, 1 chosen by hash" in output
    rows = [line.split() for line in output.splitlines()]
    assert ["in", "both", "8", "80", "100"] in rows
    assert ["quality.gopher.min_words", "-", "80"] in rows


def test_a_folder_that_is_no_build_is_refused(pair: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no manifest here"):
        compare(pair[0], str(tmp_path / "none"))
    write_manifest(str(tmp_path), {"kind": "model"})
    with pytest.raises(UsageError, match="a manifest of a model, not of a build"):
        compare(str(tmp_path), pair[0])


def test_a_damaged_shard_is_named_with_what_checks_it(pair: tuple[str, str]) -> None:
    path = Path(pair[1]) / "shards/web/part-00000.parquet"
    path.write_bytes(b"not parquet at all")
    with pytest.raises(UsageError, match=r"b/shards/web/part-00000\.parquet: cannot be read.*winnow manifest verify"):
        compare(*pair)
