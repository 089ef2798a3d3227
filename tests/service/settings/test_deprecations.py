"""A key that will go is named a version ahead, where the configuration is checked and where it is used."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner
from pydantic import BaseModel, Field

from service import __version__
from service.cli import werwatch
from service.config import Config
from service.settings.deprecations import deprecated

PROMISE = re.compile(r"use \S.*; refused from (\d+)\.(\d+)\.(\d+) on")
SAID = "use log_level; refused from 99.0.0 on"


class ConfigWithAnOldKey(Config):
    loud: bool = Field(default=False, deprecated=SAID)


@pytest.fixture
def config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("service.settings.config_file.Config", ConfigWithAnOldKey)
    monkeypatch.setattr("service.serve.serve", lambda *_: None)
    monkeypatch.setattr(logging.root, "handlers", [])
    return tmp_path / "werwatch.yaml"


def test_an_old_key_is_named_with_what_to_use_and_until_when(config_file: Path) -> None:
    config_file.write_text("loud: true")
    checked = CliRunner().invoke(werwatch, ["check-config", str(config_file)])
    assert checked.output.splitlines() == [f"{config_file}: good", f"loud: {SAID}"]
    served = CliRunner().invoke(werwatch, ["serve", "--config", str(config_file)])
    [line] = [json.loads(line) for line in served.output.splitlines()]
    assert (line["level"], line["message"]) == ("warning", f"loud: {SAID}")


def test_who_does_not_use_it_hears_nothing(config_file: Path) -> None:
    config_file.write_text("log_level: debug")
    checked = CliRunner().invoke(werwatch, ["check-config", str(config_file)])
    assert checked.output == f"{config_file}: good\n"
    assert CliRunner().invoke(werwatch, ["serve", "--config", str(config_file)]).output == ""


def sections(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    waiting = [field.annotation for field in model.model_fields.values()]
    while waiting:
        annotation = waiting.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from sections(annotation)
        waiting += get_args(annotation)


def test_each_promise_names_a_later_version_and_is_kept_once_that_is_there() -> None:
    present = [int(part) for part in re.findall(r"\d+", __version__)]
    found = list(sections(Config))
    assert len(found) > 10
    found.append(ConfigWithAnOldKey)
    for section in found:
        for field in section.model_fields.values():
            if field.deprecated:
                promised = PROMISE.fullmatch(str(field.deprecated))
                assert promised, field.deprecated
                assert [int(part) for part in promised.groups()] > present


def test_nothing_is_deprecated_by_default() -> None:
    assert list(deprecated(Config())) == []
