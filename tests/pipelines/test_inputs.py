"""Odd inputs, changed inputs and odd recipes, built within the test's process from a few pages."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pygit2
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from curation.decontamination.config import BenchmarkConfig
from manifests.dataset import verify
from manifests.errors import JobError, UsageError
from manifests.files import exists
from pipelines.commands import commented_yaml
from pipelines.explain import explain
from pipelines.explanation import Explanation
from pipelines.recipe import load_recipe
from pipelines.records import files_below
from pipelines.stages.publish import Published
from tests.pipelines.builds import ROOT
from tests.pipelines.tiny import SIGNATURE, information, make, prose, response, write_pages, write_repository

OFF = {"exact": False, "minhash": None}
CODE = {"a.py": "# SPDX-License-Identifier: MIT\ndef add(a, b):\n    return a + b\n"}
SECOND = "# SPDX-License-Identifier: MIT\nimport sys\n\nfor line in sys.stdin:\n    print(line.upper().rstrip())\n"


def rows(out: Path | str, folder: str) -> list[dict[str, Any]]:
    """All rows of the Parquet files in a folder of the output."""
    names = [name for name in files_below(f"{out}/{folder}") if name.endswith(".parquet")]
    return [row for name in names for row in pq.read_table(f"{out}/{folder}/{name}", partitioning=None).to_pylist()]


def uris(out: Path | str, folder: str = "shards") -> list[str]:
    return sorted(row["uri"] for row in rows(out, folder))


def kept(explanation: Explanation) -> bool:
    outcome = explanation.records[0].outcome
    return outcome is not None and outcome.keep


def whole(published: Published) -> dict[str, Any]:
    """The manifest of a build that agrees with its files."""
    assert list(verify(published.out, published.manifest)) == []
    return published.manifest


class TestNames:
    def test_relative_paths_and_odd_names(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        archive = write_pages(Path("in dir/ä b#1@c%20 [x]&'.warc"), range(3))
        repository = write_repository(Path("in dir/rëpo #2@x"), {**CODE, "sub dir/ö#@:b.py": SECOND})
        out = "out dir/ü#1@v"
        manifest = whole(make(out, [archive], repositories=[repository]))
        assert [entry["uri"] for entry in manifest["inputs"]] == [str(repository), str(archive)]
        (commit,) = {entry["commit"] for entry in manifest["inputs"] if "commit" in entry}
        assert uris(out) == sorted(
            [*(f"https://example.org/{n}" for n in range(3)), f"{repository}@{commit}:a.py",
             f"{repository}@{commit}:sub dir/ö#@:b.py"]
        )  # fmt: skip
        origins = {row["origin"] for row in rows(out, "shards")}
        assert f"{archive}#0" in origins
        assert kept(explain(out, uri=f"{repository}@{commit}:sub dir/ö#@:b.py"))
        assert kept(explain(out, uri=f"{archive}#0"))
        assert not make(f"{out}/", [archive], repositories=[repository]).fresh

    def test_an_output_folder_among_the_inputs_is_no_input(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        write_pages(Path("a.warc"), range(2))
        first = make("out", ["."])
        second = make("out", ["."])
        assert [entry["uri"] for entry in whole(first)["inputs"]] == ["./a.warc"]
        assert first.manifest["passed_over"] == []
        assert not second.fresh
        with pytest.raises(UsageError, match="every input lies in the output folder"):
            make(".", ["a.warc"])


class TestEmpty:
    def test_an_archive_without_pages_makes_an_empty_build(self, tmp_path: Path) -> None:
        archive = tmp_path / "a.warc"
        archive.write_bytes(information())
        manifest = whole(make(tmp_path / "out", [archive]))
        assert manifest["totals"] == {
            "inputs": 1, "input_bytes": len(information()), "records": 0, "errors": 0, "documents": 0, "tokens": 0,
            "bytes": 0, "rejected": 0,
        }  # fmt: skip
        assert manifest["inputs"][0]["skipped"] == {"warcinfo": 1}
        assert (manifest["shards"], rows(tmp_path / "out", "rejected")) == ([], [])

    def test_a_build_that_keeps_nothing_says_why(self, tmp_path: Path) -> None:
        archive = write_pages(tmp_path / "a.warc", range(3))
        manifest = whole(make(tmp_path / "out", [archive], language={"keep": ["sv"]}))
        assert [(row["rule"], row["documents"]) for row in manifest["funnel"]] == [("input", 3), ("language.other", 3)]
        assert manifest["shards"] == []
        assert len(rows(tmp_path / "out", "rejected")) == 3

    def test_a_repository_without_code(self, tmp_path: Path) -> None:
        repository = write_repository(tmp_path / "r", {"data.nonesuch": "1 2 3", "empty.py": ""})
        manifest = whole(make(tmp_path / "out", repositories=[repository]))
        assert (manifest["totals"]["records"], manifest["totals"]["rejected"]) == (2, 2)

    @pytest.mark.slow
    def test_an_empty_repository_is_counted_as_damaged(self, tmp_path: Path) -> None:
        archive = write_pages(tmp_path / "a.warc", range(5))
        repository = tmp_path / "r"
        pygit2.init_repository(str(repository))
        manifest = whole(make(tmp_path / "out", [archive], repositories=[repository]))
        assert [(row["uri"], row["reason"]) for row in rows(tmp_path / "out", "errors")] == [
            (str(repository), "empty-repository")
        ]
        assert manifest["totals"]["errors"] == 1
        with pytest.raises(JobError, match=r"1 of 1 records are damaged, .* most of them in .*/r \(1\)"):
            make(tmp_path / "out", repositories=[repository])

    @pytest.mark.slow
    def test_code_alone(self, tmp_path: Path) -> None:
        repository = write_repository(tmp_path / "r", CODE)
        manifest = whole(make(tmp_path / "out", repositories=[repository], mixture={"code": 1.0}))
        assert [shard["path"] for shard in manifest["shards"]] == ["shards/code/part-00000.parquet"]
        assert manifest["mixture"]["available"] == {"code": manifest["totals"]["tokens"]}


class TestDuplicates:
    def test_without_deduplication_copies_stay_but_a_record_met_twice_is_one(self, tmp_path: Path) -> None:
        text = prose(3)
        same = response("https://example.org/a", text)
        (tmp_path / "a.warc").write_bytes(same + response("https://example.org/b", text))
        (tmp_path / "b.warc").write_bytes(same)
        out = tmp_path / "out"
        whole(make(out, [tmp_path / "a.warc", tmp_path / "b.warc"], dedup=OFF))
        assert uris(out) == ["https://example.org/a", "https://example.org/b"]
        (gone,) = rows(out, "rejected")
        assert (gone["stage"], gone["rule"], gone["duplicate_of"]) == ("dedup", "same_record", gone["id"])

    @pytest.mark.slow
    def test_the_mixture_counts_a_record_met_twice_once(self, tmp_path: Path) -> None:
        for name in "ab":
            write_pages(tmp_path / f"{name}.warc", range(6))
        code = write_repository(tmp_path / "r", CODE)
        recipe = {"dedup": OFF, "mixture": {"code": 0.02}}
        manifest = whole(
            make(tmp_path / "out", [tmp_path / "a.warc", tmp_path / "b.warc"], repositories=[code], **recipe)
        )
        one = whole(make(tmp_path / "one", [tmp_path / "a.warc"], repositories=[code], **recipe))
        assert manifest["mixture"] == one["mixture"]
        assert uris(tmp_path / "out") == uris(tmp_path / "one")

    def test_a_changed_threshold_is_the_one_that_rejects_are_told(self, tmp_path: Path) -> None:
        text = prose(3)
        pages = [response("https://example.org/a", text), response("https://example.org/b", f"{text}\nOne line more.")]
        (tmp_path / "a.warc").write_bytes(b"".join(pages))
        for threshold in (0.7, 0.72):
            make(tmp_path / "out", [tmp_path / "a.warc"], dedup={"minhash": {"threshold": threshold}})
            (gone,) = rows(tmp_path / "out", "rejected")
            assert (gone["rule"], gone["threshold"]) == ("near", threshold)


class TestChangedInput:
    def test_new_content_under_an_old_name_is_read_again_and_nothing_of_the_old_stays(self, tmp_path: Path) -> None:
        archive, out = tmp_path / "a.warc", tmp_path / "out"
        write_pages(archive, range(4))
        first = whole(make(out, [archive]))
        (folder,) = (out / ".work/ingest").glob("*/")
        (folder / "documents-00007.parquet").write_bytes((folder / "documents-00000.parquet").read_bytes())
        write_pages(archive, [8, 9])
        second = whole(make(out, [archive]))
        assert uris(out) == ["https://example.org/8", "https://example.org/9"]
        assert first["inputs"][0]["sha256"] != second["inputs"][0]["sha256"]
        with pytest.raises(UsageError, match="no record has the URI"):
            explain(str(out), uri="https://example.org/1")
        os.utime(archive, (1, 1))
        touched = make(out, [archive])  # is read, and nothing more is done
        assert (touched.manifest, touched.fresh) == (second, False)

    def test_an_input_that_the_recipe_no_longer_names_leaves_nothing(self, tmp_path: Path) -> None:
        archives = [write_pages(tmp_path / "a.warc", range(2)), tmp_path / "b.warc"]
        archives[1].write_bytes(
            response("https://example.org/gone", "x", status=404) + response("https://b.org/", prose(7))
        )
        out = tmp_path / "out"
        whole(make(out, archives))
        assert uris(out, "rejected") == ["https://example.org/gone"]
        assert "https://b.org/" in uris(out)
        one = whole(make(out, archives[:1]))
        assert one["totals"]["records"] == 2
        assert uris(out) + uris(out, "rejected") == ["https://example.org/0", "https://example.org/1"]
        with pytest.raises(UsageError, match="no record has the URI"):
            explain(str(out), uri="https://b.org/")

    @pytest.mark.slow
    def test_a_new_commit_is_read_and_the_old_one_gone(self, tmp_path: Path) -> None:
        repository = write_repository(tmp_path / "r", CODE)
        make(tmp_path / "out", repositories=[repository])
        (before,) = uris(tmp_path / "out")
        opened = pygit2.Repository(str(repository))
        opened.create_commit("HEAD", SIGNATURE, SIGNATURE, "next", opened.head.peel().tree.id, [opened.head.target])
        whole(make(tmp_path / "out", repositories=[repository]))
        (after,) = uris(tmp_path / "out")
        assert before != after
        assert after.endswith(":a.py")


def write_tokenizer(path: Path, split: str) -> None:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(split, "removed")
    tokenizer.save(str(path))


class TestTokenizer:
    @pytest.mark.slow
    def test_by_path_and_a_changed_file_counts_again(self, tmp_path: Path) -> None:
        archive, path = write_pages(tmp_path / "a.warc", range(2)), tmp_path / "tok.json"
        for split in (" ", "e"):
            write_tokenizer(path, split)
            whole(make(tmp_path / "out", [archive], tokenizer=str(path)))
            for row in rows(tmp_path / "out", "shards"):
                assert row["tokens"] == len([piece for piece in row["text"].split(split) if piece])

    @pytest.mark.parametrize(
        "sections",
        [
            {"tokenizer": "nowhere.json"},
            {"language": {"model": "nowhere.bin"}},
            {"toxicity": {"words": "nowhere.txt"}},
        ],
    )
    def test_a_missing_model_is_told_before_any_work(self, sections: dict[str, Any], tmp_path: Path) -> None:
        archive = write_pages(tmp_path / "a.warc", range(2))
        with pytest.raises(UsageError, match="nowhere"):
            make(tmp_path / "out", [archive], **sections)
        assert not exists(str(tmp_path / "out"))


SET = {
    "name": ("name=other", "other"),
    "version": ("version='2.1'", "2.1"),
    "seed": ("seed=7", 7),
    "inputs": ("inputs.archives=[b.warc, a.warc]", ("a.warc", "b.warc")),
    "reading": ("reading.max_record_bytes=4096", 4096),
    "urls": ("urls.block_domains=[a.txt]", ("a.txt",)),
    "extraction": ("extraction.seconds=1.5", 1.5),
    "repair": ("repair.mojibake=true", True),
    "language": ("language.keep=[]", ()),
    "quality": ("quality.gopher.min_words=80", {"min_words": 80}),
    "code": ("code.licenses=[permissive, none]", ("permissive", "none")),
    "privacy": ("privacy.max_spans=3", 3),
    "toxicity": ("toxicity.max_document=0.9", 0.9),
    "links": ("links.min_votes=3", 3),
    "decontaminate": ("decontaminate.benchmarks={gsm8k: evals}", {"gsm8k": BenchmarkConfig(paths=("evals",))}),
    "takedown": ("takedown=[b.txt, a.txt]", ("b.txt", "a.txt")),
    "tokenizer": ("tokenizer='a b#.json'", "a b#.json"),
    "dedup": ("dedup.minhash=null", None),
    "mixture": ("mixture.code=0.25", 0.25),
    "output": ("output.shard_bytes=2048", 2048),
    "limits": ("limits.max_error_share=1", 1.0),
}


def test_every_section_of_a_recipe_is_tried_below() -> None:
    assert set(SET) <= set(type(load_recipe("web")).model_fields)
    assert set(type(load_recipe("web")).model_fields) - set(SET) == set()


@pytest.mark.parametrize("section", SET)
def test_set_changes_one_key_of_a_section_and_the_shown_recipe_has_it(section: str, tmp_path: Path) -> None:
    override, expected = SET[section]
    recipe = load_recipe("web", (override,))
    value: Any = recipe
    for part in override.partition("=")[0].split(".")[:2]:
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    assert value == expected
    default = load_recipe("web").model_dump()
    assert {key for key, value in recipe.model_dump().items() if value != default[key]} == {section}
    path = tmp_path / "shown.yaml"
    path.write_text(commented_yaml(recipe), encoding="utf-8")
    assert load_recipe(str(path)) == recipe


def test_a_version_may_be_a_whole_number_but_no_fraction_that_yaml_would_shorten() -> None:
    assert load_recipe("web", ("version=2",)).version == "2"
    with pytest.raises(UsageError, match=r"`version`.*found 1\.1"):
        load_recipe("web", ("version=1.10",))


def test_a_long_list_of_inputs_is_shown_so_that_it_loads_again(tmp_path: Path) -> None:
    names = [f"crawl/{n:05d} ä #{n}: '{n}'.warc.gz" for n in range(2000)]
    recipe = load_recipe("web", (f"inputs.archives={names!r}",))
    path = tmp_path / "shown.yaml"
    path.write_text(commented_yaml(recipe), encoding="utf-8")
    assert load_recipe(str(path)).inputs.archives == recipe.inputs.archives
    assert len(recipe.inputs.archives) == 2000


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_ctrl_c_is_one_message_and_the_next_run_goes_on(workers: int, tmp_path: Path) -> None:
    archives = [write_pages(tmp_path / f"{place}.warc", range(place * 250, place * 250 + 250)) for place in range(8)]
    command = [
        sys.executable, "-m", "pipelines.cli", "curate", "web", "--out", str(tmp_path / "out"), "--workers",
        str(workers), "--set", f"inputs.archives={[str(path) for path in archives]}",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "out/.work/ingest").glob("*/completion.json")):
        assert process.poll() is None, "the build ended before it could be interrupted"
        assert time.monotonic() < deadline
        os.sched_yield()
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the workers too
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "winnow: interrupted; run the same command again to go on from the last finished piece\n"
    assert not exists(str(tmp_path / "out/manifest.json"))
