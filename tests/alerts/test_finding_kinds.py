"""The kinds of findings: docs/alerts.md has an entry of each that a part makes, and of no other."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.quick

REPOSITORY = Path(__file__).resolve().parents[2]
MADE = re.compile(r"^\s*'(\w+)' as finding,$", re.MULTILINE)
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
