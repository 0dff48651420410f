import io
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.explain import explain
from pipelines.explain_view import format_explanation
from pipelines.parts import open_parquet
from pipelines.progress import Progress
from tests.pipelines.tiny import make, prose, response

URIS = ("https://www.bad.example/1", "https://good.example/2", "https://good.example/casino/3")


def outcomes(out: Path) -> dict[str, str | None]:
    """For each URI the rule that turned it away, None where it was kept."""
    found: dict[str, str | None] = {}
    for part in sorted(out.glob("rejected/*.parquet")):
        with open_parquet(str(part)) as file:
            found.update((row["uri"], row["rule"]) for row in file.read().to_pylist())
    for part in sorted(out.glob("shards/*/*.parquet")):
        with open_parquet(str(part)) as file:
            found.update((row["uri"], None) for row in file.read().to_pylist())
    return found


def test_blocked_pages_are_rejects_that_explain_names_and_a_changed_list_counts(tmp_path: Path) -> None:
    archive = tmp_path / "a.warc"
    archive.write_bytes(b"".join(response(uri, prose(place)) for place, uri in enumerate(URIS)))
    domains, words = tmp_path / "domains", tmp_path / "words"
    domains.write_text("bad.example\n")
    words.write_text("casino\n")
    urls = {"block_domains": [str(domains)], "block_words": [str(words)]}
    make(tmp_path / "out", [archive], urls=urls)
    assert outcomes(tmp_path / "out") == {URIS[0]: "url_domain", URIS[1]: None, URIS[2]: "url_word_hard"}
    console = Console(width=400, file=io.StringIO(), record=True)
    console.print(format_explanation(explain(str(tmp_path / "out"), uri=URIS[0])))
    shown = " ".join(console.export_text().split())
    assert "REJECTED ingest url_domain" in shown
    assert f"met bad.example in {domains}" in shown
    words.write_text("roulette\n")
    make(tmp_path / "out", [archive], urls=urls)
    assert outcomes(tmp_path / "out") == {URIS[0]: "url_domain", URIS[1]: None, URIS[2]: None}


def test_a_remark_is_a_line_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    Progress().remark("a.txt: [1] line was passed over")
    assert capfd.readouterr().err == "! a.txt: [1] line was passed over\n"
    Progress(quiet=True).remark("nothing")
    assert capfd.readouterr().err == ""
