"""Does code still parse once personal data in it is replaced? Values are planted into real files, then redacted.

    PYTHONPATH=. python -m tests.benchmarks.parseable_code FOLDER... [--files 60]

Python, JSON, TOML, YAML and XML are read by the parsers of the standard library and PyYAML, other languages by
tree-sitter where `tree-sitter-language-pack` is installed (it is no dependency of Winnow). Files that do not parse
as they are, or once values are planted, are counted and left out.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import tomllib
import warnings
import xml.etree.ElementTree
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from curation.privacy import PrivacyConfig, scrub
from curation.privacy.policies import PolicyName
from curation.privacy.pseudonyms import Keys
from tests.curation.privacy.planting import plant

MAX_BYTES = 200_000
POLICIES: tuple[PolicyName, ...] = ("placeholder", "pseudonym", "fake")
ENDINGS = {
    ".py": "python", ".json": "json", ".toml": "toml", ".yaml": "yaml", ".yml": "yaml", ".xml": "xml",
    ".js": "javascript", ".mjs": "javascript", ".jsx": "javascript", ".ts": "typescript", ".tsx": "tsx",
    ".java": "java", ".c": "c", ".h": "c", ".cpp": "cpp", ".hpp": "cpp", ".go": "go", ".rs": "rust", ".sql": "sql",
    ".sh": "bash", ".html": "html", ".css": "css", ".php": "php", ".rb": "ruby", ".kt": "kotlin", ".lua": "lua",
}  # fmt: skip
STANDARD: dict[str, Callable[[str], Any]] = {
    "python": ast.parse,
    "json": json.loads,
    "toml": tomllib.loads,
    "yaml": lambda text: list(yaml.compose_all(text, Loader=yaml.SafeLoader)),
    "xml": lambda text: xml.etree.ElementTree.fromstring(text.encode()),
}


def parser_of(language: str) -> Callable[[str], bool] | None:
    """Whether a text parses, for a language; None where there is no parser."""
    if language in STANDARD:
        return lambda text: _reads(STANDARD[language], text)
    try:
        from tree_sitter_language_pack import get_parser  # type: ignore[import-not-found]

        parser = get_parser(language)
    except (ImportError, LookupError, ValueError):
        return None
    return lambda text: not parser.parse(text.encode()).root_node.has_error


def _reads(read: Callable[[str], Any], text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read(text)
    except (SyntaxError, ValueError, yaml.YAMLError, xml.etree.ElementTree.ParseError, RecursionError):
        return False
    return True


def sources(folders: list[str], most: int) -> Iterator[tuple[str, str, str]]:
    """(language, path, text) of at most `most` files of each language, evenly spread over those there are."""
    found: dict[str, list[Path]] = defaultdict(list)
    for folder in folders:
        for root, _, names in os.walk(folder):
            for name in names:
                language = ENDINGS.get(Path(name).suffix)
                if language:
                    found[language].append(Path(root, name))
    for language, paths in sorted(found.items()):
        paths.sort()
        step = max(1, len(paths) // (3 * most))
        taken = 0
        for path in paths[::step]:
            if taken == most:
                break
            if not 200 <= path.stat().st_size <= MAX_BYTES:
                continue
            try:
                text = path.read_text("utf-8")
            except (UnicodeDecodeError, OSError):
                continue
            taken += 1
            yield language, str(path), text


def main() -> None:
    """Print, for each language, how many planted files parse before and after redaction by every policy."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folders", nargs="+")
    options.add_argument("--files", type=int, default=60)
    arguments = options.parse_args()
    keys = Keys(b"a secret of the benchmark, not used elsewhere")
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    broken = []
    for language, path, text in sources(arguments.folders, arguments.files):
        parses = parser_of(language)
        if parses is None:
            continue
        count = counts[language]
        count["files"] += 1
        planted, values = plant(text, language)
        if not parses(text) or not values or not parses(planted):
            count["left out"] += 1
            continue
        count["before"] += 1
        count["values"] += len(values)
        for policy in POLICIES:
            config = PrivacyConfig(policy=policy)
            redacted = scrub(planted, kind="code", config=config, keys=keys, document=path)
            count[f"spans {policy}"] += len(redacted.spans)
            count[policy] += parses(redacted.text)
            if not parses(redacted.text):
                broken.append((policy, path))
    print("| language | files | left out | values | spans | parse before |", " | ".join(POLICIES), "|")
    for language, count in [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]:
        cells = [count[name] for name in ("files", "left out", "values", "spans placeholder", "before", *POLICIES)]
        print(f"| {language} |", " | ".join(map(str, cells)), "|")
    for policy, path in broken:
        print("broken:", policy, path)


if __name__ == "__main__":
    main()
