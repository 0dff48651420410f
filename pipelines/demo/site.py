"""HTML around the words of a page: six sites with their menus, banners, sidebars, comments, scripts and footers."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from html import escape

from pipelines.demo.prose import Page

SITES = ("islandpost", "towns", "encyclopedia", "oldweb", "journal", "travel")
_HOSTS = {
    "islandpost": "www.island-post.example",
    "towns": "visit.sarn-towns.example",
    "encyclopedia": "encyclopedia.sarn.example",
    "oldweb": "home.harbour-net.example",
    "journal": "journal.quiet-tide.example",
    "travel": "travel.six-islands.example",
}
_NAMES = {
    "islandpost": "The Island Post",
    "towns": "Sarn Towns",
    "encyclopedia": "Encyclopedia of the Isles",
    "oldweb": "Harbour Net",
    "journal": "Quiet Tide",
    "travel": "Six Islands",
}
_COMMENTS = (
    ("Anna", "Thank you, this brought back good memories."),
    ("Pelle", "I was there last year and it rained every day, but it was lovely."),
    ("Marta_K", "Does anybody know when the next ferry leaves?"),
    ("oldsailor", "Nice text. The photo is from the other side of the bay, I think."),
    ("Jo", "First!"),
    ("Tilda", "My grandmother told this story a little differently."),
    ("reader81", "Could you write about the west coast next?"),
)
_STYLE = "body{font-family:serif;margin:0 auto;max-width:60em}nav a{padding:.3em}.banner{position:fixed;bottom:0}"
_SCRIPT = (
    "window.dataLayer=window.dataLayer||[];function track(e){dataLayer.push({event:e,at:Date.now()})}"
    'document.querySelectorAll("a").forEach(function(a){a.addEventListener("click",function(){track(a.href)})});'
)


def host_of(site: str) -> str:
    """The host name of `site`; all are under the reserved domain `.example`."""
    return _HOSTS[site]


def uri_of(site: str, page: Page, part: str = "") -> str:
    """Where `page` is published on `site`."""
    scheme = "http" if site == "oldweb" else "https"
    return f"{scheme}://{_HOSTS[site]}/{page.kind}/{page.name}{part}.html"


def dress(page: Page, site: str, others: Sequence[Page], charset: str | None = "utf-8") -> str:
    """The HTML of `page` on `site`, with links to `others`; `charset` of None leaves the meta tag out."""
    rng = random.Random(f"winnow-demo-site:{site}:{page.name}")
    title = escape(page.title)
    body = _BUILDERS[site](page, rng, others)
    if site == "oldweb":
        meta = f'<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset={charset}">\n' if charset else ""
        return (
            '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<HTML><HEAD>\n'
            f"{meta}<TITLE>{title}</TITLE></HEAD>\n<BODY BGCOLOR=white>\n{body}\n</BODY></HTML>\n"
        )
    meta = f'<meta charset="{charset}">\n' if charset else ""
    linked = json.dumps({"@context": "https://schema.org", "@type": "Article", "headline": page.title})
    return (
        f'<!doctype html>\n<html lang="{page.language}">\n<head>\n{meta}<title>{title} – {_NAMES[site]}</title>\n'
        f'<meta name="viewport" content="width=device-width">\n<style>{_STYLE}</style>\n'
        f'<script type="application/ld+json">{linked}</script>\n<script>{_SCRIPT}</script>\n</head>\n'
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def plain_html(title: str, body: str) -> str:
    """A bare page around `body`, which is HTML already."""
    return (
        f'<!doctype html>\n<html>\n<head><meta charset="utf-8"><title>{escape(title)}</title></head>\n'
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _links(pages: Sequence[Page], rng: random.Random, count: int) -> str:
    chosen = rng.sample(list(pages), min(count, len(pages)))
    return "".join(f'<li><a href="/{page.kind}/{page.name}.html">{escape(page.title)}</a></li>' for page in chosen)


def _paragraphs(page: Page) -> str:
    return "\n".join(f"<p>{escape(paragraph, quote=False)}</p>" for paragraph in page.paragraphs)


def _date(page: Page) -> str:
    day = int(hashlib.sha256(page.name.encode()).hexdigest()[:6], 16)
    return f"{1 + day % 28}.{1 + day // 28 % 12}.20{10 + day // 400 % 15}"


def _islandpost(page: Page, rng: random.Random, others: Sequence[Page]) -> str:
    comments = "".join(
        f'<div class="comment"><b>{who}</b><p>{text}</p></div>'
        for who, text in rng.sample(_COMMENTS, rng.randint(0, 4))
    )
    return (
        '<div class="banner" id="cookie-consent" role="dialog"><p>This site uses cookies to remember your visit.</p>'
        "<button>Accept all</button><button>Settings</button></div>\n"
        '<header><a href="/">The Island Post</a><nav><ul><li><a href="/news">News</a></li><li><a href="/weather">'
        'Weather</a></li><li><a href="/ferries">Ferries</a></li><li><a href="/letters">Letters</a></li></ul></nav>'
        "</header>\n<main>\n<article>\n"
        f'<h1>{escape(page.title)}</h1>\n<div class="byline">{_date(page)} | 3 min read</div>\n{_paragraphs(page)}\n'
        '</article>\n<section class="share"><a href="#">Share</a> <a href="#">Print</a></section>\n'
        f'<section class="related"><h3>Read also</h3><ul>{_links(others, rng, 5)}</ul></section>\n'
        f'<section id="comments" class="comments"><h3>Comments</h3>{comments}</section>\n</main>\n'
        '<footer><p>The Island Post, Harbour Street 1</p><ul><li><a href="/privacy">Privacy</a></li>'
        '<li><a href="/imprint">Imprint</a></li><li><a href="/subscribe">Subscribe</a></li></ul></footer>'
    )


def _towns(page: Page, rng: random.Random, others: Sequence[Page]) -> str:
    return (
        '<nav class="menu"><a href="/">Home</a><a href="/towns">Towns</a><a href="/stay">Where to stay</a>'
        '<a href="/map">Map</a></nav>\n<div id="content" class="container"><main role="main">\n'
        f"<h1>{escape(page.title)}</h1>\n{_paragraphs(page)}\n</main>\n"
        f'<aside class="sidebar"><h4>More places</h4><ul>{_links(others, rng, 7)}</ul>'
        '<form action="/newsletter"><label>Newsletter</label><input name="mail"><button>Sign up</button></form>'
        "</aside></div>\n"
        '<footer class="footer"><a href="/contact">Contact</a> | <a href="/jobs">Jobs</a> | All rights reserved'
        "</footer>"
    )


def _encyclopedia(page: Page, rng: random.Random, others: Sequence[Page]) -> str:
    rows = "".join(f"<tr><th>{key}</th><td>{rng.randrange(10, 99)}</td></tr>" for key in ("Area", "Code", "Zone"))
    return (
        '<div id="sidebar"><ul><li>Main page</li><li>Random article</li><li>Recent changes</li></ul></div>\n'
        f'<div id="content"><h1>{escape(page.title)}</h1>\n<table class="infobox">{rows}</table>\n'
        f'<div id="body">\n{_paragraphs(page)}\n</div>\n<h2>See also</h2>\n<ul>{_links(others, rng, 3)}</ul>\n'
        f'<div class="catlinks">Categories: Sarn | {page.kind}</div></div>\n'
        f'<div id="footer"><p>This page was last changed on {_date(page)}.</p></div>'
    )


def _oldweb(page: Page, rng: random.Random, others: Sequence[Page]) -> str:
    text = "\n".join(f"<P>{escape(paragraph, quote=False)}" for paragraph in page.paragraphs)
    links = "<BR>".join(
        f'<A HREF="{other.name}.htm">{escape(other.title)}</A>' for other in rng.sample(list(others), 3)
    )
    return (
        '<TABLE WIDTH="100%"><TR><TD WIDTH=150 VALIGN=top><FONT SIZE=2><A HREF="index.htm">Start</A><BR>'
        f'<A HREF="guests.htm">Guest book</A><BR>{links}</FONT></TD>\n<TD VALIGN=top>\n'
        f"<H2>{escape(page.title)}</H2>\n{text}\n<HR>\n<FONT SIZE=1>Best viewed with 800 x 600 | Visitors: "
        f"{rng.randrange(100, 99999)}</FONT>\n</TD></TR></TABLE>"
    )


def _journal(page: Page, rng: random.Random, others: Sequence[Page]) -> str:
    tags = " ".join(f'<a class="tag" href="/tag/{tag}">{tag}</a>' for tag in ("sea", "islands", page.kind))
    comments = "".join(f"<li><cite>{who}</cite><p>{text}</p></li>" for who, text in rng.sample(_COMMENTS, 2))
    return (
        '<div class="header"><div class="logo">Quiet Tide</div><ul class="menu"><li>Archive</li><li>About</li>'
        f'<li>Feed</li></ul></div>\n<div class="post"><h2 class="entry-title">{escape(page.title)}</h2>\n'
        f'<div class="entry-content">\n{_paragraphs(page)}\n</div>\n<div class="post-tags">{tags}</div></div>\n'
        f'<div class="comments"><ol>{comments}</ol><p>Leave a reply</p></div>\n'
        f'<div class="widget"><h3>Recent posts</h3><ul>{_links(others, rng, 6)}</ul></div>\n'
        '<div class="footer">Powered by patience</div>'
    )


def _travel(page: Page, rng: random.Random, others: Sequence[Page]) -> str:
    return (
        '<a class="skip" href="#main">Skip to content</a>\n<header><nav aria-label="Main"><a href="/">Six Islands</a>'
        '<a href="/ferries">Ferries</a><a href="/rooms">Rooms</a><a href="/login">Log in</a></nav></header>\n'
        f'<main id="main"><h1>{escape(page.title)}</h1>\n<figure><img src="/img/{page.name}.jpg" alt="View of the '
        f'coast"><figcaption>Photo: archive</figcaption></figure>\n{_paragraphs(page)}\n</main>\n'
        '<div class="ad">Advertisement</div>\n'
        f'<section class="teaser"><h3>You may also like</h3><ul>{_links(others, rng, 4)}</ul></section>\n'
        '<footer><p>Six Islands Travel</p><p><a href="/terms">Terms</a> <a href="/help">Help</a></p></footer>\n'
        "<noscript>Please enable scripts to see the map.</noscript>"
    )


_BUILDERS = {
    "islandpost": _islandpost,
    "towns": _towns,
    "encyclopedia": _encyclopedia,
    "oldweb": _oldweb,
    "journal": _journal,
    "travel": _travel,
}
