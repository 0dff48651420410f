from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.code.languages import LANGUAGES, interpreter, is_binary, language_of


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("src/a.py", "Python"),
        ("a.cpp", "C++"),
        ("A.C", "C++"),
        ("a.c", "C"),
        ("a.cs", "C#"),
        ("a.fs", "F#"),
        ("a.js", "JavaScript"),
        ("a.d.ts", "TypeScript"),
        ("a.tsx", "TSX"),
        ("a.ipynb", "Jupyter Notebook"),
        ("README.md", "Markdown"),
        ("docs/index.rst", "reStructuredText"),
        ("Makefile", "Makefile"),
        ("CMakeLists.txt", "CMake"),
        ("notes.txt", "Text"),
        ("docker/Dockerfile.gpu", "Dockerfile"),
        ("go.mod", "Go Module"),
        ("Rakefile", "Ruby"),
        (".gitignore", "Ignore List"),
        ("a.f90", "Fortran Free Form"),
        ("a.SQL", "SQL"),
        ("a.vue", "Vue"),
        ("a.S", "Assembly"),
        ("a.sv", "SystemVerilog"),
        ("deploy.yaml", "YAML"),
        ("LICENSE", "Text"),
        ("a.unknownending", None),
        ("folder.py/file", None),
        (".py", None),
        ("", None),
    ],
)
def test_a_name_tells_the_language(path, language):
    assert language_of(path, b"") == language


@pytest.mark.parametrize(
    ("path", "start", "language"),
    [
        ("run", b"#!/usr/bin/env python3\n", "Python"),
        ("run", b"#!/bin/bash -e\n", "Shell"),
        ("run", b"#!/usr/bin/env -S deno run --allow-net\n", "JavaScript"),
        ("run", b"#!/usr/bin/perl5.30 -w\n", "Perl"),
        ("run", b"\xef\xbb\xbf#!/usr/bin/ruby\n", "Ruby"),
        ("run", b"#!/opt/unheard-of\n", None),
        ("a.h", b"#ifndef A_H\nint f(void);\n", "C"),
        ("a.h", b"namespace a {\nclass B;\n}\n", "C++"),
        ("a.h", b"#import <UIKit/UIKit.h>\n@interface A : NSObject\n", "Objective-C"),
        ("a.m", b"function y = f(x)\n% doubles\ny = 2*x;\nend\n", "MATLAB"),
        ("a.m", b'#import "A.h"\n@implementation A\n@end\n', "Objective-C"),
        ("a.ts", b'<?xml version="1.0"?>\n<!DOCTYPE TS>\n', "XML"),
        ("a.v", b"Require Import List.\nLemma a : True.\n", "Rocq Prover"),
        ("a.v", b"module top(input a);\nendmodule\n", "Verilog"),
        ("a.pl", b"parent(ada, byron).\nchild(X, Y) :- parent(Y, X).\n", "Prolog"),
        ("a.pl", b"use strict;\nmy $x = 1;\n", "Perl"),
        ("a.cls", b"VERSION 1.0 CLASS\nBEGIN\n", "VBA"),
        ("a.tpl", b"apiVersion: v1\n", "YAML"),
    ],
)
def test_the_content_tells_what_the_name_leaves_open(path, start, language):
    assert language_of(path, start) == language


@pytest.mark.parametrize(
    "start", [b"\x89PNG\r\n\x1a\n\0\0", b"abc\0def", bytes(range(1, 9)) * 20], ids=["png", "nul", "control characters"]
)
def test_binary_content_has_no_language(start):
    assert is_binary(start)
    assert language_of("a.py", start) is None


def test_utf16_with_its_mark_is_text():
    assert language_of("a.cs", "\ufeffclass A {}".encode("utf-16-le")) == "C#"


def test_an_interpreter_is_named_without_folder_version_and_env():
    assert interpreter(b"#!/usr/bin/env FOO=1 python3.11 -u\n") == "python"
    assert interpreter(b"#!\n") is None
    assert interpreter(b"# !/bin/sh\n") is None


def test_the_languages_of_redpajama_and_bigcode_are_known():
    assert {
        "Assembly", "Batchfile", "C", "C#", "C++", "CMake", "CSS", "Dockerfile", "Fortran", "Go", "HTML", "Haskell",
        "Java", "JavaScript", "Julia", "Lua", "Makefile", "Markdown", "PHP", "Perl", "PowerShell", "Python", "Ruby",
        "Rust", "SQL", "Scala", "Shell", "TeX", "TypeScript", "Visual Basic .NET",
    } <= set(LANGUAGES)  # fmt: skip


@given(st.text(max_size=40), st.binary(max_size=200))
def test_any_name_and_content_give_a_known_language_or_none(path, start):
    assert language_of(path, start) in {None, *LANGUAGES}
