"""What documents point to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from deploy_tools import DEPLOY, ROOT

DOCUMENTS = [DEPLOY / "README.md", ROOT / "SECURITY.md"]
LINKING = [
    *DOCUMENTS,
    DEPLOY / "runbook.md",
    ROOT / "README.md",
    ROOT / "service/README.md",
    ROOT / "tests/benchmarks/README.md",
]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(document: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", LINKING, ids=name_of)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", document.read_text())
    assert links
    for name, anchor in links:
        target = document.parent / name if name else document
        assert target.exists(), name
        assert not anchor or anchor in anchors(target), (name, anchor)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_target_and_file_that_is_named_exists(document: Path) -> None:
    text = document.read_text()
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"`make ([a-z-]+)`", text))
    assert targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    files = re.findall(r"\b(deploy/[\w./-]+|requirements[\w-]*\.lock)", text)
    assert [name for name in files if not (ROOT / name.rstrip(".")).exists()] == []
