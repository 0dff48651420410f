"""Two builds of one small crawl by recipes that differ in thresholds, made once for all tests that look at them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

from pipelines.redecide import stored_build
from pipelines.tune_rules import tuned
from tests.pipelines.tiny import make, prose, response, write_repository

SITE = "https://www.Example.org/"
RECIPE: dict[str, Any] = {
    "quality": {
        "rules": "gopher",
        "gopher": {"min_words": 70, "max_top_2_gram_chars": 1, "max_top_3_gram_chars": 1, "max_top_4_gram_chars": 1},
        **{f"gopher.max_dup_{n}_gram_chars": 1 for n in range(5, 11)},
    },
    "toxicity": {"max_line": 1.0, "max_cut": 0.9},
    "mixture": {"code": 0.1},
}
CHANGES = (
    "quality.gopher.max_words=500", "quality.gopher.min_words=45", "toxicity.max_line=0.5", "code.max_line_length=85",
    "mixture.code=0.08",
)  # fmt: skip
TOXIC = "you are all stupid worthless idiots and i hate every one of you"


def pages() -> dict[str, str]:
    """Pages by path: short ones, ordinary ones, a long one whose copy is a little shorter, one with a bad line."""
    ordinary = {f"page-{seed}": prose(seed, 18) for seed in range(1, 9)}
    short = {f"short-{seed}": prose(seed, 2) + " It is what and that with the rest." for seed in range(20, 24)}
    copies = {"long": prose(40, 20) + "\n" + prose(41, 2), "shorter": prose(40, 20)}
    return {**ordinary, **short, **copies, "bad": f"{prose(50, 10)}\n{TOXIC}.\n{prose(51, 6)}"}


def files() -> dict[str, str]:
    """Files of a repository: some with one long line."""
    words = [prose(60 + n, 4).lower().split() for n in range(15)]
    body = {f"part_{n}.py": "".join(f"{word} = {word}_of({n})\n" for word in words[n][4:40]) for n in range(12)}
    wide = {f"wide_{n}.py": "".join(f"{word} = '{word * 9}'\n" for word in words[n][4:16]) for n in range(12, 15)}
    mit = (
        "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated "
        'documentation files (the "Software"), to deal in the Software without restriction, including without '
        "limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of "
        "the Software, and to permit persons to whom the Software is furnished to do so, subject to the following "
        "conditions:\n\nThe above copyright notice and this permission notice shall be included in all copies or "
        'substantial portions of the Software.\n\nTHE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, '
        "EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR "
        "PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, "
        "DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN "
        "CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.\n"
    )
    return {**body, **wide, "LICENSE": f"MIT License\n\nCopyright (c) 2020 A\n\n{mit}"}


@functools.cache
def two_builds(folder: Path) -> tuple[Path, Path]:
    """The builds before and after `CHANGES`."""
    archive = folder / "crawl/a.warc"
    archive.parent.mkdir()
    archive.write_bytes(b"".join(response(SITE + name, text) for name, text in pages().items()))
    repository = write_repository(folder / "crawl/code", files())
    before, after = folder / "before", folder / "after"
    make(before, [archive], repositories=[repository], **RECIPE)
    recipe = tuned(stored_build(str(before)), CHANGES)
    make(after, [archive], repositories=[repository], **recipe.model_dump(mode="json", exclude={"inputs"}))
    return before, after


def builds_of(factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """`two_builds` in this session's own folder."""
    folder = factory.getbasetemp() / "two_builds"
    folder.mkdir(exist_ok=True)
    return two_builds(folder)
