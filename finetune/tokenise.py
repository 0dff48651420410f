"""From conversations to `input_ids` and `labels`, verified, with an account of every row.

A token is trained if its characters lie in a trained span. The claim is checked row by row: the trained tokens,
decoded, must be the assistant's text and its stop token (open-instruct's rule); a row where they are not is
refused and counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal

from finetune.messages import Conversation, Message
from finetune.template import Rendering, Span, UnrenderableError, control_tokens, render, written_controls
from manifests.errors import JobError

IGNORED = -100
EXAMPLES_PER_REASON = 5
TooLong = Literal["drop", "truncate", "fail"]


@dataclass(frozen=True, slots=True)
class Encoding:
    """Token ids with the character range `[start, end)` of each."""

    ids: list[int]
    offsets: list[Span]


@dataclass
class SourceAccount:
    """What became of one source's rows; `tokens` and `trained_tokens` are those of the rows kept."""

    rows: int = 0
    kept: int = 0
    truncated: int = 0
    tokens: int = 0
    trained_tokens: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


@dataclass
class Account:
    """Rows and tokens by source, and for each reason of refusal the first places (`file:line`) it was met."""

    sources: dict[str, SourceAccount] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)

    def drop(self, source: str, reason: str, place: str) -> None:
        """Count a row that is left out."""
        dropped = self.sources[source].dropped
        dropped[reason] = dropped.get(reason, 0) + 1
        places = self.places.setdefault(reason, [])
        if len(places) < EXAMPLES_PER_REASON:
            places.append(place)

    def enter(self, source: str) -> SourceAccount:
        """Count a row that comes in."""
        account = self.sources.setdefault(source, SourceAccount())
        account.rows += 1
        return account

    def total(self, key: str) -> int:
        """Sum of one count over all sources; `dropped` sums over the reasons too."""
        if key == "dropped":
            return sum(sum(account.dropped.values()) for account in self.sources.values())
        return sum(getattr(account, key) for account in self.sources.values())

    def report(self) -> dict[str, Any]:
        """The account as it stands in the manifest."""
        return {
            source: {
                "rows": account.rows,
                "kept": account.kept,
                "dropped": dict(sorted(account.dropped.items())),
                "truncated": account.truncated,
                "tokens": account.tokens,
                "trained_tokens": account.trained_tokens,
            }
            for source, account in sorted(self.sources.items())
        }

    def examples(self) -> dict[str, list[str]]:
        """For each reason the first places, `file:line` without folders."""
        return {reason: [PurePath(place).name for place in places] for reason, places in sorted(self.places.items())}

    def lines(self) -> list[str]:
        """The refusals in words, one line a reason."""
        counts: dict[str, int] = {}
        for account in self.sources.values():
            for reason, count in account.dropped.items():
                counts[reason] = counts.get(reason, 0) + count
        return [
            f"{count:,} left out: {reason} ({', '.join(self.places[reason][:2])}{', ...' if count > 2 else ''})"
            for reason, count in sorted(counts.items())
        ]


def tokenise(
    conversations: Iterable[Conversation], tokenizer: Any, *, max_tokens: int, too_long: TooLong
) -> tuple[list[dict[str, list[int]]], Account]:
    """Rows `{input_ids, labels}` for training and the account of what came in, stayed and went.

    Reasons of refusal: `empty`, `no trained token`, `too long`, and `unverifiable: ...` with the template's fault.
    A truncated row keeps its first `max_tokens` tokens and is counted as truncated.

    Raises:
        JobError: a row has more than `max_tokens` tokens and `too_long` is `fail`.
    """
    rows: list[dict[str, list[int]]] = []
    account = Account()
    for conversation in conversations:
        counts = account.enter(conversation.source)
        if not any(message.content.strip() for message in conversation.messages):
            account.drop(conversation.source, "empty", conversation.place)
            continue
        messages = tuple(_untrain_blank(message) for message in conversation.messages)
        try:
            ids, labels = encode_for_training(tokenizer, messages)
        except UnrenderableError as error:
            account.drop(conversation.source, f"unverifiable: {error}", conversation.place)
            continue
        cut = len(ids) > max_tokens
        if cut and too_long == "fail":
            raise JobError(f"{conversation.place}: {len(ids)} tokens, more than max_tokens={max_tokens}")
        if cut and too_long == "drop":
            account.drop(conversation.source, "too long", conversation.place)
            continue
        ids, labels = ids[:max_tokens], labels[:max_tokens]
        # The first token is never predicted, so a label there trains nothing.
        trained = sum(label != IGNORED for label in labels[1:])
        if not trained:
            account.drop(conversation.source, "no trained token", conversation.place)
            continue
        counts.kept += 1
        counts.truncated += cut
        counts.tokens += len(ids)
        counts.trained_tokens += trained
        rows.append({"input_ids": ids, "labels": labels})
    return rows, account


def encode_for_training(tokenizer: Any, messages: tuple[Message, ...]) -> tuple[list[int], list[int]]:
    """`(input_ids, labels)` of one conversation, verified; labels are -100 outside the trained spans.

    Raises:
        UnrenderableError: the spans cannot be found, or the trained tokens do not decode to them.
    """
    rendering = render(tokenizer, messages)
    encoding = encode(tokenizer, rendering)
    labels = [IGNORED] * len(encoding.ids)
    lefts = [left for left, _ in encoding.offsets]
    for start, end in rendering.trained:
        first, last = _tokens_of(rendering.text, encoding.offsets, lefts, start, end)
        labels[first:last] = encoding.ids[first:last]
        _verify(tokenizer, encoding.ids[first:last], rendering.text[start:end])
    return encoding.ids, labels


def encode_prompt(tokenizer: Any, messages: tuple[Message, ...]) -> list[int]:
    """The ids a model answers to: the rendering of training, with the generation prompt."""
    return encode(tokenizer, render(tokenizer, _untrained(messages), add_generation_prompt=True)).ids


def encode(tokenizer: Any, rendering: Rendering) -> Encoding:
    """Token ids and offsets of a rendering; a control token's name in what people wrote stays plain text.

    The text is encoded whole, as any other tool would. Only where that would let a written control token through,
    or let one token span a prompt and its answer, is it cut and encoded in parts.
    """
    cuts = {position + 1 for position in written_controls(tokenizer, rendering)}
    encoding = _encode_parts(tokenizer, rendering.text, sorted(cuts))
    astride = {start for start, _ in rendering.trained if _astride(rendering.text, encoding.offsets, start)}
    if astride:
        encoding = _encode_parts(tokenizer, rendering.text, sorted(cuts | astride))
    if cuts:
        _refuse_written_controls(tokenizer, rendering, encoding)
    return encoding


def _encode_parts(tokenizer: Any, text: str, cuts: list[int]) -> Encoding:
    ids: list[int] = []
    offsets: list[Span] = []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        part = tokenizer.backend_tokenizer.encode(text[start:end], add_special_tokens=False)
        ids.extend(part.ids)
        offsets.extend((left + start, right + start) for left, right in part.offsets)
    return Encoding(ids, offsets)


def _tokens_of(text: str, offsets: list[Span], lefts: list[int], start: int, end: int) -> tuple[int, int]:
    """The range of tokens whose characters lie in `[start, end)` of `text`."""
    first, last = bisect_left(lefts, start), bisect_left(lefts, end)
    # Tokenizers that write a word as space + word reach one space into the prompt.
    if first and offsets[first - 1][1] > start and text[offsets[first - 1][0] : start] == " ":
        first -= 1
    return first, last


def _astride(text: str, offsets: list[Span], position: int) -> bool:
    return any(left < position < right and text[left:position] != " " for left, right in offsets)


def _verify(tokenizer: Any, ids: list[int], expected: str) -> None:
    backend = tokenizer.backend_tokenizer
    decoded = backend.decode(ids, skip_special_tokens=False)
    if backend.normalizer is not None:
        expected, decoded = backend.normalizer.normalize_str(expected), backend.normalizer.normalize_str(decoded)
    if decoded != expected and decoded.removeprefix(" ") != expected.removeprefix(" "):
        raise UnrenderableError("trained tokens are not the answer")


def _refuse_written_controls(tokenizer: Any, rendering: Rendering, encoding: Encoding) -> None:
    controls = set(tokenizer.convert_tokens_to_ids(control_tokens(tokenizer)))
    for token, (left, right) in zip(encoding.ids, encoding.offsets, strict=True):
        if token in controls and any(start <= left and right <= end for start, end in rendering.written):
            raise UnrenderableError("a control token in the text cannot be neutralised")


def _untrain_blank(message: Message) -> Message:
    if message.train and not message.content.strip():
        return Message(message.role, message.content)
    return message


def _untrained(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    return tuple(Message(message.role, message.content) for message in messages)
