from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.repair import NOTICES_PATH, RepairConfig, Repaired, is_notice, repair
from manifests.config import check_config
from manifests.errors import UsageError

ALL = RepairConfig(mojibake=True, unicode="NFKC", boilerplate_lines=("notices", "repeats"))
MOJIBAKE = RepairConfig(mojibake=True)


def test_nothing_is_repaired_by_default() -> None:
    text = "GrÃ¶ÃŸe\nﬁ\nShare this\nShare this"
    assert repair(text, RepairConfig()) == Repaired(text, {})
    assert RepairConfig().is_off()


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("Die GrÃ¶ÃŸe der TÃ¼r", "Die Größe der Tür"),
        ("Itâ€™s a cafÃ©", "It’s a café"),
        ("voilÃ\u00a0 le travail", "voilà le travail"),
        ("Ð¿Ñ€Ð¸Ð²ÐµÑ‚, Ð¼Ð¸Ñ€", "привет, мир"),
        ("Größe, naïve café – l’été", "Größe, naïve café – l’été"),
        ("AT&amp;T “quoted” ﬁne", "AT&amp;T “quoted” ﬁne"),  # encodings only, no markup, quotes or ligatures
    ],
)
def test_mojibake_is_mended_and_sound_text_left_alone(broken: str, whole: str) -> None:
    assert repair(broken, MOJIBAKE) == Repaired(whole, {"mojibake": 1} if broken != whole else {})


def test_lines_are_mended_and_counted_each() -> None:
    assert repair("cafÃ©\nplain\nthÃ©\n", MOJIBAKE) == Repaired("café\nplain\nthé\n", {"mojibake": 2})


def test_unicode_forms() -> None:
    assert repair("cafe\u0301\nﬁ ２", RepairConfig(unicode="NFC")) == Repaired("caf\u00e9\nﬁ ２", {"unicode": 1})
    assert repair("cafe\u0301\nﬁ ２", RepairConfig(unicode="NFKC")) == Repaired("caf\u00e9\nfi 2", {"unicode": 2})


def test_a_line_with_a_long_run_of_marks_is_not_normalised() -> None:
    hostile = "a" + "\u0301\u0323" * 500
    assert repair(hostile, RepairConfig(unicode="NFC")) == Repaired(hostile, {})


def test_notices_are_dropped_whatever_their_case_and_punctuation() -> None:
    text = (
        "Skip to content\nThe ferry leaves at seven.\nSHARE THIS:\n» Read more …\nWe use cookies to make it work.\nEnd."
    )
    left = "The ferry leaves at seven.\nEnd."
    assert repair(text, RepairConfig(boilerplate_lines=("notices",))) == Repaired(left, {"notices": 4})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Reply", True),
        ("Diese Website verwendet Cookies, um alles zu verbessern.", True),
        ("Aller au contenu", True),
        ("Vi använder cookies för att", True),
        ("They share this view of the harbour.", False),
        ("Search for the ferry began at dawn.", False),
        ("", False),
        ("...", False),
        ("we use cookies " + "x" * 400, False),
    ],
)
def test_what_is_a_notice(line: str, expected: bool) -> None:
    assert is_notice(line) is expected


def test_every_entry_of_the_list_matches_itself() -> None:
    entries = [line for line in NOTICES_PATH.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    assert len(entries) > 150
    assert [entry for entry in entries if not is_notice(entry)] == []
    assert len(set(entries)) == len(entries)


def test_of_repeated_lines_the_first_stays_and_numbers_may_repeat() -> None:
    text = "News\n12\n\nNews \n12\n\n---\n---\n  News\nEnd"
    assert repair(text, RepairConfig(boilerplate_lines=("repeats",))) == Repaired(
        "News\n12\n\n12\n\n---\n---\nEnd", {"repeats": 2}
    )


def test_all_repairs_count_apart() -> None:
    text = "cafÃ©\nﬁne\nShare\ncafé\n"
    assert repair(text, ALL) == Repaired("café\nfine\n", {"mojibake": 1, "unicode": 1, "notices": 1, "repeats": 1})


def test_the_order_of_kinds_changes_no_digest() -> None:
    one, other = (RepairConfig(boilerplate_lines=kinds) for kinds in (("repeats", "notices"), ("notices", "repeats")))
    assert one == other
    assert one.characters_only() == RepairConfig()


def test_a_wrong_name_is_told() -> None:
    with pytest.raises(UsageError, match="unicode"):
        check_config(RepairConfig, {"unicode": "NFX"}, "recipe.yaml")
    with pytest.raises(UsageError, match="did you mean `mojibake`"):
        check_config(RepairConfig, {"mojibak": True}, "recipe.yaml")


_PIECES = st.sampled_from(
    [
        "Ã©",
        "Ã",
        "â€™",
        "\u0301",
        "e",
        "ﬁ",
        "\ud800",
        "\x00",
        "\x85",
        "\u2028",
        "\r",
        "\n",
        " ",
        "Share",
        "Ð¿",
        "\xa0",
        "√©",
    ]
)


@given(st.lists(st.one_of(_PIECES, st.text(st.characters(exclude_categories=()), max_size=8)), max_size=30))
@settings(max_examples=300, deadline=None)
def test_repairing_twice_changes_nothing_more(pieces: list[str]) -> None:
    once = repair("".join(pieces), ALL)
    assert repair(once.text, ALL) == Repaired(once.text, {})


@given(st.text(st.characters(exclude_categories=()), max_size=100))
@settings(max_examples=200, deadline=None)
def test_a_normal_form_is_reached(text: str) -> None:
    assert unicodedata.is_normalized("NFC", repair(text, RepairConfig(unicode="NFC")).text)


@pytest.mark.parametrize("unit", ["Ã\x83Â\x83Ã\x82Â", "é", "\u0301\u0323", "a", "\n", "\ufdfa"])
def test_a_megabyte_of_one_thing_is_answered(unit: str) -> None:
    once = repair(unit * (1_000_000 // len(unit)), ALL)
    assert set(once.edits) <= {"mojibake", "unicode", "repeats"}
    assert len(once.text) <= 18_000_000
