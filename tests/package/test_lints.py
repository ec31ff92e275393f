"""How SQL and Jinja are written here."""

import re
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.quick

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


MOST_LINES, MOST_CTES = 275, 12
CTE = re.compile(r"^(?:with )?\w+(?: \([^)]*\))? as (?:materialized |not materialized )?\($", re.MULTILINE)
LONG_MODELS = {
    "column_grids": "kind, scale, bins and atoms come from one sample of rows; a second model would store or draw it again",
    "column_distributions": "bins, lengths and categories of one scan are stored together, so that their sum tells whether a period is whole",
    "feature_bins": "bins of numbers, categories and special values are ranked together; the halves would be stores of their own",
    "drift_evidence": "one p value after the other over the same groups, and the order of all of them for the false discovery rate",
    "drift_groups": "tenths of numbers, numbers that are not cut and single values: all that a column is compared by, in short CTEs",
    "health_volume": "rows, keys, late rows and age of a period are judged from one row; a second model would be joined to it",
    "volume_windows": "chance, trend and limits of a window are of the same few days, in short CTEs",
    "health_schema_changes": "six ways to differ, a CTE each, and what they are weighed by",
    "health_representation_gaps": "what a gap is called needs six short lists of names and shares",
    "uncovered_patterns": "what is uncovered, less what follows from a smaller pattern: in short CTEs",
    "combination_values": "bins of features, values of subgroups, and how many stand together as others: one list of codes",
    "representation_ratios": "the ratio, its error, its p value and its judgement",
    "health_annotators": "answers, agreement by chance (Krippendorff) and error rates meet in one row per annotator",
    "labeling_batches": "a store: what was asked, what people did since and what is asked now, in one statement that can be repeated",
    "labeling_gap_rows": "patterns and rows of short tables are matched, in short CTEs",
    "serving_comparisons": "a store: keys and features of a period are read, counted and stored together, so that they agree",
    "labeling_shortlist": "unites six reasons to ask for a row, a CTE each",
}


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


def test_models_are_no_longer_than_people_read():
    """Around 250 lines, so up to 275, and twelve CTEs; what is longer has a reason, and only as long as it is longer."""
    models = {Path(name).stem: text for name, text in FILES.items() if "/models/" in name}
    long = {
        name for name, text in models.items() if text.count("\n") > MOST_LINES or len(CTE.findall(text)) > MOST_CTES
    }
    assert len(CTE.findall(models["health_scorecard"])) == 12
    assert long == LONG_MODELS.keys()


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


# what a column holds, as people read it in a list of columns, without the lines above
SHARED_DESCRIPTION = re.compile(r"{{ doc\('data_health', '(\w+)'\) }}")
BLOCK = re.compile(r"{% docs (\w+) %}\n(.*?)\n{% enddocs %}", re.DOTALL)
NEEDS_ANOTHER = re.compile(
    r"(?:Their|Theirs|Its|The same|As|Of these|Of those|Of them|Those|These|They|That less|Upper end|Lower end)\b"
)
FEWEST_WORDS = 4


def shared_descriptions():
    """The text of every doc block, by its name."""
    blocks = BLOCK.findall((REPOSITORY / "dbt_project/models/_columns.md").read_text())
    assert len(dict(blocks)) == len(blocks)
    return dict(blocks)


def descriptions():
    """Every description of a model, seed or macro, and of its columns or arguments, by where it stands."""
    paths = [*(REPOSITORY / "dbt_project").rglob("*.yml"), *(REPOSITORY / "seeds").rglob("*.yml")]
    for path in sorted([*paths, *(REPOSITORY / "macros").rglob("*.yml")]):
        properties = yaml.safe_load(path.read_text())
        for kind in ("models", "seeds", "macros"):
            for node in properties.get(kind, []):
                yield node["name"], node["description"].strip()
                for column in (*node.get("columns", []), *node.get("arguments", [])):
                    yield f"{node['name']}.{column['name']}", column["description"].strip()


def test_a_description_stands_alone():
    """A BI tool shows it without the others; it has at least four words, and does not begin with what refers to another."""
    blocks = shared_descriptions()
    texts = {place: SHARED_DESCRIPTION.sub(lambda found: blocks[found[1]], text) for place, text in descriptions()}
    assert len([place for place in texts if place.startswith("health_")]) > 700
    assert not {place: text for place, text in texts.items() if NEEDS_ANOTHER.match(text)}
    assert not {place: text for place, text in texts.items() if len(text.split()) < FEWEST_WORDS}


def test_shared_descriptions_are_shared_and_name_the_package():
    """doc('x') without the package would take the block of that name of the project that installs this one."""
    texts = [text for _, text in descriptions()]
    assert not [text for text in texts if "doc(" in text and not SHARED_DESCRIPTION.fullmatch(text)]
    used = [found[1] for text in texts if (found := SHARED_DESCRIPTION.fullmatch(text))]
    assert {name for name in shared_descriptions() if used.count(name) < 2} == set()
