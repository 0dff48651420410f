from pathlib import Path

import pytest
from pydantic import Field

from manifests.config import Config, load_config
from manifests.errors import UsageError


class Inner(Config):
    min_words: int = Field(50, ge=0)
    max_words: int = 100_000


class Outer(Config):
    name: str = "x"
    inner: Inner = Inner()
    maybe: Inner | None = None


def load(tmp_path: Path, text: str, *overrides: str) -> Outer:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    return load_config(Outer, path, overrides)


def test_defaults_fill_what_the_file_leaves_out(tmp_path: Path) -> None:
    assert load(tmp_path, "name: a\n") == Outer(name="a", inner=Inner(min_words=50))


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Outer()


def test_overrides_reach_nested_keys_and_are_yaml(tmp_path: Path) -> None:
    assert load(tmp_path, "", "inner.min_words=80", "name=b").inner.min_words == 80


def test_an_unknown_key_names_the_nearest_one_and_the_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"recipe\.yaml: unknown key `inner\.min_word`; did you mean `min_words`\?"):
        load(tmp_path, "inner: {min_word: 3}\n")


def test_an_unknown_key_inside_an_optional_section_is_found_too(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown key `maybe\.max_wrds`; did you mean `max_words`"):
        load(tmp_path, "maybe: {max_wrds: 3}\n")


def test_an_unknown_key_like_no_other_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown key `zzzzz`; known keys here: inner, maybe, name"):
        load(tmp_path, "zzzzz: 3\n")


def test_a_wrong_value_says_what_was_found(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"`inner\.min_words`: .*greater than or equal to 0 \(found -1\)"):
        load(tmp_path, "", "inner.min_words=-1")


def test_every_problem_is_listed(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, "nam: a\ninner: {min_words: many}\n")
    assert len(str(caught.value).splitlines()) == 2


def test_broken_yaml_gives_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"recipe\.yaml:2:\d+: not valid YAML"):
        load(tmp_path, "name: a\ninner: {min_words: [}\n")


@pytest.mark.parametrize("text", ["- a\n", "just words\n", "3\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="expected `key: value` lines"):
        load(tmp_path, text)


def test_a_missing_file_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"nowhere\.yaml: cannot be read: No such file"):
        load_config(Outer, "nowhere.yaml")


@pytest.mark.parametrize("override", ["inner.min_words", "=3", "name.deeper=1"])
def test_an_override_that_names_no_place_is_refused(tmp_path: Path, override: str) -> None:
    with pytest.raises(UsageError, match="--set"):
        load(tmp_path, "name: a\n", override)


def test_yaml_tags_run_no_code(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not valid YAML"):
        load(tmp_path, "name: !!python/object/apply:os.system [echo]\n")
