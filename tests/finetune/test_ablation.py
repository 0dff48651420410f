from __future__ import annotations

import gc
import json
import math
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from finetune.ablation import Ablation, run_ablation
from finetune.ablation_config import AblationConfig
from finetune.ablation_data import TokenPool, held_out_files, open_build, read_pools, training_blocks
from finetune.ablation_runs import tokens_per_step
from finetune.ablation_statistics import Interval, paired_interval, t_quantile
from finetune.bits import bits, windows
from finetune.commands import read_config
from manifests.dataset import verify
from manifests.errors import UsageError
from manifests.files import digest_file
from manifests.manifest import read_manifest, write_manifest
from tests.finetune.conftest import bytes_on_a_cpu, write_rows

STEPS = 30
SEEDS = [0, 1, 2, 3]
SMALL = {"hidden_size": 32, "layers": 2, "heads": 2, "feed_forward": 64, "context": 32}
WHO = ("the old ferryman", "a tired teacher", "our neighbour", "the young baker", "her brother", "a quiet clerk")
DOES = ("carries", "forgets", "repairs", "sells", "remembers", "borrows", "paints", "follows")
WHAT = ("the wooden boat", "a basket of bread", "her long letter", "the broken clock", "a map of the island")
WHEN = ("before the rain comes", "when the market closes", "every morning in spring", "after the lamps are lit")


def sentence(draw: random.Random) -> str:
    text = f"{draw.choice(WHO)} {draw.choice(DOES)} {draw.choice(WHAT)} {draw.choice(WHEN)}."
    return text[0].upper() + text[1:]


def prose(seed: int) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(sentence(draw) for _ in range(5)) for _ in range(150)]


def shuffled(text: str) -> str:
    words = text.split()
    random.Random(text).shuffle(words)
    return " ".join(words)


def build(folder: Path, texts: list[str], first_id: int = 0) -> str:
    """A build whose ids begin at `first_id`."""
    shard = folder / "shards" / "web" / "part-00000.parquet"
    shard.parent.mkdir(parents=True)
    pq.write_table(pa.table({"id": [f"{first_id + k:032x}" for k in range(len(texts))], "text": texts}), shard)
    sha256, size = digest_file(str(shard))
    entry = {"path": "shards/web/part-00000.parquet", "source": "web", "documents": len(texts), "tokens": 0}
    write_manifest(str(folder), {"name": "b", "shards": [{**entry, "bytes": size, "sha256": sha256}], "parents": []})
    return str(folder)


def configure(reference: str | None, steps: int = STEPS, **keys: Any) -> AblationConfig:
    document: dict[str, Any] = {
        "token_budget": steps * 4 * SMALL["context"],
        "seeds": [0, 1],
        "held_out": {"reference": reference} if reference else {},
        "held_out_share": 0.1,
        "max_held_out_bytes": 2000,
        "evaluations": 2,
        "vocabulary": 320,
        "architecture": SMALL,
        "training": {"batch_size": 4, "matrix_learning_rate": 0.02, "learning_rate": 0.01},
    }
    return AblationConfig.model_validate({**document, **keys})


def ablate(config: AblationConfig, folders: list[str], out: Path) -> Ablation:
    builds = [open_build(label, Path(folder).name, folder) for label, folder in zip("ABC", folders, strict=False)]
    return run_ablation(config, builds, str(out), lambda results: f"<p>{results['name']}</p>", lambda line: None)


def difference(ablation: Ablation, first: str, second: str) -> Mapping[str, Any]:
    return next(row for row in ablation.results["differences"] if (row["first"], row["second"]) == (first, second))


@pytest.fixture(scope="module", autouse=True)
def _quick_collection() -> Iterator[None]:
    """Each trainer collects garbage three times; what the imports made need not be looked at."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ablation")
    write_rows(folder / "reference.jsonl", [{"text": text} for text in prose(9)[:20]])
    build(folder / "clean", prose(1))
    build(folder / "again", prose(1), first_id=1000)
    build(folder / "shuffled", [shuffled(text) for text in prose(1)])
    return folder


@pytest.fixture(scope="module")
def reference(place: Path) -> str:
    return str(place / "reference.jsonl")


@pytest.fixture(scope="module")
def compared(place: Path, reference: str) -> Ablation:
    """Prose against its own words in random order and against the same prose under other ids, with four seeds.

    Builds that do not differ are told apart by one interval in a hundred, so that this holds on other machines too.
    """
    folders = [str(place / name) for name in ("clean", "shuffled", "again")]
    config = configure(reference, STEPS, seeds=SEEDS, held_out_share=0.0, confidence=0.99)
    return ablate(config, folders, place / "compared")


def test_prose_beats_its_own_words_in_random_order_on_clean_text(compared: Ablation) -> None:
    row = difference(compared, "A", "B")
    assert row["high"] < -0.1
    assert not row["includes_zero"]
    assert len(row["per_seed"]) == len(SEEDS)
    assert difference(compared, "B", "C")["low"] > 0.1
    means = {row["build"]: row["mean"] for row in compared.results["losses"]}
    assert row["mean"] == pytest.approx(means["A"] - means["B"])


def test_the_same_documents_in_another_order_make_no_difference(compared: Ablation) -> None:
    row = difference(compared, "A", "C")
    assert row["includes_zero"]
    assert all(value != 0 for value in row["per_seed"])  # the orders do differ


def test_the_manifest_says_what_was_compared_and_every_run_leads_to_its_build(compared: Ablation, place: Path) -> None:
    out = compared.out
    manifest = read_manifest(out)
    assert manifest["kind"] == "ablation"
    assert [(parent["role"], parent["digest"]) for parent in manifest["parents"]] == [
        ("A", read_manifest(str(place / "clean"))["digest"]),
        ("B", read_manifest(str(place / "shuffled"))["digest"]),
        ("C", read_manifest(str(place / "again"))["digest"]),
    ]
    assert [entry["uri"] for entry in manifest["inputs"]] == ["../reference.jsonl"]
    assert list(verify(out, manifest)) == []
    assert [run["path"] for run in manifest["runs"]] == [f"runs/{b}-seed-{s}" for b in "ABC" for s in SEEDS]
    for run in manifest["runs"]:
        model = read_manifest(f"{out}/{run['path']}")
        assert (model["kind"], model["digest"]) == ("model", run["digest"])
        assert list(verify(f"{out}/{run['path']}", model)) == []
        assert model["metrics"]["trained_tokens"] == STEPS * 4 * 32
    assert model["parents"][0]["digest"] == manifest["parents"][2]["digest"]


def test_the_curves_end_with_the_losses(compared: Ablation) -> None:
    assert [(curve["build"], curve["seed"]) for curve in compared.results["curves"]] == [
        (b, s) for b in "ABC" for s in SEEDS
    ]
    losses = {(row["set"], row["build"]): row["per_seed"] for row in compared.results["losses"]}
    for curve in compared.results["curves"]:
        assert curve["training"][-1][0] == STEPS * 4 * 32
        for name, points in curve["held_out"].items():
            assert [tokens for tokens, _ in points] == [STEPS // 2 * 4 * 32, STEPS * 4 * 32]
            assert points[-1][1] == losses[name, curve["build"]][curve["seed"]] < points[0][1]


@bytes_on_a_cpu
def test_a_killed_ablation_ends_like_an_undisturbed_one_and_a_new_seed_keeps_the_runs(
    place: Path, reference: str, tmp_path: Path, kill_at: Any
) -> None:
    folders = [str(place / "clean"), str(place / "shuffled")]
    training = {"batch_size": 4, "checkpoint_every": 4}
    config = configure(reference, 6, training=training)
    whole = ablate(config, folders, tmp_path / "whole")
    killed = tmp_path / "killed"
    killed.joinpath("runs").mkdir(parents=True)
    # One run is done; the next one is killed after its checkpoint.
    (tmp_path / "whole" / "runs" / "A-seed-0").rename(killed / "runs" / "A-seed-0")
    stamp = (killed / "runs" / "A-seed-0" / "manifest.json").stat().st_mtime_ns
    with kill_at(5):
        ablate(config, folders, killed)
    assert not (killed / "manifest.json").exists()
    resumed = ablate(config, folders, killed)
    assert resumed.results == whole.results
    assert resumed.manifest["digest"] == whole.manifest["digest"]
    assert not ablate(config, folders, killed).fresh
    more = ablate(configure(reference, 6, training=training, seeds=[0, 1, 7]), folders, killed)
    assert (killed / "runs" / "A-seed-0" / "manifest.json").stat().st_mtime_ns == stamp
    assert [row["per_seed"][:2] for row in more.results["losses"]] == [r["per_seed"] for r in whole.results["losses"]]
    with pytest.raises(UsageError, match=r"A-seed-0: holds another finished run \(differs in recipe\)"):
        ablate(configure(reference, 5, training=training), folders, killed)
    assert read_manifest(str(killed))["digest"] == more.manifest["digest"]


def test_what_an_ablation_cannot_do_is_said_before_training(place: Path, reference: str, tmp_path: Path) -> None:
    folders, out = [str(place / "clean"), str(place / "shuffled")], tmp_path / "out"
    with pytest.raises(UsageError, match=r"`token_budget`: 128,000,000 tokens, but build .* --set token_budget=\d+ is"):
        ablate(configure(reference, 1_000_000), folders, out)
    with pytest.raises(UsageError, match=r"`token_budget`: 100 tokens are less than one step of 128"):
        ablate(configure(reference, token_budget=100), folders, out)
    with pytest.raises(UsageError, match=r"build B .* tokens to train on, less than one step of 128; lower"):
        small = build(tmp_path / "tiny", ["One two."])
        ablate(configure(reference, held_out_share=0.0), [folders[0], small], out)
    with pytest.raises(
        UsageError, match=r"held-out part of A: nothing to evaluate on, it holds no document; raise `held_"
    ):
        ablate(configure(None, held_out_share=1e-9), folders, out)
    same = write_rows(tmp_path / "same.jsonl", [{"text": "  ".join(prose(1)[k].split())} for k in range(150)])
    with pytest.raises(
        UsageError, match=r"reference: nothing to evaluate on, all 150 of its texts are in a training part"
    ):
        ablate(configure(same, held_out_share=0.0), folders, out)
    broken = Path(build(tmp_path / "broken", prose(3)), "shards/web/part-00000.parquet")
    broken.write_bytes(broken.read_bytes()[:-1] + b"?")
    with pytest.raises(UsageError, match="does not match its own manifest"):
        ablate(configure(reference), [folders[0], str(tmp_path / "broken")], out)
    assert not out.exists()
    with pytest.raises(UsageError, match=r"holds something else than an ablation \(shards\)"):
        ablate(configure(reference), folders, place / "clean")


@bytes_on_a_cpu
def test_the_budget_may_be_more_than_one_pass_when_the_configuration_says_so(
    place: Path, reference: str, tmp_path: Path
) -> None:
    config = configure(
        reference, token_budget=None, max_epochs=2.0, max_text_bytes=1500, held_out_share=0.0, vocabulary=300
    )
    found = ablate(config, [str(place / "clean")] * 2, tmp_path / "out")
    assert found.results["builds"][0]["training_documents"] < 150 == found.results["builds"][0]["documents"]
    assert 1.8 < found.results["builds"][0]["epochs"] <= 2
    assert difference(found, "A", "B")["per_seed"] == [0, 0]  # the very same runs, twice
    assert difference(found, "A", "B")["includes_zero"]


def test_no_model_is_trained_on_a_held_out_document(tmp_path: Path) -> None:
    texts = prose(4)
    first = build(tmp_path / "first", texts)
    # The same ids with other texts, and under new ids some texts that the first build holds out.
    config = configure(None, held_out_share=0.2, max_held_out_bytes=1 << 20)
    alone = read_pools(config, [open_build("A", "first", first)])[1][0].texts
    second = build(tmp_path / "second", [*map(shuffled, texts), *(f"{text}\n" for text in alone[:5])])
    pools, sets = read_pools(config, [open_build("A", "first", first), open_build("B", "second", second)])
    ids = [{key for key, _ in pool.rows} for pool in pools]
    assert ids[0] == {key for key in ids[1] if int(key, 16) < len(texts)}
    trained = {" ".join(text.split()) for pool in pools for _, text in pool.rows}
    assert [part.name for part in sets] == ["held-out part of A", "held-out part of B"]
    assert not trained & {" ".join(text.split()) for part in sets for text in part.texts}
    assert 0 < sets[0].seen <= 5
    assert len(sets[0].texts) + sets[0].seen == len(alone) == len(texts) - len(ids[0])


def test_documents_are_read_in_the_order_of_seed_and_id_once_each_before_any_again() -> None:
    def pool(ids: str) -> TokenPool:
        tokens = np.array([ord(key) for key in ids for _ in range(2)], np.int32)
        return TokenPool(list(ids), tokens, np.arange(0, 2 * len(ids) + 1, 2))

    def order(ids: str, seed: int, blocks: int) -> str:
        return "".join(map(chr, training_blocks(pool(ids), seed, blocks, 2).ravel()))[::2]

    assert sorted(order("abcdefgh", 0, 8)) == list("abcdefgh")
    assert order("abcdefgh", 0, 8) == order("hgfedcba", 0, 8) != order("abcdefgh", 1, 8)
    assert order("abcdefgh", 0, 5) == order("abcdefgh", 0, 8)[:5]
    assert [key for key in order("abcdefgh", 0, 8) if key in "aceg"] == list(order("aceg", 0, 4))
    twice = order("abcdefgh", 0, 16)
    assert sorted(twice[:8]) == sorted(twice[8:])
    assert twice[:8] != twice[8:]


def test_every_token_is_predicted_once_after_what_stands_before_it(tokenizer: Any) -> None:
    text, end = "The flag of Velmar is red.", tokenizer.eos_token_id
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    cut = windows([text], tokenizer, 4)
    line = [end, *ids]
    assert sorted(window.tolist() for window in cut) == sorted(line[k : k + 5] for k in range(0, len(ids), 4))
    assert sum(len(window) - 1 for window in cut) == len(ids)
    assert windows([""], tokenizer, 4) == []


def test_bits_are_those_of_the_predicted_tokens_and_padding_counts_nothing(tokenizer: Any) -> None:
    class Uniform(torch.nn.Linear):
        def forward(self, input_ids: torch.Tensor, use_cache: bool) -> Any:
            logits = torch.zeros(*input_ids.shape, 256)
            return type("Output", (), {"logits": logits})

    cut = windows(["The flag.", "The flag of Velmar is red. Ask nobody."], tokenizer, 8)
    tokens = sum(len(window) - 1 for window in cut)
    model = Uniform(1, 1)
    for window in cut:
        window %= 256
    assert bits(model, cut, 3, bf16=False) == pytest.approx(8 * tokens)
    assert bits(model, cut, 1, bf16=False) == pytest.approx(8 * tokens)
    assert model.training


@pytest.mark.parametrize(
    ("probability", "degrees", "value"),
    [
        (0.975, 1, 12.7062), (0.975, 2, 4.3027), (0.975, 3, 3.1824), (0.975, 4, 2.7764), (0.95, 5, 2.0150),
        (0.995, 9, 3.2498), (0.975, 1000, 1.9623), (0.5, 3, 0.0),
    ],
)  # fmt: skip
def test_quantiles_of_t_are_those_of_the_tables(probability: float, degrees: int, value: float) -> None:
    assert t_quantile(probability, degrees) == pytest.approx(value, abs=5e-5)


def test_an_interval_is_over_the_differences_of_the_pairs() -> None:
    found = paired_interval([1.0, 5.0, 9.0], [0.0, 3.0, 6.0], 0.95)  # differences 1, 2, 3: sd 1
    reach = 4.302653 / math.sqrt(3)
    assert (found.mean, found.low, found.high) == (2.0, pytest.approx(2 - reach), pytest.approx(2 + reach))
    assert found.includes_zero
    assert not paired_interval([1.0, 5.0, 9.0], [0.0, 4.1, 8.0], 0.95).includes_zero
    assert paired_interval([1.0, 2.0], [1.0, 2.0], 0.95) == Interval(0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="at least two pairs"):
        paired_interval([1.0], [2.0], 0.95)


def test_held_out_text_comes_from_rows_text_files_and_builds(tmp_path: Path) -> None:
    (tmp_path / "mixed").mkdir()
    write_rows(tmp_path / "mixed" / "rows.jsonl", [{"body": "one\ud800"}, {"body": "two"}])
    (tmp_path / "mixed" / "book.txt").write_text("three\n\nfour")
    pq.write_table(pa.table({"body": ["five"]}), tmp_path / "table.parquet")
    paths = [str(tmp_path / "mixed"), str(tmp_path / "table.parquet")]
    config = configure(None, held_out={"all": paths}, held_out_share=0.0, text_column="body")
    other = open_build("A", "other", build(tmp_path / "other", ["seven"]))
    _, (given,) = read_pools(config, [other])
    assert sorted(given.texts) == ["five", "one?", "three\n\nfour", "two"]
    assert given.bytes == len("fiveone?three\n\nfourtwo")
    names = [Path(file.path).name for file in held_out_files([str(tmp_path / "other"), *paths])]
    assert names == ["part-00000.parquet", "book.txt", "rows.jsonl", "table.parquet"]
    with pytest.raises(UsageError, match=r"rows\.jsonl:1: no text in `text`; its keys are: body"):
        read_pools(configure(None, held_out={"all": paths}), [other])
    (tmp_path / "bad.txt").write_bytes(b"ab\xff")
    with pytest.raises(UsageError, match=r"bad\.txt: not UTF-8 text at byte 2"):
        read_pools(configure(str(tmp_path / "bad.txt")), [other])
    with pytest.raises(UsageError, match=r"nowhere: no such file or folder"):
        held_out_files([str(tmp_path / "nowhere")])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"training": {"max_steps": 5}}, "`training.max_steps`: `token_budget` decides"),
        ({"training": {"seed": 5}}, "`training.seed`: list the seeds in `seeds`"),
        ({"seeds": [1, 1]}, "names a seed twice"),
        ({"seeds": [1]}, "at least 2 items"),
        ({"held_out_share": 0.0}, "nothing to evaluate on"),
        ({"held_out": {"a/b": "x"}}, "should match pattern"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        configure(None, **keys)


@pytest.mark.parametrize(("name", "millions"), [("ablate_toy", 0.32), ("ablate_gpu", 124.3)])
def test_the_models_of_the_shipped_configurations_have_the_size_they_say(name: str, millions: float) -> None:
    config = read_config(AblationConfig, name, None)
    shape = config.architecture
    with torch.device("meta"):
        model = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=config.vocabulary,
                hidden_size=shape.hidden_size,
                intermediate_size=shape.feed_forward,
                num_hidden_layers=shape.layers,
                num_attention_heads=shape.heads,
                tie_word_embeddings=True,
            )
        )
    assert model.num_parameters() / 1e6 == pytest.approx(millions, rel=0.002)
    assert config.token_budget is not None
    assert config.token_budget >= 100 * tokens_per_step(config)


def test_results_are_plain_json(compared: Ablation) -> None:
    assert json.loads(Path(compared.out, "results.json").read_text()) == compared.results
    assert Path(compared.out, "report.html").read_text() == "<p>ablation</p>"
