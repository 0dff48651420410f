from __future__ import annotations

import copy
from typing import Any

import pytest

from finetune.messages import Message
from finetune.template import UnrenderableError, prepare_tokenizer, render
from manifests.errors import UsageError

TURNS = (
    Message("system", "Be brief."),
    Message("user", "Hi"),
    Message("assistant", "Hello.", train=True),
    Message("user", "More?"),
    Message("assistant", " No.\n", train=True),
)
# The shapes of well-known templates: trimmed contents and header tokens; a thinking block before the last answer.
TRIMMED = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n\n{{ m.content | trim }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n\n{% endif %}"
)
THINKING = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if loop.last and m.role == 'assistant' %}<think>\n\n</think>\n\n{% endif %}{{ m.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture
def chatml(tokenizer: Any) -> Any:
    ready = copy.deepcopy(tokenizer)
    prepare_tokenizer(ready)
    return ready


def with_template(tokenizer: Any, template: str) -> Any:
    changed = copy.deepcopy(tokenizer)
    changed.chat_template = template
    return changed


def test_chatml_renders_these_bytes_and_trains_answer_and_stop_token(chatml: Any) -> None:
    rendering = render(chatml, TURNS)
    assert rendering.text == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nMore?<|im_end|>\n"
        "<|im_start|>assistant\n No.\n<|im_end|>\n"
    )
    assert [rendering.text[slice(*span)] for span in rendering.trained] == ["Hello.<|im_end|>", " No.\n<|im_end|>"]
    assert [rendering.text[slice(*span)] for span in rendering.written] == [turn.content for turn in TURNS]


def test_the_default_template_fits_a_tokenizer_without_one(tokenizer: Any) -> None:
    ready = copy.deepcopy(tokenizer)
    chat = prepare_tokenizer(ready)
    assert (chat.template, chat.stop_token, ready.eos_token, ready.pad_token) == (
        "chatml@1",
        "<|im_end|>",
        "<|im_end|>",
        "<|pad|>",
    )
    assert ready.convert_ids_to_tokens(list(chat.untrained_ids)) == ["<|im_start|>", "<|im_end|>"]
    assert len(ready) == len(tokenizer)  # a base of `winnow pretrain` has the tokens already


def test_a_tokenizer_with_a_template_keeps_it(chatml: Any) -> None:
    chat = prepare_tokenizer(with_template(chatml, TRIMMED))
    assert (chat.template, chat.stop_token, chat.untrained_ids) == ("tokenizer", "<|im_end|>", ())


@pytest.mark.parametrize("template", [None, TRIMMED, THINKING])
def test_what_chat_shows_is_how_the_training_text_begins(chatml: Any, template: str | None) -> None:
    ready = with_template(chatml, template) if template else chatml
    whole = render(ready, TURNS)
    asked = render(ready, TURNS[:-1], add_generation_prompt=True)
    start, end = whole.trained[-1]
    assert whole.text[:start] == asked.text
    assert whole.text[start:end].endswith("No.<|im_end|>" if template == TRIMMED else " No.\n<|im_end|>")


def test_a_block_that_the_template_puts_before_the_answer_is_trained(chatml: Any) -> None:
    rendering = render(with_template(chatml, THINKING), TURNS[:3])
    assert rendering.text[slice(*rendering.trained[0])] == "<think>\n\n</think>\n\nHello.<|im_end|>"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{% for m in messages %}{{ m.content | upper }}<|im_end|>{% endfor %}", "changes or repeats the content"),
        ("{% for m in messages %}{{ m.content }}{{ m.content }}<|im_end|>{% endfor %}", "changes or repeats"),
        ("{% for m in messages %}{{ m.content[:3] }}<|im_end|>{% endfor %}", "template"),
        ("{% for m in messages %}{{ m.content }}\n{% endfor %}", "no stop token follows the answer"),
        ("{{ raise_exception('no') }}", "template refuses the turns"),
        ("{% for m in messages if m.role == 'user' %}{{ m.content }}<|im_end|>{% endfor %}", "hides the answer"),
        (
            "{% for m in messages %}{{ m.role }}:{{ m.content }}<|im_end|>{% endfor %}"
            "{% if add_generation_prompt %}other:{% endif %}",
            "chat prompt is no prefix of the training text",
        ),
    ],
)
def test_a_template_whose_spans_cannot_be_known_is_refused(chatml: Any, template: str, reason: str) -> None:
    with pytest.raises(UnrenderableError, match=reason):
        render(with_template(chatml, template), TURNS[:3])


def test_a_template_without_a_stop_token_cannot_be_prepared(chatml: Any) -> None:
    with pytest.raises(UsageError, match="cannot be trained with: no stop token follows the answer"):
        prepare_tokenizer(with_template(chatml, "{% for m in messages %}{{ m.content }}\n{% endfor %}"))
