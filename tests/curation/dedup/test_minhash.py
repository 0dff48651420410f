from __future__ import annotations

import datasketch
import numpy as np
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.dedup.config import MinHashConfig
from curation.dedup.minhash import (
    Scheme,
    band_hashes,
    exact_hash,
    has_signature,
    shingle_hashes,
    signatures,
    sketch,
    sketch_similarity,
)
from curation.dedup.normalise import normalise
from manifests.config import check_config
from manifests.errors import UsageError
from tests.curation.dedup.planted import find_pairs, jaccard, planted_pair

MASK = (1 << 64) - 1
LITERALS = [
    "The quick brown fox jumps over the lazy dog, 42 times a day.",
    "Ein Café in Ångström öffnet früh um sechs Uhr",
    "機械学習モデルを訓練する",
    "five words and no more",
    "tab\tNUL\0lone \ud800 surrogate \udfff and some more words",
]
ASCII = st.text(st.sampled_from("abZ109_-. \n\0"), max_size=60)
WORDY = st.text(st.sampled_from("abcZé1٣ς한が中ไกิ-. \n\u0301\u00ad\ud800😀"), max_size=60)


def fmix(value: int) -> int:
    value ^= value >> 33
    value = value * 0xFF51AFD7ED558CCD & MASK
    value ^= value >> 33
    value = value * 0xC4CEB9FE1A85EC53 & MASK
    return value ^ (value >> 33)


def reference_hashes(text: str, ngram: int) -> list[int]:
    words = []
    for normalised in normalise(text).split():
        hashed = 0xCBF29CE484222325
        for character in normalised:
            hashed = (hashed ^ ord(character)) * 0x100000001B3 & MASK
        words.append(fmix(hashed))
    hashes = []
    for start in range(len(words) - ngram + 1):
        folded = 0
        for hashed in words[start : start + ngram]:
            folded = (folded ^ hashed) * 0x9E3779B97F4A7C15 & MASK
        hashes.append(fmix(folded))
    return hashes


@settings(deadline=None)
@given(st.one_of(ASCII, WORDY, st.text()), st.integers(1, 7))
def test_shingle_hashes_are_as_documented(text: str, ngram: int) -> None:
    expected = reference_hashes(text, ngram)
    assert shingle_hashes(text, ngram, scheme="affine64").tolist() == expected
    assert shingle_hashes(text, ngram).tolist() == [value & 0xFFFFFFFF for value in expected]


def test_published_shingle_hashes_never_change() -> None:
    assert shingle_hashes("One two, three. Four FIVE six!").tolist() == [2952740359, 2766010440]
    assert shingle_hashes("one TWO three four five", scheme="affine64").tolist() == [1230859818063838727]


def datasketch_signature(text: str, ngram: int, num_perm: int, seed: int, scheme: Scheme) -> list[int]:
    sketch = datasketch.MinHash(num_perm=num_perm, seed=seed, scheme=scheme, hashfunc=int)
    sketch.update_batch(shingle_hashes(text, ngram, scheme=scheme).tolist())
    return sketch.hashvalues.tolist()


@pytest.mark.parametrize("scheme", ["affine32", "affine64"])
@pytest.mark.parametrize(("num_perm", "seed"), [(128, 1), (112, 7), (1, 0), (250, 42)])
def test_signatures_equal_datasketch(scheme: Scheme, num_perm: int, seed: int) -> None:
    found = signatures(LITERALS, num_perm=num_perm, seed=seed, scheme=scheme)
    assert found.tolist() == [datasketch_signature(text, 5, num_perm, seed, scheme) for text in LITERALS]


@pytest.mark.parametrize("scheme", ["affine32", "affine64"])
@pytest.mark.parametrize("num_perm", [1, 2, 7, 8, 9, 100, 127, 128, 250, 256, 4096])
def test_signatures_of_any_number_of_hashes_equal_datasketch(scheme: Scheme, num_perm: int) -> None:
    texts = [" ".join("abcdefghijklmnopq"[:count]) for count in range(18)]
    found = signatures(texts, ngram=1, num_perm=num_perm, scheme=scheme)
    assert found.dtype == (np.uint32 if scheme == "affine32" else np.uint64)
    assert found.tolist() == [datasketch_signature(text, 1, num_perm, 1, scheme) for text in texts]


@settings(deadline=None)
@given(st.lists(WORDY, max_size=4), st.integers(1, 4), st.sampled_from(["affine32", "affine64"]))
def test_signatures_equal_datasketch_for_any_text(texts: list[str], ngram: int, scheme: Scheme) -> None:
    found = signatures(texts, ngram=ngram, num_perm=17, scheme=scheme)
    assert found.shape == (len(texts), 17)
    assert found.tolist() == [datasketch_signature(text, ngram, 17, 1, scheme) for text in texts]


def test_texts_shorter_than_a_shingle_have_no_signature_and_no_bucket() -> None:
    rows = signatures(["", "one two three four", "one two three four five", "!!! ???"])
    assert has_signature(rows).tolist() == [False, False, True, False]
    assert band_hashes(rows[has_signature(rows)], 14, 8).shape == (1, 14)
    with pytest.raises(ValueError, match="row 0 has no signature"):
        band_hashes(rows, 14, 8)


def test_hostile_texts_are_hashed_in_linear_time() -> None:
    texts = ["x" * 10_000_000, "\u0301\u0323" * 2_000_000, "中" * 1_000_000, "a " * 2_000_000, "\0" * 1_000_000]
    assert has_signature(signatures(texts, num_perm=16)).tolist() == [False, False, True, True, False]
    assert exact_hash(texts).shape == (5, 2)


def test_band_hashes_change_with_the_band_s_own_rows_alone() -> None:
    rows = np.arange(1, 13, dtype=np.uint32).reshape(1, 12).repeat(2, axis=0)
    rows[1, 5] = 99
    first, second = band_hashes(rows, 3, 4)
    assert (first == second).tolist() == [True, False, True]


def test_equal_rows_in_different_bands_do_not_share_a_bucket() -> None:
    assert len(set(band_hashes(np.full((1, 12), 5, np.uint32), 3, 4)[0].tolist())) == 3


def test_bands_must_fit_the_signature() -> None:
    with pytest.raises(ValueError, match="14 bands of 8 rows do not fit a signature of 64 values"):
        band_hashes(np.ones((1, 64), np.uint32), 14, 8)


def test_a_sketch_is_the_lowest_byte_of_each_value() -> None:
    assert sketch(np.array([[0x12345678, 0xFFFFFF01]], np.uint32)).tolist() == [[0x78, 0x01]]


def test_sketch_similarity_takes_out_chance_matches() -> None:
    a = np.zeros(128, np.uint8)
    half = np.repeat(np.array([0, 1], np.uint8), 64)
    assert sketch_similarity(a, a) == 1.0
    assert sketch_similarity(a, half) == pytest.approx((0.5 - 1 / 256) / (1 - 1 / 256))
    assert sketch_similarity(a, np.ones(128, np.uint8)) == 0.0
    assert sketch_similarity(np.stack([a, half]), np.stack([a, a])).shape == (2,)


def test_sketch_similarity_estimates_jaccard_without_bias() -> None:
    pairs = [planted_pair(serial, 70, 15) for serial in range(400)]
    left, right = (sketch(signatures([pair[side] for pair in pairs])) for side in (0, 1))
    assert abs(float(sketch_similarity(left, right).mean()) - 0.7) < 0.01


def test_exact_hash_is_xxh3_of_the_text_without_white_space() -> None:
    expected = xxhash.xxh3_128_intdigest("aébc".encode())
    found = exact_hash(["aé b c", " aé\r\n\tbc\f\v", "aéb"])
    assert [(int(high) << 64) | int(low) for high, low in found[:2]] == [expected, expected]
    assert found[2].tolist() != found[0].tolist()
    assert exact_hash([]).shape == (0, 2)
    assert exact_hash(["a\ud800", "a\udfff"])[0].tolist() != exact_hash(["a\udfff"])[0].tolist()


def test_presets_give_bands_and_rows() -> None:
    assert MinHashConfig().bands_rows == (14, 8)
    reference = datasketch.MinHashLSH(threshold=0.8, num_perm=256)
    assert MinHashConfig(preset="threshold", threshold=0.8, num_perm=256).bands_rows == (reference.b, reference.r)


def test_candidate_probability_is_the_published_curve() -> None:
    config = MinHashConfig()
    assert [round(config.candidate_probability(j), 2) for j in (0.7, 0.75, 0.8, 0.9)] == [0.56, 0.77, 0.92, 1.0]


def test_too_few_permutations_for_a_preset_are_refused() -> None:
    with pytest.raises(UsageError, match="14 bands of 8 rows need 112; raise it or set `preset: threshold`"):
        check_config(MinHashConfig, {"num_perm": 64}, "recipe.yaml")


def test_a_threshold_without_bands_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no bands and rows fit a `threshold` of 1.0 with 128 permutations"):
        check_config(MinHashConfig, {"preset": "threshold", "threshold": 1.0}, "recipe.yaml")


def test_planted_pairs_have_their_stated_jaccard() -> None:
    first, second = planted_pair(3, 70, 15)
    assert jaccard(shingle_hashes(first), shingle_hashes(second)) == pytest.approx(0.7)


@pytest.mark.parametrize(("shared", "own"), [(50, 25), (60, 20), (70, 15), (80, 10), (90, 5), (100, 0)])
def test_candidates_follow_the_s_curve(shared: int, own: int) -> None:
    config = MinHashConfig(threshold=1e-6, verify="signature")
    texts = [text for serial in range(1500) for text in planted_pair(serial, shared, own)]
    found = {pair for pair in find_pairs(texts, config) if pair[1] == pair[0] + 1 and pair[0] % 2 == 0}
    assert abs(len(found) / 1500 - config.candidate_probability(shared / (shared + 2 * own))) < 0.03


def test_verified_pairs_are_those_that_were_planted() -> None:
    alike, unlike = (90, 2), (40, 30)
    texts = [text for serial in range(300) for text in planted_pair(serial, *(alike if serial % 2 else unlike))]
    found = find_pairs(texts, MinHashConfig(verify="signature"))
    assert set(found) == {(2 * serial, 2 * serial + 1) for serial in range(1, 300, 2)}


@pytest.mark.parametrize(("shared", "own"), [(70, 15), (80, 10), (86, 7), (90, 5)])
def test_with_true_similarity_recall_is_the_curve_s_and_nothing_else_is_found(shared: int, own: int) -> None:
    true = shared / (shared + 2 * own)
    config = MinHashConfig(threshold=true, verify="jaccard")
    texts = [text for serial in range(1500) for text in planted_pair(serial, shared, own)]
    texts += [text for serial in range(1500, 1800) for text in planted_pair(serial, shared - 3, own + 2)]
    found = find_pairs(texts, config)
    assert set(found) <= {(2 * serial, 2 * serial + 1) for serial in range(1500)}
    assert abs(len(found) / 1500 - config.candidate_probability(true)) < 0.03
