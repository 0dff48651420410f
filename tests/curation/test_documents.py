from hypothesis import given
from hypothesis import strategies as st

from curation.documents import DECISION, DOCUMENT, REJECTED, SHARD, document_key, document_schema, record_id

parts = st.lists(st.text(st.characters(), max_size=20), max_size=4)


def test_an_id_never_changes() -> None:
    assert record_id("warc", "urn:1", "https://example.org/") == "96fa2bd5f425310a742c78680d40c3fc"


def test_a_key_never_changes() -> None:
    assert document_key("0" * 32, "a.warc.gz#0").hex() == "0000000000000000d101517165dff084"


def test_keys_are_in_the_order_of_ids_wherever_the_records_were_met() -> None:
    low, high = "1" + "0" * 31, "2" + "0" * 31
    assert all(document_key(low, one) < document_key(high, two) for one in "abc" for two in "abc")


def test_boundaries_between_parts_count() -> None:
    assert len({record_id("ab", "c"), record_id("a", "bc"), record_id("abc"), record_id("abc", "")}) == 4


def test_the_order_of_parts_counts() -> None:
    assert record_id("a", "b") != record_id("b", "a")


@given(parts, parts)
def test_two_records_have_one_id_only_if_all_their_parts_are_equal(one: list[str], other: list[str]) -> None:
    assert (record_id(*one) == record_id(*other)) == (one == other)


def test_a_lone_surrogate_is_part_of_a_name_like_any_other() -> None:
    assert record_id("a\ud800") != record_id("a\ud801")


def test_one_record_met_at_two_places_has_two_keys() -> None:
    identity = record_id("a")
    assert document_key(identity, "a.warc#0") != document_key(identity, "b.warc#0")
    assert len(document_key(identity, "a.warc#0")) == 16


def test_signals_follow_the_fixed_columns_as_numbers() -> None:
    schema = document_schema(["words", "mean_word_length"])
    assert schema.names == [*DOCUMENT.names, "words", "mean_word_length"]
    assert str(schema.field("words").type) == "double"


def test_the_published_files_have_the_columns_of_the_contract() -> None:
    assert SHARD.names == ["id", "text", "source", "uri", "origin", "language", "license", "tokens", "meta"]
    assert REJECTED.names == ["id", "source", "uri", "stage", "rule", "value", "threshold", "duplicate_of"]
    assert set(REJECTED.names) <= set(DECISION.names)
