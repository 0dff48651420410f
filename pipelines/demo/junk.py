"""Pages that a quality filter should turn away, and answers that are no pages at all."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.demo.names import words
from pipelines.demo.site import plain_html
from pipelines.demo.world import World

_LOREM = (
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore "
    "magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo "
    "consequat. Duis aute irure dolor in reprehenderit in voluptate velit esse cillum dolore eu fugiat nulla pariatur."
)
_WORDS = words(
    "cheap ferry ticket best price online hotel island rooms discount deal book now boat rental tour map offer free "
    "shipping buy rope bowl lamp candle wool sale new top rated review compare holiday beach family last minute"
)
# How many pages of each kind the crawl holds.
JUNK_COUNTS = {
    "keywords": 10, "lorem": 6, "script-notice": 6, "short": 12, "capitals": 8, "repeated-lines": 10, "links": 8,
    "braces": 4, "bullets": 6, "ellipsis": 5, "numbers": 6, "gibberish": 6,
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """An HTTP answer that is no page to be kept."""

    kind: str
    path: str
    status: int
    content_type: str
    body: bytes


def junk_page(world: World, kind: str, number: int) -> str:
    """The HTML of a page of low quality; `kind` is a key of JUNK_COUNTS."""
    rng = random.Random(f"winnow-demo-junk:{world.seed}:{kind}:{number}")
    town = rng.choice(world.towns).name
    return plain_html(f"{town} {number}", _JUNK[kind](rng, town))


def _keywords(rng: random.Random, town: str) -> str:
    return "<p>" + ", ".join(f"{rng.choice(_WORDS)} {rng.choice(_WORDS)} {town}" for _ in range(120)) + "</p>"


def _lorem(rng: random.Random, town: str) -> str:
    return f"<h1>New page of {town}</h1>" + f"<p>{_LOREM}</p>" * rng.randint(2, 5)


def _script_notice(rng: random.Random, town: str) -> str:
    del rng
    return (
        f"<p>The page of {town} needs JavaScript. Please enable JavaScript in your browser and reload the page.</p>"
        "<p>You need to enable javascript to run this app.</p>"
    )


def _short(rng: random.Random, town: str) -> str:
    return (
        "<p>"
        + rng.choice(
            (
                f"The page about {town} will be here soon. Please come back later.",
                "This gallery is empty at the moment. Nothing to see here yet.",
                f"Thank you. Your message to the town hall of {town} has been sent.",
                f"{town}: no results were found for your search.",
            )
        )
        + "</p>"
    )


def _capitals(rng: random.Random, town: str) -> str:
    rows = "".join(f"<li>{rng.choice(_WORDS).upper()} {rng.choice(_WORDS).upper()}!!!</li>" for _ in range(60))
    return f"<h1>SALE IN {town.upper()}</h1><ul>{rows}</ul>"


def _repeated_lines(rng: random.Random, town: str) -> str:
    line = f"Book your ferry to {town} today and enjoy the best view of the islands."
    other = f"The offer number {rng.randrange(1000)} is valid until the end of the week and not a day longer."
    return f"<p>{line}</p><p>{other}</p>" * rng.randint(10, 25)


def _links(rng: random.Random, town: str) -> str:
    return "".join(f'<div><a href="/{n}">{rng.choice(_WORDS)} {rng.choice(_WORDS)} {town}</a></div>' for n in range(80))


def _braces(rng: random.Random, town: str) -> str:
    fields = "".join(f"<p>if (x[{n}]) {{ show('{town}', {rng.randrange(99)}); }}</p>" for n in range(40))
    return f"<h1>Template</h1>{fields}<p>{{{{ page.title }}}} {{{{ page.body }}}}</p>"


def _bullets(rng: random.Random, town: str) -> str:
    return "".join(f"<p>- {rng.choice(_WORDS)} and {rng.choice(_WORDS)} in {town}, new</p>" for _ in range(50))


def _ellipsis(rng: random.Random, town: str) -> str:
    return "".join(
        f"<p>In {town} the {rng.choice(_WORDS)} and the {rng.choice(_WORDS)} of the week were ...</p>"
        for _ in range(30)
    )


def _numbers(rng: random.Random, town: str) -> str:
    rows = "".join(
        "<tr>" + "".join(f"<td>{rng.randrange(10 ** rng.randint(1, 6))}</td>" for _ in range(8)) + "</tr>"
        for _ in range(40)
    )
    return f"<h1>Tide table {town}</h1><table>{rows}</table>"


def _gibberish(rng: random.Random, town: str) -> str:
    words = ["".join(rng.choice("bcdfghklmnprstvwxz") for _ in range(rng.randint(12, 26))) for _ in range(150)]
    return f"<p>{town} {' '.join(words)}</p>"


_JUNK: dict[str, Callable[[random.Random, str], str]] = {
    "keywords": _keywords,
    "lorem": _lorem,
    "script-notice": _script_notice,
    "short": _short,
    "capitals": _capitals,
    "repeated-lines": _repeated_lines,
    "links": _links,
    "braces": _braces,
    "bullets": _bullets,
    "ellipsis": _ellipsis,
    "numbers": _numbers,
    "gibberish": _gibberish,
}


def no_pages(world: World) -> list[Answer]:
    """Images, style sheets, a PDF, redirects and errors: HTTP answers that hold no page."""
    answers = []
    for number in range(8):
        answers.append(Answer("image", f"img/view-{number}.png", 200, "image/png", _png(world.seed, number)))
        missing = plain_html("Not found", f"<h1>404</h1><p>The page number {number} could not be found.</p>")
        answers.append(Answer("missing", f"old/{number}.html", 404, "text/html; charset=utf-8", missing.encode()))
        answers.append(Answer("redirect", f"go/{number}", 301, "text/html", b"<html><body>Moved</body></html>"))
    for number in range(2):
        css = f"nav{{margin:{number}em}}a:hover{{color:#{number}00}}" * 20
        answers.append(Answer("style", f"css/site-{number}.css", 200, "text/css", css.encode()))
        answers.append(Answer("failure", f"search/{number}", 500, "text/html", b"<html><body>Error</body></html>"))
        pdf = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" + bytes(range(256)) * 4 + b"\n%%EOF\n"
        answers.append(Answer("pdf", f"files/{number}.pdf", 200, "application/pdf", pdf))
        answers.append(Answer("no-content", f"ping/{number}", 204, "text/plain", b""))
    return answers


def _png(seed: int, number: int) -> bytes:
    """A valid grey PNG of 32 x 32 pixels."""
    rng = random.Random(f"winnow-demo-png:{seed}:{number}")

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    size = (32).to_bytes(4, "big")
    rows = b"".join(b"\0" + rng.randbytes(32) for _ in range(32))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size + size + b"\x08\0\0\0\0")
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
