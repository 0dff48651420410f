"""The language of a source file, by its name, its first line and, where an ending is shared, its content."""

from __future__ import annotations

import re
from collections.abc import Callable

from curation.code.table import TABLE

SNIFFED_BYTES = 4096
MAX_CONTROL_SHARE = 0.1

_TEXT_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_CONTROL = bytes(code for code in range(32) if code not in b"\t\n\r\f\x1b\x08") + b"\x7f"


def language_of(path: str, content_start: bytes) -> str | None:
    """The language's name as GitHub Linguist spells it, or None when it is unknown or the content is binary.

    Args:
        path: path in the repository, `/` between folders.
        content_start: the first bytes of the file; 4 KiB are looked at. Empty bytes mean "by name only".
    """
    start = content_start[:SNIFFED_BYTES]
    if is_binary(start):
        return None
    name = path.rpartition("/")[2]
    found = _FILENAMES.get(name)
    if found:
        return found
    stem, *endings = name.lower().split(".")
    for first in range(max(0, len(endings) - 2), len(endings)):
        if not stem and first == 0 and len(endings) == 1:
            break  # ".bashrc" has no ending
        ending = ".".join(endings[first:])
        if ending in _ENDINGS:
            return _disambiguated(name, ending, start)
    if _DOCKERFILE.match(name):
        return "Dockerfile"
    return _INTERPRETERS.get(interpreter(start) or "")


def is_binary(start: bytes) -> bool:
    """Whether the first bytes of a file are no text: a NUL without a UTF-16 mark, or many control characters."""
    if start.startswith(_TEXT_MARKS[1:]):
        return False
    if b"\0" in start:
        return True
    return len(start) - len(start.translate(None, _CONTROL)) > MAX_CONTROL_SHARE * len(start)


def interpreter(start: bytes) -> str | None:
    """The program that a `#!` line names, without folder, version and `env`; None without such a line."""
    if start.startswith(_TEXT_MARKS[0]):
        start = start[3:]
    if not start.startswith(b"#!"):
        return None
    words = start[2:256].split(b"\n", 1)[0].decode("ascii", "replace").split()
    while words and (words[0].rpartition("/")[2] == "env" or words[0].startswith("-") or "=" in words[0]):
        words.pop(0)
    if not words:
        return None
    program = words[0].rpartition("/")[2]
    return program if program in _INTERPRETERS else re.sub(r"[0-9.]+\Z", "", program[:64]) or None


def _parse(table: str) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """(ending -> language, file name -> language, interpreter -> language); the first row wins."""
    endings: dict[str, str] = {}
    names: dict[str, str] = {}
    programs: dict[str, str] = {}
    for row in re.sub(r"\n  ", " ", table.strip()).split("\n"):
        language, *cells = (cell.strip() for cell in row.split("|"))
        for target, cell in zip((endings, names, programs), cells, strict=False):
            for word in cell.split():
                target.setdefault(word.lower() if target is endings else word, language)
    return endings, names, programs


_ENDINGS, _FILENAMES, _INTERPRETERS = _parse(TABLE)
_DOCKERFILE = re.compile(r"(?:Dockerfile|Containerfile)[.-][A-Za-z0-9_.-]{1,64}\Z|[A-Za-z0-9_-]{1,64}\.Dockerfile\Z")
LANGUAGES = tuple(sorted({*_ENDINGS.values(), *_FILENAMES.values(), *_INTERPRETERS.values()}))
"""Every name that `language_of` may give."""


def _rules(default: str, *choices: tuple[str, bytes]) -> Callable[[bytes], str]:
    """The first language whose pattern occurs in the content, else `default`."""
    compiled = tuple((language, re.compile(pattern, re.MULTILINE)) for language, pattern in choices)

    def choose(start: bytes) -> str:
        return next((language for language, pattern in compiled if pattern.search(start)), default)

    return choose


# Every pattern runs over at most SNIFFED_BYTES and has no nested repeat.
_SHARED: dict[str, Callable[[bytes], str]] = {
    "h": _rules(
        "C",
        ("Objective-C", rb"^[ \t]*(?:@(?:interface|protocol|property|end|class)\b|#import\b)"),
        (
            "C++",
            rb"^[ \t]*(?:class[ \t]+\w|namespace\b|template[ \t]*<|using[ \t]+\w|public:|private:|protected:)"
            rb"|\bstd::|^[ \t]*#[ \t]*include[ \t]*<(?:string|vector|map|memory|iostream|cstd\w+|utility|functional)>",
        ),
    ),
    "m": _rules(
        "Objective-C",
        ("MATLAB", rb"^[ \t]*(?:%|function\b[^;{]{0,80}=|classdef\b|end[ \t]*;?[ \t]*$|clear\b|clc\b)"),
    ),
    "ts": _rules("TypeScript", ("XML", rb"\A\s{0,8}(?:<\?xml|<!DOCTYPE TS|<TS\b)")),
    "v": _rules(
        "Verilog",
        ("Rocq Prover", rb"^[ \t]*(?:Require\b|Lemma\b|Theorem\b|Inductive\b|Definition\b|Proof\.|Qed\.|Module\b)"),
        ("Verilog", rb"^[ \t]*(?:module\b|endmodule\b|`(?:define|include|timescale)|assign\b|always\b)"),
        ("V", rb"^[ \t]*(?:pub[ \t]+)?(?:fn|struct|import|mut)\b"),
    ),
    "pl": _rules(
        "Perl",
        ("Perl", rb"\A#!.{0,80}perl|^[ \t]*(?:use[ \t]+(?:strict|warnings|[A-Z5v])|sub[ \t]+\w|my[ \t]+[$@%])"),
        ("Prolog", rb"^[a-z]\w{0,60}\([^\n]{0,200}\)[ \t]*(?::-|\.[ \t]*$)|^:-"),
    ),
    "fs": _rules(
        "F#", ("GLSL", rb"^[ \t]*(?:#version[ \t]|precision[ \t]|uniform[ \t]|varying[ \t]|void[ \t]+main\b)")
    ),
    "cls": _rules(
        "TeX",
        ("TeX", rb"\\(?:NeedsTeXFormat|ProvidesClass|LoadClass|newcommand)"),
        ("VBA", rb"\AVERSION[ \t]1\.0[ \t]CLASS|^Attribute VB_"),
        ("Apex", rb"(?i)^[ \t]*(?:@\w+[ \t]*)?(?:public|private|global)\b[^\n]{0,80}\bclass\b"),
    ),
    "cl": _rules("OpenCL", ("Common Lisp", rb"^[ \t]*\((?:defun|defpackage|in-package|defmacro|defvar|require)\b")),
    "r": _rules("R", ("Rebol", rb"(?i)\bRebol[ \t]*\[")),
    "sc": _rules("Scala", ("SuperCollider", rb"^[ \t]*(?:SynthDef|\(?[ \t]*var[ \t]+\w+[ \t]*[,;])|\bs\.boot\b")),
    "pp": _rules("Puppet", ("Pascal", rb"(?i)^[ \t]*(?:unit|program|uses|implementation)\b[^{=]{0,80};?[ \t]*$")),
    "d": _rules("D", ("Makefile", rb"^[\w./-]{1,200}\.o[ \t]*:|^[^\n]{1,200}:[ \t]*\\[ \t]*$")),
    "rs": _rules("Rust", ("XML", rb"\A\s{0,8}<\?xml")),
    "spec": _rules(
        "RPM Spec",
        ("Python", rb"^[ \t]*(?:a[ \t]*=[ \t]*Analysis\(|# -\*- mode: python)"),
        ("Ruby", rb"^[ \t]*(?:require|describe)\b"),
    ),
    "tpl": _rules(
        "Smarty",
        ("YAML", rb"^apiVersion:|\{\{-?[ \t]*(?:define|include|\.Values)"),
        ("HTML", rb"(?i)\A\s{0,8}<!doctype html"),
    ),
}


def _disambiguated(name: str, ending: str, start: bytes) -> str:
    if name.endswith((".C", ".H")):
        return "C++"  # by the convention of Unix compilers
    choose = _SHARED.get(ending)
    return choose(start) if choose and start else _ENDINGS[ending]


def is_data(language: str | None) -> bool:
    """Whether the language is JSON or YAML, for whose size BigCode has a rule of its own."""
    return language in ("JSON", "JSON with Comments", "JSON5", "JSONLD", "YAML")
