"""Two releases of generated pages: what the second does not repeat, and what comes back when the first loses a page."""

from __future__ import annotations

import io
import json
import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from manifests.dataset import verify
from manifests.errors import JobError, UsageError
from manifests.manifest import read_manifest, write_manifest
from pipelines.build import Build
from pipelines.commands import run_manifest_lineage
from pipelines.explain import explain, format_explanation
from pipelines.progress import Progress
from pipelines.recipe import Recipe
from pipelines.redecide import Outcomes, redecide, stored_build
from pipelines.runner import make_options
from tests.pipelines.tiny import make, prose, response

MORE = "\nOne line more."
FIRST = {f"https://one.example/{n}": prose(n) for n in range(1, 9)}
SECOND = {
    **{f"https://two.example/{n}": prose(n) for n in range(20, 25)},
    "https://two.example/copy-of-1": prose(1),
    "https://two.example/near-1": prose(1) + MORE,
    "https://two.example/near-2": prose(2) + MORE,
    "https://two.example/near-20": prose(20) + MORE,
}
AGAIN = {"https://one.example/3": prose(3)}  # the same record in a second crawl


def write(path: Path, *crawls: dict[str, str]) -> Path:
    path.write_bytes(b"".join(response(uri, text) for crawl in crawls for uri, text in crawl.items()))
    return path


def rows(out: Path, folder: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ds.dataset(out / folder, format="parquet").to_table().to_pylist()
    return found


def kept(out: Path) -> set[str]:
    return {row["uri"].removeprefix("https://") for row in rows(out, "shards")}


def removed(out: Path) -> dict[str, tuple[str, str]]:
    """Page -> rule, and the page that it is a copy of, in this build or in the first release beside it."""
    pages = {row["id"]: row["uri"] for row in rows(out, "shards")}
    pages |= {f"d@1#{row['id']}": f"1: {row['uri']}" for row in rows(out.parent / "r1", "shards")}
    return {
        row["uri"].removeprefix("https://"): (row["rule"], pages[row["duplicate_of"]].replace("https://", ""))
        for row in rows(out, "rejected")
        if row["stage"] == "dedup"
    }


def release(folder: Path, crawl: Path, version: str, **more: Any) -> Any:
    dedup = more.pop("dedup", {})
    if version != "1":
        dedup = {"against": [str(folder / "r1")], **dedup}
    return make(folder / f"r{version}", [crawl], name="d", version=version, dedup=dedup, **more)


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("releases")
    release(folder, write(folder / "one.warc", FIRST), "1")
    release(folder, write(folder / "two.warc", SECOND, AGAIN), "2")
    return folder


@pytest.fixture
def first(releases: Path, tmp_path: Path) -> Path:
    """A folder with the first release alone, to be spoilt or built again from the same crawl."""
    shutil.copytree(releases / "r1", tmp_path / "r1")
    return tmp_path


def test_the_second_release_holds_what_the_first_does_not(releases: Path) -> None:
    assert kept(releases / "r2") == {
        "two.example/21", "two.example/22", "two.example/23", "two.example/24", "two.example/near-20",
    }  # fmt: skip
    assert removed(releases / "r2") == {
        "one.example/3": ("earlier.same_record", "1: one.example/3"),
        "two.example/copy-of-1": ("earlier.exact", "1: one.example/1"),
        "two.example/near-1": ("earlier.near", "1: one.example/1"),
        "two.example/near-2": ("earlier.near", "1: one.example/2"),
        "two.example/20": ("near", "two.example/near-20"),
    }


def test_both_are_as_their_manifests_say_and_the_second_names_its_parent(
    releases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = read_manifest(str(releases / "r1")), read_manifest(str(releases / "r2"))
    assert [list(verify(str(releases / name), one)) for name, one in (("r1", old), ("r2", new))] == [[], []]
    assert [(one["name"], one["version"], one["digest"]) for one in new["parents"]] == [("d", "1", old["digest"])]
    run_manifest_lineage(str(releases / "r2"))
    assert capsys.readouterr().out.splitlines() == [
        f"dataset d@2  {new['digest']}", f"  dataset d@1  {old['digest']}  (earlier release)",
    ]  # fmt: skip


def test_the_index_has_a_row_for_each_document_that_is_kept(releases: Path) -> None:
    section = read_manifest(str(releases / "r2"))["index"]
    assert (section["format"], section["exact"], section["minhash"]["web"]["seed"]) == ("index@2", "exact@1", 1)
    index = rows(releases / "r2", "index")
    assert [row["id"] for row in index] == sorted(row["id"] for row in rows(releases / "r2", "shards"))
    assert {(len(row["exact"]), len(row["bands"]), len(row["sketch"])) for row in index} == {(16, 14 * 4, 128)}


def test_an_altered_index_differs_from_its_manifest(first: Path) -> None:
    spoil(first / "r1/index/web/part-00000.parquet")
    (problem,) = verify(str(first / "r1"), read_manifest(str(first / "r1")))
    assert problem.path == "index/web/part-00000.parquet" and "sha256" in problem.message


def test_the_earlier_text_is_not_read(first: Path, releases: Path) -> None:
    for name in ("shards", "rejected", ".work", "report.html"):
        gone = first / "r1" / name
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    release(first, releases / "two.warc", "2")
    assert kept(first / "r2") == kept(releases / "r2")


def test_only_buckets_with_a_new_document_are_looked_into(releases: Path, tmp_path: Path) -> None:
    shutil.copytree(releases / "r1", tmp_path / "r1")
    release(tmp_path, write(tmp_path / "new.warc", {f"https://new.example/{n}": prose(n) for n in (40, 41)}), "2")
    counts = json.loads((tmp_path / "r2/.work/earlier/completion.json").read_text())["facts"]["counts"]
    assert counts["documents read"] == len(FIRST)
    assert (counts.get("pairs compared", 0), counts["documents held"]) == (0, 0)
    assert counts["entries shuffled"] <= 8  # of 16 for each document: false positives of the filter


@pytest.mark.slow  # worker processes start slowly where cores are few
def test_workers_and_the_order_of_inputs_change_no_byte(releases: Path, tmp_path: Path) -> None:
    pages = [*SECOND.items(), *AGAIN.items()]
    crawls = [write(tmp_path / f"{number}.warc", dict(pages[number::3][::-1])) for number in range(3)]
    digests = set()
    for name, workers, order in (("a", 1, crawls), ("b", 2, crawls[::-1])):
        inputs = {"archives": [str(path) for path in order]}
        dedup = {"against": [str(releases / "r1")]}
        recipe = {"name": "d", "version": "2", "inputs": inputs, "language": {"keep": []}, "dedup": dedup}
        logging.getLogger().setLevel(logging.ERROR)
        options = make_options([], workers)
        made = Build(Recipe.model_validate(recipe), str(tmp_path / name), options, Progress(quiet=True)).run()
        digests.add(made.manifest["digest"])
        assert kept(tmp_path / name) == kept(releases / "r2")
    assert len(digests) == 1


def test_explain_says_which_document_of_which_release(releases: Path) -> None:
    uri = "https://two.example/near-2"
    said = str_of(format_explanation(explain(str(releases / "r2"), uri=uri)))
    (identity,) = [row["id"] for row in rows(releases / "r1", "shards") if row["uri"].endswith("/2")]
    assert re.search(rf"earlier copy +{identity} in release d 1\b", said)


def str_of(view: Any) -> str:
    from rich.console import Console

    console = Console(width=200, record=True, file=io.StringIO())
    console.print(view)
    return console.export_text()


def test_deciding_again_gives_what_was_decided(releases: Path) -> None:
    build, outcomes = stored_build(str(releases / "r2")), Outcomes()
    (part,) = redecide(build, build.recipe, outcomes)
    decided = {row["id"]: row["duplicate_of"] for row in rows(releases / "r2", "rejected") if row["stage"] == "dedup"}
    assert sorted(part.duplicate_of.values()) == sorted(decided.values())
    names = sorted(outcomes.names[code][1] for code in part.code.tolist() if code)
    assert names == ["earlier.exact", "earlier.near", "earlier.near", "earlier.same_record", "near"]


def taken_down(folder: Path, *entries: str) -> dict[str, Any]:
    (folder / "takedown.txt").write_text("".join(f"{entry}\n" for entry in entries))
    return {"takedown": [str(folder / "takedown.txt")]}


def test_what_a_deleted_document_suppressed_comes_back_and_nothing_else(first: Path, releases: Path) -> None:
    release(first, releases / "two.warc", "2")
    before = kept(first / "r2")
    release(first, releases / "one.warc", "1", **taken_down(first, "url:https://one.example/1"))
    assert kept(first / "r1") == kept(releases / "r1") - {"one.example/1"}
    release(first, releases / "two.warc", "2")
    # Both copies of the deleted page come back as one cluster, of which the longer stays.
    assert kept(first / "r2") == before | {"two.example/near-1"}
    assert removed(first / "r2")["two.example/copy-of-1"] == ("near", "two.example/near-1")


def test_nothing_of_a_deleted_document_is_left_but_its_id_among_the_rejects(first: Path, releases: Path) -> None:
    report = (first / "r1/report.html").read_text()
    sampled = [row["id"] for row in rows(first / "r1", "shards") if row["id"] in report]
    identity, page = next((row["id"], row["uri"]) for row in rows(first / "r1", "shards") if row["id"] == sampled[0])
    before = read_manifest(str(first / "r1"))["totals"]
    release(first, releases / "one.warc", "1", **taken_down(first, f"id:{identity}"))
    after = read_manifest(str(first / "r1"))["totals"]
    assert {name: after[name] - before[name] for name in ("documents", "rejected", "records")} == {
        "documents": -1, "rejected": 1, "records": 0,
    }  # fmt: skip
    assert identity not in {row["id"] for folder in ("shards", "index") for row in rows(first / "r1", folder)}
    (gone,) = [row for row in rows(first / "r1", "rejected") if row["id"] == identity]
    assert (gone["stage"], gone["rule"], gone["uri"]) == ("takedown", "takedown.id", None)
    build, outcomes = stored_build(str(first / "r1")), Outcomes()
    (part,) = redecide(build, build.recipe, outcomes)
    assert sum(part.code != 0) == 1
    for name in ("manifest.json", "report.html", "README.md"):
        shown = (first / "r1" / name).read_text()
        assert identity not in shown and not re.search(re.escape(page.removeprefix("https://")) + r"\b", shown)


def test_a_takedown_list_reads_and_measures_nothing_anew(first: Path, releases: Path) -> None:
    def stages() -> dict[str, int]:
        paths = [*(first / "r1/.work").glob("ingest/*/completion.json"), first / "r1/.work/dedup/completion.json"]
        return {str(path): path.stat().st_mtime_ns for path in paths}

    before = stages()
    release(first, releases / "one.warc", "1", **taken_down(first, "domain:one.example"))
    assert len(before) == 2 and stages() == before
    assert read_manifest(str(first / "r1"))["totals"]["documents"] == 0


def test_within_a_build_the_next_best_copy_takes_the_place_of_a_deleted_one(tmp_path: Path) -> None:
    crawl = write(tmp_path / "a.warc", {"https://a.example/": prose(1) + MORE, "https://b.example/": prose(1)})
    release(tmp_path, crawl, "1")
    assert kept(tmp_path / "r1") == {"a.example/"}
    release(tmp_path, crawl, "1", **taken_down(tmp_path, "domain:a.example"))
    assert kept(tmp_path / "r1") == {"b.example/"}


def spoil(path: Path) -> None:
    """Change one byte and keep the size."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def test_an_index_file_of_other_content_is_named_with_both_digests(first: Path, releases: Path) -> None:
    expected = read_manifest(str(first / "r1"))["index"]["files"][0]["sha256"]
    spoil(first / "r1/index/web/part-00000.parquet")
    with pytest.raises(
        JobError, match=rf"r1/index/web/part-00000.parquet was altered: .* sha256 [0-9a-f]{{64}}.*{expected}"
    ):
        release(first, releases / "two.warc", "2")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), r"r1/index/web/part-00000.parquet is missing; .* sha256 [0-9a-f]{64}"),
        (lambda path: path.write_bytes(b"PAR1"), r"part-00000.parquet was altered: it has 4 bytes, .* says \d+ with"),
    ],
)
def test_a_missing_or_shorter_index_file_is_refused_before_any_work(
    damage: Callable[[Path], None], message: str, first: Path, releases: Path
) -> None:
    damage(first / "r1/index/web/part-00000.parquet")
    with pytest.raises(UsageError, match=message):
        release(first, releases / "two.warc", "2")
    assert not (first / "r2").exists()


@pytest.mark.parametrize(
    ("minhash", "message"),
    [
        ({"seed": 7}, "`seed` 1, this recipe's 7, .*set dedup.minhash.seed=1"),
        ({"scheme": "affine64"}, "`scheme` affine32, this recipe's affine64"),
        ({"ngram": 8}, "`ngram` 5, this recipe's 8"),
        ({"shingle": "characters"}, "`shingle` words, this recipe's characters"),
        ({"num_perm": 256}, "`num_perm` 128, this recipe's 256"),
        ({"license_header": False}, "`license_header` True, this recipe's False, .*set .*minhash.license_header=true"),
        ({"preset": "threshold", "threshold": 0.9}, "`bands` 14, this recipe's .*take the `preset`"),
    ],
)
def test_an_index_of_another_scheme_is_refused(
    minhash: dict[str, Any], message: str, first: Path, releases: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        release(first, releases / "two.warc", "2", dedup={"minhash": minhash})


def edited(folder: Path, **changed: Any) -> None:
    manifest = read_manifest(str(folder))
    unsealed = {key: value for key, value in manifest.items() if key not in ("created", "digest", "schema_version")}
    write_manifest(str(folder), {**unsealed, **changed})


def test_another_normalisation_is_refused(first: Path, releases: Path) -> None:
    index = read_manifest(str(first / "r1"))["index"]
    web = {**index["minhash"]["web"], "normalisation": "normalise@2"}
    edited(first / "r1", index={**index, "minhash": {**index["minhash"], "web": web}})
    with pytest.raises(UsageError, match="`normalisation` normalise@2, this recipe's normalise@1"):
        release(first, releases / "two.warc", "2")


def test_a_release_without_an_index_says_how_to_make_one(first: Path, releases: Path) -> None:
    release(first, releases / "one.warc", "1", dedup={"publish_index": False})
    assert not (first / "r1/index").exists()
    assert list(verify(str(first / "r1"), read_manifest(str(first / "r1")))) == []
    with pytest.raises(UsageError, match=r"publishes no index; .*--out .*r1 and --set dedup.publish_index=true"):
        release(first, releases / "two.warc", "2")


def test_a_manifest_that_was_edited_by_hand_is_refused(first: Path, releases: Path) -> None:
    path = first / "r1/manifest.json"
    path.write_text(path.read_text().replace('"seed": 1', '"seed": 2'))
    with pytest.raises(UsageError, match="the manifest was altered: its content has the digest"):
        release(first, releases / "two.warc", "2")


def test_a_build_cannot_come_before_itself(releases: Path, first: Path) -> None:
    against = {"against": [str(first / "r1")]}
    with pytest.raises(UsageError, match="is the output folder itself"):
        release(first, releases / "one.warc", "1", dedup=against)
    with pytest.raises(UsageError, match=r"is called d@1, as this build is.*set another `version`"):
        make(first / "r3", [releases / "two.warc"], name="d", version="1", dedup=against)
    shutil.copytree(releases / "r2", first / "r2")
    with pytest.raises(UsageError, match="was built against it"):
        make(first / "r1", [releases / "one.warc"], name="d", version="9", dedup={"against": [str(first / "r2")]})


def test_two_releases_of_one_name_are_refused(first: Path, releases: Path) -> None:
    shutil.copytree(first / "r1", first / "again")
    with pytest.raises(UsageError, match=r"r1 and .*again are both called d@1"):
        release(first, releases / "two.warc", "2", dedup={"against": [str(first / "r1"), str(first / "again")]})


def test_a_third_release_lists_each_ancestor_once(releases: Path, tmp_path: Path) -> None:
    crawl = write(tmp_path / "three.warc", {"https://three.example/": prose(21), "https://four.example/": prose(40)})
    against = [str(releases / "r2"), str(releases / "r1" / "manifest.json")]
    made = make(tmp_path / "r3", [crawl], name="d", version="3", dedup={"against": against})
    assert [(one["version"], one["parents"]) for one in made.manifest["parents"]] == [("2", []), ("1", [])]
    assert kept(tmp_path / "r3") == {"four.example/"}
    (copy,) = rows(tmp_path / "r3", "rejected")
    assert copy["duplicate_of"].startswith("d@2#")
    alone = make(tmp_path / "r4", [crawl], name="d", version="4", dedup={"against": against[:1]})
    assert [(one["version"], [two["version"] for two in one["parents"]]) for one in alone.manifest["parents"]] == [
        ("2", ["1"])
    ]
