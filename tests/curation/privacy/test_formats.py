"""Facts about formats: how people of many countries write what is looked for."""

from __future__ import annotations

import pytest

from curation.privacy import find


def found(text, kind="prose"):
    return [(span.type, text[span.start : span.end]) for span in find(text, kind=kind)]


@pytest.mark.parametrize(
    "number",
    [
        "+1 (212) 555-0143", "(212) 736-5000", "212.736.5000", "001-212-736-5000x123", "1-800-736-5000",
        "+44 20 7946 0958", "020 7946 0958", "07911 123456", "+353 1 676 1234", "+61 2 9374 4000", "(02) 9374 4000",
        "+64 9 363 9000", "+49 30 901820", "030/901820", "0171 2345678", "+43 1 58858", "+41 44 668 18 00",
        "044 668 18 00", "+33 1 42 68 53 00", "01 42 68 53 00", "01.42.68.53.00", "+32 2 542 71 00", "02 542 71 00",
        "+31 20 570 5200", "020-5705200", "+34 912 58 90 00", "+351 213 514 200", "(351) 213 514 200",
        "+39 06 3600 4399", "06 3600 4399", "+45 33 12 12 12", "+46 8 55 69 21 18", "08-55 69 21 18",
        "+47 22 33 44 55", "+358 9 1234 5678", "+48 22 123 45 67", "+420 224 223 111", "+36 1 235 4700",
        "+40 21 316 1234", "+30 210 123 4567", "(+30) 2465 075291", "+90 212 555 1234", "+7 495 123-45-67",
        "8 (495) 123-45-67", "+380 44 123 4567", "+972 3 123 4567", "+971 4 123 4567", "+91 22 2266 5555",
        "+92 21 111 222 333", "+86 10 6552 9988", "+81 3-1234-5678", "03-1234-5678", "+82 2-312-3456",
        "+65 6521 1234", "+60 3-2161 1234", "+62 21 5080 1234", "+63 2 8888 1234", "+66 2 123 4567",
        "+84 24 3825 1234", "+52 55 5351 1234", "+54 11 4123-4567", "+55 11 3123-4567", "+56 2 2123 4567",
        "+57 1 123 4567", "(+57)6061049746", "+27 21 123 4567", "+234 1 123 4567", "+254 20 123 4567",
        "+20 2 2391 1234",
    ],
)  # fmt: skip
def test_a_telephone_number_of_many_countries_is_found_after_a_word(number):
    assert found(f"Phone: {number}.") == [("PHONE_NUMBER", number)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Please call (719-440-1050) now", "719-440-1050"),
        ("My number is 9487.5749.", "9487.5749"),
        ("You can call 33 93 31", "33 93 31"),
        ("stop receiving messages to 699 956 915", "699 956 915"),
        ("Tel. 03 21 21 20 00Télécopie", "03 21 21 20 00"),
        ("städning 0720108626 KMS", "0720108626"),
        ("+43 737574911862 in the table", "+43 737574911862"),
    ],
)
def test_a_telephone_number_in_odd_surroundings_is_found_whole(text, number):
    assert found(text) == [("PHONE_NUMBER", number)]


@pytest.mark.parametrize(
    "text",
    [
        "doi: 10.1007/s10072-021-05082-9.",
        "permutations: 012 021 102 120 201 210",
        '{"rText":"Call Control","rValueUID":"23641589011"}',
        "San Francisco, CA 94129-0244, phone",
        "ISBN 0471958697, or 0471958697 alone",
        "3572 3472 3119 3276 4265 3636 3319 3750 4018 4349 4220 4632 5041 5490 6775",
        "The 5 Best Road-Running Shoes",
        "1 Dancing In The Street, 07 Goin' Down The Road",
        "\x1b[38:2::255:0:0m",
        "<version>1.9.22.1</version>",
        "failure-notification@my-unit.service",
        "CLUSTER DELSLOTSRANGE 11001 12000 12101 12200",
        "(Live at Irvine, CA 11/03/90)",
        "The keynote address is at 10 Downing",
        "IP address: 127.0.0.1, e-mail address: none 5",
    ],
)
def test_what_only_looks_like_personal_data_is_left_alone(text):
    assert found(text) == []


@pytest.mark.parametrize(
    "address",
    [
        "2001:4860:4801::1f", "2a00:1450:4001:82a::200e", "2A00:1450:4001:082A:0000:0000:0000:200E",
        "2600:1f18::", "2a01:4f8:111:4221:1:2:3:4", "5d2c:8f3a:91b0:77aa:1234:abcd:ef01:9876",
    ],
)  # fmt: skip
def test_ipv6_in_its_forms(address):
    assert found(f"from {address} at noon") == [("IP_ADDRESS", address)]
    assert found(f"http://[{address}]/") == [("IP_ADDRESS", address)]


@pytest.mark.parametrize(
    "iban",
    [
        "AD12 0001 2030 2003 5910 0100", "AT61 1904 3002 3457 3201", "BE68 5390 0754 7034",
        "BG80 BNBG 9661 1020 3456 78",
        "CH93 0076 2011 6238 5295 7", "CY17 0020 0128 0000 0012 0052 7600", "CZ65 0800 0000 1920 0014 5399",
        "DE89 3704 0044 0532 0130 00", "DK50 0040 0440 1162 43", "EE38 2200 2210 2014 5685",
        "ES91 2100 0418 4502 0005 1332",
        "FI21 1234 5600 0007 85", "FR14 2004 1010 0505 0001 3M02 606", "GB29 NWBK 6016 1331 9268 19",
        "GR16 0110 1250 0000 0001 2300 695", "HR12 1001 0051 8630 0016 0", "HU42 1177 3016 1111 1018 0000 0000",
        "IE29 AIBK 9311 5212 3456 78", "IL62 0108 0000 0009 9999 999", "IS14 0159 2600 7654 5510 7303 39",
        "IT60 X054 2811 1010 0000 0123 456", "LT12 1000 0111 0100 1000", "LU28 0019 4006 4475 0000",
        "LV80 BANK 0000 4351 9500 1", "MC58 1122 2000 0101 2345 6789 030", "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
        "NL91 ABNA 0417 1643 00", "NO93 8601 1117 947", "PL61 1090 1014 0000 0712 1981 2874",
        "PT50 0002 0123 1234 5678 9015 4", "RO49 AAAA 1B31 0075 9384 0000", "SE45 5000 0000 0583 9825 7466",
        "SI56 1910 0000 0123 438", "SK31 1200 0000 1987 4263 7541", "TR33 0006 1005 1978 6457 8413 26",
        "AE07 0331 2345 6789 0123 456", "SA03 8000 0000 6080 1016 7519", "BR18 0036 0305 0000 1000 9795 493C 1",
    ],
)  # fmt: skip
def test_the_example_of_each_country_in_the_iban_registry_is_found(iban):
    assert found(f"to {iban}, thanks") == [("IBAN", iban)]
    assert found(f"x={iban.replace(' ', '')};") == [("IBAN", iban.replace(" ", ""))]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Address: 6842 Shields Harbors, Downsfurt, IN 20282", "6842 Shields Harbors, Downsfurt, IN 20282"),
        ("See 472 Ghafoor Pines Suite 280, Yaqubland, UT 34725.", "472 Ghafoor Pines Suite 280, Yaqubland, UT 34725"),
        ("I live at Vestre Allé 9, 2666 Sorø.", "Vestre Allé 9, 2666 Sorø"),
        ("Besök Parkgatan 1, 79013 Lidköping idag", "Besök Parkgatan 1, 79013 Lidköping"),
        ("L'indirizzo: Via Roma 12, 00184 Roma", "Via Roma 12, 00184 Roma"),
        ("adres: ul. Długa 5, 00-238 Warszawa", "ul. Długa 5, 00-238 Warszawa"),
        ("Morada: Rua Augusta 100, 1100-053 Lisboa", "Rua Augusta 100, 1100-053 Lisboa"),
        ("wij zitten op Keizersgracht 123, 1015 CJ Amsterdam nu", "Keizersgracht 123, 1015 CJ Amsterdam"),
        ("Anschrift: Görlitzer Platz 45, 02906 Horka", "Görlitzer Platz 45, 02906 Horka"),
        ("Dirección: Paseo de Gracia 43, 08007 Barcelona", "Paseo de Gracia 43, 08007 Barcelona"),
        ("Ship to Stodolova 7, 971 27 Streda please", "Stodolova 7, 971 27 Streda"),
        ("адрес: ул. Ленина, д. 5, Москва", "ул. Ленина, д. 5, Москва"),
    ],
)
def test_a_postal_address_of_many_countries_is_found(text, address):
    assert found(text) == [("STREET_ADDRESS", address)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jmbg 0101006500006", ("NATIONAL_ID", "0101006500006")),
        ("СНИЛС 112-233-445 95", ("NATIONAL_ID", "112-233-445 95")),
        ("身分證 A123456789", ("NATIONAL_ID", "A123456789")),
        ("kennitala: 120174-3399", ("NATIONAL_ID", "120174-3399")),
        ("CUIT 20-26756539-3", ("NATIONAL_ID", "20-26756539-3")),
        ("personas kods 161175-19997", ("NATIONAL_ID", "161175-19997")),
        ("National ID: 4710-4974650-7", ("NATIONAL_ID", "4710-4974650-7")),
        ("SSN 937-42-6810", ("US_SSN", "937-42-6810")),
        ("x=536-90-4399;", ("US_SSN", "536-90-4399")),
        ("credit card 4716 9876 2234 1561 was", ("CREDIT_CARD", "4716 9876 2234 1561")),
        ("bank account IBAN SE32 5000 0000 0583 9825 7466", ("IBAN", "SE32 5000 0000 0583 9825 7466")),
        ("16:45:41:63:37:11", ("MAC_ADDRESS", "16:45:41:63:37:11")),
        ("email:%20ada%40lovelace.org", ("EMAIL", "ada%40lovelace.org")),
    ],
)
def test_identifiers_as_people_write_them(text, expected):
    assert found(text) == [expected]


@pytest.mark.parametrize(
    "born",
    [
        "Date of birth: 14/03/1979", "geboren am 14.03.1979", "né le 14/03/1979", "nacido el 14-03-1979",
        "Data di nascita: 14/03/1979", "data de nascimento: 14/03/1979", "geboortedatum 14-03-1979",
        "data urodzenia: 14.03.1979", "födelsedatum: 1979-03-14", "дата рождения: 14.03.1979", "生年月日 1979年3月14日",
    ],
)  # fmt: skip
def test_a_date_of_birth_in_ten_languages(born):
    (span,) = find(born)
    assert span.type == "DATE_OF_BIRTH" and born[span.start : span.end].endswith(("1979", "-14", "14日"))
