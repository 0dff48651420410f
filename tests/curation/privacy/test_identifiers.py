from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.privacy import OPTIONAL_TYPES, TYPES, address_kind, find, redact, scrub
from curation.privacy.crypto import base58_type, is_bech32
from curation.privacy.ibans import is_iban
from curation.privacy.keccak import keccak256
from curation.privacy.national_rules import RULES, is_ssn


def found(text, kind="prose", types=TYPES):
    return [(span.type, text[span.start : span.end]) for span in find(text, kind=kind, types=types)]


# --- addresses of machines -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("86.231.85.193", "public"),
        ("2a02:8108:9640:1a3c::7b1f", "public"),
        ("10.218.6.131", "private"),
        ("169.254.7.7", "private"),
        ("fd00::7", "private"),
        ("fe80::1", "private"),
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("192.0.2.7", "documentation"),
        ("2001:db8::7", "documentation"),
        ("8.8.8.8", "resolver"),
        ("2001:4860:4860::8888", "resolver"),
        ("224.0.0.251", "special"),
        ("ff02::1", "special"),
    ],
)
def test_kinds_of_address_are_told_apart(address, kind):
    assert address_kind(address) == kind


PRIVATE = "from 10.218.6.131 and fd00:c2b6:b24b:be67::1 and 127.0.0.1 and 8.8.8.8 and 192.0.2.7 and 2001:db8::7"


def test_addresses_of_private_networks_are_found_with_full_confidence_only_when_named():
    assert found(PRIVATE) == []
    named = find(PRIVATE, types=(*TYPES, *OPTIONAL_TYPES))
    assert [(span.type, PRIVATE[span.start : span.end], span.score) for span in named] == [
        ("PRIVATE_IP", "10.218.6.131", 0.9),
        ("PRIVATE_IP", "fd00:c2b6:b24b:be67::1", 0.9),
    ]


def test_without_types_prose_shows_private_networks_below_the_confidence_that_is_replaced():
    assert [(span.type, PRIVATE[span.start : span.end], span.score) for span in find(PRIVATE)] == [
        ("PRIVATE_IP", "10.218.6.131", 0.4),
        ("PRIVATE_IP", "fd00:c2b6:b24b:be67::1", 0.4),
    ]
    assert redact(PRIVATE) == PRIVATE
    assert scrub(PRIVATE, kind="prose").text == PRIVATE
    assert find(PRIVATE, kind="code") == []


def test_a_public_address_is_told_apart_from_a_private_one_beside_it():
    text = "from 86.231.85.193 by 192.168.1.20"
    assert [(span.type, text[span.start : span.end], span.score) for span in find(text)] == [
        ("IP_ADDRESS", "86.231.85.193", 0.9),
        ("PRIVATE_IP", "192.168.1.20", 0.4),
    ]


@pytest.mark.parametrize("kind", ["prose", "code"])
@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("00:1B:44:11:3A:B7", "00:1B:44:11:3A:B7"),
        ("at 00-1b-44-11-3a-b7.", "00-1b-44-11-3a-b7"),
        ("arp 001b.4411.3ab7 x", "001b.4411.3ab7"),
        ("HWaddr 08:00:27:11:22:39", "08:00:27:11:22:39"),
    ],
)
def test_a_hardware_address_is_found(text, address, kind):
    assert found(text, kind) == [("MAC_ADDRESS", address)]


@pytest.mark.parametrize(
    "text",
    [
        "00:11:22:33:44:55 aa:bb:cc:dd:ee:ff ff:ff:ff:ff:ff:ff 00:00:00:00:00:00",
        "01:00:5e:7f:ff:fa 00:00:5e:00:53:01",
        "12:34:56:07:08:19",
        "SHA1 ab:cd:12:34:56:78:9a:bc:de:f0:11:22:33:44:55:66",
        "001b.4411.3ab7",
    ],
    ids=["made up", "multicast and documentation", "times", "fingerprint", "dotted without context"],
)
def test_what_only_looks_like_a_hardware_address_is_left(text):
    assert found(text) == []


# --- IBAN ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "iban"),
    [
        ("GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 32"),
        ("to DE89370400440532013000.", "DE89370400440532013000"),
        ("FR14-2004-1010-0505-0001-3M02-606", "FR14-2004-1010-0505-0001-3M02-606"),
        ("NO93 8601 1117 947, please", "NO93 8601 1117 947"),
        ("my iban is gb82west12345698765432", "gb82west12345698765432"),
        (
            "IBAN:\u00a0CH93\u00a00076\u00a02011\u00a06238\u00a05295\u00a07",
            "CH93\u00a00076\u00a02011\u00a06238\u00a05295\u00a07",
        ),
    ],
)
def test_an_iban_is_found(text, iban):
    assert found(text) == [("IBAN", iban)]


@pytest.mark.parametrize(
    "text",
    [
        "GB82 WEST 1234 5698 7654 33",
        "DE89370400440532013000A",
        "XX82 WEST 1234 5698 7654 32",
        "gb82west12345698765432",
        "DE8937040044053201300",
    ],
    ids=["check digits", "too long", "country", "small letters without context", "too short"],
)
def test_what_fails_a_check_is_no_iban(text):
    assert found(text) == []


@given(st.integers(0, 21), st.integers(1, 9))
def test_any_changed_digit_breaks_the_check(place, change):
    iban = "DE89370400440532013000"
    if iban[place].isdigit():
        digit = (int(iban[place]) + change) % 10
        assert not is_iban(f"{iban[:place]}{digit}{iban[place + 1 :]}")


# --- national identifiers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("536-32-3065", "536-32-3065"),
        ("SSN: 536323065", "536323065"),
        ("social security number is 536 32 3065", "536 32 3065"),
    ],
)
def test_a_social_security_number_is_found(text, number):
    assert found(text) == [("US_SSN", number)]


@pytest.mark.parametrize("digits", ["000121234", "666121234", "900121234", "536003065", "536320000", "078051120"])
def test_numbers_never_issued_are_no_ssn(digits):
    assert not is_ssn(digits)
    assert found(f"{digits[:3]}-{digits[3:5]}-{digits[5:]}") == []


def test_nine_digits_without_a_word_are_no_ssn():
    assert found("item 536323065 in stock") == []


@pytest.mark.parametrize("kind", ["prose", "code"])
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2 55 08 14 168 025 38", "2 55 08 14 168 025 38"),
        ("DNI 54362315K", "54362315K"),
        ("X2482300W", "X2482300W"),
        ("CF RCCMNL83S18D969H.", "RCCMNL83S18D969H"),
        ("BSN 111222333", "111222333"),
        ("PESEL: 44051401359", "44051401359"),
        ("personnummer 880320-0016", "880320-0016"),
        ("131052-308T", "131052-308T"),
        ("131052A308T", "131052A308T"),
        ("CPR 211062-5629", "211062-5629"),
        ("390.533.447-05", "390.533.447-05"),
        ("cpf 39053344705", "39053344705"),
        ("11010519491231002X", "11010519491231002X"),
        ("Aadhaar 2341 2341 2346", "2341 2341 2346"),
        ("PAN ACUPA7085R", "ACUPA7085R"),
        ("AB 12 34 56 C", "AB 12 34 56 C"),
        ("NI number AB123456C", "AB123456C"),
        ("NHS 943 476 5870", "943 476 5870"),
        ("Steuer-ID 36 574 261 809", "36 574 261 809"),
        ("SIN 123-456-782", "123-456-782"),
        ("TFN 123 456 782", "123 456 782"),
        ("756.9217.0769.85", "756.9217.0769.85"),
        ("971013-9019902", "971013-9019902"),
        ("12.531.909-2", "12.531.909-2"),
        ("S1234567D", "S1234567D"),
        ("HEGG560427MVZRRL04", "HEGG560427MVZRRL04"),
        ("kimlik 17291716060", "17291716060"),
        ("Tax ID 94-2841935", "94-2841935"),
        ("OIB 33392005961", "33392005961"),
    ],
)
def test_a_national_identifier_is_found(text, number, kind):
    assert found(text, kind) == [("NATIONAL_ID", number)]


@pytest.mark.parametrize("text", ["85.07.30-033.28", "54362315K", "15108695088", "1630615123457"])
def test_formats_that_code_is_full_of_need_a_word_there(text):
    assert found(text) == [("NATIONAL_ID", text)]
    assert found(text, kind="code") == []


@pytest.mark.parametrize(
    "text",
    [
        "DNI 54362315L",
        "BSN 111222334",
        "Aadhaar 2341 2341 2347",
        "390.533.447-06",
        "111222333 visitors",
        "order no. 15108695088",
        "ISBN 978-3-16-148410-0",
        "doi 10.1000/15108695088",
    ],
)
def test_what_fails_its_check_or_is_named_otherwise_is_no_identifier(text):
    assert "NATIONAL_ID" not in [name for name, _ in found(text)]


def test_at_least_ten_countries_are_known():
    assert len({rule.country for rule in RULES}) >= 30


@pytest.mark.parametrize(
    "text",
    [
        "version 4.31.77.201 of 2024-05-17",
        "ISBN 0-306-40615-2 and 978-0-306-40615-7",
        "doi:10.1038/s41586-020-2649-2",
        "on 12.03.1985, for $1,234,567.89",
        "see section 3.2.10.4 and 127.0.0.1 and 8.8.8.8",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "user@example.com at https://example.com/?id=12345678",
        "in 1914-1918, 100 000 000 people and 2 000 000 000 marks",
        "550e8400-e29b-41d4-a716-446655440000",
    ],
)
def test_numbers_of_everyday_text_are_left_alone(text):
    assert found(text) == []
    assert found(text, kind="code") == []


# --- cryptocurrencies ------------------------------------------------------------------------------------------


def test_keccak_is_that_of_ethereum():
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak256(b"abc").hex() == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa.", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
        (
            "wallet 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        ),
    ],
)
def test_an_address_with_the_right_checksum_is_found(text, address):
    assert found(text) == [("CRYPTO_ADDRESS", address)]


@pytest.mark.parametrize(
    "text",
    [
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        "wallet 0x0000000000000000000000000000000000000000",
    ],
)
def test_an_address_with_a_wrong_checksum_or_none_is_left(text):
    assert found(text) == []


def test_a_private_key_is_a_secret():
    key = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"
    assert base58_type(key) == "SECRET"
    assert found(key) == [("SECRET", key)]


@given(st.integers(4, 41), st.sampled_from("qpzry9x8gf2tvdw0s3jn54khce6mua7l"))
def test_any_changed_letter_breaks_a_bech32_checksum(place, letter):
    address = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
    changed = address[:place] + letter + address[place + 1 :]
    assert is_bech32(changed) == (changed == address)


# --- credentials in URLs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["prose", "code"])
@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("https://ada:s3cr3tpw@lovelace.org/x", "ada:s3cr3tpw"),
        ("https://lovelace.org/x?access_token=k3J9sQ2xZ7pL0aBc&y=1", "k3J9sQ2xZ7pL0aBc"),
        ("https://lovelace.org/x?y=1&password=hunter22", "hunter22"),
    ],
)
def test_credentials_in_a_url_are_secret(url, secret, kind):
    assert found(url, kind) == [("SECRET", secret)]


@pytest.mark.parametrize(
    "url",
    [
        "https://lovelace.org/x?access_token=${TOKEN}",
        "https://lovelace.org/x?access_token=YOUR_TOKEN_HERE",
        "https://lovelace.org/x?token=abc",
        "https://lovelace.org/x?password=changeme",
        "https://lovelace.org/x?key=value",
        "https://lovelace.org/x?Signature=1234567891011EXAMPLE",
    ],
)
def test_templates_in_urls_are_no_secrets(url):
    assert found(url) == []
