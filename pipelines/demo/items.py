"""What the sample crawl holds: good pages and their copies, private, rude, poor and odd ones, and what was planted."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipelines.demo.grammar import Writer, load_grammar
from pipelines.demo.junk import JUNK_COUNTS, junk_page, no_pages
from pipelines.demo.private import private_sentence
from pipelines.demo.prose import Page, english_page, english_pages, foreign_pages, similarity
from pipelines.demo.site import SITES, dress, host_of, plain_html, uri_of
from pipelines.demo.world import World, shuffled

WET_PAGES = 150
EXACT_DUPLICATES = 24
NEAR_DUPLICATES = 40
PRIVATE_PAGES = 36
TOXIC_PAGES = 14
TOXIC_LINES = 14
BIG_PAGE_BYTES = 20_000_000
FOREIGN_PAGES = {
    "german": 20, "french": 20, "spanish": 20, "polish": 6, "greek": 6, "russian": 6, "chinese": 6, "japanese": 5,
}  # fmt: skip
# The charsets in which pages of a language are also sent, besides UTF-8.
_CHARSETS = {
    "de": ("windows-1252", "iso-8859-1"),
    "fr": ("windows-1252", "iso-8859-1"),
    "es": ("iso-8859-1", "windows-1252"),
    "pl": ("iso-8859-2",),
    "el": ("iso-8859-7",),
    "ru": ("windows-1251", "koi8-r"),
    "zh": ("gb2312",),
    "ja": ("shift_jis",),
}
_MENU = ("Home", "News", "Ferries", "Weather", "Letters", "Contact", "About us", "Search", "Archive", "Map")


@dataclass(frozen=True)
class Item:
    """One answer to be archived. `page` is None where there is no prose; `charset` is that of the bytes sent.

    `declared` says where the charset stands: header, meta, none, or wrong (the header names another one).
    """

    kind: str
    uri: str
    body: bytes
    page: Page | None = None
    charset: str = "utf-8"
    declared: str = "header"
    status: int = 200
    content_type: str = "text/html"
    packing: str = "none"
    wet: bool = False


@dataclass
class Truth:
    """What was planted; `as_json` is the crawl's part of truth.json."""

    parts: dict[str, Any] = field(default_factory=lambda: defaultdict(list))

    def add(self, part: str, row: Sequence[Any] | None = None, **values: Any) -> None:
        """Note one planted thing: a row, or values by name."""
        self.parts[part].append(values if row is None else row)

    def as_json(self) -> dict[str, Any]:
        """Plain lists and dictionaries, in a fixed order."""
        return {key: self.parts[key] for key in sorted(self.parts)}


def make_items(world: World, truth: Truth) -> Iterator[tuple[Item, str | None]]:
    """Every item, each with the URI of what it copies."""
    rng = random.Random(f"winnow-demo-crawl:{world.seed}")
    english = shuffled(rng, english_pages(world))
    others = english[:60]
    wet, web = english[:WET_PAGES], english[WET_PAGES:]
    marks = _marks(rng, web)
    for index, page in enumerate(web):
        yield from _web_items(world, truth, page, SITES[index % len(SITES)], others, marks.get(page.name, ""))
    for index, page in enumerate(wet):
        item = _wet_item(page, rng)
        truth.add("pages", uri=item.uri, kind="wet", language="en")
        yield item, None
        if index < EXACT_DUPLICATES // 3:
            copy = replace(item, uri=item.uri.replace("www.", "mirror."))
            truth.add("exact_duplicates", [item.uri, copy.uri])
            yield copy, item.uri
    for language, count in FOREIGN_PAGES.items():
        for index, page in enumerate(foreign_pages(world, language, count)):
            item = _foreign_item(page, index, others)
            truth.add("pages", uri=item.uri, kind="foreign", language=page.language)
            if item.declared == "wrong":
                truth.add("odd", uri=item.uri, kind="wrong-charset")
            yield item, None
    for item in [*_toxic_items(world, truth, others), *_junk_items(world, truth), *_odd_items(world, truth)]:
        yield item, None


def _marks(rng: random.Random, web: Sequence[Page]) -> dict[str, str]:
    """What is done to which page: every page is marked at most once."""
    counts = {
        "private": PRIVATE_PAGES,
        "toxic-line": TOXIC_LINES,
        "near": NEAR_DUPLICATES,
        "exact": EXACT_DUPLICATES - EXACT_DUPLICATES // 3,
    }
    names = iter(shuffled(rng, [page.name for page in web]))
    return {next(names): mark for mark, count in counts.items() for _ in range(count)}


def _web_items(
    world: World, truth: Truth, page: Page, site: str, others: Sequence[Page], mark: str
) -> Iterator[tuple[Item, str | None]]:
    rng = random.Random(f"winnow-demo-item:{world.seed}:{page.name}")
    uri = uri_of(site, page)
    if mark == "private":
        person = rng.choice(world.people).name.split()
        known = len({row["uri"] for row in truth.parts["private"]})
        private = private_sentence(rng, person[0], person[1], known)
        page = replace(page, paragraphs=_with_sentence(page.paragraphs, private.sentence, rng))
        for sort, found in private.values:
            truth.add("private", uri=uri, kind=sort, value=found)
    elif mark == "toxic-line":
        line = _toxic_writer(world, rng).sentence("line") or ""
        at = rng.randrange(1, len(page.paragraphs))
        page = replace(page, paragraphs=(*page.paragraphs[:at], line, *page.paragraphs[at:]))
        truth.add("toxic_lines", uri=uri, line=line)
    packing = rng.choices(("none", "chunked", "gzip", "gzip-chunked", "deflate"), (6, 2, 2, 1, 1))[0]
    declared = rng.choices(("header", "meta", "none"), (6, 2, 1))[0]
    body = _body(page, site, others, "utf-8", declared)
    item = Item(mark or "plain", uri, body, page, declared=declared, packing=packing)
    truth.add("pages", uri=uri, kind=mark or "plain", language="en")
    yield item, None
    if mark == "exact":
        copy = replace(item, uri=uri_of(site, page, "-copy"), packing="none")
        truth.add("exact_duplicates", [uri, copy.uri])
        yield copy, uri
    elif mark == "near":
        edited, value = _edited(page, rng)
        copy = replace(
            item,
            uri=uri_of(site, page, "-v2"),
            body=_body(edited, site, others, "utf-8", declared),
            page=edited,
            packing="none",
        )
        truth.add("near_duplicates", [uri, copy.uri, round(value, 4)])
        yield copy, uri


def _with_sentence(paragraphs: tuple[str, ...], sentence: str, rng: random.Random) -> tuple[str, ...]:
    at = rng.randrange(len(paragraphs))
    return (*paragraphs[:at], f"{paragraphs[at]} {sentence}", *paragraphs[at + 1 :])


_ADDED = (
    "This was told to us by several people.",
    "Not everyone agrees with that.",
    "It has been like this for a long time.",
    "More about this can be found in the library.",
    "We heard the same thing in the next street.",
    "That was true last year, at least.",
    "Many letters have reached us about this point.",
)
_SWAPS = {
    "people": "folk", "small": "little", "old": "ancient", "many": "numerous", "often": "frequently", "good": "fine",
    "always": "forever", "and": "as well as", "because": "since", "usually": "mostly", "every": "each",
    "near": "close to", "nobody": "no one", "three": "four", "five": "six", "seven": "eight", "begins": "starts",
    "until": "till",
}  # fmt: skip


def _edited(page: Page, rng: random.Random) -> tuple[Page, float]:
    """A lightly edited copy and its similarity, which lies between 0.8 and 0.95."""
    target = rng.uniform(0.83, 0.94)
    edited = page
    for _ in range(60):
        paragraphs = list(edited.paragraphs)
        at = rng.randrange(len(paragraphs))
        words = paragraphs[at].split(" ")
        places = [place for place, word in enumerate(words) if word in _SWAPS]
        if places and rng.random() < 0.7:
            place = rng.choice(places)
            words[place] = _SWAPS[words[place]]
            paragraphs[at] = " ".join(words)
        else:
            ends = [place for place, word in enumerate(words) if word.endswith(".")]
            if ends:
                words.insert(rng.choice(ends) + 1, rng.choice(_ADDED))
                paragraphs[at] = " ".join(words)
        candidate = replace(edited, paragraphs=tuple(paragraphs))
        value = similarity(page.text, candidate.text)
        if value < 0.8:
            break
        edited = candidate
        if value <= target:
            break
    return edited, similarity(page.text, edited.text)


def _body(page: Page, site: str, others: Sequence[Page], charset: str, declared: str) -> bytes:
    meta = charset if declared in ("meta", "header") else None
    return dress(page, site, others, meta).encode(charset, "xmlcharrefreplace")


def _foreign_item(page: Page, index: int, others: Sequence[Page]) -> Item:
    site = SITES[index % len(SITES)]
    charsets = ("utf-8", *_CHARSETS[page.language])
    charset = charsets[index % len(charsets)]
    declared = ("header", "meta", "header", "meta", "wrong")[index % 5]
    if declared == "wrong" and page.language in ("zh", "ja"):
        declared = "meta"
    body = _body(page, site, others, charset, "meta" if declared == "meta" else "none")
    return Item("page", uri_of(site, page), body, page, charset=charset, declared=declared)


def _wet_item(page: Page, rng: random.Random) -> Item:
    menu = rng.sample(_MENU, rng.randint(2, 4))
    lines = [*menu, page.title, *page.paragraphs, f"Contact | {2010 + len(page.text) % 15}"]
    uri = f"https://www.island-archive.example/{page.kind}/{page.name}"
    return Item("page", uri, "\n".join(lines).encode(), page, content_type="text/plain", wet=True)


def _toxic_writer(world: World, rng: random.Random) -> Writer:
    town = rng.choice(world.towns)
    slots = {
        "town": town.name,
        "island": town.island,
        "dish": town.dish,
        "festival": town.festival,
        "river": town.river,
    }
    return Writer(load_grammar("toxic"), rng, slots.__getitem__)


def _toxic_items(world: World, truth: Truth, others: Sequence[Page]) -> Iterator[Item]:
    for number in range(TOXIC_PAGES):
        rng = random.Random(f"winnow-demo-toxic:{world.seed}:{number}")
        writer = _toxic_writer(world, rng)
        paragraphs = tuple(" ".join(writer.sentence("page") or "" for _ in range(rng.randint(3, 5))) for _ in range(3))
        page = Page(f"rant-{number:03d}", "guestbook", "en", "Guest book", paragraphs)
        uri = uri_of("oldweb", page)
        truth.add("toxic_pages", uri=uri)
        yield Item("toxic", uri, _body(page, "oldweb", others, "utf-8", "header"), page)


def _junk_items(world: World, truth: Truth) -> Iterator[Item]:
    for kind, count in JUNK_COUNTS.items():
        for number in range(count):
            uri = f"http://shop.sarn-offers.example/{kind}/{number}"
            truth.add("low_quality", uri=uri, kind=kind)
            yield Item(kind, uri, junk_page(world, kind, number).encode())
    for answer in no_pages(world):
        uri = f"https://{host_of('travel')}/{answer.path}"
        truth.add("no_pages", uri=uri, kind=answer.kind, status=answer.status)
        yield Item(
            answer.kind, uri, answer.body, declared="none", status=answer.status, content_type=answer.content_type
        )


def _odd_items(world: World, truth: Truth) -> Iterator[Item]:
    """Readable answers with something wrong in them; pages of their own that nothing else depends on."""
    rng = random.Random(f"winnow-demo-odd:{world.seed}")
    pages = [
        replace(english_page(world, kind, 1000), name=f"odd-{index}", kind="odd")
        for index, kind in enumerate(("guide", "history", "festival", "craft", "dish"))
    ]
    bodies = [_body(page, "towns", pages, "utf-8", "meta") for page in pages]
    uris = [uri_of("towns", page) for page in pages]
    big = b"<p>The tide table of this day was copied once more.</p>\n" * (BIG_PAGE_BYTES // 57)
    yield from (
        _odd(truth, "unknown-charset", Item("odd", uris[0], bodies[0], pages[0], "x-sarn-8", "header")),
        _odd(truth, "nul-bytes", Item("odd", uris[1], bodies[1].replace(b". ", b".\0 ", 20), pages[1])),
        _odd(truth, "broken-chunks", Item("odd", uris[2], bodies[2], pages[2], packing="broken-chunks")),
        _odd(truth, "broken-gzip", Item("odd", uris[3], bodies[3], pages[3], packing="broken-gzip")),
        _odd(truth, "lying-gzip", Item("odd", uris[4], bodies[4], pages[4], packing="lying-gzip")),
        _odd(truth, "empty-body", Item("odd", "https://visit.sarn-towns.example/odd/empty-0", b"")),
        _odd(truth, "empty-body", Item("odd", "https://visit.sarn-towns.example/odd/empty-1", b"", packing="chunked")),
        Item("big", "https://visit.sarn-towns.example/odd/big", plain_html("Log", "").encode() + big),
        _odd(truth, "binary-as-html", Item("odd", "https://visit.sarn-towns.example/odd/noise", rng.randbytes(4000))),
    )


def _odd(truth: Truth, kind: str, item: Item) -> Item:
    truth.add("odd", uri=item.uri, kind=kind)
    return item
