from __future__ import annotations

import functools
import gzip
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.language import LANGUAGES, MODEL_PATH, WINDOW, WINDOWS, Language, LanguageIdentifier, sample
from manifests.errors import UsageError

DATA = Path(__file__).parents[2] / "../shared/data"

SENTENCES = {
    "en": "The ferry leaves the harbour every morning at seven, unless the wind is too strong.",
    "de": "Die Fähre verlässt jeden Morgen um sieben den Hafen, wenn der Wind nicht zu stark ist.",
    "fr": "Le bateau quitte le port tous les matins à sept heures, sauf si le vent est trop fort.",
    "es": "El barco sale del puerto todas las mañanas a las siete, salvo que haya mucho viento.",
    "it": "Il traghetto parte dal porto ogni mattina alle sette, se il vento non è troppo forte.",
    "pt": "A balsa sai do porto todas as manhãs às sete horas, a menos que o vento seja muito forte.",
    "nl": "De veerboot vertrekt elke ochtend om zeven uur uit de haven, tenzij het te hard waait.",
    "sv": "Färjan lämnar hamnen varje morgon klockan sju om det inte blåser för mycket.",
    "pl": "Prom wypływa z portu każdego ranka o siódmej, chyba że wieje zbyt silny wiatr.",
    "cs": "Trajekt vyplouvá z přístavu každé ráno v sedm hodin, pokud nefouká příliš silný vítr.",
    "tr": "Rüzgar çok sert olmadığı sürece vapur her sabah saat yedide limandan ayrılır.",
    "fi": "Lautta lähtee satamasta joka aamu kello seitsemän, ellei tuule liian kovaa.",
    "vi": "Chuyến phà rời bến cảng vào bảy giờ mỗi buổi sáng, trừ khi gió quá mạnh.",
    "ru": "Паром отходит от причала каждое утро в семь часов, если ветер не слишком сильный.",
    "uk": "Пором вирушає з порту щоранку о сьомій годині, якщо вітер не надто сильний.",
    "ar": "تغادر العبارة الميناء كل صباح في الساعة السابعة ما لم تكن الرياح شديدة للغاية.",
    "fa": "کشتی هر روز صبح ساعت هفت از بندر حرکت می‌کند مگر آنکه باد خیلی شدید باشد.",
    "hi": "अगर हवा बहुत तेज़ न हो तो नाव हर सुबह सात बजे बंदरगाह से निकलती है।",
    "el": "Το πλοίο φεύγει από το λιμάνι κάθε πρωί στις επτά.",
    "he": "המעבורת יוצאת מהנמל בכל בוקר בשעה שבע.",
    "th": "เรือออกจากท่าทุกเช้าเวลาเจ็ดโมง",
    "ka": "ბორანი ყოველ დილით შვიდ საათზე ტოვებს ნავსადგურს.",
    "ko": "배는 매일 아침 일곱 시에 항구를 떠난다.",
    "ja": "船は毎朝七時に港を出ます。",
    "zh": "渡轮每天早上七点离开港口。",
    "kn": "ದೋಣಿ ಪ್ರತಿದಿನ ಬೆಳಿಗ್ಗೆ ಏಳು ಗಂಟೆಗೆ ಹೊರಡುತ್ತದೆ.",
}

UNDETERMINED = {
    "empty": "",
    "white space": " \n\t\u00a0",
    "one word": "Hello",
    "digits": "2024-01-05 12:30 99.5 17 42 1,200 " * 20,
    "punctuation": "!!! ??? ... --- *** " * 50,
    "emoji": "😀😂🎉" * 30,
    "python": "def f(x):\n    return [y for y in x if y > 3] or {'a': x[0], 'b': (1, 2)}\n",
    "css": ".menu { color: #fff; margin: 0; } .menu > a { padding: 2px; }",
    "keyboard": "asdkjh qweoiu zxcmnb qwelkj dfgkjh wqrtpl",
    "one letter": "a" * 5000,
    "addresses": "https://example.org/the/ferry/leaves www.example.com/the-harbour-every-morning me@example.org " * 9,
    "prices": "Item 4711 | 12,99 EUR | 3 pcs | 2026-01-04\n" * 30,
    "c": '#include <stdio.h>\n/* says hello to all */\nint main(void)\n{\n\tprintf("hello\\n");\n\treturn 0;\n}\n',
    "a query": "SELECT name, COUNT(*) FROM users WHERE (age > 18) GROUP BY name;\nDROP TABLE old_users;\n",
    "json": '{"name": "ferry", "leaves": ["seven", "nine"], "harbour": {"open": true, "depth": 12}}',
    "lone surrogates": "\ud800\udfff" * 40,
    "unknown script": "ᚠᛇᚻ᛫ᛒᛦᚦ᛫ᚠᚱᚩᚠᚢᚱ᛫ᚠᛁᚱᚪ᛫ᚷᛖᚻᚹᛦᛚᚳᚢᛗ",
}


@functools.cache
def shipped() -> LanguageIdentifier:
    return LanguageIdentifier()


@pytest.fixture
def identifier() -> LanguageIdentifier:
    return shipped()


@pytest.mark.parametrize("code", SENTENCES)
def test_a_plain_sentence_is_identified(identifier: LanguageIdentifier, code: str) -> None:
    language = identifier.identify([SENTENCES[code]])[0]
    assert language.code == code
    assert language.score >= 0.65


@pytest.mark.parametrize("name", UNDETERMINED)
def test_text_that_is_no_language_is_und_with_score_0(identifier: LanguageIdentifier, name: str) -> None:
    assert identifier.identify([UNDETERMINED[name]]) == [Language("und", 0.0)]


def test_the_answers_keep_the_order_of_the_texts_and_do_not_depend_on_the_batch(
    identifier: LanguageIdentifier,
) -> None:
    texts = [*SENTENCES.values(), *UNDETERMINED.values()]
    assert identifier.identify(texts) == [identifier.identify([text])[0] for text in texts]
    assert identifier.identify([]) == []


def test_a_script_decides_by_its_share_of_the_letters(identifier: LanguageIdentifier) -> None:
    # 8 Greek letters and 4 Latin ones
    assert identifier.identify(["ελληνικά menu"]) == [Language("el", 0.6667, "Grek")]


def test_text_in_a_script_is_never_given_a_language_of_another(identifier: LanguageIdentifier) -> None:
    codes = [language.code for language in identifier.identify(["абвг дежз иклмн опрст", "ابجد هوز حطي كلمن سعفص"])]
    assert codes[0] in {"be", "bg", "kk", "mk", "mn", "ru", "sr", "uk", "und"}
    assert codes[1] in {"ar", "fa", "ur", "und"}


def test_parentheses_and_links_in_prose_are_not_code(identifier: LanguageIdentifier) -> None:
    text = "See the notes (in French) at https://example.org/a/b?c=d&e=f and write to me@example.org (or call)."
    assert identifier.identify([text])[0].code == "en"


def test_at_most_the_windows_of_a_long_text_are_read() -> None:
    assert len(sample("x" * 10_000_000)) == WINDOWS * WINDOW + WINDOWS - 1
    text = "".join(chr(0x4E00 + i) for i in range(5000))
    assert sample(text).startswith(text[:WINDOW])
    assert sample(text).endswith(text[-WINDOW:])


def test_ten_megabytes_without_a_space_are_answered(identifier: LanguageIdentifier) -> None:
    assert identifier.identify(["z" * 10_000_000]) == [Language("und", 0.0)]


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=()), max_size=200), max_size=5))
@settings(max_examples=200, deadline=None)
def test_any_text_gets_a_known_code_and_a_score_between_0_and_1(texts: list[str]) -> None:
    for language in shipped().identify(texts):
        assert language.code in LANGUAGES | {"und"}
        assert 0.0 <= language.score <= 1.0


def test_the_identifier_pickles_for_worker_processes(identifier: LanguageIdentifier) -> None:
    copy = pickle.loads(pickle.dumps(identifier))
    assert copy.identify([SENTENCES["de"]]) == identifier.identify([SENTENCES["de"]])


@pytest.fixture(scope="module")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with the labels of OpenLID, trained in a process of its own (see curation.training)."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "train.txt").write_text(
        "__label__eng_Latn The cat and the dog are in the house\n__label__fra_Latn Le chat est dans la maison\n" * 50
    )
    script = (
        "import fasttext, sys\n"
        "m = fasttext.train_supervised(sys.argv[1], thread=1, minn=2, maxn=3, bucket=20000, dim=4, lr=1.0, verbose=0)\n"
        "m.save_model(sys.argv[2])\n"
    )
    command = [sys.executable, "-c", script, str(folder / "train.txt"), str(folder / "model.bin")]
    subprocess.run(command, check=True, env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "4096"})
    return folder / "model.bin"


def test_another_model_decides_alone_but_not_about_what_is_no_text(other_model: Path) -> None:
    other = LanguageIdentifier(other_model)
    answers = other.identify(["The dog is in the\nhouse", "le chat dans la maison", "12345"])
    assert [answer.code for answer in answers] == ["en", "fr", "und"]


def test_the_other_model_judges_paragraphs_too(other_model: Path) -> None:
    other = LanguageIdentifier(other_model)
    text = "\n".join(["The cat and the dog are in the house. " * 4, "Le chat est dans la maison. " * 6])
    english = Language("en", 1.0, "Latn")
    (mixture,) = other.mixtures([text], [english])
    assert [one.language for one in mixture.foreign] == ["fr"]
    assert text[mixture.foreign[0].start :] == "Le chat est dans la maison. " * 6


def test_a_missing_model_is_a_usage_error_that_names_it() -> None:
    with pytest.raises(UsageError, match=r"no/such\.bin: no such file"):
        LanguageIdentifier("no/such.bin")


def test_a_file_that_is_no_model_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_text("not a model")
    with pytest.raises(UsageError, match="not a supervised fastText model"):
        LanguageIdentifier(path)


def test_the_shipped_model_stays_under_two_megabytes() -> None:
    assert MODEL_PATH.stat().st_size < 2_000_000


@pytest.mark.realdata
def test_web_documents_in_three_languages_are_identified() -> None:
    folder = DATA / "crawl/constructed_wet"
    if not folder.exists():
        pytest.skip("shared data absent")
    with gzip.open(folder / "labels.jsonl.gz", "rt") as stream:
        truth = {row["url"]: row["lang"] for row in map(json.loads, stream)}
    with (folder / "documents.warc.wet.gz").open("rb") as stream:
        texts = {
            record.headers["WARC-Target-URI"]: record.reader.read().decode("utf-8", "replace")
            for record in ArchiveIterator(stream)
            if record.headers.get("WARC-Target-URI") in truth
        }
    found = dict(zip(texts, LanguageIdentifier().identify(list(texts.values())), strict=True))
    right = [found[url].code == truth[url] for url in texts]
    assert sum(right) / len(right) >= 0.985
    english = [url for url in texts if truth[url] == "en"]
    assert sum(found[u].code == "en" and found[u].score >= 0.65 for u in english) / len(english) >= 0.97
