"""
Clean a table with known errors with the package itself, and score the cells:

    python benchmarks/cleaning.py benchmarks/cleaning/hospital.yml --data ../shared/data/cleaning [--shuffle]

A configuration names two CSV files with the same rows in the same order and columns matched by position, and says what is
done, in the words of the package (docs/cleaning.md): `repair`, `rules`, and `suggestions`, the kinds of suggested rules
that are taken over as they are. The table is loaded as texts, repaired, then cleaned by the rules.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import yaml
from data_health.cleaning.sentinels import WORDS
from numpy.typing import NDArray

REPOSITORY = Path(__file__).resolve().parents[1]
POSITION = "position in the file"
DATES = ["%m/%d/%Y", "%m/%d/%Y %I:%M:%S %p", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"]


@dataclass(frozen=True)
class Score:
    """Shares of cells. A cell is wrong when dirty and clean differ; harm is the share of the right cells that were changed."""

    wrong: int
    changed: int
    detection_precision: float
    detection_recall: float
    repair_precision: float
    repair_recall: float
    harm: float
    harmed: int


def main() -> None:
    """Read the configuration, run the package, print the score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configuration", nargs="+", type=Path, help="one or several files of benchmarks/cleaning")
    parser.add_argument("--data", type=Path, default=Path(), help="folder that the paths of a configuration start from")
    parser.add_argument(
        "--shuffle", action="store_true", help="the columns in another order, with names that say nothing"
    )
    parser.add_argument("--show", type=int, default=0, help="print so many cells that were harmed or repaired wrongly")
    arguments = parser.parse_args()
    print("| set | wrong cells | changed | detection precision, recall, F1 | repair precision, recall, F1 | harm |")
    print("|---|---|---|---|---|---|")
    for path in arguments.configuration:
        configuration = yaml.safe_load(path.read_text())
        names, dirty = read_table(arguments.data / configuration["dirty"])
        _, clean = read_table(arguments.data / configuration["clean"])
        if arguments.shuffle:
            names, dirty, clean, configuration = shuffled(names, dirty, clean, configuration)
        with tempfile.TemporaryDirectory() as folder:
            after = with_words_for_missing(dirty, clean, cleaned(Path(folder), names, dirty, configuration))
        print(line(path.stem + (", shuffled" if arguments.shuffle else ""), score(dirty, clean, after)))
        if arguments.show:
            print_mistakes(names, dirty, clean, after, arguments.show)


def read_table(path: Path) -> tuple[list[str], NDArray[np.object_]]:
    """Names and texts (rows, columns) of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        names, *rows = csv.reader(file)
    return names, np.array(rows, dtype=object)


def shuffled(
    names: list[str], dirty: NDArray[np.object_], clean: NDArray[np.object_], configuration: dict[str, Any]
) -> tuple[list[str], NDArray[np.object_], NDArray[np.object_], dict[str, Any]]:
    """The columns in another order and renamed, in the rules too; SQL in rules cannot be renamed."""
    order = np.random.default_rng(0).permutation(len(names))
    new_names = {names[old]: f"c{new}" for new, old in enumerate(order)}
    rules = []
    for rule in configuration.get("rules", []):
        if {"set", "when", "expression"} & set(rule):
            raise SystemExit("--shuffle: a rule with SQL names columns that would have another name")
        rules.append(rule | {"column": new_names[rule["column"]]})
    return [new_names[names[old]] for old in order], dirty[:, order], clean[:, order], configuration | {"rules": rules}


def cleaned(
    folder: Path, names: list[str], dirty: NDArray[np.object_], configuration: dict[str, Any]
) -> NDArray[np.object_]:
    """The table as the package leaves it: a dbt project in the folder, built; suggested rules are taken over in a second build."""
    database = folder / "cleaning.duckdb"
    load(database, [POSITION, *names], np.column_stack([np.arange(len(dirty)).astype(str), dirty]))
    raw: dict[str, Any] = {"relation": {"source": ["raw", "dirty"]}, "suggest": bool(configuration.get("suggestions"))}
    if configuration.get("repair"):
        raw["repair"] = {"columns": names} | configuration["repair"]
    rules = list(configuration.get("rules", []))
    # one step after the other: the raw texts are repaired, then the rules run over them
    models = {
        "repaired_rows": "{{ data_health.repaired('raw') }}"
        if raw.get("repair")
        else "select * from {{ source('raw', 'dirty') }}"
    }
    if raw["suggest"]:
        write_project(folder, database, {"raw": raw}, models)
        build(folder)
        rules += suggested(database, configuration["suggestions"])
    # a set without rules would clean nothing
    rules = rules or [{"column": POSITION, "required": True, "on_failure": "warn"}]
    models["cleaned_rows"] = "{{ data_health.clean('rows') }}"
    write_project(
        folder, database, {"raw": raw, "rows": {"relation": {"ref": "repaired_rows"}, "rules": rules}}, models
    )
    build(folder)
    columns = ", ".join(f"cast({quoted(name)} as varchar)" for name in names)
    with duckdb.connect(str(database)) as connection:
        rows = connection.execute(
            f"select {columns} from cleaned_rows order by cast({quoted(POSITION)} as integer)"
        ).fetchall()
    if len(rows) != len(dirty):
        raise SystemExit(
            f"{len(rows)} of {len(dirty)} rows are left: the score needs rules that put none into quarantine"
        )
    return np.array(rows, dtype=object)


def load(database: Path, names: list[str], values: NDArray[np.object_]) -> None:
    """A table raw.dirty of texts; an empty text is a missing value, as DuckDB reads it from a file."""
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema raw")
        connection.execute(f"create table raw.dirty ({', '.join(f'{quoted(name)} varchar' for name in names)})")
        marks = ", ".join("?" * len(names))
        connection.executemany(
            f"insert into raw.dirty values ({marks})", [[value or None for value in row] for row in values]
        )


def quoted(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def write_project(folder: Path, database: Path, cleaning: dict[str, Any], models: dict[str, str]) -> None:
    """A project that installs this checkout."""
    output = {"type": "duckdb", "path": str(database), "threads": 2}
    files = {
        "dbt_project.yml": {
            "name": "cleaning_benchmark",
            "version": "1.0.0",
            "profile": "cleaning_benchmark",
            "vars": {"data_health": {"cleaning": cleaning}},
            "flags": {"send_anonymous_usage_stats": False},
        },
        "profiles.yml": {"cleaning_benchmark": {"target": "dev", "outputs": {"dev": output}}},
        "packages.yml": {"packages": [{"local": str(REPOSITORY)}]},
        "models/sources.yml": {"sources": [{"name": "raw", "schema": "raw", "tables": [{"name": "dirty"}]}]},
    }
    (folder / "models").mkdir(exist_ok=True)
    for name, content in files.items():
        # JSON is YAML
        (folder / name).write_text(json.dumps(content))
    for name, text in models.items():
        (folder / "models" / f"{name}.sql").write_text(text)


def build(folder: Path) -> None:
    """`dbt deps` and `dbt build`."""
    dbt = Path(sys.executable).with_name("dbt")
    for command in ("deps", "build"):
        finished = subprocess.run([dbt, command], cwd=folder, capture_output=True, text=True, check=False)
        if finished.returncode:
            raise SystemExit(finished.stdout)


def suggested(database: Path, kinds: list[str]) -> list[dict[str, Any]]:
    """The suggested rules of these kinds, as they are."""
    with duckdb.connect(str(database)) as connection:
        rows = connection.execute("select kind, rule from health_suggested_rules order by rule_number").fetchall()
    rules = [yaml.safe_load(rule) for kind, rule in rows if kind in kinds]
    return [rule for rule in rules if rule.get("column", POSITION) != POSITION]


def is_same(a: str | None, b: str | None) -> bool:
    """Equal as texts, as numbers, or as dates; a missing value is an empty text."""
    a, b = a or "", b or ""
    if a == b:
        return True
    for kind in (as_number, as_date):
        one, other = kind(a), kind(b)
        if one is not None and other is not None:
            return one == other
    return False


def as_number(text: str) -> float | None:
    """The number; None for another text."""
    try:
        return float(text)
    except ValueError:
        return None


def as_date(text: str) -> datetime | None:
    """The moment; None for another text."""
    for form in DATES:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def differ(one: NDArray[np.object_], other: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Cells (rows, columns) that are not the same."""
    return ~np.vectorize(is_same, otypes=[bool])(one, other)


def with_words_for_missing(
    dirty: NDArray[np.object_], clean: NDArray[np.object_], after: NDArray[np.object_]
) -> NDArray[np.object_]:
    """
    The result, with `empty` or `N/A` put back that became null where the clean table says `empty` or `N/A` as well: both say that
    there is no value, which is no change.
    """
    is_word = np.vectorize(lambda value: value.strip().lower() in WORDS, otypes=[bool])(clean)
    is_null = np.vectorize(lambda value: value is None, otypes=[bool])(after)
    return np.where(is_word & (dirty == clean) & is_null, dirty, after)


def score(dirty: NDArray[np.object_], clean: NDArray[np.object_], after: NDArray[np.object_]) -> Score:
    """Every cell counted."""
    wrong, changed, still_wrong = differ(dirty, clean), differ(dirty, after), differ(after, clean)
    found, repaired, harmed = (wrong & changed).sum(), (wrong & changed & ~still_wrong).sum(), (changed & ~wrong).sum()
    all_changed, all_wrong = max(int(changed.sum()), 1), max(int(wrong.sum()), 1)
    return Score(
        wrong=int(wrong.sum()),
        changed=int(changed.sum()),
        detection_precision=found / all_changed,
        detection_recall=found / all_wrong,
        repair_precision=repaired / all_changed,
        repair_recall=repaired / all_wrong,
        harm=harmed / (~wrong).sum(),
        harmed=int(harmed),
    )


def line(name: str, result: Score) -> str:
    """A row of the table."""
    parts = []
    for precision, recall in (
        (result.detection_precision, result.detection_recall),
        (result.repair_precision, result.repair_recall),
    ):
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        parts.append(f"{precision:.3f}, {recall:.3f}, **{f1:.3f}**")
    return f"| {name} | {result.wrong} | {result.changed} | {parts[0]} | {parts[1]} | {result.harm:.3%} ({result.harmed}) |"


def print_mistakes(names: list[str], dirty: NDArray, clean: NDArray, after: NDArray, count: int) -> None:
    """Cells that were changed and are not right now."""
    mistakes = np.argwhere(differ(dirty, after) & differ(after, clean))
    for row, column in mistakes[:count]:
        print(
            f"  {names[column]}: {dirty[row, column]!r} became {after[row, column]!r}, right is {clean[row, column]!r}"
        )


if __name__ == "__main__":
    main()
