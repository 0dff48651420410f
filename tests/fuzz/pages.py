"""Pages: HTML built of hostile pieces and then damaged."""

from __future__ import annotations

import random
from collections.abc import Callable

from curation.extraction import extract_text
from tests.fuzz.mutation import mutate

WORDS = ["word", "słowo", "слово", "λέξη", "词语", "คำ", "كلمة", "a", "&amp;", "\u202e", "\U0001f600", "\0", "\ufeff"]
TAGS = [
    "div", "p", "span", "a", "b", "ul", "li", "table", "tr", "td", "article", "main", "nav", "pre", "code", "section",
    "form", "select", "option", "textarea", "script", "style", "noscript", "template", "svg", "math", "iframe", "title",
    "head", "body", "html", "frameset", "plaintext", "xmp", "noembed", "h1", "br", "img", "font", "button", "x-y",
    "ruby",
]  # fmt: skip
CHARSETS = [
    "utf-8", "gb2312", "shift_jis", "euc-jp", "iso-2022-jp", "utf-16", "windows-1251", "x-user-defined", "nonsense",
]  # fmt: skip
TOKENS = [
    b"<", b">", b"</", b"/>", b"<!--", b"-->", b"--!>", b"<![CDATA[", b"]]>", b"<?xml", b"&", b"&#", b"&#x110000;",
    b"&#0;", b"&#xd800;", b"&lt", b"&notit;", b"&CounterClockwiseContourIntegral;", b'"', b"'", b"=", b"\0", b"\r",
    b"\x0c", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc3", b"\x1b$B", b"<script>", b"</script", b"<style>",
    b"<textarea>", b"<title>", b"<plaintext>", b"<table><a>", b"</p></p>", b"<svg><p>", b"<math><mi><p>", b"<template>",
    b"<select><table>", b"</body>", b'<meta charset="utf-16">', b'<base href="http://[">', b"<a href='",
    b"style=display:none ", b" hidden", b"<br>" * 500,
]  # fmt: skip


class PageTarget:
    """`extract_text` over hostile pages."""

    name = "html"

    def make(self, rng: random.Random) -> bytes:
        """A page of a few hostile pieces, three times in four damaged; most are small, some of a few MB."""
        pieces = [
            rng.choice(PIECES)(rng, rng.choice([3, 30, 30, 300, 300, 3000, 100_000]))
            for _ in range(rng.randrange(1, 5))
        ]
        head = f"<!DOCTYPE html><html><head><meta charset={rng.choice(CHARSETS)}><title>t</title></head><body>"
        page = (head if rng.randrange(3) else "") + rng.choice(["", "<p>"]).join(pieces)
        data = page.encode(rng.choice(["utf-8"] * 6 + ["utf-16", "gb18030", "shift_jis"]), "replace")
        return mutate(rng, data, TOKENS) if rng.randrange(4) else data

    def check(self, data: bytes, rng: random.Random) -> None:
        """Extraction gives text that can be written, and the same twice."""
        content_type = rng.choice([None, "text/html", f"text/html; charset={rng.choice(CHARSETS)}"])
        url = rng.choice([None, "http://e.test/a", "http://[", ""])
        text = extract_text(data, content_type=content_type, url=url)
        assert isinstance(text, str)
        text.encode()
        assert "\0" not in text
        assert len(text) <= 8 * len(data) + 1000, "more text than page"
        if len(data) < 200_000:
            assert extract_text(data, content_type=content_type, url=url) == text, "twice the same page, two texts"


def _words(rng: random.Random, count: int) -> str:
    return " ".join(rng.choices(WORDS, k=min(count, 300))) * (1 + count // 300)


def _nested(rng: random.Random, count: int) -> str:
    tags = rng.choices(TAGS, k=rng.randrange(1, 4))
    opened = "".join(f"<{tag}>" for tag in tags) * count
    return (
        opened + _words(rng, 5) + ("".join(f"</{tag}>" for tag in reversed(tags)) * count if rng.randrange(2) else "")
    )


def _siblings(rng: random.Random, count: int) -> str:
    tag = rng.choice(TAGS)
    return f"<{tag}>{_words(rng, 4)}{rng.choice([f'</{tag}>', '', '</'])}" * count


def _misnested(rng: random.Random, count: int) -> str:
    opened, closed = rng.choices(TAGS, k=6), rng.choices(TAGS, k=6)
    return ("".join(f"<{tag}>" for tag in opened) + "x" + "".join(f"</{tag}>" for tag in closed)) * count


def _attributes(rng: random.Random, count: int) -> str:
    names = " ".join(
        f"a{number}={rng.choice(['1', chr(34), chr(39) + 'v' + chr(39)])}" for number in range(min(count, 20_000))
    )
    return f"<{rng.choice(TAGS)} {names}>" + _words(rng, 3)


def _long_attribute(rng: random.Random, count: int) -> str:
    return f'<a {rng.choice(["href", "class", "style", "title"])}="{rng.choice(WORDS) * count * 10}">' + _words(rng, 3)


def _entities(rng: random.Random, count: int) -> str:
    return rng.choice(["&amp;", "&#65;", "&#x", "&", "&amp", "&#99999999999;", "&nosuch;"]) * count


def _unclosed(rng: random.Random, count: int) -> str:
    return rng.choice(["<!--", "<!", "<?", "<script>", "<style>", "<textarea>", "<a href='", "</"]) + "x<p>" * count


def _one_word(rng: random.Random, count: int) -> str:
    return "<p>" + rng.choice(["x", "词", "\u0301", "\u200d", "-", "\t", "."]) * count * 10


def _list_of_links(rng: random.Random, count: int) -> str:
    return "<ul>" + f'<li><a href="/{_words(rng, 1)}">{_words(rng, 3)}</a>' * count + "</ul>"


PIECES: list[Callable[[random.Random, int], str]] = [
    _words, _nested, _siblings, _misnested, _attributes, _long_attribute, _entities, _unclosed, _one_word,
    _list_of_links,
]  # fmt: skip
