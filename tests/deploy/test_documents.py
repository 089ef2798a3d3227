"""What deploy/README.md and SECURITY.md point to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from deploy_tools import DEPLOY, ROOT

DOCUMENTS = [DEPLOY / "README.md", ROOT / "SECURITY.md"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    text = document.read_text()
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert links
    assert [link for link in links if not (document.parent / link).exists()] == []
    headings = {
        re.sub(r"[^a-z ]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_target_and_file_that_is_named_exists(document: Path) -> None:
    text = document.read_text()
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"`make ([a-z-]+)`", text))
    assert targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    files = re.findall(r"\b(deploy/[\w./-]+|requirements[\w-]*\.lock)", text)
    assert [name for name in files if not (ROOT / name.rstrip(".")).exists()] == []
