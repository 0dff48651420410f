"""One function renders conversations, for training and for chat, and says which characters are whose.

The template is the base tokenizer's own, or `chatml@1` where it has none. Where message texts and trained answers
stand in the rendered text is found by rendering the same turns with placeholders, so it holds for any template;
a template that rewrites what people wrote gives no spans, and the row is refused rather than mislabelled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.messages import Message, as_dicts
from manifests.errors import UsageError

DEFAULT_TEMPLATE = "chatml@1"
TEMPLATES = Path(__file__).parent / "templates"
PAD_TOKEN = "<|pad|>"
CHATML_TOKENS = ("<|im_start|>", "<|im_end|>")
PLACEHOLDER = re.compile("\ue000([0-9]{1,6})\ue001")

Span = tuple[int, int]


class UnrenderableError(ValueError):
    """The template and the row do not go together; the message is the reason the row is counted under."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """Rendered text with two sets of character spans.

    `trained`: what the model learns to write, each answer with the stop token after it. `written`: what people
    wrote (every message's content), where a control token's name is only text.
    """

    text: str
    trained: tuple[Span, ...]
    written: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """A tokenizer made ready for chat: which template, which token ends an answer, which embedding rows are new."""

    template: str
    stop_token: str
    stop_id: int
    untrained_ids: tuple[int, ...]


def prepare_tokenizer(tokenizer: Any) -> ChatFormat:
    """Give `tokenizer` a chat template, a stop token and a pad token of its own, where it lacks them.

    With `chatml@1` the control tokens' embeddings have never been trained: `untrained_ids` lists them, so that a
    LoRA run trains these rows too. The pad token is never the stop token, because a stop token that counts as
    padding is not learned and not pooled.

    Raises:
        UsageError: no fast tokenizer, or a template that puts no token after an assistant's answer.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise UsageError(f"{type(tokenizer).__name__}: has no tokenizer.json; a fast tokenizer is needed for offsets")
    name, untrained = "tokenizer", ()
    if not tokenizer.chat_template:
        name = DEFAULT_TEMPLATE
        old_end = tokenizer.eos_token
        tokenizer.add_special_tokens({"extra_special_tokens": list(CHATML_TOKENS)}, replace_extra_special_tokens=False)
        tokenizer.chat_template = (TEMPLATES / f"{DEFAULT_TEMPLATE}.jinja").read_text(encoding="utf-8")
        tokenizer.eos_token = CHATML_TOKENS[1]
        untrained = tuple(tokenizer.convert_tokens_to_ids(list(CHATML_TOKENS)))
        if tokenizer.pad_token is None and old_end is not None:
            tokenizer.pad_token = old_end
    stop = stop_token(tokenizer)
    if tokenizer.pad_token in (None, stop):
        tokenizer.add_special_tokens({"pad_token": PAD_TOKEN})
    return ChatFormat(name, stop, tokenizer.convert_tokens_to_ids(stop), untrained)


def control_tokens(tokenizer: Any) -> list[str]:
    """Names of the tokens that only a template may write: the special ones, and those its text mentions."""
    template = str(tokenizer.chat_template or "")
    return sorted(
        token.content
        for token in tokenizer.added_tokens_decoder.values()
        if len(token.content) > 1 and token.content.strip() and (token.special or token.content in template)
    )


def stop_token(tokenizer: Any) -> str:
    """The token that the chat template puts after an assistant's answer."""
    probe = (Message("user", "question"), Message("assistant", "answer", train=True))
    try:
        rendering = render(tokenizer, probe)
    except UnrenderableError as error:
        raise UsageError(f"the base's chat template cannot be trained with: {error}") from error
    return rendering.text[rendering.written[-1][1] : rendering.trained[0][1]].strip()


def render(tokenizer: Any, messages: tuple[Message, ...], *, add_generation_prompt: bool = False) -> Rendering:
    """The text that the model reads for `messages`, with its spans; with the generation prompt for chat.

    Raises:
        UnrenderableError: the template refuses the turns, changes an answer, repeats or hides it, puts no stop token
            after it, or shows a chat something else than what training shows.
    """
    text = _apply(tokenizer, as_dicts(messages), add_generation_prompt)
    marked = [{"role": m.role, "content": f"\ue000{index}\ue001"} for index, m in enumerate(messages)]
    pieces = PLACEHOLDER.split(_apply(tokenizer, marked, add_generation_prompt))
    frames, order = pieces[0::2], [int(index) for index in pieces[1::2]]
    if not text.startswith(frames[0]):
        raise UnrenderableError("template depends on the content")
    position, spans = len(frames[0]), {}
    for index, frame in zip(order, frames[1:], strict=True):
        end = _match(text, position, messages[index].content, frame)
        if end is None or index in spans:
            raise UnrenderableError("template changes or repeats the content")
        spans[index] = (position, end)
        position = end + len(frame)
    if position != len(text):
        raise UnrenderableError("template depends on the content")
    controls = _pattern(control_tokens(tokenizer))
    trained = [
        _trained_span(tokenizer, messages, index, text, spans, controls)
        for index, message in enumerate(messages)
        if message.train
    ]
    return Rendering(text, tuple(trained), tuple(sorted(spans.values())))


def written_controls(tokenizer: Any, rendering: Rendering) -> list[int]:
    """Positions where a control token's name stands in what people wrote (its first character)."""
    controls = _pattern(control_tokens(tokenizer))
    if controls is None:
        return []
    return [hit.start() for start, end in rendering.written for hit in controls.finditer(rendering.text, start, end)]


def _trained_span(
    tokenizer: Any,
    messages: tuple[Message, ...],
    index: int,
    text: str,
    spans: dict[int, Span],
    controls: re.Pattern[str] | None,
) -> Span:
    if index not in spans:
        raise UnrenderableError("template hides the answer")
    start, end = spans[index]
    stop = controls.search(text, end) if controls else None
    if stop is None or text[end : stop.start()].strip():
        raise UnrenderableError("no stop token follows the answer")
    if index == len(messages) - 1:
        # What chat shows the model before this answer; a template may add text of its own between that and the
        # answer (an empty "thinking" block), which the model then has to write as well.
        asked = _apply(tokenizer, as_dicts(messages[:index]), True)
        if not text.startswith(asked) or len(asked) > start:
            raise UnrenderableError("chat prompt is no prefix of the training text")
        start = len(asked)
    return start, stop.end()


def _apply(tokenizer: Any, messages: list[dict[str, str]], add_generation_prompt: bool) -> str:
    from jinja2 import TemplateError

    try:
        return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=add_generation_prompt))
    except (TemplateError, TypeError, ValueError) as error:
        raise UnrenderableError("template refuses the turns") from error


def _match(text: str, position: int, content: str, frame: str) -> int | None:
    """The end of `content` at `position`, as it is or trimmed, where `frame` follows it."""
    for candidate in (content, content.strip(), content.rstrip(), content.lstrip()):
        if text.startswith(candidate, position) and text.startswith(frame, position + len(candidate)):
            return position + len(candidate)
    return None


def _pattern(tokens: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(re.escape(token) for token in sorted(tokens, key=len, reverse=True))) if tokens else None
