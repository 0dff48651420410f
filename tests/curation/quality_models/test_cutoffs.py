from pathlib import Path

import pytest

from curation.quality_models.cutoffs import cutoff_table, read_cutoffs
from manifests.errors import UsageError


def test_the_rows_30_and_60_are_read_by_language(tmp_path: Path) -> None:
    path = tmp_path / "cutoff.csv"
    path.write_text(",de,en\n29,360,330\n30,370,340\n60,590,520\n61,600,530\n")
    assert read_cutoffs(path) == {"de": (370.0, 590.0), "en": (340.0, 520.0)}


def test_a_table_that_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cutoff.csv"
    path.write_text(cutoff_table({"en": [float(i) for i in range(100)], "sv": [i + 0.25 for i in range(100)]}))
    assert read_cutoffs(path) == {"en": (30.0, 60.0), "sv": (30.2, 60.2)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a first row of languages"),
        (",en\n30,1\n", "expected a first row of languages, and rows"),
        (",en,de\n30,1,2\n60,x,2\n", r"c\.csv:3: expected a number for each of en, de"),
        (",en,de\n30,1\n60,1,2\n", r"c\.csv:2: expected a number for each of en, de"),
    ],
)
def test_another_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_cutoffs(path)
