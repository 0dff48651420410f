from __future__ import annotations

import pytest

from curation.privacy import find


def found(text, kind="prose", region=None):
    return [(span.type, text[span.start : span.end]) for span in find(text, kind=kind, region=region)]


# --- e-mail ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ada@lovelace.org", "ada@lovelace.org"),
        ("Write to ada.b+news@mail.lovelace.co.uk.", "ada.b+news@mail.lovelace.co.uk"),
        ("<ada@lovelace.org>", "ada@lovelace.org"),
        ("mailto:ada@lovelace.org?subject=x", "ada@lovelace.org"),
        ("o'brien@dublin.ie", "o'brien@dublin.ie"),
        ("jörg@müller.de", "jörg@müller.de"),
        ("почта@пример.рф", "почта@пример.рф"),
        ("邮箱ada@lovelace.cn的", "ada@lovelace.cn"),
        ("Ask ada@lovelace.org.Then wait", "ada@lovelace.org"),
        ("?to=%20ada@lovelace.org", "ada@lovelace.org"),
        ("ada@xn--mller-kva.de", "ada@xn--mller-kva.de"),
        ("שלחו אל ada@lovelace.org, תודה", "ada@lovelace.org"),
    ],
)
def test_an_email_address_is_found_without_its_surroundings(text, address):
    assert found(text) == [("EMAIL", address)]


@pytest.mark.parametrize(
    "text",
    [
        "user@example.com",
        "user@mail.example.org",
        "root@host.test",
        "icon@2x.png",
        "@ada and @grace",
        "a @ b . c",
        "lodash@4.17.21",
        "git@github.com:ada/engine.git",
        "a@-bad-.org",
    ],
)
def test_what_is_no_mailbox_of_a_person_is_left_alone(text):
    assert found(text) == []


def test_a_domain_that_only_ends_like_a_reserved_one_is_redacted():
    assert found("ada@notexample.com") == [("EMAIL", "ada@notexample.com")]


@pytest.mark.parametrize(
    "code",
    [
        "return@label.items",
        "this@MainActivity.finish()",
        "x = a@b.transpose()",
        'runner("foo@bar.py")',
        "m = left@right.T",
    ],
)
def test_syntax_with_an_at_sign_is_no_address_in_code(code):
    assert found(code, kind="code") == []


def test_an_address_in_a_string_of_code_is_found_without_its_escape():
    assert found(r'print("Contact:\nada@lovelace.org")', kind="code") == [("EMAIL", "ada@lovelace.org")]


# --- IP addresses ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("blocked 86.231.85.193 again", "86.231.85.193"),
        ("86.231.85.193", "86.231.85.193"),
        ("http://86.231.85.193:8080/x", "86.231.85.193"),
        ("86.231.85.193/24", "86.231.85.193"),
        ("\\|98.85.59.159|", "98.85.59.159"),
        ("server at 5.6.7.8 is down", "5.6.7.8"),
        ("whois/86.231.85.193", "86.231.85.193"),
        ("from 2a02:8108:9640:1a3c::7b1f", "2a02:8108:9640:1a3c::7b1f"),
        ("d80:e4b5:79da:6cf6:71f3:51f7:9161:c319 blocked", "d80:e4b5:79da:6cf6:71f3:51f7:9161:c319"),
        ("[2001:4b98::1]:443", "2001:4b98::1"),
    ],
)
def test_a_public_address_is_found(text, address):
    assert found(text) == [("IP_ADDRESS", address)]
    assert found(text, kind="code") == [("IP_ADDRESS", address)]


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1 and ::1",
        "192.0.2.7 198.51.100.7 203.0.113.7 and 2001:db8::7",
        "8.8.8.8, 1.1.1.1, 2001:4860:4860::8888",
        "224.0.0.251 255.255.255.0 0.0.0.0",
    ],
    ids=["loopback", "documentation", "resolvers", "multicast"],
)
def test_addresses_of_nobody_are_left_alone(text):
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "10.218.6.131 172.16.0.9 192.168.1.1 169.254.1.1 100.64.0.1",
        "fe80::1ff:fe23:4567:890a fd00:c2b6:b24b:be67::1",
    ],
    ids=["private", "local"],
)
def test_addresses_of_private_networks_are_told_apart_in_prose_and_left_alone_in_code(text):
    assert found(text) == [("PRIVATE_IP", address) for address in text.split()]
    assert found(text, kind="code") == []


@pytest.mark.parametrize(
    "text",
    [
        "Version 4.31.77.201",
        "version is 86.0.41.98",
        'AssemblyVersion("86.10.11.12")',
        "requires foo==86.10.11.12",
        "foo-2.10.11.120.tar.gz",
        "Mozilla/5.0.11.120 (X11)",
        "see section 3.2.10.4",
        "3.2.10.4 Transport layer",
        "Lucee 5.3.4.80 came out",
        "1.2.3.4",
        "1.2.3.4.5",
        "12.05.20.11",
        "300.1.2.3",
        'ObjectIdentifier("2.5.29.31")',
        "00:11:22:33:44:55:66:77",
        "aa:bb:cc:dd:ee:ff",
        "x[1::2] and a::b and std::end",
        "at 12:30:45 on 10:20:30:40",
    ],
)
def test_versions_sections_and_other_dotted_or_colon_text_are_no_addresses(text):
    assert found(text) == []
    assert found(text, kind="code") == []


# --- telephone numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+1 202-555-0143", "+1 202-555-0143"),
        ("Call (415) 422-5330 now", "(415) 422-5330"),
        ("415.422.5330", "415.422.5330"),
        ("fax 001-846-853-9089x92556", "001-846-853-9089x92556"),
        ("+49 30 288777 07", "+49 30 288777 07"),
        ("+49\u00a030\u00a0288\u00a0777\u00a007", "+49\u00a030\u00a0288\u00a0777\u00a007"),
        ("+33 (0)3 90 23 65 36", "+33 (0)3 90 23 65 36"),
        ("appeler au : 04 30 39 51 69", "04 30 39 51 69"),
        ("YO30 7BZ 01904 373069", "01904 373069"),
        ("Telefon: 0302-52 10 00", "0302-52 10 00"),
        ("Phone: 021-4006034", "021-4006034"),
        ("you can call me on 9472 7916?", "9472 7916"),
        ("416 60 039 office", "416 60 039"),
        ("电话：010 6552 9988", "010 6552 9988"),
        ("2019 2020 +1 202-555-0143", "+1 202-555-0143"),
    ],
)
def test_a_telephone_number_is_found(text, number):
    assert found(text) == [("PHONE_NUMBER", number)]


def test_two_numbers_in_one_run_are_two_spans():
    assert found("call (800) 995-5003 (866) 761-6071") == [
        ("PHONE_NUMBER", "(800) 995-5003"),
        ("PHONE_NUMBER", "(866) 761-6071"),
    ]


def test_a_national_number_is_found_with_its_region_only():
    assert found("612 345 678") == []
    assert found("612 345 678", region="ES") == [("PHONE_NUMBER", "612 345 678")]


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-15 and 15.01.2024 and 01/02/2003 12:30",
        "from 2019-2020 to 1999 - 2001",
        "ISBN 978-3-16-148410-0",
        "ISBN-10: 0-306-40615-2",
        "ISSN 1234-5679",
        "doi:10.1000/182 and 10.1038/s41586-020-2649-2",
        "$1 234 567 and 12 345 678 EUR",
        "1,234,567.89",
        "550e8400-e29b-41d4-a716-446655440000",
        "1609459200",
        "order 415-422-5330",
        "078-05-1120",
        "3.141592653589793",
        "1 2 3 4 5 6 7 8 9 10 11 12",
        "53144",
    ],
)
def test_other_numbers_are_no_telephone_numbers(text):
    assert found(text) == []


def test_no_telephone_numbers_are_looked_for_in_code():
    assert found('PHONE = "+1 202-555-0143"', kind="code") == []


# --- cards -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "5555555555554444",
        "2223003122003222",
        "378282246310005",
        "3782 822463 10005",
        "6011111111111117",
        "3530111333300000",
        "30569309025904",
        "6759649826438453",
    ],
)
def test_card_numbers_of_every_issuer_are_found_after_a_word_of_payment(number):
    assert found(f"My card {number}, thanks") == [("CREDIT_CARD", number)]


def test_a_number_behind_a_card_is_not_part_of_it():
    assert found("card 4111 1111 1111 1111 123") == [("CREDIT_CARD", "4111 1111 1111 1111")]


@pytest.mark.parametrize(
    "text",
    [
        "card 4111 1111 1111 1112",
        "card 0000 0000 0000 0000",
        "card 41 11111111 111111",
        "tweet 1234567890123456789",
        "0.4111111111111111",
        "id41111111111111111",
        "EAN 4006381333931",
    ],
    ids=["check digit", "issuer", "groups", "length", "decimal", "word", "bare 13 digits"],
)
def test_other_long_numbers_are_no_cards(text):
    assert [span for span in found(text) if span[0] == "CREDIT_CARD"] == []


def test_a_bare_number_in_code_needs_a_word_of_payment():
    assert found("N = 4111111111111111", kind="code") == []
    assert found("credit_card = 4111111111111111", kind="code") == [("CREDIT_CARD", "4111111111111111")]


# --- hostile input ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unit",
    [
        "@",
        "a@",
        "a@a.",
        "a@b.co",
        "1",
        "1.",
        "1 ",
        ".",
        ":",
        "a:",
        "::",
        "+1 ",
        "(",
        "://a:b@",
        "eyJ",
        "-",
        "的",
        "\0",
        "\ud800",
    ],
)
def test_long_text_of_one_pattern_is_scanned(unit):
    text = unit * (30_000 // len(unit))
    assert all(0 <= span.start < span.end <= len(text) for span in find(text))


def test_the_empty_text_holds_nothing():
    assert find("") == []
    assert find("", kind="code") == []
