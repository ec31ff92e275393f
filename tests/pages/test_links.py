"""Links between pages lead somewhere, and lines of prose are short enough to read."""

import re

import pytest
from consumer import REPOSITORY

pytestmark = pytest.mark.quick

PAGES = sorted(
    [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "tests/README.md")]
    + list((REPOSITORY / "docs").rglob("*.md"))
)
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
LONGEST_LINE = 120


def prose(page):
    return FENCE.sub("", page.read_text())


def anchors(page):
    """The headings of a page, as GitHub makes anchors of them."""
    found = {}
    for heading in re.findall(r"^#+ +(.*)$", prose(page), re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = found.get(name, 0)
        found[name] = count + 1
        if count:
            found[f"{name}-{count}"] = 1
    return set(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_links_lead_somewhere(page):
    lost = []
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        if not other.exists() or (anchor and other.suffix == ".md" and anchor not in anchors(other)):
            lost.append(target)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_lines_of_prose_are_short(page):
    long_lines = [line for line in prose(page).split("\n") if len(line) > LONGEST_LINE and not line.startswith("|")]
    assert long_lines == []
