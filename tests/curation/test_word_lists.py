from __future__ import annotations

from pathlib import Path

import pytest

from curation.language import LANGUAGES
from curation.word_lists import FOLDER, WordLists, read_list, shipped_lists
from manifests.errors import UsageError

INSULTS = {
    "ar": "يا ابن الكلب", "bg": "Ти си копеле!", "cs": "Ty jsi kretén.", "da": "Dit røvhul!", "de": "Du Arschloch!",
    "el": "Είσαι μαλάκας", "en": "You asshole", "es": "¡Hijo de puta!", "et": "sa oled värdjas", "fa": "حرامزاده",
    "fi": "Haista VITTU", "fr": "Quel connard !", "he": "בן זונה", "hi": "तू चूतिया है", "hr": "kretenu jedan",
    "hu": "te seggfej", "id": "dasar bajingan", "it": "che stronzo", "ja": "死ねよ", "ko": "개새끼야",
    "nl": "klootzak!",
    "no": "din drittsekk", "pl": "ty skurwysynu", "pt": "filho da puta", "ro": "bulangiu", "ru": "Ты мудак",
    "sk": "ty kokot", "sr": "кретену", "sv": "din jävel", "th": "ไอ้สัตว์", "tl": "putang ina mo", "tr": "OROSPU ÇOCUĞU",
    "uk": "ти мудак", "vi": "đồ chó đẻ", "zh": "你这个王八蛋",
}  # fmt: skip


@pytest.mark.parametrize("language", sorted(INSULTS))
def test_each_shipped_list_finds_an_insult_in_its_language(language: str) -> None:
    assert shipped_lists().count([INSULTS[language]], [language]) == [1]


def test_a_list_ships_for_28_languages_and_more_that_the_identifier_knows() -> None:
    assert set(shipped_lists().languages) == set(INSULTS)
    assert len(INSULTS) >= 28
    assert {code for code in INSULTS if code not in LANGUAGES} <= {"no", "hr", "sr"}


def test_shipped_lists_are_sorted_and_name_no_group() -> None:
    for path in FOLDER.glob("*.txt"):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert lines == sorted(set(lines)), path.name
    names = {"gay", "lesbian", "queer", "muslim", "jew", "jewish", "black", "trans", "women"}
    assert not names & set(read_list(FOLDER / "en.txt"))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ja", "パチンコの店とロマンコメディ"),  # hold two words for genitals
        ("ko", "보지 못했다. 자지 않는다."),  # did not see; does not sleep
        ("zh", "中性的性别研究"),
        ("en", "Scunthorpe, Essex, assassin, cocktail, Dickens"),
        ("de", "Die Uhr der Kirche schlägt."),
        ("fr", "Le piège à souris"),
        ("es", "la hora de la reunión"),
    ],
)
def test_ordinary_words_are_not_found(language: str, text: str) -> None:
    assert shipped_lists().count([text], [language]) == [0]


def test_the_language_chooses_the_list_and_english_stands_in() -> None:
    lists = shipped_lists()
    assert lists.count(["Arschloch idiot"] * 4, ["de", "en", "xx", None]) == [1, 1, 1, 1]
    assert lists.found("Arschloch idiot", "de") == {"arschloch": 1}
    assert lists.found("Arschloch idiot", "und") == {"idiot": 1}
    assert (lists.language_of("nb"), lists.language_of("nn"), lists.language_of("bs")) == ("no", "no", "hr")


def test_disguised_english_words_are_found() -> None:
    assert shipped_lists().found("B1tch, a$$hole, 1234, b2b") == {"bitch": 1, "asshole": 1}


def test_a_folder_in_the_layout_of_ldnoobw_is_counted_beside_ours(tmp_path: Path) -> None:
    files = {
        "de": "Erbsenzähler\n",
        "fil": "sili\n",
        "fr-CA-u-sd-caqc": "tuque\n",
        "zh.txt": "性\n香蕉\n",
        "ja": "sm\nバナナ\n",
    }
    for name, content in {**files, "README.md": "ass\n", "SRC_LICENSE": "no\n", "USERS.md": "x\n"}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    lists = WordLists(tmp_path)
    texts = ["Erbsenzähler Arschloch", "sili", "une tuque", "性香蕉", "smとバナナ"]
    assert lists.count(texts, ["de", "tl", "fr", "zh", "ja"]) == [2, 1, 1, 1, 1]  # 性 and sm stand in ordinary text


def test_a_file_is_counted_in_every_language(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("\ufeff# ours\nzounds  # old\n\n", encoding="utf-8")
    assert WordLists(path).count(["Zounds!"] * 2, ["en", "sv"]) == [1, 1]


def test_what_is_no_list_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing")
    with pytest.raises(UsageError, match=r"holds no list of words; .* such as `de`"):
        WordLists(tmp_path)
    (tmp_path / "de").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="de: cannot be read as a UTF-8 list"):
        WordLists(tmp_path)
    (tmp_path / "de").write_text("x" * 200_001)
    with pytest.raises(UsageError, match="the list of words for `de` is too long"):
        WordLists(tmp_path)
