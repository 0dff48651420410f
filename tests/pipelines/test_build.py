"""A build of the sample against what its generator says it planted."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from curation.documents import REJECTED, SHARD
from manifests.dataset import verify
from manifests.manifest import read_manifest
from pipelines.demo import Sample
from tests.pipelines.builds import curate


@pytest.fixture(scope="module")
def truth(sample: Sample) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(sample.truth.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def kept(built: Path) -> pa.Table:
    return ds.dataset(built / "shards", format="parquet").to_table()


@pytest.fixture(scope="module")
def rejected(built: Path) -> dict[str, dict[str, Any]]:
    rows = ds.dataset(built / "rejected", format="parquet").to_table().to_pylist()
    return {row["uri"]: row for row in rows}


def test_totals_add_up_and_every_file_is_as_the_manifest_says(built: Path) -> None:
    manifest = read_manifest(str(built))
    assert list(verify(str(built), manifest)) == []
    totals = manifest["totals"]
    assert totals["records"] == totals["documents"] + totals["rejected"] + totals["errors"]


def test_the_files_have_the_columns_of_the_contract(built: Path) -> None:
    for path in (built / "shards").rglob("*.parquet"):
        assert pa.parquet.read_schema(path).names == SHARD.names
    assert pa.parquet.read_schema(built / "rejected/part-00000.parquet").names == REJECTED.names


def test_shards_are_sorted_by_id_and_hold_each_id_once(built: Path) -> None:
    for folder in (built / "shards").iterdir():
        ids = ds.dataset(sorted(folder.glob("*.parquet")), format="parquet").to_table()["id"].to_pylist()
        assert ids == sorted(set(ids))
        assert all(len(one) == 32 and int(one, 16) >= 0 for one in ids)


def test_every_record_of_the_archives_is_counted(built: Path, truth: dict[str, Any]) -> None:
    inputs = {Path(entry["uri"]).name: entry for entry in read_manifest(str(built))["inputs"]}
    for file in truth["files"]:
        records = file["records"]
        pages = records.get("response", 0) + records.get("conversion", 0)
        assert inputs[file["name"]]["records"] == pages, file["name"]
        others = {kind: count for kind, count in records.items() if kind not in ("response", "conversion")}
        assert inputs[file["name"]]["skipped"] == others


def test_damaged_records_are_listed_by_file_and_offset(built: Path, truth: dict[str, Any]) -> None:
    rows = ds.dataset(built / "errors", format="parquet").to_table().to_pylist()
    found = {(Path(row["uri"]).name, row["offset"]) for row in rows if row["path"] is None}
    assert found == {(error["file"], error["offset"]) for error in truth["errors"]}
    assert [Path(row["uri"]).name for row in rows if row["path"]] == ["cracked-bell.git"]


def test_of_exact_copies_one_stays_and_the_other_names_it(
    kept: pa.Table, rejected: dict[str, dict[str, Any]], truth: dict[str, Any]
) -> None:
    ids = dict(zip(kept["uri"].to_pylist(), kept["id"].to_pylist(), strict=True))
    for pair in truth["exact_duplicates"]:
        (stays,) = [uri for uri in pair if uri in ids]
        (goes,) = [uri for uri in pair if uri != stays]
        assert rejected[goes]["rule"] == "exact"
        assert rejected[goes]["duplicate_of"] == ids[stays]


def test_of_near_copies_one_stays_and_no_other_page_is_called_a_copy(
    kept: pa.Table, rejected: dict[str, dict[str, Any]], truth: dict[str, Any]
) -> None:
    uris = set(kept["uri"].to_pylist())
    pairs = [pair for *pair, similarity in truth["near_duplicates"] if similarity >= 0.85]
    assert all(len(uris.intersection(pair)) == 1 for pair in pairs)
    planted = {uri for *pair, _ in truth["near_duplicates"] for uri in pair}
    called = {uri for uri, row in rejected.items() if row["rule"] == "near" and row["source"] == "web"}
    assert called <= planted


def test_no_planted_personal_datum_survives(kept: pa.Table, truth: dict[str, Any]) -> None:
    text = "\n".join(kept["text"].to_pylist())
    values = [entry["value"] for entry in (*truth["private"], *truth["code_private"])]
    assert len(values) > 40
    assert [value for value in values if value in text] == []


def test_toxic_pages_go_and_toxic_lines_are_cut_from_pages_that_stay(
    kept: pa.Table, rejected: dict[str, dict[str, Any]], truth: dict[str, Any]
) -> None:
    texts = dict(zip(kept["uri"].to_pylist(), kept["text"].to_pylist(), strict=True))
    assert all(page["uri"] in rejected for page in truth["toxic_pages"])
    for planted in truth["toxic_lines"]:
        assert planted["line"] not in texts[planted["uri"]]


def test_what_is_no_page_or_no_prose_is_rejected(kept: pa.Table, truth: dict[str, Any]) -> None:
    uris = set(kept["uri"].to_pylist())
    assert not uris.intersection(page["uri"] for page in (*truth["no_pages"], *truth["low_quality"]))


def test_good_english_pages_stay(kept: pa.Table, truth: dict[str, Any]) -> None:
    uris = set(kept["uri"].to_pylist())
    good = [page["uri"] for page in truth["pages"] if page["language"] == "en" and page["kind"] == "plain"]
    assert len(good) > 300
    assert sum(uri in uris for uri in good) / len(good) >= 0.95


def test_only_permissive_code_is_kept(kept: pa.Table, rejected: dict[str, dict[str, Any]]) -> None:
    rows = [row for row in kept.select(["source", "origin", "license"]).to_pylist() if row["source"] == "code"]
    assert {row["license"] for row in rows} <= {"MIT", "Apache-2.0"}
    names = {Path(row["origin"].rpartition("@")[0]).name for row in rows}
    assert not names & {"guild-ledger.git", "harbour-notes"}
    reasons = {row["rule"] for uri, row in rejected.items() if "guild-ledger.git@" in uri}
    assert reasons == {"license.copyleft"}
    assert {row["rule"] for uri, row in rejected.items() if "harbour-notes@" in uri} == {"license.none"}


def test_the_code_share_holds_to_within_one_document(kept: pa.Table, built: Path) -> None:
    tokens = {"web": 0, "code": 0}
    largest = 0
    for source, count in zip(kept["source"].to_pylist(), kept["tokens"].to_pylist(), strict=True):
        tokens[source] += count
        largest = max(largest, count)
    assert abs(tokens["code"] - 0.05 * sum(tokens.values())) <= largest
    assert read_manifest(str(built))["mixture"]["left_out"]["code"] > 0


def test_a_changed_threshold_re_decides_without_reading_the_crawl(sample: Sample, built: Path, tmp_path: Path) -> None:
    archives, repositories = [str(sample.archives / "crawl-00001.warc.gz")], [str(sample.repositories)]
    out = tmp_path / "out"
    curate(out, archives, repositories)
    before = {path: path.stat().st_mtime_ns for path in (out / ".work/ingest").rglob("*.parquet")}
    few = read_manifest(str(out))
    curate(out, archives, repositories, "--set", "quality.gopher.min_words=300")
    many = read_manifest(str(out))
    assert {path: path.stat().st_mtime_ns for path in (out / ".work/ingest").rglob("*.parquet")} == before
    assert many["totals"]["records"] == few["totals"]["records"]
    assert many["totals"]["documents"] < few["totals"]["documents"]
    assert list(verify(str(out), many)) == []


def test_the_output_loads_with_datasets(built: Path, kept: pa.Table, tmp_path: Path) -> None:
    code = (
        "import sys; from datasets import load_dataset; "
        "print(load_dataset('parquet', data_files=sys.argv[1], split='train', cache_dir=sys.argv[2]).num_rows)"
    )
    import sys

    answer = subprocess.run(
        [sys.executable, "-c", code, str(built / "shards/*/*.parquet"), str(tmp_path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(answer.stdout.strip()) == kept.num_rows


class TestBadInput:
    """A build that cannot be made says why, and leaves what was there before as it was."""

    @pytest.fixture
    def out(self, sample: Sample, tmp_path: Path) -> Path:
        out = tmp_path / "out"
        curate(out, [str(sample.archives / "crawl-00002.warc.wet")], [], "--set", "mixture={}")
        return out

    def test_too_much_damage_stops_the_build_and_keeps_the_old_one(
        self, sample: Sample, out: Path, tmp_path: Path
    ) -> None:
        before = read_manifest(str(out))["digest"]
        noise = tmp_path / "noise.warc.gz"
        noise.write_bytes(b"\x1f\x8b\x08" + bytes(range(256)) * 20)
        done = curate(out, [str(noise)], [], "--set", "mixture={}", check=False)
        assert done.returncode == 1
        assert "limits.max_error_share" in done.stderr
        assert "Traceback" not in done.stderr
        assert read_manifest(str(out))["digest"] == before
        assert list(verify(str(out), read_manifest(str(out)))) == []

    def test_a_mixture_that_cannot_be_met_says_what_there_is(self, sample: Sample, out: Path) -> None:
        done = curate(out, [str(sample.archives / "crawl-00002.warc.wet")], [], check=False)
        assert done.returncode == 1
        assert "`code` is to be 0.05 of the output, but no tokens of it are left" in done.stderr
        assert list(verify(str(out), read_manifest(str(out)))) == []

    def test_an_unwritable_output_is_one_line(self, sample: Sample, tmp_path: Path) -> None:
        blocked = tmp_path / "file"
        blocked.write_text("in the way")
        done = curate(blocked, [str(sample.archives / "crawl-00002.warc.wet")], [], check=False)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert str(blocked) in done.stderr
