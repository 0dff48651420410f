from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.privacy import PLACEHOLDERS, PrivacyConfig, Scrubbed, find, redact, scrub
from manifests.config import check_config
from manifests.errors import UsageError

VALUES = """
ada@lovelace.org a@b.co @ 86.231.85.193 2a02:8108::7b1f:1 415-422-5330 4111111111111111 :// user:pw1@ secret_key=
<EMAIL> <SECRET> < > . - / x 7 + ( ) \u00e9 \u7684 \u0301 \U0001f600 \u0639\u0646 " \\n 1.2.3.4 0030 +49
"""
SPACED = ["+1 202-555-0143", "(415) 422-5330", "4111 1111 1111 1111", "card ", "phone ", "version ", "ip ", " ", "\n"]
LABELS = [
    "passport ", "passport no. A1234567", "account number ", "ssn ", "536-32-3065", "536323065",
    "DE89370400440532013000", "DOB: ", "12/03/1985", "12 March 1985", " born ", "111222333", "BSN ",
    "00:1B:44:11:3A:B7", " at ", " dot org", "(at)", "[dot]", "350 Fifth Avenue", "12 rue de la Paix",
    ", 75002 Paris", "Hauptstra\u00dfe 7", "Calle Mayor, 12", "P.O. Box 255", "880320-0016", "-", "e-mail ada",
    'password = "', 'user="', "api_key: ", "login as: ", "hunter22", "alice",
    "k3J9!sQ2x", "k3J9sQ2xZ7pL0aBcD4fG", '"', "'",
    "Bearer ", "<password>", "</password>", " is ", "&", ";", "user=", "DB_PASSWORD=", "mysql -p", "machine h login ",
    " password ", ":5432:db:", "session opened for user ", "curl -u ", ":", "=", "AKIA", "sk-", "eyJ",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "&token=k3J9sQ2xZ7pL0aBc", "driver's license ", "10.0.0.1", "address ",
]  # fmt: skip
TOKENS = ["AKIA" + "Q3EGWXYZ2NBVCRTU", "ghp_" + "aB3dEfGh1JkLmN0pQrStUvWxYz2468ACeg9x", "\ud800", "\0"]
PIECES = st.sampled_from([*VALUES.split(), *SPACED, *TOKENS, *LABELS])
TEXTS = st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=60)
KINDS = st.sampled_from(["prose", "code"])


def test_a_page_is_scrubbed_with_typed_placeholders():
    result = scrub("Mail ada@lovelace.org or call +1 202-555-0143 from 86.231.85.193.", kind="prose")
    assert result == Scrubbed(
        "Mail <EMAIL> or call <PHONE_NUMBER> from <IP_ADDRESS>.",
        {"EMAIL": 1, "IP_ADDRESS": 1, "PHONE_NUMBER": 1},
        (("EMAIL", 5, 12), ("PHONE_NUMBER", 21, 35), ("IP_ADDRESS", 41, 53)),
    )


def test_a_text_without_personal_data_comes_back_as_it_is():
    assert scrub("Nothing to see here.", kind="prose") == Scrubbed("Nothing to see here.", {}, ())


def test_types_placeholders_and_region_follow_the_configuration():
    config = PrivacyConfig(types=("EMAIL", "PHONE_NUMBER"), placeholders={"EMAIL": "[mail]"}, region="ES")
    result = scrub("ada@lovelace.org 86.231.85.193 / 612 345 678", kind="prose", config=config)
    assert result.text == "[mail] 86.231.85.193 / <PHONE_NUMBER>"


def test_a_type_that_is_not_wanted_does_not_hide_one_that_is():
    text = "https://ada:ada@lovelace.org/"
    assert scrub(text, kind="prose").counts == {"SECRET": 1}
    assert scrub("card 4111-1111-1111-1111", kind="prose", config=PrivacyConfig(types=("EMAIL",))).counts == {}


def test_min_score_leaves_uncertain_spans():
    text = "ada@host.unknowntld"
    assert scrub(text, kind="prose").text == "<EMAIL>"
    assert scrub(text, kind="prose", config=PrivacyConfig(min_score=0.9)).text == text


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"region": "Germany"}, "not an ISO 3166 country code"),
        ({"placeholders": {"EMAIL": "someone@gmail.com"}}, "would itself be replaced"),
        ({"placeholders": {"EMIAL": "x"}}, "EMIAL"),
        ({"types": ["EMAILS"]}, "EMAILS"),
        ({"min_scor": 0.1}, "did you mean `min_score`"),
    ],
)
def test_a_wrong_configuration_is_refused_with_the_reason(document, message):
    with pytest.raises(UsageError, match=message):
        check_config(PrivacyConfig, document, "recipe.yaml")


@given(TEXTS, KINDS)
def test_spans_are_sorted_and_disjoint_and_inside_the_text(text, kind):
    end = 0
    for span in find(text, kind=kind):
        assert end <= span.start < span.end <= len(text)
        assert 0 < span.score <= 1
        end = span.end


@given(TEXTS, KINDS)
def test_redacting_twice_changes_nothing(text, kind):
    once = redact(text, find(text, kind=kind))
    assert find(once, kind=kind) == []
    scrubbed = scrub(text, kind=kind).text
    assert scrub(scrubbed, kind=kind) == Scrubbed(scrubbed, {}, ())


@given(TEXTS, KINDS)
def test_redacting_without_spans_twice_changes_nothing(text, kind):
    once = redact(text, kind=kind)
    assert redact(once, kind=kind) == once
    assert once == scrub(text, kind=kind).text


def test_redacting_without_spans_replaces_what_is_found_with_confidence():
    text = "Mail ada@lovelace.org from 10.218.6.131; born March 14, 1979. Call 030 901820."
    assert redact(text) == "Mail <EMAIL> from 10.218.6.131; born March 14, 1979. Call <PHONE_NUMBER>."
    assert redact("ring 901820-55 now", region="DE") == redact(
        "ring 901820-55 now", find("ring 901820-55 now", region="DE")
    )
    assert redact("mail = 'ada@lovelace.org'", kind="code") == "mail = 'REDACTED_EMAIL'"
    assert redact("ada@lovelace.org", placeholders={"EMAIL": "[mail]"}) == "[mail]"


@given(TEXTS, KINDS)
def test_outside_the_spans_nothing_changes(text, kind):
    spans = find(text, kind=kind)
    pieces, cursor = [], 0
    for span in spans:
        pieces += [text[cursor : span.start], PLACEHOLDERS[span.type]]
        cursor = span.end
    assert redact(text, spans) == "".join([*pieces, text[cursor:]])


@given(TEXTS)
def test_the_spans_of_a_scrubbed_text_are_its_placeholders(text):
    result = scrub(text, kind="prose")
    assert [result.text[start:end] for _, start, end in result.spans] == [f"<{name}>" for name, _, _ in result.spans]
    assert sum(result.counts.values()) == len(result.spans)
