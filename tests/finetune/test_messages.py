from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.messages import Conversation, Message, parse_conversation, read_conversations
from finetune.preferences import Preference, Prompt, parse_preference, parse_prompt
from manifests.errors import UsageError
from tests.finetune.conftest import write_rows

ASKED = Message("user", "Hi")
ANSWERED = Message("assistant", "Hello.", train=True)


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]},
        {"prompt": "Hi", "completion": "Hello."},
        {"prompt": [{"role": "user", "content": "Hi"}], "completion": [{"role": "assistant", "content": "Hello."}]},
        {"instruction": "Hi", "input": "", "output": "Hello."},
    ],
)
def test_every_known_row_gives_the_same_conversation(row: dict[str, Any]) -> None:
    assert parse_conversation(row, "f:1", "f") == Conversation((ASKED, ANSWERED), "f", "f:1")


def test_alpaca_input_follows_the_instruction_after_an_empty_line() -> None:
    row = {"instruction": "Add.", "input": "1 2", "output": "3"}
    assert parse_conversation(row, "f:1", "f").messages[0] == Message("user", "Add.\n\n1 2")


def test_train_flag_is_kept_and_defaults_to_the_assistant() -> None:
    row = {
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "assistant", "content": "a", "train": False},
            {"role": "assistant", "content": "b"},
        ],
        "source": "mine",
    }
    conversation = parse_conversation(row, "f:1", "f")
    assert [message.train for message in conversation.messages] == [False, False, True]
    assert conversation.source == "mine"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"messages": [{"role": "gpt", "content": "x"}]}, "unknown role 'gpt'; known roles: system, user, assistant"),
        ({"messages": [{"role": "user", "content": "x", "train": True}]}, "only the assistant's turns are trained"),
        ({"messages": [{"role": "user"}]}, "every message has `role` and `content`"),
        ({"messages": "x"}, "`messages` is a list"),
        ({"messages": [{"role": "user", "content": 3}]}, "expected text, found '3' (int)"),
        ({"text": "x"}, "unknown kind of row with keys ['text']; known rows have `messages`"),
    ],
)
def test_an_unusable_row_is_an_error_that_names_its_place(row: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [{"prompt": "a", "completion": "b"}, row])
    with pytest.raises(UsageError) as raised:
        read_conversations([path])
    assert str(raised.value).startswith(f"{path}:2: ")
    assert said in str(raised.value)


def test_jsonl_gzip_json_and_parquet_hold_the_same_rows(tmp_path: Path) -> None:
    rows = [{"prompt": f"q{k}", "completion": f"a{k}"} for k in range(3)]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "a.jsonl").write_text(lines)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(lines.encode(), mtime=0))
    (tmp_path / "c.json").write_text(json.dumps(rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "d.parquet")
    conversations, files = read_conversations([str(tmp_path)])
    assert [row.messages[1].content for row in conversations] == ["a0", "a1", "a2"] * 4
    assert [row.source for row in conversations] == ["a"] * 3 + ["b"] * 3 + ["c"] * 3 + ["d"] * 3
    assert [file.records for file in files] == [3, 3, 3, 3]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.jsonl", b'{"prompt": 1\n', "x.jsonl:1: not valid JSON"),
        ("x.jsonl", b"\xff\xfe", "not UTF-8 text at byte 0"),
        ("x.jsonl", b"[1]\n", "x.jsonl:1: a row is an object, this is a list"),
        ("x.jsonl", b"\n", "holds no rows"),
        (
            "x.jsonl.gz",
            gzip.compress(b'{"prompt": "a", "completion": "b"}\n' * 999, mtime=0)[:30],
            "the gzip stream ends early",
        ),
        ("x.json", b"{}", "holds one array of rows"),
        ("x.parquet", b"PAR1", "not a Parquet file"),
        ("x.csv", b"", "unknown kind of file; known endings: .jsonl"),
    ],
)
def test_an_unreadable_file_is_an_error(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=name) as raised:
        read_conversations([str(tmp_path / name)])
    assert said in str(raised.value)


def test_a_lone_surrogate_becomes_a_replacement() -> None:
    assert parse_conversation({"prompt": "a\ud800", "completion": "b"}, "f:1", "f").messages[0].content == "a?"


@given(st.dictionaries(st.sampled_from(["messages", "prompt", "completion", "source", "x"]), st.text() | st.integers()))
def test_any_row_is_read_or_refused(row: dict[str, Any]) -> None:
    try:
        assert isinstance(parse_conversation(row, "f:1", "f"), Conversation)
    except UsageError as error:
        assert str(error).startswith("f:1: ")


def test_preferences_take_strings_and_messages() -> None:
    texts = {"prompt": "Hi", "chosen": "Hello.", "rejected": "What?"}
    lists = {
        "prompt": [{"role": "user", "content": "Hi"}],
        "chosen": [{"role": "assistant", "content": "Hello."}],
        "rejected": [{"role": "assistant", "content": "What?"}],
    }
    expected = Preference((ASKED,), (ANSWERED,), (Message("assistant", "What?", train=True),), "f", "f:1")
    assert parse_preference(texts, "f:1", "f") == expected
    assert parse_preference(lists, "f:1", "f") == expected
    with pytest.raises(UsageError, match=r"f:1: a preference has .* missing: rejected"):
        parse_preference({"prompt": "a", "chosen": "b"}, "f:1", "f")
    with pytest.raises(UsageError, match="`chosen` does not end with an assistant message"):
        parse_preference({**lists, "chosen": lists["prompt"]}, "f:1", "f")


def test_a_prompt_ends_before_the_answer() -> None:
    row = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    assert parse_prompt(row, "f:1", "f") == Prompt((ASKED,), "f", "f:1")
    with pytest.raises(UsageError, match="no message to answer"):
        parse_prompt({"messages": row["messages"][1:]}, "f:1", "f")
