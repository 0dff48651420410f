"""Keys in their providers' formats: the files of the benchmark, found one by one, and what only looks like one."""

from __future__ import annotations

import pytest

from curation.privacy import find
from curation.privacy.providers import PROVIDERS, crc_base62
from tests.benchmarks.secret_files import PROVIDERS as GENERATED
from tests.benchmarks.secret_files import Draw, negatives, positives

BODY = "aB3dEfGh1JkLmN0pQrStUvWxYz2468"
POSITIVES = tuple(positives(2))


def test_the_formats_of_a_hundred_providers_are_known_and_more_than_forty_are_generated():
    assert len(PROVIDERS) >= 90
    assert len(GENERATED) >= 70


@pytest.mark.parametrize("sample", POSITIVES, ids=lambda sample: sample.name)
def test_made_up_keys_are_found_whole_and_nothing_else(sample):
    spans = [sample.text[span.start : span.end] for span in find(sample.text, kind="code") if span.type != "IP_ADDRESS"]
    assert spans == list(sample.values)


@pytest.mark.parametrize("sample", list(negatives()), ids=lambda sample: sample.name)
@pytest.mark.parametrize("kind", ["code", "prose"])
def test_files_without_a_secret_hold_none(sample, kind):
    types = {"SECRET", "PASSWORD", "USERNAME"}
    assert [sample.text[s.start : s.end] for s in find(sample.text, kind=kind) if s.type in types] == []


def test_the_files_are_the_same_every_time():
    assert Draw("x").of("abc", 8) == Draw("x").of("abc", 8)
    assert [sample.text for sample in positives(2)] == [sample.text for sample in POSITIVES]


def test_a_right_checksum_raises_the_score_and_a_wrong_one_lowers_it():
    prefix = "gh" + "p_"
    right = prefix + "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ" + "0mLq17"
    wrong = prefix + "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ" + "0mLq18"
    assert crc_base62(right)
    assert [span.score for span in find(right)] == [0.99]
    assert [span.score for span in find(wrong)] == [0.6]


@pytest.mark.parametrize(
    "text",
    [
        "AKIA" + "IOSFODNN7EXAMPLE",
        "npm_" + "x" * 36,
        "sk-" + "learn-contrib-category-encoders-and-more",
        "glpat-" + "your-token-goes-here-please",
        "re_" + "sponsive_image_container_with_border",
        "pat-na1-" + "00000000-0000-0000-0000-000000000000",
        "SG." + "x" * 22 + "." + "x" * 43,
        "key-" + "0123456789abcdef0123456789abcdef",
        "https://guest:guest@host.org/",
        "https://scott:tiger@host.org/",
    ],
)
def test_examples_of_manuals_are_left_alone(text):
    assert find(text, kind="code") == []


@pytest.mark.parametrize("before", ["", '"', "=", " ", "\\n", ":", "/"])
def test_a_token_is_found_after_any_delimiter(before):
    token = "sk_" + "live_" + BODY[:24]
    text = before + token
    assert [text[span.start : span.end] for span in find(text, kind="code")] == [token]
