"""The sample repositories: six git repositories under several licences, with what a curator has to notice.

Vendored, generated and minified files, a data file, an invented key and address in code, an exact copy of another
repository's file, a file under another licence than its repository, a submodule and a damaged object. Objects, names
and times are fixed, so the same world gives the same commits.
"""

from __future__ import annotations

import json
import os
import random
import re
import string
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pygit2
from identify.vendor.licenses import LICENSES

from pipelines.demo.private import make_email
from pipelines.demo.programs import javascript_programs, python_programs, table_programs
from pipelines.demo.prose import Page, english_page
from pipelines.demo.world import World

_AUTHOR = pygit2.Signature("Sarn Authors", "authors@sarn.example", 1772323200, 60)
_HOLDER = "2026 the Sarn authors"
_SUBMODULE_COMMIT = "6b1f0e2d9c8a7f5e4d3c2b1a0f9e8d7c6b5a4f3e"
_GPL_HEAD = (
    "# This program is free software: you can redistribute it and/or modify\n"
    "# it under the terms of the GNU General Public License as published by\n"
    "# the Free Software Foundation, either version 3 of the License, or\n"
    "# (at your option) any later version.\n#\n"
    "# This program is distributed in the hope that it will be useful,\n"
    "# but WITHOUT ANY WARRANTY; without even the implied warranty of\n"
    "# MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the\n"
    "# GNU General Public License for more details.\n\n"
)


@dataclass(frozen=True)
class Repository:
    """A repository to be written. `license` is its SPDX id, None for none; paths are relative to its root.

    `submodules` maps paths to commits, `damaged` names a file whose object is damaged after it was written.
    """

    name: str
    license: str | None
    bare: bool
    files: Mapping[str, bytes]
    submodules: Mapping[str, str] = field(default_factory=dict)
    damaged: str | None = None


def write_repositories(folder: Path, world: World) -> dict[str, Any]:
    """Write the repositories of `world` into `folder`; returns what they hold.

    `repositories`: `name` (the folder's), `license`, `bare`, `commit`, `files`, `submodules`, `damaged` (path of
    the file that cannot be read). `planted`: `repository`, `path`, `kind` and sometimes `of`. `code_private`:
    `repository`, `path`, `kind`, `value`.
    """
    truth: dict[str, Any] = {"repositories": [], "planted": [], "code_private": []}
    for repository in make_repositories(world, truth):
        path = folder / (f"{repository.name}.git" if repository.bare else repository.name)
        commit = _write(path, repository)
        truth["repositories"].append(
            {
                "name": path.name,
                "license": repository.license,
                "bare": repository.bare,
                "commit": commit,
                "files": sorted(repository.files),
                "submodules": sorted(repository.submodules),
                "damaged": repository.damaged,
            }
        )
    return truth


def make_repositories(world: World, truth: dict[str, Any]) -> list[Repository]:
    """What is to be written; planted things and private values are noted in `truth`."""
    programs = list(python_programs(world).items())
    tables = list(table_programs(world).items())
    scripts = javascript_programs(world)
    tidewater = _python_package("tidewater", [*programs[:18], *tables[:8]])
    return [
        Repository(
            "tidewater",
            "MIT",
            True,
            {
                **tidewater,
                **_frame("tidewater", "MIT", "Tides, routes and tables for the Sarn Isles."),
                "pyproject.toml": _pyproject("tidewater", "MIT"),
            },
        ),
        _lantern_routes(world, scripts),
        _orchard_kit(world, dict(programs[18:30]), dict(tables[8:13]), scripts, tidewater, truth),
        Repository(
            "guild-ledger",
            "GPL-3.0",
            True,
            {
                **_python_package("ledger", [*programs[30:33], *tables[13:15]]),
                "COPYING": license_text("GPL-3.0").encode(),
                "README.md": b"# guild-ledger\n\nBooks of the guilds. Free software under the GNU GPL, version 3.\n",
            },
        ),
        Repository(
            "harbour-notes",
            None,
            False,
            {
                **_python_package("notes", [programs[33], *tables[15:17]]),
                "README.md": b"# harbour-notes\n\nSmall scripts from the harbour office.\n",
            },
        ),
        Repository(
            "cracked-bell",
            "MIT",
            True,
            {
                **_python_package("bell", [programs[34], tables[17]]),
                **_frame("cracked-bell", "MIT", "One of its objects is damaged."),
            },
            damaged=f"src/bell/{tables[17][0]}.py",
        ),
    ]


def _lantern_routes(world: World, scripts: Mapping[str, str]) -> Repository:
    pages = [english_page(world, kind, 1000 + number) for kind in ("journey", "tool") for number in range(4)]
    docs = {f"docs/{page.name}.md": _wrapped(page) for page in pages}
    used = "\n".join(f"- [`{name}`](lib/{name}.js): run it with `node lib/{name}.js`" for name in scripts)
    package = {"name": "lantern-routes", "version": "1.4.0", "license": "Apache-2.0", "main": "lib/island-walk.js"}
    files = {
        **{f"lib/{name}.js": text for name, text in scripts.items()},
        **docs,
        "README.md": f"# lantern-routes\n\nTimetables and walks for the Sarn Isles, without dependencies.\n\n{used}\n",
        "package.json": json.dumps(package, indent=2) + "\n",
        "LICENSE": license_text("Apache-2.0"),
        "NOTICE": f"lantern-routes\nCopyright {_HOLDER}\n",
    }
    return Repository("lantern-routes", "Apache-2.0", False, {path: text.encode() for path, text in files.items()})


def _wrapped(page: Page) -> str:
    paragraphs = (textwrap.fill(paragraph, 88) for paragraph in page.paragraphs)
    return f"# {page.title}\n\n" + "\n\n".join(paragraphs) + "\n"


def _orchard_kit(
    world: World,
    programs: Mapping[str, str],
    tables: Mapping[str, str],
    scripts: Mapping[str, str],
    tidewater: Mapping[str, bytes],
    truth: dict[str, Any],
) -> Repository:
    rng = random.Random(f"winnow-demo-orchard:{world.seed}")
    person = world.people[5].name.split()
    email = make_email(rng, person[0], person[1], 7)
    key = "AKIA" + "".join(rng.choices(string.ascii_uppercase + "234567", k=16))
    token = "".join(rng.choices(string.ascii_letters + string.digits, k=40))
    vendored, foreign = list(programs)[:2]
    files: dict[str, bytes] = {
        **_python_package("orchard", [*list(programs.items())[2:], *tables.items()]),
        **_frame("orchard-kit", "MIT", "Helpers for orchards and markets."),
        "pyproject.toml": _pyproject("orchard-kit", "MIT"),
        f"vendor/rootstock/{vendored}.py": programs[vendored].encode(),
        "vendor/rootstock/LICENSE": license_text("MIT").encode(),
        f"src/orchard/{foreign}.py": _GPL_HEAD.encode() + programs[foreign].encode(),
        "src/orchard/price_table.py": _generated_table(rng),
        "static/harvest.min.js": _minified(scripts).encode(),
        "data/harvest.csv": _data(world, rng),
        "src/orchard/settings.py": _settings(email, key, token, " ".join(person)),
        "src/orchard/route_planner.py": tidewater["src/tidewater/route_planner.py"],
        ".gitmodules": b'[submodule "lib/graft"]\n\tpath = lib/graft\n\turl = https://code.sarn.example/graft.git\n',
    }
    kinds = {
        f"vendor/rootstock/{vendored}.py": "vendored",
        f"src/orchard/{foreign}.py": "gpl-header",
        "src/orchard/price_table.py": "generated",
        "static/harvest.min.js": "minified",
        "data/harvest.csv": "data",
        "src/orchard/settings.py": "secrets",
        "lib/graft": "submodule",
    }
    for path, kind in kinds.items():
        truth["planted"].append({"repository": "orchard-kit", "path": path, "kind": kind})
    truth["planted"].append(
        {
            "repository": "orchard-kit",
            "path": "src/orchard/route_planner.py",
            "kind": "copy",
            "of": "tidewater.git:src/tidewater/route_planner.py",
        }
    )
    for kind, value in (("email", email), ("key", key), ("key", token)):
        row = {"repository": "orchard-kit", "path": "src/orchard/settings.py", "kind": kind, "value": value}
        truth["code_private"].append(row)
    return Repository("orchard-kit", "MIT", False, files, {"lib/graft": _SUBMODULE_COMMIT})


def license_text(spdx: str) -> str:
    """The licence's full text, with our names where it leaves a blank."""
    text = dict(LICENSES)[spdx]
    return str(text).replace("[year] [fullname]", _HOLDER).replace("<year> <copyright holders>", _HOLDER)


def _frame(name: str, spdx: str, about: str) -> dict[str, bytes]:
    return {
        "README.md": f"# {name}\n\n{about}\n\nLicence: {spdx}.\n".encode(),
        "LICENSE": license_text(spdx).encode(),
    }


def _pyproject(name: str, spdx: str) -> bytes:
    return f'[project]\nname = "{name}"\nversion = "0.3.0"\nlicense = "{spdx}"\nrequires-python = ">=3.10"\n'.encode()


def _python_package(package: str, modules: list[tuple[str, str]]) -> dict[str, bytes]:
    files = {f"src/{package}/{name}.py": text.encode() for name, text in modules}
    names = "".join(f'    "{name}",\n' for name, _ in modules)
    files[f"src/{package}/__init__.py"] = f'"""The modules of {package}."""\n\n__all__ = [\n{names}]\n'.encode()
    return files


def _generated_table(rng: random.Random) -> bytes:
    rows = "".join(f"    ({week}, {rng.randint(2, 99)}, {rng.randint(2, 99)}),\n" for week in range(1, 400))
    head = "# Code generated by tablegen from harvest.csv. DO NOT EDIT.\n# This file was automatically generated.\n\n"
    return f"{head}PRICES = [\n{rows}]\n".encode()


def _minified(scripts: Mapping[str, str]) -> str:
    text = "".join(scripts[name] for name in ("priority-basket", "weather-events", "letter-cache"))
    text = re.sub(r"/\*.*?\*/|^\s*//.*$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"\s*([{}();,=<>+?:&|])\s*", r"\1", re.sub(r"\s+", " ", text)).strip()


def _data(world: World, rng: random.Random) -> bytes:
    rows = (
        f"{rng.choice(world.towns).name},{rng.choice(('apple', 'pear', 'plum'))},{year},{rng.randint(1, 900)}"
        for year in range(1800, 2020)
        for _ in range(4)
    )
    return ("town,fruit,year,baskets\n" + "\n".join(rows) + "\n").encode()


def _settings(email: str, key: str, token: str, name: str) -> bytes:
    return (
        '"""Settings of the orchard tools. The keys are invented and open nothing."""\n\n'
        "import os\nfrom dataclasses import dataclass\n\n"
        f'MAINTAINER = "{name} <{email}>"\n'
        f'AWS_ACCESS_KEY_ID = "{key}"\n'
        f'AWS_SECRET_ACCESS_KEY = "{token}"\n\n\n'
        "@dataclass(frozen=True)\nclass Settings:\n    bucket: str\n    region: str\n    retries: int = 3\n\n\n"
        "def read_settings(environment=os.environ):\n"
        '    """Settings from the environment, with defaults that suit a small orchard."""\n'
        '    retries = int(environment.get("ORCHARD_RETRIES", "3"))\n'
        "    if retries < 0:\n"
        '        raise ValueError("ORCHARD_RETRIES must not be negative")\n'
        "    return Settings(\n"
        '        bucket=environment.get("ORCHARD_BUCKET", "harvest"),\n'
        '        region=environment.get("ORCHARD_REGION", "sarn-north"),\n'
        "        retries=retries,\n    )\n\n\n"
        'if __name__ == "__main__":\n    print(read_settings({}))\n'
    ).encode()


def _write(path: Path, repository: Repository) -> str:
    """Write one repository; returns its commit."""
    store = pygit2.init_repository(str(path), bare=repository.bare, initial_head="main")
    entries: dict[str, Any] = {}
    for name, content in sorted(repository.files.items()):
        *folders, leaf = name.split("/")
        place = entries
        for part in folders:
            place = place.setdefault(part, {})
        place[leaf] = store.create_blob(content)
    for name, commit in repository.submodules.items():
        *folders, leaf = name.split("/")
        place = entries
        for part in folders:
            place = place.setdefault(part, {})
        place[leaf] = pygit2.Oid(hex=commit)
    submodules = {pygit2.Oid(hex=commit) for commit in repository.submodules.values()}
    tree = _tree(store, entries, submodules)
    message = f"Add {repository.name}\n"
    commit_id = store.create_commit("refs/heads/main", _AUTHOR, _AUTHOR, message, tree, [])
    if not repository.bare:
        for name, content in repository.files.items():
            target = path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        # Entries without file times: the index's bytes are the same wherever and whenever it is written.
        store.index.read_tree(tree)
        store.index.write()
    if repository.damaged:
        _damage(path, str(pygit2.hash(repository.files[repository.damaged])))
    return str(commit_id)


def _tree(store: Any, entries: Mapping[str, Any], submodules: set[Any]) -> Any:
    builder = store.TreeBuilder()
    for name, entry in sorted(entries.items()):
        if isinstance(entry, dict):
            builder.insert(name, _tree(store, entry, submodules), pygit2.enums.FileMode.TREE)
        elif entry in submodules:
            builder.insert(name, entry, pygit2.enums.FileMode.COMMIT)
        else:
            builder.insert(name, entry, pygit2.enums.FileMode.BLOB)
    return builder.write()


def _damage(path: Path, oid: str) -> None:
    """Overwrite the second half of a loose object, as a failing disk would."""
    loose = path / "objects" / oid[:2] / oid[2:]
    data = loose.read_bytes()
    os.chmod(loose, 0o644)
    loose.write_bytes(data[: len(data) // 2] + b"\xff" * (len(data) - len(data) // 2))
    os.chmod(loose, 0o444)
