"""The rules for Prometheus, by promtool: they hold, and their tests would see it if they did not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import program

RULES = Path(__file__).parents[2] / "deploy" / "prometheus"
RULE_FILES = sorted(path.name for path in RULES.glob("*.rules.yml"))
TEST_FILES = sorted(path.name for path in RULES.glob("tests/*_test.yml"))

MUTATIONS = {
    "one sidecar alone": (
        "recording",
        "without (instance, pod, selection, type)",
        "without (selection, type)",
    ),
    "a part of the errors": ("recording", '{selection!="volunteered"}', '{selection="random"}'),
    "volunteered references as well": ("recording", '{selection!="volunteered"}', ""),
    "sites thrown together": ("recording", "sum without (cohort)", "sum"),
    "a longer window": ("recording", "[6h]", "[24h]"),
    "nothing divided by nothing": ("recording", " > 0", ""),
    "the cohort among the rest": ("recording", "- ignoring", "+ ignoring"),
    "no reset of a counter seen": ("recording", "increase(", "delta("),
}


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [program("promtool", "prometheus"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", RULE_FILES)
def test_promtool_takes_the_rules(name: str) -> None:
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", RULES / name)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", TEST_FILES)
def test_rules_do_what_their_tests_say(name: str) -> None:
    done = promtool("test", "rules", RULES / "tests" / name)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_rule_that_was_changed_for_the_worse_is_noticed(mutation: str, tmp_path: Path) -> None:
    kind, right, wrong = MUTATIONS[mutation]
    shutil.copytree(RULES, tmp_path, dirs_exist_ok=True)
    path = tmp_path / f"werwatch-{kind}.rules.yml"
    rules = path.read_text()
    assert right in rules
    path.write_text(rules.replace(right, wrong))
    assert promtool("check", "rules", path).returncode == 0
    assert promtool("test", "rules", tmp_path / "tests" / f"{kind}_test.yml").returncode == 1
