from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from curation.tokenise import PIECES, TokenCounter
from manifests.errors import UsageError


def pieces(text: str) -> int:
    return int(TokenCounter().count([text])[0])


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (" \n\t\u00a0\u3000", 0),
        ("Hello, world!", 4),
        ("it's 3.14", 6),
        ("état cafe\u0301", 2),  # a combining mark belongs to its word
        ("snake_case", 3),
        ("你好,世界", 5),
        ("カタカナ", 4),
        ("ภาษาไทย", 7),
        ("한국어 문장", 2),
        ("मानक हिन्दी", 2),
        ("😀😀", 2),
        ("\U00020000\U0002a6df", 2),
        ("a\0b", 3),
        ("\ud800x", 2),
    ],
)
def test_pieces(text: str, count: int) -> None:
    assert pieces(text) == count


@given(st.text(st.characters(), max_size=60), st.text(st.characters(), max_size=60))
def test_texts_on_lines_of_their_own_add_up(one: str, other: str) -> None:
    assert pieces(f"{one}\n{other}") == pieces(one) + pieces(other)


def test_counts_come_in_the_order_of_the_texts() -> None:
    assert TokenCounter(PIECES).count(["a b c", "", "a"]).tolist() == [3, 0, 1]
    assert TokenCounter().count([]).tolist() == []


def write_tokenizer(folder: Path) -> Path:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1, "b": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.enable_truncation(2)
    tokenizer.enable_padding(length=5)
    path = folder / "tokenizer.json"
    tokenizer.save(str(path))
    return path


class TestTokenizerFile:
    def test_by_path_or_by_folder(self, tmp_path: Path) -> None:
        path = write_tokenizer(tmp_path)
        for name in (path, tmp_path):
            assert TokenCounter(str(name)).count(["a b a b", "", "a"]).tolist() == [4, 0, 1]

    def test_truncation_and_padding_that_the_file_sets_do_not_apply(self, tmp_path: Path) -> None:
        counter = TokenCounter(str(write_tokenizer(tmp_path)))
        assert counter.count(["a " * 1000, "a"]).tolist() == [1000, 1]

    def test_a_lone_surrogate_counts_as_an_unknown_character(self, tmp_path: Path) -> None:
        assert TokenCounter(str(write_tokenizer(tmp_path))).count(["a \ud800 b"]).tolist() == [3]

    def test_a_missing_file_is_not_taken_for_a_hub_id(self, tmp_path: Path) -> None:
        for name in ("nowhere.json", "./nowhere", str(tmp_path / "none"), str(tmp_path)):
            with pytest.raises(UsageError, match="no such file"):
                TokenCounter(name)

    def test_a_broken_file_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "tokenizer.json"
        path.write_text("{}")
        with pytest.raises(UsageError, match=r"tokenizer.json: cannot be loaded"):
            TokenCounter(str(path))
