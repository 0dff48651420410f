from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manifests.dataset import verify
from manifests.errors import UsageError
from manifests.manifest import read_manifest, write_manifest
from pipelines.ablate import Target, caution, reading, resolve_targets, run_ablate
from pipelines.ablate_view import render_ablation
from pipelines.curves import Line, interval_mark, line_chart
from tests.pipelines.tiny import make, write_pages

RESULTS: dict[str, Any] = {
    "name": "<b>filters</b>",
    "seeds": [0, 1],
    "confidence": 0.95,
    "trained_tokens": 2000,
    "steps": 10,
    "parameters": 1234,
    "vocabulary": 320,
    "machines": ["cpu, fp32"],
    "builds": [
        {
            "label": label,
            "name": name,
            "digest": label.lower() * 64,
            "documents": 30,
            "training_documents": 29,
            "training_tokens": 4000,
            "bytes_per_token": 3.25,
            "epochs": 0.5,
        }
        for label, name in (("A", "plain"), ("B", "<script>alert(1)</script>"))
    ],
    "held_out": [{"name": "reference", "documents": 7, "bytes": 900, "left_out_as_seen": 2}],
    "losses": [
        {"set": "reference", "build": "A", "mean": 2.05, "per_seed": [2.0, 2.1]},
        {"set": "reference", "build": "B", "mean": 2.55, "per_seed": [2.5, 2.6]},
    ],
    "differences": [
        {
            "set": "reference",
            "first": "A",
            "second": "B",
            "per_seed": [-0.5, -0.5],
            "mean": -0.5,
            "low": -0.75,
            "high": -0.25,
            "includes_zero": False,
        }
    ],
    "curves": [
        {
            "build": label,
            "seed": seed,
            "training": [[100, 5.0], [1000, 4.0], [2000, 3.0]],
            "held_out": {"reference": [[1000, 3.0], [2000, 2.0 + 0.1 * seed]]},
        }
        for label in "AB"
        for seed in (0, 1)
    ],
}


def small_config(folder: Path) -> str:
    path = folder / "small.yaml"
    path.write_text(
        "seeds: [0, 1]\nheld_out_share: 0.0\nevaluations: 1\nvocabulary: 300\nmax_held_out_bytes: 500\n"
        "architecture: {hidden_size: 16, layers: 1, heads: 1, feed_forward: 16, context: 16}\n"
        "token_budget: 128\ntraining: {batch_size: 4}\n"
    )
    return str(path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("finished")
    make(folder / "out", [write_pages(folder / "pages.warc", range(3))])
    gc.freeze()  # a trainer collects garbage three times; what the imports made need not be looked at
    yield folder / "out"
    gc.unfreeze()


def test_a_recipe_is_built_first_and_compared_with_a_finished_build(
    finished: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "stricter.yaml"
    archive = write_pages(tmp_path / "other.warc", range(10, 13))
    recipe.write_text(f"name: other\ninputs: {{archives: ['{archive}']}}\nlanguage: {{keep: []}}\n")
    (tmp_path / "clean.txt").write_text("A boat came home with salt and fish.")
    out = tmp_path / "ablation"
    arguments = ([str(finished), str(recipe)], small_config(tmp_path), f"{out}/", [f"reference={tmp_path}/clean.txt"])
    done = run_ablate(*arguments, ["name=trial"], 1, quiet=False)
    manifest = read_manifest(str(out))
    assert [parent["role"] for parent in manifest["parents"]] == ["A", "B"]
    assert manifest["parents"][1]["path"] == "builds/B"
    assert manifest["parents"][0]["digest"] == read_manifest(str(finished))["digest"]
    assert read_manifest(str(out / "builds" / "B"))["name"] == "other"
    assert list(verify(str(out), manifest)) == []
    assert [build["name"] for build in done.results["builds"]] == ["out", "stricter"]
    printed = capfd.readouterr()
    assert "2 builds x 2 seeds, 128 tokens each in 2 steps; evaluated on reference (1 documents)" in printed.err
    assert "differences, paired by seed, with 95% t intervals" in printed.out
    assert "A - B" in printed.out
    page = (out / "report.html").read_text()
    assert "trial" in page
    assert page.count("<polyline") == 8
    again = run_ablate(*arguments, ["name=trial"], 1, quiet=True)
    assert not again.fresh
    assert again.results == done.results
    assert capfd.readouterr().out == ""


def test_targets_are_finished_builds_or_recipes(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("demo").mkdir()  # as `make demo` does: not a build
    assert resolve_targets([str(finished), "demo"], "OUT") == [
        Target("A", "out", str(finished), None),
        Target("B", "demo", "OUT/builds/B", "demo"),
    ]
    with pytest.raises(UsageError, match="from 2 to 26 builds or recipes to compare, not 1"):
        resolve_targets([str(finished)], "OUT")
    (tmp_path / "half" / ".work").mkdir(parents=True)
    with pytest.raises(
        UsageError, match=r"half: no finished build .*if it was interrupted, run its `winnow curate` again"
    ):
        resolve_targets([str(finished), str(tmp_path / "half")], "OUT")
    (tmp_path / "model").mkdir()
    write_manifest(str(tmp_path / "model"), {"kind": "model"})
    with pytest.raises(UsageError, match=r"model: its manifest is not a build's"):
        resolve_targets([str(finished), str(tmp_path / "model")], "OUT")
    with pytest.raises(UsageError, match="weeb: no such recipe file"):
        resolve_targets([str(finished), "weeb"], "OUT")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--held-out", "clean.jsonl"], "--held-out clean.jsonl: expected NAME=PATH"),
        (["--held-out", "a=nowhere.jsonl"], "nowhere.jsonl: no such file or folder"),
        (["--set", "token_budgett=5"], "unknown key `token_budgett`; did you mean `token_budget`?"),
        (["--config", "ablate_toi"], "ablate_toi: cannot be read"),
        (["--set", "training.seed=3"], "`training.seed`: list the seeds in `seeds`"),
    ],
)
def test_mistakes_are_named_with_the_fix(arguments: list[str], message: str) -> None:
    import pipelines.cli

    parsed = dict(zip(arguments[::2], arguments[1::2], strict=True))
    with pytest.raises(UsageError) as caught:
        pipelines.cli.ablate(
            ["demo", "web"],
            config=parsed.get("--config", "ablate_toy"),
            held_out=[parsed["--held-out"]] if "--held-out" in parsed else None,
            overrides=[parsed["--set"]] if "--set" in parsed else None,
        )
    assert message in str(caught.value)


def test_the_page_escapes_names_and_holds_no_script() -> None:
    page = render_ablation(RESULTS)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<bdi>&lt;b&gt;filters&lt;/b&gt;</bdi>" in page
    assert "-0.7500 to -0.2500" in page
    assert "A is better" in page
    assert "<span>cpu, fp32</span>" in page
    assert page.count("<polyline") == 8
    assert "http" not in page.replace("http-equiv", "")
    assert render_ablation(json.loads(json.dumps(RESULTS))) == page


def test_a_reading_follows_the_interval() -> None:
    row = RESULTS["differences"][0]
    assert reading(row) == "A is better"
    assert reading({**row, "mean": 0.5}) == "B is better"
    assert reading({**row, "includes_zero": True}) == "no difference shown"
    assert "so few seeds it is wide" in caution(RESULTS)
    assert "so few" not in caution({**RESULTS, "seeds": [0, 1, 2, 3, 4]})


def test_curves_span_their_axes() -> None:
    chart = line_chart(
        [Line("curve s0", "A <1>", [(0, 2.0), (10, 1.0)]), Line("curve s1", "B", [(5, 1.5)])], ("0", "10"), "t"
    )
    assert 'points="44,8 420,178"' in chart
    assert 'points="232,93"' in chart
    assert "<title>A &lt;1&gt;</title>" in chart
    assert line_chart([], ("", ""), "t") == ""
    assert 'points="44,93"' not in line_chart([Line("c", "one", [(1, 1)])], ("", ""), "t")  # a single point is centred
    assert 'points="232,93"' in line_chart([Line("c", "one", [(1, 1)])], ("", ""), "t")


def test_an_interval_is_drawn_on_an_axis_around_zero() -> None:
    mark = interval_mark(-0.5, 0.0, 0.5, 1.0)
    assert '<line class="reach" x1="40" x2="120"' in mark
    assert '<circle cx="80"' in mark
    assert 'x1="0" x2="160"' in interval_mark(-5.0, 0.0, 5.0, 1.0)  # what passes the axis ends with it
    assert "<title>+0.0000, from -0.5000 to +0.5000</title>" in mark
