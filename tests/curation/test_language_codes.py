from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.language.codes import code_and_script, iso_code


@pytest.mark.parametrize(
    ("label", "code", "script"),
    [
        ("en", "en", None),
        ("eng", "en", None),
        ("eng_Latn", "en", "Latn"),
        ("cmn_Hani", "zh", "Hani"),
        ("cmn_Hans", "zh", "Hans"),
        ("zh-Hant", "zh", "Hant"),
        ("zho_Hant", "zh", "Hant"),
        ("arb_Arab", "ar", "Arab"),
        ("arb_Latn", "ar", "Latn"),
        ("srp_Cyrl", "sr", "Cyrl"),
        ("ceb", "ceb", None),
        ("ary_Arab", "ary", "Arab"),
        ("yue_Hant", "yue", "Hant"),
        ("fil_Latn", "tl", "Latn"),
        ("nob_Latn", "nb", "Latn"),
        ("zsm_Latn", "ms", "Latn"),
        ("twi_Latn_asan1239", "ak", "Latn"),
        ("kas_Deva", "ks", "Deva"),
        ("hbs", "sh", None),
        ("als", "gsw", None),  # lid.176, after als.wikipedia.org
        ("als_Latn", "sq", "Latn"),  # OpenLID and GlotLID, by ISO 639-3
        ("zxx_Zzzz", "und", "Zzzz"),
        ("und_Grek", "und", "Grek"),
        ("other", "und", None),
        ("", "und", None),
    ],
)
def test_labels_of_other_models_become_one_code_and_a_script(label: str, code: str, script: str | None) -> None:
    assert code_and_script(label) == (code, script)
    assert iso_code(label) == code


@given(st.text(max_size=20))
def test_any_label_has_a_code(label: str) -> None:
    code, script = code_and_script(label)
    assert code.isascii() and code == code.lower() and 2 <= len(code) <= 3
    assert script is None or len(script) == 4
