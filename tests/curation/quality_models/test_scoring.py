from pathlib import Path

import numpy as np
import pytest

from curation.ingest import Ingest
from curation.policy import Policy
from curation.quality.scores import derive
from curation.quality_models.scoring import Scoring
from curation.select import apply_rules
from manifests.errors import UsageError
from tests.curation.pages import record
from tests.curation.quality_models.corpus import ARPA
from tests.curation.quality_models.tiny import BAD as BAD_WORDS
from tests.curation.quality_models.tiny import GOOD as GOOD_WORDS
from tests.curation.quality_models.tiny import model


def named(folder: Path, **more: str) -> dict[str, str]:
    (folder / "en.arpa").write_text(ARPA)
    return {"classifier": str(model(folder / "q.bin")), "perplexity": str(folder), **more}


def test_a_recipe_without_models_has_no_scores() -> None:
    scoring = Scoring(Policy().quality)
    assert scoring.names == ()
    assert scoring.measure(["text"], ["en"]) == {}


def test_each_named_model_gives_a_column(tmp_path: Path) -> None:
    scoring = Scoring(Policy.model_validate({"quality": named(tmp_path)}).quality)
    found = scoring.measure([" ".join(GOOD_WORDS), " ".join(BAD_WORDS)], ["en", "sv"])
    assert list(found) == list(scoring.names) == ["perplexity", "classifier"]
    assert found["classifier"][0] > 0.9 > 0.1 > found["classifier"][1]
    assert found["perplexity"][0] > 1
    assert np.isnan(found["perplexity"][1])


def test_pages_carry_the_scores_and_rule_sets_decide_on_them(tmp_path: Path) -> None:
    quality = named(tmp_path, rules="redpajama1")
    policy = Policy.model_validate({"quality": quality, "language": {"keep": []}})
    ingest = Ingest(policy)
    bodies = [" ".join(words * 20) for words in (GOOD_WORDS, BAD_WORDS)]
    pages = [record(body, uri=f"https://a.example/{i}") for i, body in enumerate(bodies)]
    documents = ingest.web(pages, "a.warc").documents()
    ingest.close()
    assert documents.schema.names[-2:] == ["perplexity", "classifier"]
    assert documents["classifier"][0].as_py() > 0.9
    ruled = apply_rules(documents, policy)
    assert ruled.rule == [None, "redpajama1.min_score"]
    assert ruled.value[1] == documents["classifier"][1].as_py()
    assert ruled.threshold[1] == 0.25


def test_what_cannot_be_loaded_is_told_before_any_work(tmp_path: Path) -> None:
    for key in ("classifier", "perplexity"):
        with pytest.raises(UsageError, match="none"):
            Ingest.check(Policy.model_validate({"quality": {key: str(tmp_path / "none")}}))


class TestPolicy:
    def test_cutoffs_of_ones_own_decide_ccnets_buckets(self, tmp_path: Path) -> None:
        table = tmp_path / "cutoff.csv"
        table.write_text(",en\n30,10\n60,20\n")
        named = {"rules": "ccnet", "perplexity": "m.arpa", "cutoffs": str(table)}
        policy = Policy.model_validate({"quality": named})
        assert policy.quality.cutoffs == {"en": [10.0, 20.0]}
        assert Policy.model_validate(policy.model_dump(mode="json")) == policy
        assert policy.measuring() == Policy.model_validate({"quality": {**named, "cutoffs": {}}}).measuring()
        columns = {"perplexity": np.array([9.0, 15, 20, 15])}
        found = derive(policy.quality.resolve(), columns, [""] * 4, ["en", "en", "en", "de"])
        assert found["ccnet.bucket"].tolist() == [0, 1, 2, 0]
        with pytest.raises(ValueError, match="cannot be read as a table of cutoffs"):
            Policy.model_validate({"quality": {"cutoffs": "none.csv"}})

    def test_models_are_part_of_measuring_with_their_files(self, tmp_path: Path) -> None:
        policy = Policy.model_validate({"quality": named(tmp_path)})
        assert policy.measuring()["scores"] == [str(tmp_path / "q.bin"), None, str(tmp_path)]
        names = [Path(path).name for path in policy.measuring_files()]
        assert {"q.bin", "en.arpa"} <= set(names)
        assert Policy().measuring()["scores"] == [None, None, None]

    def test_rule_sets_of_scores_need_their_model(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"ccnet reads the score `perplexity`.*set quality\.perplexity"):
            Policy.model_validate({"quality": {"rules": "ccnet", "classifier": "m.bin"}})
        assert Policy.model_validate({"quality": {"rules": "ccnet", "perplexity": "m.arpa"}}).quality.rules == "ccnet"

    def test_a_label_without_a_model_is_refused(self) -> None:
        with pytest.raises(ValueError, match="`classifier_label` is of no use without a `classifier`"):
            Policy.model_validate({"quality": {"classifier_label": "hq"}})
