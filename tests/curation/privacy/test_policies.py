from __future__ import annotations

import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.policy import PiiConfig
from curation.privacy import TYPES, PrivacyConfig, find, redact, scrub
from curation.privacy.cards import luhn
from curation.privacy.fakes import fake, is_fake
from curation.privacy.ibans import is_iban
from curation.privacy.policies import whole_escapes
from curation.privacy.pseudonyms import Draw, Keys, load_keys
from curation.privacy.spans import Span
from manifests.config import check_config
from manifests.errors import UsageError
from tests.curation.privacy.test_scrub import KINDS, TEXTS

KEYS = Keys(b"0123456789abcdef0123456789abcdef")
BUILD = Keys(KEYS.secret, "build")
OTHER = Keys(b"fedcba9876543210fedcba9876543210")
NAMES = ("placeholder", "pseudonym", "fake", "keep")
POLICIES = st.sampled_from([PrivacyConfig(policy=name) for name in NAMES]) | st.builds(
    lambda chosen: PrivacyConfig(policies=dict(zip(TYPES, chosen, strict=True))),
    st.lists(st.sampled_from(NAMES), min_size=len(TYPES), max_size=len(TYPES)),
)
PSEUDONYMS, FAKES = PrivacyConfig(policy="pseudonym"), PrivacyConfig(policy="fake")


def by(config, text, *, kind="prose", keys=KEYS, document="d1"):
    return scrub(text, kind=kind, config=config, keys=keys, document=document).text


def test_a_value_has_one_pseudonym_in_a_document_however_it_is_written():
    assert by(PSEUDONYMS, "ada@lovelace.org, Ada@Lovelace.org, ada [at] lovelace [dot] org, eve@lovelace.org") == (
        "<EMAIL:wsjmrgrk>, <EMAIL:wsjmrgrk>, <EMAIL:wsjmrgrk>, <EMAIL:vwnfstmx>"
    )
    assert len(set(by(PSEUDONYMS, "4111 1111 1111 1111, card 4111111111111111").split(", "))) == 2
    assert (
        len(set(re.findall("<CREDIT_CARD:[a-z]{8}>", by(PSEUDONYMS, "card 4111 1111 1111 1111, 4111-1111-1111-1111"))))
        == 1
    )


def test_pseudonyms_of_two_documents_cannot_be_linked_unless_the_scope_is_the_build():
    text = "ada@lovelace.org"
    assert by(PSEUDONYMS, text, document="d1") != by(PSEUDONYMS, text, document="d2")
    assert by(PSEUDONYMS, text, keys=BUILD, document="d1") == by(PSEUDONYMS, text, keys=BUILD, document="d2")
    assert by(PSEUDONYMS, text, keys=OTHER) != by(PSEUDONYMS, text)
    assert by(FAKES, text, document="d1") != by(FAKES, text, document="d2")


def test_fakes_have_the_form_of_what_they_replace_and_are_nobodys():
    text = (
        "ada.k@lovelace.org, (415) 422-5330, +33 1 44 55 66 77, 86.231.85.193, card 4111 1111 1111 1111, "
        "DE89 3704 0044 0532 0130 00, SSN 536-32-3065, 00:1B:44:11:3A:B7, DOB: 12/03/1985, passport no. A1234567"
    )
    mail, phone, french, ip, card, iban, ssn, mac, birth, passport = by(FAKES, text).split(", ")
    assert re.fullmatch(r"[a-z]{3}\.[a-z]@example\.org", mail)
    assert re.fullmatch(r"\([2-9]\d\d\) 555-01\d\d", phone)
    assert re.fullmatch(r"\+33 6 39 98 \d\d \d\d", french)
    assert re.fullmatch(r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}", ip)
    assert re.fullmatch(r"card 4\d{3} \d{4} \d{4} \d{4}", card)
    assert not luhn(re.sub(r"\D", "", card))
    assert re.fullmatch(r"DE00 \d{4} \d{4} \d{4} \d{4} \d{2}", iban)
    assert not is_iban(iban.replace(" ", ""))
    assert re.fullmatch(r"SSN 666-\d\d-\d{4}", ssn)
    assert re.fullmatch(r"00:00:5E:00:53:[0-9A-F]{2}", mac)
    assert re.fullmatch(r"DOB: \d\d/\d\d/17\d\d", birth)
    assert re.fullmatch(r"passport no\. X00000\d\d", passport)


def test_a_fake_secret_keeps_length_and_classes_and_no_character():
    secret = "ghp_" + "aB3dEfGh1JkLmN0pQrStUvWxYz2468ACeg9x"
    shown = by(FAKES, f"key {secret}")[4:]
    assert re.fullmatch(r"[xyXY01_]+", shown)
    assert [c.isdigit() for c in shown] == [c.isdigit() for c in secret]
    assert [c.isupper() for c in shown] == [c.isupper() for c in secret]


def test_fake_telephone_numbers_ring_nowhere():
    for number in ("+49 30 901820", "+34 612 345 678", "+44 20 7946 1234", "+353 1 234 5678", "+46 8 123 456 78"):
        made = fake("PHONE_NUMBER", number, Draw(b"key", "PHONE_NUMBER", number))
        assert made is not None
        assert is_fake("PHONE_NUMBER", made)
        assert re.sub(r"\d", "0", made) == re.sub(r"\d", "0", number)
        if made.startswith("+99"):
            with pytest.raises(phonenumbers.NumberParseException):
                phonenumbers.parse(made)


def test_what_has_no_fake_becomes_a_placeholder():
    block = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA7bq3" * 4 + "\n-----END RSA PRIVATE KEY-----"
    assert by(FAKES, f"350 Fifth Avenue; {block}") == "<STREET_ADDRESS>; <SECRET>"
    assert fake("PERSON", "Ada Lovelace", Draw(b"key", "PERSON", "Ada Lovelace")) is None


def test_kept_values_are_counted_and_do_not_hide_their_neighbours():
    config = PrivacyConfig(policies={"PHONE_NUMBER": "keep"})
    text = "+1 415-422-5330 / (415) 422-5331 ada@lovelace.org"
    result = scrub(text, kind="prose", config=config)
    assert result.text == "+1 415-422-5330 / (415) 422-5331 <EMAIL>"
    assert result.counts == {"EMAIL": 1, "PHONE_NUMBER": 2}
    assert result.spans == (("PHONE_NUMBER", 0, 15), ("PHONE_NUMBER", 18, 32), ("EMAIL", 33, 40))
    assert result.policies == ("keep", "keep", "placeholder")
    assert by(FAKES, "+1 415-422-5330 / (415) 422-5331").count("555-01") == 2


def test_numbers_in_code_stay_numbers_and_words_stay_words():
    assert by(PrivacyConfig(), '{"card": 4111111111111111, "of": "4111111111111111"}', kind="code") == (
        '{"card": 1000000000000000, "of": "REDACTED_CREDIT_CARD"}'
    )
    assert by(PSEUDONYMS, "# mail ada@lovelace.org\ncard = 4111111111111111\n", kind="code") == (
        "# mail REDACTED_EMAIL_wsjmrgrk\ncard = 1000000000000000\n"
    )
    assert by(PrivacyConfig(placeholders={"EMAIL": "[mail]"}), "'ada@lovelace.org'", kind="code") == "'[mail]'"


def test_redact_leaves_code_parseable_when_told_that_it_is_code():
    text = '<a n="\\u00e9ada@lovelace.org">ada@lovelace.org</a> x = [4111111111111111] # card'
    assert redact(text, find(text, kind="code"), kind="code") == (
        '<a n="REDACTED_EMAIL">REDACTED_EMAIL</a> x = [1000000000000000] # card'
    )
    assert redact("to ada@lovelace.org", [Span("EMAIL", 3, 19, 1.0)]) == "to <EMAIL>"
    assert redact("ada@lovelace.org", [Span("EMAIL", 0, 16, 1.0)], {"EMAIL": "[mail]"}, kind="code") == "[mail]"


def test_an_escape_is_not_cut_in_two():
    assert whole_escapes(r'"\u00e9ada@x.org"', [Span("EMAIL", 2, 16, 1.0)]) == [Span("EMAIL", 1, 16, 1.0)]
    assert whole_escapes('"abc\\"', [Span("SECRET", 1, 5, 1.0)]) == [Span("SECRET", 1, 4, 1.0)]
    assert whole_escapes(r'"\\ada@x.org"', [Span("EMAIL", 3, 12, 1.0)]) == [Span("EMAIL", 3, 12, 1.0)]


@given(TEXTS, KINDS, POLICIES)
def test_redacting_twice_is_redacting_once_by_every_policy(text, kind, config):
    once = scrub(text, kind=kind, config=config, keys=KEYS, document="d1")
    twice = scrub(once.text, kind=kind, config=config, keys=KEYS, document="d1")
    assert twice.text == once.text
    assert set(twice.policies) <= {"keep"}


@given(TEXTS, KINDS, POLICIES)
def test_by_every_policy_nothing_outside_the_spans_changes(text, kind, config):
    result = scrub(text, kind=kind, config=config, keys=KEYS, document="d1")
    assert len(result.policies) == len(result.spans) == sum(result.counts.values())
    position = cursor = 0
    pieces = []
    for _, start, end in result.spans:
        assert cursor <= start < end <= len(result.text)
        pieces.append(result.text[cursor:start])
        cursor = end
    last = result.text[cursor:]
    for index, piece in enumerate(pieces):
        place = text.startswith(piece) - 1 if index == 0 else text.find(piece, position)
        assert place >= 0
        position = place + len(piece)
    assert text[position:].endswith(last) or not pieces


@given(st.text(max_size=40), st.sampled_from(TYPES))
def test_a_fake_can_be_made_of_any_text(value, name):
    made = fake(name, value or "0", Draw(b"key", name, value or "0"))
    assert made is None or made


def test_the_secret_comes_from_a_file_or_the_environment(tmp_path, monkeypatch):
    secret = "5e" * 32
    (tmp_path / "secret").write_text(secret + "\n")
    monkeypatch.setenv("OUR_SECRET", secret)
    assert load_keys("document", "OUR_SECRET", None) == load_keys("document", "X", str(tmp_path / "secret"))
    assert PrivacyConfig().keys() is None
    keys = PrivacyConfig(policy="fake", secret_env="OUR_SECRET", scope="build").keys()
    assert keys is not None
    assert keys.scope == "build"
    assert re.fullmatch("[0-9a-f]{8}", keys.fingerprint)
    assert secret not in repr(keys)


def test_a_missing_or_short_secret_is_told_with_the_way_to_make_one(tmp_path, monkeypatch):
    monkeypatch.delenv("WINNOW_PRIVACY_SECRET", raising=False)
    with pytest.raises(UsageError, match=r"WINNOW_PRIVACY_SECRET is not set.*openssl rand -hex 32"):
        scrub("x", kind="prose", config=PSEUDONYMS)
    with pytest.raises(UsageError, match=r"cannot be read.*openssl rand -hex 32"):
        load_keys("document", "X", str(tmp_path / "none"))
    monkeypatch.setenv("WINNOW_PRIVACY_SECRET", "hunter2")
    with pytest.raises(UsageError, match="holds 7 characters, fewer than 32") as told:
        scrub("x", kind="prose", config=FAKES)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"policies": {"EMIAL": "keep"}}, "EMIAL"),
        ({"policies": {"EMAIL": "hash"}}, "policies.EMAIL"),
        ({"secret_env": "not a name"}, "secret_env"),
        ({"secret": "x"}, "unknown key `secret`"),
        ({"policies": {"PRIVATE_IP": "fake"}}, "PRIVATE_IP, which is not looked for"),
        ({"max_type_spans": {"SECRET": -1}}, "max_type_spans.SECRET"),
        ({"types": ["EMAIL"], "max_type_spans": {"SECRET": 0}}, "SECRET, which is not looked for"),
    ],
)
def test_wrong_policies_are_refused(document, message):
    with pytest.raises(UsageError, match=message):
        check_config(PiiConfig, document, "recipe.yaml")
