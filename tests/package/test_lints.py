"""How SQL and Jinja are written here."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = {
    str(path.relative_to(REPOSITORY)): path.read_text()
    for folder in ("macros", "dbt_project/models", "dbt_project/tests")
    for path in sorted((REPOSITORY / folder).rglob("*.sql"))
}
MOST_CHARACTERS = 140


def without_comments(text):
    return re.sub(r"{#.*?#}", lambda comment: "\n" * comment[0].count("\n"), text, flags=re.DOTALL)


def broken(rule):
    """The files that break a rule, of which `rule` gives the places."""
    return {name: places for name, text in FILES.items() if (places := rule(text))}


def test_no_store_asks_dbt_whether_it_has_a_past():
    """is_incremental() is false on a clone, which is a view: see macros/statistics/stores.sql."""
    found = broken(lambda text: re.findall(r"\bis_incremental\s*\(.*", without_comments(text)))
    assert not found


def test_only_the_engines_own_files_ask_for_the_engine():
    asking = re.compile(
        r".*\b(?:target\.type|target\[|adapter\.type\b|adapter\.dispatch\b|(?:duckdb|postgres|default)__\w+).*"
    )
    found = broken(lambda text: asking.findall(without_comments(text)))
    assert "macros/engine/engine_sql.sql" in found
    assert not {name: places for name, places in found.items() if not name.startswith("macros/engine/")}


def test_lines_are_no_longer_than_a_screen():
    found = broken(lambda text: [line for line in text.splitlines() if len(line) > MOST_CHARACTERS])
    assert not found
