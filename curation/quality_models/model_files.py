"""Where language models lie, by language. Importing this costs nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path

from manifests.errors import UsageError

MODEL_NAME = "model.npz"
"""The file of a model in a folder that `winnow train-perplexity` wrote."""

PIECES_NAMES = ("pieces.sp.model", "tokenizer.json")
"""What cuts text into its tokens, where it stands beside that file."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_]\w{2,8})?")
_MODEL_ENDINGS = (".arpa.bin", ".arpa", ".arpa.gz", ".binlm", ".klm", ".bin", ".npz")
_PIECES_ENDING = ".sp.model"


def find_models(path: str | os.PathLike[str]) -> dict[str, Path]:
    """The model files under `path` by language; one that serves every language has the key "".

    Raises:
        UsageError: there is none, or two of one language.
    """
    root = Path(path)
    if root.is_file():
        return {"": root}
    if (root / MODEL_NAME).is_file():
        return {"": root / MODEL_NAME}
    found: dict[str, Path] = {}
    for entry in sorted(root.iterdir()) if root.is_dir() else ():
        file = entry / MODEL_NAME if entry.is_dir() else entry
        language = entry.name.split(".")[0]
        if not file.is_file() or not _LANGUAGE.fullmatch(language) or not file.name.endswith(_MODEL_ENDINGS):
            continue
        if language in found:
            raise UsageError(f"{root}: two models of `{language}`: {found[language].name} and {file.name}")
        found[language] = file
    if not found:
        raise UsageError(
            f"{root}: no language model here; expected a model file, a folder of `winnow train-perplexity`, or files "
            "named by language such as en.arpa.bin"
        )
    return found


def model_files(path: str | os.PathLike[str]) -> list[Path]:
    """All files that the perplexity of a document depends on."""
    files = []
    for model in find_models(path).values():
        files += [model, *(file for file in pieces_beside(model) if file.is_file())]
    return files


def pieces_beside(model: Path) -> list[Path]:
    """Where the file that cuts text into a model's tokens would be, if it has one."""
    if model.name == MODEL_NAME:
        return [model.with_name(name) for name in PIECES_NAMES]
    return [model.with_name(model.name.split(".")[0] + _PIECES_ENDING)]
