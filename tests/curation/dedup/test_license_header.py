from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.dedup.config import MinHashConfig
from curation.dedup.license_header import looked_at, without_license_header

APACHE = (
    "Copyright 2013 The Authors\nLicensed under the Apache License, Version 2.0\n\nYou may not use this file\n"
    "except in compliance with the License."
)


def commented(mark: str, text: str) -> str:
    return "".join(f"{mark} {line}".rstrip() + "\n" for line in text.split("\n"))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (commented("//", APACHE) + "\npackage a\n", "\npackage a\n"),
        (commented("#", APACHE) + "import os\n", "import os\n"),
        ("/*\n * " + APACHE.replace("\n", "\n * ") + "\n */\n#include <a.h>\n", "#include <a.h>\n"),
        (f"<!--\n{APACHE}\n-->\n<p>a</p>\n", "<p>a</p>\n"),
        (f'"""{APACHE}"""\nimport os\n', "import os\n"),
        ("-- Copyright (c) 2020 A\nselect 1;\n", "select 1;\n"),
        ("; All rights reserved.\nmov a, b\n", "mov a, b\n"),
        ("/*! © A | MIT */!function(){}()\n", "!function(){}()\n"),
        ("// Copyright A\n\n// SPDX-License-Identifier: MIT\n\nlet a;\n", "\nlet a;\n"),
    ],
)
def test_the_notice_at_the_head_goes(text: str, left: str) -> None:
    assert without_license_header(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "", "\n\n", "a = 1\n", "# What this does.\na = 1\n", "/* What this does. */\nint a;\n",
        "package a\n// Copyright A\n", "/* Tides. */\n// Copyright A\nint a;\n",
        "#include <license.h>\n", "#[derive(License)]\nstruct A;\n", "/* Copyright A, never closed\n" + "x\n" * 500,
        "Copyright 2013 A\nPermission is hereby granted\n", "int a; // Copyright A\n",
    ],
)  # fmt: skip
def test_anything_else_stays(text: str) -> None:
    assert without_license_header(text) == text


def test_what_stands_before_the_notice_and_comments_after_it_stay() -> None:
    shell = "#!/bin/sh\n# Copyright A\n#\n# Prints the tide.\n# Twice a day.\necho\n"
    assert without_license_header(shell) == "#!/bin/sh\n# Prints the tide.\n# Twice a day.\necho\n"
    php = "<?php\n\n/* Licence: MIT */\n/** Prints the tide. */\necho 1;\n"
    assert without_license_header(php) == "<?php\n\n/** Prints the tide. */\necho 1;\n"


def test_a_rule_says_whether_notices_count() -> None:
    texts = ["// Copyright A\nint a;\n", "int b;\n"]
    assert looked_at(texts, MinHashConfig()) == texts
    assert looked_at(texts, MinHashConfig(license_header=False)) == ["int a;\n", "int b;\n"]


@given(st.text(alphabet="/*#-<!>'\"\n aC©", max_size=60), st.sampled_from(["", "Copyright", "license"]))
def test_what_is_left_is_the_head_before_and_all_that_follows(text: str, word: str) -> None:
    whole = f"{text[:20]}{word}{text[20:]}"
    left = without_license_header(whole)
    cut = len(whole) - len(left)
    assert any(whole[:at] + whole[at + cut :] == left for at in range(len(left) + 1))
    if cut:
        assert word or "©" in text
