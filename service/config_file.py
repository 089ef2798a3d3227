"""Reading the configuration: one YAML file, with ``WERWATCH_SECTION__KEY`` variables laid over it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from service.config import Config, WebhookReceiver
from service.errors import ConfigError

ENVIRONMENT_PREFIX = "WERWATCH_"


def load_config(path: Path | None, environment: Mapping[str, str] | None = None) -> Config:
    """Read the file and lay ``WERWATCH_SECTION__KEY`` variables over it.

    Raises
    ------
    ConfigError
        With a line for every fault: the key, what was expected, and where it stands.
    """
    document: dict[str, Any] = {}
    lines: dict[tuple[str | int, ...], int] = {}
    if path is not None:
        document, lines = _read_yaml(path)
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
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{where}: not YAML: {getattr(error, 'problem', error)}") from None
    if document is None:
        return {}, {}
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: expected keys with values, like 'listen: 127.0.0.1:8600'")
    lines: dict[tuple[str | int, ...], int] = {}
    _index_lines(node, (), lines)
    return document, lines


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


def _overlay(document: dict[str, Any], environment: Mapping[str, str]) -> dict[tuple[str | int, ...], str]:
    origins: dict[tuple[str | int, ...], str] = {}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(ENVIRONMENT_PREFIX):
            continue
        location = tuple(variable[len(ENVIRONMENT_PREFIX) :].lower().split("__"))
        section = document
        for key in location[:-1]:
            section = section.setdefault(key, {})
            if not isinstance(section, dict):
                raise ConfigError(f"{variable}: {key} is not a section")
        try:
            section[location[-1]] = yaml.safe_load(text)
        except yaml.YAMLError:
            raise ConfigError(f"{variable}: its value is not YAML") from None
        origins[location] = variable
    return origins


def _describe(
    fault: Any,
    place: str,
    lines: dict[tuple[str | int, ...], int],
    origins: dict[tuple[str | int, ...], str],
) -> str:
    location = tuple(fault["loc"])
    name = ".".join(str(part) for part in location)
    if fault["type"] == "extra_forbidden":
        message = "unknown key" + _nearest(location)
    elif location == ("privacy", "keep_text"):
        message = "this version never keeps text; leave it false"
    else:
        message = str(fault["msg"]).removeprefix("Value error, ")
    variable = origins.get(location)
    if variable is not None:
        return f"{name}: {message} (environment {variable})" if name else f"{message} ({variable})"
    line = lines.get(location)
    where = f"{place}, line {line}" if line else place
    return f"{name}: {message} ({where})" if name else f"{message} ({where})"


def _nearest(location: tuple[str | int, ...]) -> str:
    model: Any = Config
    for part in location[:-1]:
        if part == "receivers":
            model = WebhookReceiver
        elif isinstance(part, str) and part in model.model_fields:
            model = model.model_fields[part].annotation
    known = list(model.model_fields)
    near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else f"; known here: {', '.join(known)}"
