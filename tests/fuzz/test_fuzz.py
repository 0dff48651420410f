from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.__main__ import main
from tests.fuzz.archives import ArchiveTarget
from tests.fuzz.mutation import MUTATIONS, mutate
from tests.fuzz.pages import PageTarget
from tests.fuzz.running import Budget, fuzz


class Planted:
    """A target with a fault in one input of three."""

    name = "planted"

    def __init__(self, fault: str) -> None:
        self._fault, self._made = fault, 0

    def make(self, rng: random.Random) -> bytes:
        self._made += 1
        return b"%d" % (self._made % 3)

    def check(self, data: bytes, rng: random.Random) -> None:
        if data != b"0":
            return
        if self._fault == "raises":
            raise KeyError(data)
        if self._fault == "hangs":
            while True:
                pass
        bytearray(4 << 30)


@pytest.mark.parametrize(
    ("fault", "named"), [("raises", "KeyError: b'0'"), ("hangs", "TooSlow: more than 0.05 s"), ("grows", "MemoryError")]
)
def test_a_fault_is_found_and_its_input_kept(fault: str, named: str, tmp_path: Path) -> None:
    report = fuzz(Planted(fault), 7, Budget(60, cap=0.05, inputs=5), keep=tmp_path)
    assert [number for number, _ in report.findings] == [2]
    assert named in report.findings[0][1]
    assert (tmp_path / "planted-7-2").read_bytes() == b"0"
    assert "5 inputs" in report.summary()


def test_an_input_depends_on_the_seed_and_its_number_alone() -> None:
    for target in (ArchiveTarget(), PageTarget()):
        first, again = (target.make(random.Random("archives 1 5")) for _ in range(2))
        assert first == again
        assert first != target.make(random.Random("archives 1 6"))


def test_every_mutation_takes_any_bytes() -> None:
    for data in (b"", b"x", b"a 12\r\n" * 50):
        for number, change in enumerate(MUTATIONS):
            change(random.Random(number), bytearray(data), [b"token"])
    assert mutate(random.Random(3), b"a 12\r\n" * 50, [b"token"]) != b"a 12\r\n" * 50


def test_archives_of_a_fixed_seed_are_read_as_they_should_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    only = ["--only", "11", "--keep", str(tmp_path)]
    assert main(["archives", "--seed", "1", *only]) == 0
    assert "1 inputs" in capsys.readouterr().out
    report = fuzz(ArchiveTarget(), 20, Budget(600, inputs=150))
    assert report.findings == []
