"""The command as a user meets it: exit codes and messages, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from manifests.manifest import read_manifest
from pipelines.commands import commented_yaml
from pipelines.recipe import Recipe, load_recipe, shipped_recipes
from tests.pipelines.builds import ROOT


def winnow(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_help_loads_neither_beam_nor_torch() -> None:
    code = "import sys, pipelines.cli; print([m for m in ('apache_beam', 'torch', 'pyarrow') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("name", shipped_recipes())
def test_a_shown_recipe_loads_back_as_the_same_recipe(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    path = tmp_path / "shown.yaml"
    path.write_text(commented_yaml(recipe))
    assert load_recipe(str(path)) == recipe


def test_a_shown_threshold_can_be_uncommented(tmp_path: Path) -> None:
    shown = commented_yaml(Recipe())
    path = tmp_path / "changed.yaml"
    path.write_text(shown.replace("  # gopher.min_words: 50", "  gopher.min_words: 80"))
    assert load_recipe(str(path)).quality.resolve().thresholds()["gopher.min_words"] == 80


def test_recipes_list_names_what_ships() -> None:
    answer = winnow("recipes", "list")
    assert [line.split()[0] for line in answer.stdout.splitlines()] == ["demo", "web", "web-and-code"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["mixtur={code: 0.05}"], "unknown key `mixtur`; did you mean `mixture`?"),
        (["quality.gopher.min_word=80"], "did you mean `gopher.min_words`?"),
        (["quality.rules=finewebs"], "unknown rule set `finewebs`; did you mean `fineweb`?"),
        (["mixture.code=1.5"], "less than or equal to 1"),
        (["mixture={code: 0.7, web: 0.7}"], "shares must not add up to more than 1"),
        (["language.min_score=high"], "`language.min_score`"),
        (["code.max_line_length=long"], "must be a number"),
    ],
)
def test_a_wrong_recipe_is_exit_code_2_with_the_fix(overrides: list[str], message: str, tmp_path: Path) -> None:
    flags = [part for override in overrides for part in ("--set", override)]
    answer = winnow("curate", "web", "--out", str(tmp_path / "out"), *flags)
    assert answer.returncode == 2
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["curate", "webb"], "webb: no such recipe file"),
        (["curate", "web"], "the recipe names no input"),
        (["curate", "web", "--set", "inputs.archives=[nowhere/*.warc.gz]"], "nowhere/*.warc.gz"),
        (["curate", "web", "--projcet", "x"], "unknown option --projcet"),
        (["manifest", "show", "nowhere"], "nowhere/manifest.json: no manifest here"),
        (["explain", "nowhere", "--uri", "x"], "nowhere"),
        (["report", "nowhere"], "nowhere"),
    ],
)
def test_wrong_usage_is_exit_code_2_without_a_traceback(arguments: list[str], message: str) -> None:
    answer = winnow(*arguments)
    assert answer.returncode == 2, answer.stderr
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr


def test_verify_and_show_a_build(built: Path) -> None:
    verified = winnow("manifest", "verify", str(built))
    assert verified.returncode == 0
    assert read_manifest(str(built))["digest"] in verified.stdout
    shown = winnow("manifest", "show", str(built))
    assert "shards/web/part-00000.parquet" in shown.stdout


def test_verify_of_a_damaged_build_is_exit_code_1(built: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(built, copy, ignore=shutil.ignore_patterns(".work"))
    shard = next((copy / "shards").rglob("*.parquet"))
    content = bytearray(shard.read_bytes())
    content[100] ^= 255
    shard.write_bytes(content)
    answer = winnow("manifest", "verify", str(copy))
    assert answer.returncode == 1
    assert f"{shard.relative_to(copy)}: has sha256" in answer.stderr
