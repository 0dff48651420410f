import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from curation.sandbox import MAX_PAGE, Extracted, Page, Sandbox
from manifests.errors import JobError

ROOT = Path(__file__).resolve().parents[2]
MODULE = "tests.curation.hostile_extractors"


def sandbox(seconds: float = 20.0, function: str = "by_content") -> Sandbox:
    return Sandbox(f"{MODULE}:{function}", seconds, 256 << 20)


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    made = sandbox()
    yield made
    made.close()


def ask(made: Sandbox, *pages: str) -> list[Extracted]:
    return made.extract([Page(page.encode(), None, None) for page in pages])


def test_texts_come_back_in_order(shared: Sandbox) -> None:
    pages = [f"page {number} " + "x" * number * 1000 for number in range(50)]
    assert ask(shared, *pages) == [Extracted(page) for page in pages]
    assert ask(shared) == []


def test_large_empty_and_odd_pages_pass_through(shared: Sandbox) -> None:
    large = "é" * (MAX_PAGE // 2)
    assert [item.text for item in ask(shared, "", large, large + "x", "a\0b", "surrogate")] == [
        "", large, large, "a\0b", "a?b",
    ]  # fmt: skip


def test_the_extractor_is_told_type_and_url(shared: Sandbox) -> None:
    page = Page(b"named", "text/html; charset=\ud800", "https://example.org/é")
    (found,) = shared.extract([page])
    assert found.text == "text/html; charset=? https://example.org/é"


@pytest.mark.parametrize(
    ("page", "failure", "detail"),
    [
        ("segfault", "crash", "ended by SIGSEGV"),
        ("exit", "crash", "ended with exit code 3"),
        ("memory", "crash", "ended with exit code 1"),
        ("raise", "crash", "ValueError: a bad page"),
    ],
)
def test_a_page_that_ends_the_process_costs_itself_only(shared: Sandbox, page: str, failure: str, detail: str) -> None:
    found = ask(shared, "before", page, "after")
    assert [item.text for item in found] == ["before", "", "after"]
    assert (found[1].failure, found[1].detail) == (failure, detail)


def test_native_code_that_never_ends_is_ended_at_the_limit() -> None:
    made = sandbox(seconds=0.1)
    assert ask(made, "before", "loop", "after") == [
        Extracted("before"), Extracted("", "seconds", "the limit on processor time"), Extracted("after"),
    ]  # fmt: skip


def test_a_page_that_waits_without_working_is_ended_too() -> None:
    made = sandbox(seconds=0.05)
    assert ask(made, "before", "sleep", "after") == [
        Extracted("before"), Extracted("", "seconds", "no answer within the limit on the clock"), Extracted("after"),
    ]  # fmt: skip


def test_a_page_is_not_blamed_for_what_earlier_ones_left_behind(shared: Sandbox) -> None:
    assert [item.text for item in ask(shared, "a", "b", "c", "exit unless fresh")][3] == "exit unless fresh"


def test_what_an_extractor_prints_or_reads_is_not_between_the_texts(shared: Sandbox) -> None:
    assert [item.text for item in ask(shared, "a", "print", "b")] == ["a", "read 0", "b"]


def test_one_process_serves_until_it_is_closed_and_ctrl_c_does_not_reach_it(shared: Sandbox) -> None:
    first, again = (item.text.split() for item in ask(shared, "process", "process"))
    assert first == again
    assert int(first[0]) != os.getpid()
    assert int(first[1]) != os.getsid(0)
    shared.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(first[0]), 0)
    assert ask(shared, "process")[0].text.split() != first


def test_a_process_that_was_killed_between_pages_is_replaced(shared: Sandbox) -> None:
    os.kill(int(ask(shared, "process")[0].text.split()[0]), signal.SIGKILL)
    assert ask(shared, "after") == [Extracted("after")]


def test_letting_go_of_the_sandbox_ends_its_process() -> None:
    made = sandbox()
    process = int(ask(made, "process")[0].text.split()[0])
    del made
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_the_process_ends_with_its_parent() -> None:
    code = (
        f"from curation.sandbox import Page, Sandbox; import sys; s = Sandbox('{MODULE}:by_content', 20.0, 1 << 28); "
        "print(s.extract([Page(b'process', None, None)])[0].text.split()[0], flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    process = int(parent.stdout.readline())
    os.kill(process, 0)
    parent.kill()
    parent.communicate()
    for _ in range(200):
        if not Path(f"/proc/{process}").exists() or " Z " in Path(f"/proc/{process}/stat").read_text():
            break
        time.sleep(0.05)
    else:
        pytest.fail("the process outlived its parent")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("cannot_start", "cannot work: .*cannot_start: RuntimeError: no model"),
        ("nowhere", "cannot work: .*nowhere: AttributeError"),
        ("dies_at_start", "cannot be started: ended with exit code 7"),
    ],
)
def test_an_extractor_that_cannot_work_is_told(function: str, message: str) -> None:
    with pytest.raises(JobError, match=message):
        ask(sandbox(function=function), "page")
