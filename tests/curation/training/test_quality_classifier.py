from pathlib import Path

import pytest

from curation.fasttext_model import FastTextModel
from curation.quality_models.classifier import QualityClassifier
from curation.quality_models.documents import Document
from curation.training.quality_classifier import PRESETS, Sets, Settings, draw, evaluate, split, train
from manifests.errors import JobError, UsageError
from tests.curation.quality_models.tiny import BAD, GOOD, SETTINGS, model, texts


def sets(good: list[str], bad: list[str], settings: Settings = SETTINGS) -> Sets:
    return draw(
        iter([Document(text, f"good:{i}") for i, text in enumerate(good)]),
        iter([Document(text, f"bad:{i}") for i, text in enumerate(bad)]),
        settings,
    )


class TestDrawing:
    def test_both_sets_come_to_the_same_size(self) -> None:
        drawn = sets(texts(GOOD, 50), texts(BAD, 20))
        assert len(drawn.reference) == len(drawn.crawl) == 20
        assert drawn.counts["reference"] == {"documents": 50, "short": 0, "repeated": 0, "drawn": 20}

    def test_a_text_of_both_sets_is_reference_text(self) -> None:
        shared = texts(GOOD, 4)
        drawn = sets(texts(GOOD, 10), [*shared, " ".join(shared[0].upper().split(" ")), *texts(BAD, 10)])
        assert drawn.counts["crawl"] == {"documents": 15, "shared": 5, "repeated": 0, "drawn": 10}
        assert not {row.text for row in drawn.crawl} & {row.text for row in drawn.reference}

    def test_short_reference_documents_are_left_out_where_the_recipe_says_so(self) -> None:
        settings = Settings(min_reference_characters=10)
        drawn = sets(["short", "x" * 10, "y" * 10], ["a", "b"], settings)
        assert {row.text for row in drawn.reference} == {"x" * 10, "y" * 10}
        assert drawn.counts["reference"]["short"] == 1

    @pytest.mark.parametrize(
        ("good", "bad", "message"),
        [
            ([], ["a", "b"], "the reference set has 0 different documents"),
            (["a", "b"], [], "the crawl set has 0 different documents"),
            (["a", "b"], ["A", " b", "c"], r"the crawl set has 1 different documents \(2 that are in the reference"),
            (["a", "a"], ["b", "c"], "the reference set has 1 different documents"),
        ],
    )
    def test_one_class_alone_is_refused(self, good: list[str], bad: list[str], message: str) -> None:
        with pytest.raises(UsageError, match=message):
            sets(good, bad)

    def test_what_is_held_out_is_not_learnt(self) -> None:
        drawn = sets(texts(GOOD, 60), texts(BAD, 60)).reference
        learnt, held_out = split(drawn, 0.25)
        assert len(learnt) + len(held_out) == 60
        assert 5 < len(held_out) < 25
        assert not {row.key for row in learnt} & {row.key for row in held_out}
        assert split(drawn[::-1], 0.25) == (learnt, held_out)

    def test_of_two_documents_one_is_held_out(self) -> None:
        drawn = sets(["a", "b"], ["c", "d"]).reference
        assert [len(part) for part in split(drawn, 0.001)] == [1, 1]
        assert [len(part) for part in split(drawn, 0.5)] == [1, 1]


def test_the_presets_are_the_published_recipes() -> None:
    dclm, redpajama, gpt3 = (Settings(**PRESETS[name]) for name in ("dclm", "redpajama1", "gpt3"))
    for settings in (dclm, redpajama, gpt3):  # none of the three changes fastText's defaults
        assert (settings.lr, settings.dim, settings.epochs, settings.min_count) == (0.1, 100, 5, 1)
    assert (dclm.word_ngrams, redpajama.word_ngrams, gpt3.word_ngrams) == (2, 1, 2)
    assert (dclm.labels, redpajama.labels, gpt3.labels) == (("hq", "cc"), ("wiki", "cc"), ("hq", "cc"))
    assert (dclm.min_reference_characters, redpajama.min_reference_characters) == (0, 1000)


class TestTraining:
    def test_the_same_documents_give_the_same_bytes_in_any_order(self, tmp_path: Path) -> None:
        good, bad = texts(GOOD), texts(BAD)
        train(sets(good[::-1], bad[::-1]), SETTINGS, tmp_path / "m.bin")
        assert (tmp_path / "m.bin").read_bytes() == model(tmp_path / "other.bin").read_bytes()

    def test_a_quantised_model_is_learnt_and_scores(self, tmp_path: Path) -> None:
        settings = SETTINGS.model_copy(update={"quantise": True, "dim": 8})
        train(sets(texts(GOOD), texts(BAD)), settings, tmp_path / "m.ftz")
        asked = [" ".join(GOOD), " ".join(BAD), "theorem buy"]
        scores = QualityClassifier(tmp_path / "m.ftz").score(asked)
        assert scores[0] > 0.8 > 0.2 > scores[1]
        library = FastTextModel(tmp_path / "m.ftz").predict(asked, 2)
        assert scores == pytest.approx([dict(answer)["hq"] for answer in library], abs=2e-6)

    def test_what_the_library_says_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(JobError, match=r"fastText could not train: .*cannot be opened"):
            train(sets(texts(GOOD, 4), texts(BAD, 4)), SETTINGS, tmp_path / "none" / "m.bin")

    def test_documents_cannot_bring_labels_or_line_ends(self, tmp_path: Path) -> None:
        hostile = [f"{text} __label__mine </s>\n{text}" for text in texts(BAD)]
        train(sets(texts(GOOD), hostile), SETTINGS, tmp_path / "m.bin")
        assert QualityClassifier(tmp_path / "m.bin").label == "hq"


def test_figures_are_of_the_held_out_documents_and_name_the_most_wrong(tmp_path: Path) -> None:
    good, bad = texts(GOOD), texts(BAD)
    drawn = sets(good, bad)
    scorer = QualityClassifier(model(tmp_path / "m.bin"))
    found = evaluate(scorer, drawn, SETTINGS.held_out)
    held_out = [*split(drawn.reference, 0.1)[1], *split(drawn.crawl, 0.1)[1]]
    assert found.documents == len(held_out)
    assert (found.auc, found.at_half.precision, found.at_half.kept_reference, found.confusions) == (1.0, 1.0, 1.0, ())
    swapped = Sets(drawn.crawl, drawn.reference, drawn.counts)
    wrong = evaluate(scorer, swapped, SETTINGS.held_out)
    assert wrong.auc == 0.0
    assert [row.truth for row in wrong.confusions] == sorted((row.truth for row in wrong.confusions), reverse=True)
    first = wrong.confusions[0]
    assert first.place.startswith("bad:")
    assert first.excerpt in bad
    assert first.score == min(row.score for row in wrong.confusions)
    assert "excerpt" not in wrong.metrics()["confusions"][0]
