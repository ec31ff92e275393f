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

# lists that may only get shorter: a file that needs its place no longer fails the test
PAST_BY_IS_INCREMENTAL = set()
ASKS_FOR_ENGINE: set[str] = set()
LONG_LINES: set[str] = set()


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


def test_no_ref_is_given_a_name():
    """With --empty dbt names it itself; data_health.named_model() is right in both cases."""
    assert not broken(lambda text: re.findall(r"\bref\([^)]*\)\s*}}\s+as\s.*", without_comments(text)))


def test_lines_are_no_longer_than_a_screen():
    found = broken(lambda text: [line for line in text.splitlines() if len(line) > MOST_CHARACTERS])
    assert not found


# columns that are null in some rows: without a time, a value, a name
NULLABLE = {
    "acknowledged_by", "acknowledged_until", "bin", "category", "evidence", "group_value", "label", "maximum",
    "minimum", "model_version", "note", "period_end", "period_start", "segment_value",
}  # fmt: skip
END_OF_KEYS = re.compile(r"\s(?:rows|range) (?:between|unbounded)|\slimit\b|\n\s*\n|{%|['\"`]|\n\)")


def sort_keys(text):
    """The keys of every `order by`, but of those inside of an aggregate, which leave nulls out."""
    for found in re.finditer(r"\border by\s", text):
        if text[: found.start()].rstrip().endswith("within group ("):
            continue
        depth, key, keys = 0, "", []
        # texts are no keys; a quote after a name ends the string that the clause is in
        clause = re.sub(r"(?<=[\s(,])'[^'\n]*'", "''", text[found.end() :]).replace("''", "0")
        end = END_OF_KEYS.search(clause)
        for letter in clause[: end.start() if end else None]:
            depth += (letter in "([{") - (letter in ")]}")
            if depth < 0:
                break
            if letter == "," and depth == 0:
                keys.append(key)
                key = ""
            else:
                key += letter
        yield from (" ".join(key.split()) for key in (*keys, key))


def test_every_order_says_where_nulls_stand():
    """Warehouses disagree: a key that descends, or is null in some rows, ends with nulls first or nulls last."""

    def silent(text):
        for key in sort_keys(without_comments(text)):
            name = key.removesuffix(" desc").split(".")[-1]
            if (key.endswith(" desc") or name in NULLABLE) and not key.endswith((" nulls first", " nulls last")):
                yield key

    assert list(sort_keys("over (order by a desc, f(b, c) nulls last rows unbounded preceding)")) == [
        "a desc",
        "f(b, c) nulls last",
    ]
    assert not broken(lambda text: list(silent(text)))
