import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from curation.quality_models.cutoffs import read_cutoffs
from curation.quality_models.perplexity import Perplexity
from manifests.errors import UsageError, WinnowError
from manifests.models import verify_files
from pipelines.cli import app
from tests.curation.quality_models.tiny import BAD, GOOD, texts

FAST = ["--dim", "4", "--epochs", "20", "--lr", "0.5", "--bucket", "1000"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "good.txt").write_text("\n".join(texts(GOOD)))
    rows = [json.dumps({"text": text, "body": text[::-1]}) for text in texts(BAD)]
    (tmp_path / "bad.jsonl").write_text("\n".join(rows))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> str:
    """What a command prints; a failure that is explained to the user is raised."""
    result = CliRunner().invoke(app, list(arguments))
    if isinstance(result.exception, WinnowError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def classifier(*more: str) -> str:
    return run("train-classifier", "--reference", "good.txt", "--crawl", "bad.jsonl", "--out", "m", *FAST, *more)


class TestClassifier:
    def test_the_model_its_manifest_and_its_figures_are_there(self, folder: Path) -> None:
        printed = classifier("--seed", "7")
        assert sorted(os.listdir("m")) == ["manifest.json", "model.bin"]
        manifest = json.loads((folder / "m/manifest.json").read_text())
        assert (manifest["kind"], manifest["stage"], manifest["name"]) == ("model", "quality-classifier", "m")
        assert manifest["recipe"]["preset"] == "dclm"
        assert (manifest["recipe"]["word_ngrams"], manifest["recipe"]["seed"]) == (2, 7)
        assert [(row["uri"], row["records"], row["set"]) for row in manifest["inputs"]] == [
            ("../good.txt", 60, "reference"), ("../bad.jsonl", 60, "crawl"),
        ]  # fmt: skip
        assert manifest["metrics"]["auc"] == 1.0
        assert manifest["metrics"]["sets"]["crawl"]["drawn"] == 60
        assert verify_files("m") == []
        assert "AUC 1.0000" in printed
        assert "m/model.bin: use it as quality.classifier" in printed
        assert [name for name in os.listdir() if name.startswith(".")] == []

    def test_the_same_command_again_gives_the_same_digest(self, folder: Path) -> None:
        classifier()
        first = json.loads((folder / "m/manifest.json").read_text())
        classifier()
        assert json.loads((folder / "m/manifest.json").read_text())["digest"] == first["digest"]

    def test_a_folder_with_something_else_is_left_alone(self, folder: Path) -> None:
        (folder / "m").mkdir()
        (folder / "m/mine.txt").write_text("x")
        with pytest.raises(UsageError, match="m: holds something else; give another --out"):
            classifier()
        assert os.listdir("m") == ["mine.txt"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--reference", "none.txt", "--crawl", "bad.jsonl"], r"--reference: none\.txt: no such file"),
            (["--reference", "good.txt", "--crawl", "bad.jsonl", "--text-field", "content"], "no text under `content`"),
            (["--reference", "good.txt", "--crawl", "good.txt"], "the crawl set has 0 different documents"),
            (["--reference", "good.txt", "--crawl", "bad.jsonl", "--held-out", "0.9"], r"--held-out: .*not 0\.9"),
            (["--reference", "good.txt", "--crawl", "bad.jsonl", "--min-characters", "-1"], "--min-characters: "),
        ],
    )
    def test_a_mistake_is_told_and_leaves_nothing(self, folder: Path, arguments: list[str], message: str) -> None:
        with pytest.raises(UsageError, match=message):
            run("train-classifier", *arguments, "--out", "m")
        assert sorted(os.listdir()) == ["bad.jsonl", "good.txt"]

    def test_another_preset_and_another_field_can_be_named(self, folder: Path) -> None:
        rows = [json.dumps({"body": text}) for text in texts(GOOD)]
        (folder / "good.jsonl").write_text("\n".join(rows))
        named = ["--reference", "good.jsonl", "--crawl", "bad.jsonl", "--text-field", "body", "--preset", "redpajama1"]
        with pytest.raises(UsageError, match=r"the reference set has 0 different documents \(60 shorter than 1000"):
            run("train-classifier", *named, "--out", "m", *FAST)
        run("train-classifier", *named, "--min-characters", "0", "--out", "m", *FAST)
        assert json.loads((folder / "m/manifest.json").read_text())["recipe"]["labels"] == ["wiki", "cc"]


class TestPerplexity:
    def test_a_model_of_reference_text_with_cutoffs_of_the_crawl(self, folder: Path) -> None:
        printed = run(
            "train-perplexity", "--reference", "good.txt", "--crawl", "bad.jsonl", "--language", "en", "--order", "3",
            "--out", "lm/en",
        )  # fmt: skip
        assert sorted(os.listdir("lm/en")) == ["cutoff.csv", "manifest.json", "model.npz"]
        assert verify_files("lm/en") == []
        manifest = json.loads((folder / "lm/en/manifest.json").read_text())
        assert (manifest["stage"], manifest["recipe"]["order"]) == ("language-model", 3)
        head, tail = read_cutoffs("lm/en/cutoff.csv")["en"]
        assert manifest["metrics"]["crawl"]["p30"] == head <= tail
        assert f"cutoffs (percentiles 30 and 60 of the crawl): {head:,} and {tail:,}" in printed
        scores = Perplexity("lm").score([" ".join(GOOD), " ".join(BAD)], ["en", "en"])
        assert scores[0] < scores[1]

    def test_a_tokenizer_goes_with_the_model(self, folder: Path) -> None:
        tokenizers = pytest.importorskip("tokenizers")
        made = tokenizers.Tokenizer(tokenizers.models.WordLevel({word: i for i, word in enumerate([*GOOD, "?"])}, "?"))
        made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
        made.save("t.json")
        run("train-perplexity", "--reference", "good.txt", "--tokens", "t.json", "--order", "2", "--out", "lm")
        assert sorted(os.listdir("lm")) == ["manifest.json", "model.npz", "tokenizer.json"]
        os.unlink("t.json")
        scores = Perplexity("lm").score(["unheard words", "? ?", "theorem energy"], ["en"] * 3)
        assert scores[0] == scores[1] != scores[2]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--crawl", "bad.jsonl"], "name it by --language"),
            (["--tokens", "sentences"], "--tokens sentences: expected words, whitespace, or the path"),
            (["--order", "1"], "--order: .*greater than or equal to 2, not 1"),
        ],
    )
    def test_a_mistake_is_told(self, folder: Path, arguments: list[str], message: str) -> None:
        with pytest.raises(UsageError, match=message):
            run("train-perplexity", "--reference", "good.txt", "--out", "lm", *arguments)
        assert not (folder / "lm").exists()


def test_a_build_is_a_set_of_documents_and_a_parent(folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from manifests.digests import digest_json
    from manifests.files import digest_file
    from manifests.manifest import write_manifest

    (folder / "build/shards").mkdir(parents=True)
    path = folder / "build/shards/part-0.parquet"
    pq.write_table(pa.table({"id": [str(i) for i in range(60)], "text": texts(BAD)}), path)
    sha256, size = digest_file(str(path))
    entry = {"path": "shards/part-0.parquet", "source": "web", "bytes": size, "sha256": sha256}
    sealed = write_manifest("build", {"name": "crawl", "kind": "dataset", "shards": [entry], "parents": []})
    run("train-classifier", "--reference", "good.txt", "--crawl", "build", "--out", "m", *FAST)
    manifest = json.loads((folder / "m/manifest.json").read_text())
    assert manifest["parents"] == [
        {"kind": "dataset", "name": "crawl", "digest": sealed["digest"], "parents": [], "role": "crawl"}
    ]
    assert manifest["recipe_digest"] == digest_json(manifest["recipe"])
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(UsageError, match="does not match its own manifest"):
        run("train-classifier", "--reference", "good.txt", "--crawl", "build", "--out", "m", *FAST)
