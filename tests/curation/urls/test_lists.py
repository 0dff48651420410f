import gzip
from pathlib import Path

import pytest

from curation.urls.lines import parse_line
from curation.urls.lists import MAX_LINE, read_entries, read_keys, ut1_files
from curation.urls.table import key_of_text
from manifests.errors import UsageError


def domains(line: str) -> list[str]:
    return parse_line(line, "domain")


def write(path: Path, content: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


def test_a_list_with_bad_lines_is_used_and_says_which_they_are(tmp_path: Path) -> None:
    name = write(tmp_path / "list.txt", b"a.example\r\n# why\r\nnonsense\r\nco.uk\r\nb.example")
    entries, report = read_entries(name, domains, "block_domains")
    assert entries == ["a.example", "b.example"]
    assert (report.entries, report.bad_lines) == (2, 2)
    assert report.remark() == f"{name}: 2 lines were passed over, 2 used; line 3, 'nonsense', is not a domain"


def test_a_list_without_bad_lines_needs_no_remark(tmp_path: Path) -> None:
    assert read_entries(write(tmp_path / "a", b"a.example\n"), domains, "x")[1].remark() is None
    assert read_entries(write(tmp_path / "b", b""), domains, "x")[1].remark() is None


def test_gzip_is_told_by_content(tmp_path: Path) -> None:
    name = write(tmp_path / "list", gzip.compress(b"a.example\nb.example\n", mtime=0))
    keys, report = read_keys(name, domains, "x")
    assert keys.tolist() == [key_of_text("a.example"), key_of_text("b.example")]
    assert report.entries == 2


def test_an_entry_can_stand_for_a_file() -> None:
    assert read_entries("||example.com^", domains, "x")[0] == ["example.com"]


def test_bytes_that_are_no_text_are_bad_lines(tmp_path: Path) -> None:
    name = write(tmp_path / "list", b"a.example\n\xff\xfe\x00\nb.example\n")
    entries, report = read_entries(name, domains, "x")
    assert (entries, report.bad_lines) == (["a.example", "b.example"], 1)


def test_a_line_without_end_is_one_bad_line(tmp_path: Path) -> None:
    name = write(tmp_path / "list", b"a.example\n" + b"x" * (3 << 20) + b"\nb.example\n")
    entries, report = read_entries(name, domains, "x")
    assert (entries, report.bad_lines) == (["a.example", "b.example"], 1)
    assert f"longer than {MAX_LINE:,} characters" in report.first_bad


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"urls\.block_domains: .*list: no such file"),
        (b"<html>\n<body>\n", r"urls\.block_domains: .*: no line of it is an entry; line 1, '<html>', is not a domain"),
        (gzip.compress(b"a.example\n" * 1000, mtime=0)[:-9], r"cannot be read"),
    ],
)
def test_a_list_that_cannot_be_used_is_told_by_option_and_name(
    content: bytes | None, message: str, tmp_path: Path
) -> None:
    if content is not None:
        write(tmp_path / "list", content)
    with pytest.raises(UsageError, match=message):
        read_entries(str(tmp_path / "list"), domains, "block_domains")


def test_a_folder_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is a folder; name the files, or use urls\.block_folders"):
        read_entries(str(tmp_path), domains, "block_domains")


def test_the_protocol_of_a_list_must_be_known() -> None:
    with pytest.raises(UsageError, match="nowhere://a: cannot be read"):
        read_entries("nowhere://a", domains, "block_domains")


def test_ut1_folders_are_one_category_or_many(tmp_path: Path) -> None:
    adult = write(tmp_path / "adult/domains", b"a.example\n")
    urls = write(tmp_path / "adult/urls", b"b.example/x\n")
    packed = write(tmp_path / "games/domains.gz", gzip.compress(b"c.example\n", mtime=0))
    write(tmp_path / "README", b"")
    (tmp_path / "empty").mkdir()
    assert ut1_files([str(tmp_path)], "domains", "x") == [adult, packed]
    assert ut1_files([str(tmp_path)], "urls", "x") == [urls]
    assert ut1_files([str(tmp_path / "adult")], "domains", "x") == [adult]
    with pytest.raises(UsageError, match="neither it nor a folder in it holds"):
        ut1_files([str(tmp_path / "empty")], "domains", "block_folders")
    with pytest.raises(UsageError, match="no such folder"):
        ut1_files([str(tmp_path / "nowhere")], "domains", "block_folders")
