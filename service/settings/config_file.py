"""Reading the configuration: one YAML file, with ``WERWATCH_SECTION__KEY`` variables laid over it."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError

from service.config import Config
from service.errors import ConfigError

ENVIRONMENT_PREFIX = "WERWATCH_"
_TOO_DEEP = "not YAML that can be used: nested too deeply, or a part that holds itself"
_MOST_VALUES = 100_000
_TOO_MUCH = f"expected at most {_MOST_VALUES:,} values; a part that is used again counts again"
# For a Service named werwatch, or werwatch-something, Kubernetes sets these in every container beside it.
_OF_A_SERVICE = r"WERWATCH(_[A-Z0-9]+)*_"
_INJECTED = re.compile(
    rf"{_OF_A_SERVICE}(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9]+)*|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)=.*"
    rf"|{_OF_A_SERVICE}PORT=(tcp|udp|sctp)://.*",
    re.DOTALL,
)


class _TooMuch(Exception):
    """More values than any configuration has."""


class _Loader(yaml.SafeLoader):
    """Safe YAML whose faults all have a place: a key that stands twice, a value that its kind cannot hold."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            first = lines.get((key.tag, key.value))
            if first is not None:
                problem = f"the key {key.value} stands here again, first in line {first}; keep one of them"
                raise ComposerError(None, None, problem, key.start_mark)
            lines[key.tag, key.value] = key.start_mark.line + 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 -- PyYAML's
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError):
            # Python's own words about 2026-13-45 name no place, and may repeat the value.
            kind = node.tag.rpartition(":")[2]
            problem = f"expected a valid {kind}, or quotes around it"
            raise ConstructorError(None, None, problem, node.start_mark) from None


def load_config(
    path: Path | None, environment: Mapping[str, str] | None = None, *, may_be_empty: bool = True
) -> Config:
    """Read the file and lay ``WERWATCH_SECTION__KEY`` variables over it.

    Parameters
    ----------
    may_be_empty
        Whether a file that says nothing means that every default holds, and not that it is being written.

    Raises
    ------
    ConfigError
        With a line for every fault: the key, what was expected, and where it stands.
    """
    document: dict[str, Any] = {}
    lines: dict[tuple[str | int, ...], int] = {}
    if path is not None:
        document, lines = _read_yaml(path)
        if not document and not may_be_empty:
            raise ConfigError(f"{path}: it sets nothing; where every default is to hold, say data_dir in it")
    origins = _overlay(document, os.environ if environment is None else environment)
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        place = str(path) if path else "configuration"
        faults = [_describe(fault, place, lines, origins) for fault in error.errors(include_url=False)]
        raise ConfigError("\n".join(faults)) from None


def _read_yaml(path: Path) -> tuple[dict[str, Any], dict[tuple[str | int, ...], int]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; name an existing one with --config") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"{path}: cannot be read: {reason}") from None
    lines: dict[tuple[str | int, ...], int] = {}
    try:
        node, document = _parse(text)
        _index_lines(node, (), lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{where}: not YAML: {getattr(error, 'problem', error)}") from None
    except RecursionError:
        raise ConfigError(f"{path}: {_TOO_DEEP}") from None
    except _TooMuch:
        raise ConfigError(f"{path}: {_TOO_MUCH}") from None
    if document is None:
        return {}, {}
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: expected keys with values, like 'listen: 127.0.0.1:8600'")
    return document, lines


def _parse(text: str) -> tuple[yaml.Node | None, Any]:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return node, None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def _index_lines(
    node: yaml.Node | None, location: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int]
) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            lines[(*location, key.value)] = key.start_mark.line + 1
            _index_lines(value, (*location, key.value), lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*location, index)] = value.start_mark.line + 1
            _index_lines(value, (*location, index), lines)
    if len(lines) > _MOST_VALUES:
        raise _TooMuch


def _overlay(document: dict[str, Any], environment: Mapping[str, str]) -> dict[tuple[str | int, ...], str]:
    origins: dict[tuple[str | int, ...], str] = {}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(ENVIRONMENT_PREFIX) or _INJECTED.fullmatch(f"{variable}={text}"):
            continue
        location = tuple(variable[len(ENVIRONMENT_PREFIX) :].lower().split("__"))
        section = document
        for key in location[:-1]:
            section = section.setdefault(key, {})
            if not isinstance(section, dict):
                raise ConfigError(f"{variable}: {key} is not a section")
        try:
            _, section[location[-1]] = _parse(text)
        except yaml.YAMLError:
            raise ConfigError(f"{variable}: its value is not YAML") from None
        except RecursionError:
            raise ConfigError(f"{variable}: {_TOO_DEEP}") from None
        origins[location] = variable
    return origins


def _describe(
    fault: Any,
    place: str,
    lines: dict[tuple[str | int, ...], int],
    origins: dict[tuple[str | int, ...], str],
) -> str:
    models, location = _followed(tuple(fault["loc"]))
    name = ".".join(str(part) for part in location)
    if fault["type"] == "extra_forbidden":
        message = "unknown key" + _nearest(models, str(location[-1]))
    else:
        message = str(fault["msg"]).removeprefix("Value error, ")
    variable = origins.get(location)
    if variable is not None:
        return f"{name}: {message} (environment {variable})" if name else f"{message} ({variable})"
    line = lines.get(location)
    where = f"{place}, line {line}" if line else place
    return f"{name}: {message} ({where})" if name else f"{message} ({where})"


def _followed(loc: tuple[str | int, ...]) -> tuple[list[type[BaseModel]], tuple[str | int, ...]]:
    """The section that holds a fault's last key, and its place without the kinds that pydantic puts in."""
    models: list[type[BaseModel]] = [Config]
    location: list[str | int] = []
    for part in loc:
        of_kind = [model for model in models if part in _kinds(model)]
        if of_kind:
            models = of_kind
            continue
        location.append(part)
        if part is not loc[-1] and isinstance(part, str):
            models = [found for model in models for found in _sections(model, part)] or models
    return models, tuple(location)


def _kinds(model: type[BaseModel]) -> tuple[Any, ...]:
    return get_args(model.model_fields["kind"].annotation) if "kind" in model.model_fields else ()


def _sections(model: type[BaseModel], key: str) -> list[type[BaseModel]]:
    field = model.model_fields.get(key)
    waiting, found = [] if field is None else [field.annotation], []
    while waiting:
        annotation: Any = waiting.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found.append(annotation)
        waiting += get_args(annotation)
    return found


def _nearest(models: list[type[BaseModel]], key: str) -> str:
    known = sorted({name for model in models for name in model.model_fields})
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else f"; known here: {', '.join(known)}"
