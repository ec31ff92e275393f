"""The kinds of findings: docs/alerts.md has an entry of each that a part makes, and of no other; docs/findings.md a section."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.quick

REPOSITORY = Path(__file__).resolve().parents[2]
MADE = re.compile(r"^\s*'(\w+)' as finding,$", re.MULTILINE)
QUESTIONS = ["What it means.", "How it comes about.", "What to do."]
ENTRY = re.compile(r"^(\| `.*) \| .* \| `health_\w+` \|$", re.MULTILINE)


def test_every_kind_has_an_entry():
    models = list((REPOSITORY / "dbt_project/models/steps").glob("*/*_findings.sql"))
    made = {model.parent.name: MADE.findall(model.read_text()) for model in models}
    # a model that makes no kind, or one that the expression does not see, would pass unseen
    assert all(made.values()) and all(
        len(MADE.findall(model.read_text())) == len(re.findall(r"\bas finding\b", model.read_text()))
        for model in models
    )
    documented = re.findall(r"`(\w+)`", " ".join(ENTRY.findall((REPOSITORY / "docs/alerts.md").read_text())))
    assert len(documented) == len(set(documented))
    assert set(documented) == {kind for kinds in made.values() for kind in kinds}


def test_every_kind_has_a_section_that_says_what_to_do():
    documented = re.findall(r"`(\w+)`", " ".join(ENTRY.findall((REPOSITORY / "docs/alerts.md").read_text())))
    page = (REPOSITORY / "docs/findings.md").read_text()
    sections = re.findall(r"^### `(\w+)`\n(.*?)(?=^#)", page, re.MULTILINE | re.DOTALL)
    assert sorted(documented) == sorted(kind for kind, _ in sections)
    for kind, text in sections:
        assert re.findall(r"^\*\*(.+?)\*\*", text, re.MULTILINE) == QUESTIONS, kind
