"""Preference pairs for the reward model, and prompts for reinforcement learning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finetune.messages import InputFile, Message, as_messages, read_rows
from manifests.errors import UsageError


@dataclass(frozen=True, slots=True)
class Preference:
    """One judgement: after `prompt`, people preferred `chosen` to `rejected`."""

    prompt: tuple[Message, ...]
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]
    source: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation that waits for the assistant's answer."""

    messages: tuple[Message, ...]
    source: str
    place: str = ""


def read_preferences(paths: list[str]) -> tuple[list[Preference], list[InputFile]]:
    """Rows `{prompt, chosen, rejected, source?}`; each part is a string or a list of messages."""
    return read_rows(paths, parse_preference)


def read_prompts(paths: list[str]) -> tuple[list[Prompt], list[InputFile]]:
    """Rows `{prompt, source?}` or `{messages, source?}`; a final assistant turn in `messages` is left off."""
    return read_rows(paths, parse_prompt)


def parse_preference(row: Mapping[str, Any], place: str, default_source: str) -> Preference:
    """One typed pair; UsageError with `place` when a part is missing or is not text."""
    missing = [key for key in ("prompt", "chosen", "rejected") if key not in row]
    if missing:
        raise UsageError(f"{place}: a preference has `prompt`, `chosen` and `rejected`; missing: {', '.join(missing)}")
    return Preference(
        as_messages(row["prompt"], "user", place),
        _answer(row["chosen"], "chosen", place),
        _answer(row["rejected"], "rejected", place),
        str(row.get("source") or default_source),
        place,
    )


def parse_prompt(row: Mapping[str, Any], place: str, default_source: str) -> Prompt:
    """One typed prompt; UsageError with `place` when there is no user turn to answer."""
    if "prompt" not in row and "messages" not in row:
        raise UsageError(f"{place}: a prompt row has `prompt` or `messages`, this one has {sorted(row)[:8]}")
    messages = as_messages(row.get("prompt", row.get("messages")), "user", place)
    while messages and messages[-1].role == "assistant":
        messages = messages[:-1]
    if not messages:
        raise UsageError(f"{place}: the prompt has no message to answer")
    return Prompt(messages, str(row.get("source") or default_source), place)


def _answer(value: Any, key: str, place: str) -> tuple[Message, ...]:
    messages = as_messages(value, "assistant", place)
    if not messages or messages[-1].role != "assistant":
        raise UsageError(f"{place}: `{key}` does not end with an assistant message")
    return messages
