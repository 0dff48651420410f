from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from curation.policy import TOXIC_LINE_FLOOR, Policy


def policy(**sections: Any) -> Policy:
    return Policy.model_validate(sections)


@pytest.mark.parametrize(
    "sections",
    [
        {"language": {"keep": ["sv", "fr"], "min_score": 0.2}},
        {"quality": {"gopher": {"min_words": 80}}},
        {"code": {"licenses": ["permissive", "none"], "max_line_length": 500}},
        {"privacy": {"max_spans": 3}},
        {"toxicity": {"max_document": 0.9, "max_line": 0.8, "max_cut": 0.1, "max_words": 0.5}},
        {"toxicity": {"action": "tag", "max_hate": 0.5, "languages": {"de": {"max_document": 0.6}}}},
    ],
)
def test_a_threshold_is_not_part_of_measuring(sections: dict[str, Any]) -> None:
    changed = policy(**sections)
    assert changed != Policy()
    assert changed.measuring() == Policy().measuring()
    assert changed.measuring_files() == Policy().measuring_files()


@pytest.mark.parametrize(
    "sections",
    [
        {"tokenizer": "a.json"},
        {"language": {"model": "lid.bin"}},
        {"toxicity": {"model": "t.ftz"}},
        {"toxicity": {"words": "w.txt"}},
        {"toxicity": {"model": "t.ftz", "label": "nsfw"}},
        {"privacy": {"region": "SE"}},
    ],
)
def test_what_changes_the_stored_numbers_is_part_of_measuring(sections: dict[str, Any]) -> None:
    assert policy(**sections).measuring() != Policy().measuring()


def test_the_shipped_models_and_word_list_are_files_that_measuring_depends_on() -> None:
    names = [Path(path).name for path in Policy().measuring_files()]
    assert names[:4] == ["language.ftz", "toxicity.ftz", "toxicity.json", "ar.txt"]
    assert {"de.txt", "en.txt", "zh.txt"} < set(names)


def test_files_that_the_recipe_names_are_among_them(tmp_path: Path) -> None:
    for name in ("lid.bin", "words.txt", "tokenizer.json"):
        (tmp_path / name).write_text("x")
    named = policy(
        language={"model": str(tmp_path / "lid.bin")}, toxicity={"words": str(tmp_path / "words.txt")},
        tokenizer=str(tmp_path),
    )  # fmt: skip
    names = [Path(path).name for path in named.measuring_files()]
    assert names[:3] == ["lid.bin", "toxicity.ftz", "toxicity.json"]
    assert names[-3:] == ["zh.txt", "words.txt", "tokenizer.json"]


def test_a_threshold_may_be_given_in_full_by_family_or_by_its_last_part() -> None:
    given = [{"gopher.min_words": 80}, {"gopher": {"min_words": 80}}, {"min_words": 80}]
    found = [policy(quality=section).quality.resolve().thresholds()["gopher.min_words"] for section in given]
    assert found == [80, 80, 80]


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"quality": {"gopher": {"min_word": 1}}}, "did you mean `gopher.min_words`"),
        ({"quality": {"gopher": 5}}, "gopher"),
        ({"quality": {"gopher": {"min_words": {"x": 1}}}}, "must be a number"),
        ({"quality": {"rules": "finewebb"}}, "did you mean `fineweb`"),
        ({"code": {"max_line_lenght": 1}}, "did you mean `code.max_line_length`"),
        ({"code": {"licenses": ["free"]}}, "licenses"),
        ({"language": {"min_score": 1.2}}, "less than or equal to 1"),
        ({"toxicity": {"max_line": TOXIC_LINE_FLOOR / 2}}, "greater than or equal to 0.2"),
        ({"toxicity": {"action": "remove"}}, "'drop', 'cut' or 'tag'"),
        ({"toxicity": {"languages": {"ger": {}}}}, "`ger` is no language code .*did you mean `"),
        ({"toxicity": {"languages": {"de": {"max_dokument": 0.5}}}}, "Extra inputs are not permitted"),
        ({"toxicity": {"label": "nsfw"}}, "`label` is of no use without a `model`"),
        ({"privacy": {"max_spans": -1}}, "greater than or equal to 0"),
        ({"extracting": {}}, "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_value_is_refused_with_the_reason(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        policy(**sections)
