"""The dictionary of metrics: what each entry says is there, and where it says that the docs are, they are."""

import re

import jinja2
import pytest
from consumer import REPOSITORY

pytestmark = pytest.mark.quick

KEYS = {
    "is_of_groups",
    *("formula", "value", "lower", "upper", "definition", "bins", "expectation", "floor", "p", "category"),
    *("threshold", "is_in_latest", "page", "subject"),
}


def metrics():
    """Metric -> entry."""
    text, returned = (REPOSITORY / "macros/drift/metrics.sql").read_text(), []
    jinja2.Template(text + "{{ drift_metrics() }}").render({"return": returned.append})
    return returned[0]


def sections(page):
    """Anchor -> text of a page."""
    parts = re.split(r"^#+ (.+)\n", (REPOSITORY / "docs" / page).read_text(), flags=re.MULTILINE)
    return {title.lower().replace(" ", "-"): text for title, text in zip(parts[1::2], parts[2::2], strict=True)}


def test_every_metric_has_its_entry_and_its_line_in_the_docs():
    entries, pages = metrics(), {}
    assert len(entries) > 20
    for name, entry in entries.items():
        assert {"definition", "page"} <= entry.keys() <= KEYS, name
        page, anchor = entry["page"].split("#")
        text = pages.setdefault(page, sections(page))[anchor]
        lines = [line for line in text.splitlines() if line.startswith("|") and f"`{name}`" in line.split("|")[1]]
        assert len(lines) == 1, name
        # the thresholds stand beside what is judged
        assert bool(re.search(r"\.\d / \.\d", lines[0].split("|")[-2])) or "threshold" not in entry, name


def test_the_docs_name_no_other_metric():
    entries, text = metrics(), sections("drift.md")
    named = set()
    for anchor in {entry["page"].split("#")[1] for entry in entries.values()}:
        cells = [line.split("|")[1] for line in text[anchor].splitlines() if line.startswith("|")]
        named |= {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert named == set(entries)
