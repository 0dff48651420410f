from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.extraction import MAX_HTML_BYTES, decode, extract_batch, extract_decoded, extract_text, is_html

PAGE = """<!DOCTYPE html><html><head><title>Site</title><script>var nav = "Skript";</script></head><body>
<nav><ul><li><a href="/">Startsida</a></li><li><a href="/om">Om oss</a></li></ul></nav>
<article><h1>Fyren på udden</h1>
<p>Fyren byggdes 1872 av granit från Bohuslän, och den lyser <b>än i dag</b> över inloppet till hamnen. Väktaren bodde
i huset bredvid med sin familj.</p>
<h2>Historia</h2>
<p>Den första lampan brann med rovolja. År 1931 kom elektriciteten, och sedan 1974 sköter fyren sig själv, men huset
hyrs ut om sommaren till den som vill vakna till måsar.</p>
<ol><li>Ta bussen till hamnen och gå av vid magasinet.</li><li>Följ stigen längs vattnet i en halvtimme.</li></ol>
<pre>öppet:
    juni-augusti</pre>
</article><footer>Alla rättigheter förbehållna</footer></body></html>"""


def test_paragraphs_headings_and_list_items_are_lines_of_their_own() -> None:
    lines = [line.strip() for line in extract_text(PAGE.encode()).splitlines() if line.strip()]
    assert lines[0] == "Fyren på udden"
    assert lines[1].startswith("Fyren byggdes 1872")
    assert lines[1].endswith("familj.")
    assert lines[2] == "Historia"
    assert "1. Ta bussen till hamnen och gå av vid magasinet." in lines
    assert "2. Följ stigen längs vattnet i en halvtimme." in lines


def test_boilerplate_scripts_and_font_tags_leave_no_trace() -> None:
    text = extract_text(PAGE.encode())
    for unwanted in ("Startsida", "Skript", "rättigheter", "<b>"):
        assert unwanted not in text
    assert "lyser än i dag över" in text


def test_preformatted_text_keeps_its_layout() -> None:
    assert "öppet:\n    juni-augusti" in extract_text(PAGE.encode())


def test_a_page_with_little_text_gives_its_content() -> None:
    assert extract_text(b"<body><nav>Menu</nav><p>Short.</p></body>") == "Short."


def test_a_batch_gives_what_its_pages_give() -> None:
    pages = [(PAGE.encode(), None), (PAGE.encode("latin-1"), "text/html; charset=iso-8859-1"), (b"", None)]
    assert extract_batch(pages) == [extract_text(PAGE.encode())] * 2 + [""] == [extract_decoded(PAGE)] * 2 + [""]


def test_the_charset_of_the_header_decides() -> None:
    assert "Fyren på udden" in extract_text(PAGE.encode("latin-1"), content_type="text/html; charset=iso-8859-1")


@pytest.mark.parametrize("html", [b"", b"\0\0", b"<html></html>", b"&#0;&#xD800;", b"\xff\xfe", b"<p>" * 10])
def test_pages_without_text_give_none(html: bytes) -> None:
    assert extract_text(html).replace("\ufffd", "") == ""


def test_nul_and_surrogates_do_not_reach_the_text() -> None:
    text = extract_text(b"<p>a\0b &#xD800; c&#0;d</p>")
    assert "\0" not in text
    text.encode()


@pytest.mark.parametrize(
    "html",
    [
        b"<div>" * 100_000 + b"deep",
        b"<p " + b" ".join(b"a%d=1" % index for index in range(200_000)) + b">x",
        b'<p title="' + b"x" * 50_000_000 + b'">y',
        b"".join(b"<font color=%d>" % index for index in range(2000)) + b"<p>x" * 50_000,
        b"<table>" * 100_000,
        b"word " * 2_000_000,
        b"".join(b"<body a%d=1>" % index for index in range(100_000)) + b"<p>x",
        b"".join(b"<p a%d=1>x" % index for index in range(200_000)),
        b"".join(b"<x-%d>y</x-%d>" % (index, index) for index in range(90_000)),
        b"<tr class=a>word<tr class=b>" * 100_000,
        b"".join(b"<p><code class=%d>" % index for index in range(300)) + b"<p>x" * 190_000,
        b"<pre>" + b" " * 4_000_000 + b"x",
    ],
    ids=[
        "nesting",
        "attributes",
        "one-attribute",
        "formatting",
        "tables",
        "text",
        "roots",
        "attribute-names",
        "element-names",
        "stray-rows",
        "reopened",
        "spaces",
    ],
)
def test_hostile_pages_end(html: bytes) -> None:
    assert len(extract_text(html)) <= MAX_HTML_BYTES


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([None, "text/html; charset=gbk", "text/html; charset=utf-16"]))
def test_no_bytes_make_extraction_raise(body: bytes, content_type: str | None) -> None:
    extract_text(b"<p>" + body, content_type=content_type).encode()


# Charsets ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "charset", "text", "name"),
    [
        ("中文网页".encode("gbk"), "gb2312", "中文网页", "gbk"),
        ("€ 𠮷".encode("gb18030"), "GBK", "€ 𠮷", "gbk"),
        (b"\x93hi\x94", "ISO-8859-1", "“hi”", "windows-1252"),
        (b"\x93hi\x94", "us-ascii", "“hi”", "windows-1252"),
        ("①日本".encode("cp932"), "x-sjis", "①日本", "shift_jis"),
        ("日本".encode("euc-jp"), "EUC-JP", "日本", "euc-jp"),
        ("日本".encode("iso2022_jp"), "iso-2022-jp", "日本", "iso-2022-jp"),
        ("똠방".encode("cp949"), "ks_c_5601-1987", "똠방", "euc-kr"),
        ("香港".encode("big5"), "big5", "香港", "big5"),
        ("ไทย".encode("cp874"), "tis-620", "ไทย", "windows-874"),
        ("Привет".encode("koi8-r"), "koi8-r", "Привет", "koi8-r"),
        ("Привет".encode("cp1251"), "windows-1251", "Привет", "windows-1251"),
        ("Привет".encode("cp866"), "ibm866", "Привет", "ibm866"),
        ("ğüş".encode("cp1254"), "latin5", "ğüş", "windows-1254"),
        ("žluť".encode("iso8859-2"), "l2", "žluť", "iso-8859-2"),
        ("hé".encode("utf-16-le"), "utf-16", "hé", "utf-16le"),
        ("é".encode("mac_roman"), "macintosh", "é", "macintosh"),
        ("Я".encode("mac_cyrillic"), "x-mac-cyrillic", "Я", "x-mac-cyrillic"),
        (b"a\xff\0b", "utf-8", "a\ufffdb", "utf-8"),
        (b"", None, "", "utf-8"),
    ],
)
def test_labels_mean_what_the_encoding_standard_says(body: bytes, charset: str | None, text: str, name: str) -> None:
    assert decode(body, charset) == (text, name)


def test_a_byte_order_mark_overrides_the_header() -> None:
    assert decode("é".encode("utf-8-sig"), "windows-1251") == ("é", "utf-8")
    assert decode(b"\xff\xfe" + "é".encode("utf-16-le"), "utf-8") == ("é", "utf-16le")
    assert decode(b"\xfe\xff" + "é".encode("utf-16-be"), None) == ("é", "utf-16be")


@pytest.mark.parametrize(
    "head",
    [
        '<meta charset="windows-1251">',
        "<META CHARSET = 'cp1251' />",
        '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
        '<?xml version="1.0" encoding="windows-1251"?><html>',
        '<!-- <meta charset="utf-8"> --><meta charset="windows-1251">',
        '<meta charset="nonsense"><meta charset="windows-1251">',
    ],
)
def test_the_page_declares_its_charset(head: str) -> None:
    assert decode((head + "<p>Привет").encode("cp1251"), None) == (head + "<p>Привет", "windows-1251")


def test_a_declared_utf_16_that_can_be_read_as_ascii_is_utf_8() -> None:
    assert decode(b"<meta charset=utf-16>\xc3\xa9", None) == ("<meta charset=utf-16>é", "utf-8")


@pytest.mark.parametrize("label", ["nonsense", "", "utf-7", "x" * 1000, "é", "\ud800", "hz-gb-2312", "undefined"])
def test_unknown_charsets_fall_to_detection(label: str) -> None:
    russian = "Сегодня хорошая погода, и мы пойдём гулять в парк возле реки."
    assert decode(russian.encode("cp1251"), label) == (russian, "windows-1251")
    assert decode(russian.encode(), label) == (russian, "utf-8")


def test_utf_8_cut_off_within_a_character_is_still_utf_8() -> None:
    assert decode("påskägg".encode()[:-1] + "ö".encode()[:1], None) == ("påskäg\ufffd", "utf-8")


@given(st.binary(max_size=300), st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["gbk", "utf-16", "big5"])))
def test_decoding_never_raises_and_gives_clean_text(body: bytes, charset: str | None) -> None:
    text, _ = decode(body, charset)
    assert "\0" not in text
    text.encode()


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/html; charset=x", b"anything", True),
        ("application/xhtml+xml", b"<html/>", True),
        ("text/html", b"%PDF-1.4", False),
        ("text/plain", b"<html>", False),
        ("image/png", b"<html>", False),
        (None, b" \n<!DOCTYPE HTML PUBLIC>", True),
        (None, b'<?xml version="1.0"?>\n<html xmlns="x">', True),
        (None, b"<!-- saved --><HTML>", True),
        (None, b"just text", False),
        (None, b"<rss>", False),
        ("nonsense", b"<body>", True),
        ("application/octet-stream", b"<table>", True),
        (None, b"", False),
    ],
)
def test_pages_are_told_by_declaration_and_else_by_their_bytes(
    content_type: str | None, body: bytes, expected: bool
) -> None:
    assert is_html(content_type, body) is expected
