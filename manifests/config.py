"""Typed YAML configuration: one model checks it before any work, and an error names the fix."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from manifests.errors import UsageError

MAX_CONFIG_BYTES = 4 << 20


class Config(BaseModel):
    """Base of every configuration model: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


ConfigType = TypeVar("ConfigType", bound=Config)


def load_config(
    model: type[ConfigType], path: str | os.PathLike[str] | None, overrides: Iterable[str] = ()
) -> ConfigType:
    """Read a YAML file, apply `key.path=value` overrides, and check the result against `model`.

    `path` of None starts from an empty document. Values of overrides are YAML, so `--set a.b=[1, 2]` works.

    Raises:
        UsageError: unreadable file, YAML syntax (with line and column), unknown key (with the nearest known
            one) or a value of the wrong type.
    """
    name = "the command line" if path is None else str(path)
    document = {} if path is None else read_yaml(path)
    for override in overrides:
        apply_override(document, override)
    return check_config(model, document, name)


def read_yaml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The mapping held by a YAML file; UsageError when it cannot be read or is not a mapping."""
    try:
        if os.path.getsize(path) > MAX_CONFIG_BYTES:
            raise UsageError(f"{path}: larger than {MAX_CONFIG_BYTES >> 20} MiB, so this is no configuration file")
        with open(path, encoding="utf-8") as stream:
            document = yaml.safe_load(stream)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text at byte {error.start}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise UsageError(f"{path}{place}: not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not valid YAML: {error}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise UsageError(f"{path}: expected `key: value` lines at the top, found a {type(document).__name__}")
    return document


def check_config(model: type[ConfigType], document: Mapping[str, Any], name: str) -> ConfigType:
    """Validate `document`; every problem found is listed in one UsageError that begins with `name`."""
    try:
        return model.model_validate(dict(document))
    except ValidationError as error:
        problems = [_describe(model, problem) for problem in error.errors()]
        raise UsageError("\n".join(f"{name}: {problem}" for problem in problems)) from None


def _describe(model: type[BaseModel], problem: Any) -> str:
    location = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        known = _keys_at(model, location[:-1])
        nearest = difflib.get_close_matches(location[-1], known, n=1, cutoff=0.5)
        hint = f"did you mean `{nearest[0]}`?" if nearest else f"known keys here: {', '.join(known)}"
        return f"unknown key `{'.'.join(location)}`; {hint}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    shown = repr(problem.get("input"))
    if problem["type"] == "missing":
        return f"`{'.'.join(location)}` is required"
    if len(shown) > 80:
        shown = shown[:77] + "..."
    if not location:
        return message
    return f"`{'.'.join(location)}`: {message} (found {shown})"


def _keys_at(model: type[BaseModel], location: Iterable[str]) -> list[str]:
    """The known keys of the nested model found by walking `location` from `model`."""
    current: type[BaseModel] | None = model
    for part in location:
        if current is None or part not in current.model_fields:
            continue  # an index of a list or a key of a mapping: stay with the model it holds
        current = _nested_model(current.model_fields[part].annotation)
    return sorted(current.model_fields) if current else []


def _nested_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _nested_model(argument)
        if found:
            return found
    return None


def apply_override(document: dict[str, Any], override: str) -> None:
    """Set one key of `document`, in place, from `key.path=value`; UsageError when it does not read so."""
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"--set {override}: expected key.path=value")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"--set {override}: the value is not valid YAML") from error
    *parents, last = key.strip().split(".")
    place: Any = document
    for part in parents:
        place = place.setdefault(part, {})
        if not isinstance(place, dict):
            raise UsageError(f"--set {override}: `{part}` holds a value, not keys")
    place[last] = value
