from __future__ import annotations

import pytest

from curation.privacy import find, redact, scrub


def found(text, kind="prose"):
    return [(span.type, text[span.start : span.end]) for span in find(text, kind=kind)]


@pytest.mark.parametrize(
    ("text", "span_type", "value"),
    [
        ("Passport No. A1234567", "PASSPORT", "A1234567"),
        ("My passport number is 123456789.", "PASSPORT", "123456789"),
        ("Reisepass-Nr. C01X00T47", "PASSPORT", "C01X00T47"),
        ("passeport n\u00b0 12AB34567", "PASSPORT", "12AB34567"),
        ("pasaporte n\u00famero AAA123456", "PASSPORT", "AAA123456"),
        ("\u043f\u0430\u0441\u043f\u043e\u0440\u0442 45 08 123456", "PASSPORT", "45 08 123456"),
        ("\u62a4\u7167\u53f7\u7801\uff1aE12345678", "PASSPORT", "E12345678"),
        ("My driver's license number is A56319335", "DRIVER_LICENSE", "A56319335"),
        ("driving licence: MORGA657054SM9IJ", "DRIVER_LICENSE", "MORGA657054SM9IJ"),
        ("F\u00fchrerschein: B072RRE2I55", "DRIVER_LICENSE", "B072RRE2I55"),
        ("permis de conduire n\u00b0 123456789012", "DRIVER_LICENSE", "123456789012"),
        ("driver\u2019s license number S123-4567-8901 EXPIRES", "DRIVER_LICENSE", "S123-4567-8901"),
        ("account number SBIN012345678901", "BANK_ACCOUNT", "SBIN012345678901"),
        ("account number 12345678", "BANK_ACCOUNT", "12345678"),
        ("Kontonummer: 532013000", "BANK_ACCOUNT", "532013000"),
        ("n\u00famero de cuenta: 0049 1500 051234567892", "BANK_ACCOUNT", "0049 1500 051234567892"),
        ("num\u00e9ro de compte 30004 00003 12345", "BANK_ACCOUNT", "30004 00003 12345"),
        ("sort code 12-34-56", "BANK_ACCOUNT", "12-34-56"),
        ("routing number 021000021", "BANK_ACCOUNT", "021000021"),
        ("DOB: 03/04/1985", "DATE_OF_BIRTH", "03/04/1985"),
        ("date of birth: 12 March 1985", "DATE_OF_BIRTH", "12 March 1985"),
        ("Date of birth - March 12th, 1985", "DATE_OF_BIRTH", "March 12th, 1985"),
        ("Please tell me your date of birth. It's 9/24/1946", "DATE_OF_BIRTH", "9/24/1946"),
        ("She was born on 5/18/1956", "DATE_OF_BIRTH", "5/18/1956"),
        ("Geburtsdatum: 12.03.1985", "DATE_OF_BIRTH", "12.03.1985"),
        ("date de naissance : 3 mai 1977", "DATE_OF_BIRTH", "3 mai 1977"),
        ("fecha de nacimiento: 3 de mayo de 1977", "DATE_OF_BIRTH", "3 de mayo de 1977"),
        ("data di nascita 03-05-1977", "DATE_OF_BIRTH", "03-05-1977"),
        ("\u751f\u5e74\u6708\u65e5\uff1a1985\u5e743\u67084\u65e5", "DATE_OF_BIRTH", "1985\u5e743\u67084\u65e5"),
    ],
)
def test_a_word_gives_the_value_away(text, span_type, value):
    assert found(text) == [(span_type, value)]


@pytest.mark.parametrize(
    "text",
    [
        "A1234567 and 12.03.1985",
        "passport renewal in 2019 costs 145",
        "import passport from 'passport-0.4.1'",
        "a licence number of thousands, 123456789",
        "driver's license and 5 more",
        "account numbering 12",
        "account number on 12-03-1985",
        "routing number 021000022",
        "born in 1879 at Ulm",
        "born on 14 March 1879",
        "date of birth: 45/99/1985",
        "newborn 12/03/1985",
        "na dobierku. 10. 10. 2013",
    ],
)
def test_without_the_word_or_the_shape_nothing_is_found(text):
    assert found(text) == []


def test_a_birth_that_is_told_is_left_by_scrub_unless_asked_for():
    text = "Alain (born 1 April 1947) is a mathematician"
    assert [(span.type, span.score) for span in find(text)] == [("DATE_OF_BIRTH", 0.4)]
    assert scrub(text, kind="prose").text == text


def test_the_name_of_a_placeholder_introduces_nothing():
    assert found("<PASSPORT> 123456789 <BANK_ACCOUNT> 12345678") == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (
            "lives at 1600 Pennsylvania Avenue NW, Washington, DC 20500 now",
            "1600 Pennsylvania Avenue NW, Washington, DC 20500",
        ),
        ("221B Baker Street, London NW1 6XE", "221B Baker Street, London NW1 6XE"),
        ("350 Fifth Avenue. Then", "350 Fifth Avenue"),
        ("at 400 E Van Buren St Suite 413 today", "400 E Van Buren St Suite 413"),
        ("in der Lange Stra\u00dfe 12a, 10115 Berlin.", "Lange Stra\u00dfe 12a, 10115 Berlin"),
        ("Adresse: Am Alten Markt 3", "Am Alten Markt 3"),
        ("Sie wohnt Hauptstra\u00dfe 7", "Hauptstra\u00dfe 7"),
        ("Musterweg 5, 12345 Musterstadt", "Musterweg 5, 12345 Musterstadt"),
        ("habite 12 bis, rue de la Paix, 75002 Paris", "12 bis, rue de la Paix, 75002 Paris"),
        ("5 avenue des Champs-\u00c9lys\u00e9es", "5 avenue des Champs-\u00c9lys\u00e9es"),
        ("Calle Mayor, 12, 3\u00ba B, 28013 Madrid", "Calle Mayor, 12, 3\u00ba B, 28013 Madrid"),
        ("C/ Alcal\u00e1 45", "C/ Alcal\u00e1 45"),
        ("Avenida de la Constituci\u00f3n n\u00ba 7", "Avenida de la Constituci\u00f3n n\u00ba 7"),
        ("P.O. Box 255, Springfield", "P.O. Box 255"),
        ("PSC 4926, Box 7979\nAPO AA 63682", "PSC 4926, Box 7979\nAPO AA 63682"),
    ],
)
def test_a_street_address_is_found_in_prose(text, address):
    assert found(text) == [("STREET_ADDRESS", address)]
    assert found(text, kind="code") == []


@pytest.mark.parametrize(
    "text",
    [
        "In 1990 Wall Street fell",
        "Im Ring 3 siegte er, Platz 3 in der Liga",
        "Nike Pegasus 41 Men's Road Running Shoes",
        "It is 5 Place names, 3 Hill stations",
        "Madden 26, Drag X Drive",
        "Plaza 5 y calle 7",
        "Route 66 and Highway 1",
        "version 2 Road map",
    ],
)
def test_numbers_beside_names_are_no_address(text):
    assert found(text) == []


@pytest.mark.parametrize(
    "value",
    [
        "536-32-3065",
        "DE89370400440532013000",
        "00:1B:44:11:3A:B7",
        "ada(at)lovelace.org",
        "350 Fifth Avenue",
        "S1234567D",
    ],
)
@pytest.mark.parametrize(
    ("left", "right"), [("", ""), ("", " end"), ("start ", ""), ("\u05d0 ", " \u05d1"), ("\U0001f600", "\ud800")]
)
def test_spans_at_the_ends_and_beside_other_scripts(value, left, right):
    text = left + value + right
    (span,) = find(text)
    assert text[span.start : span.end] == value
    once = redact(text, [span])
    assert once.startswith(left) and once.endswith(right)
    assert find(once) == []
