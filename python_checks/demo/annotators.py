"""People who label visits of the clinic and err at a known rate, as far as Label Studio's files show them.

    python -m python_checks.demo.annotators visits clinic.duckdb truth.json
    python -m python_checks.demo.annotators answer tasks.json truth.json answers.json

The first writes a year of visits into the table `raw.visits`, and who was ill into a file that only the annotators
read. The second answers tasks as `data-health labels export` writes them: what it writes, `data-health labels import`
reads. Rows of the random sample are answered by all, since these answers judge everything else; others by one.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zlib import crc32

import duckdb
import numpy as np
import pyarrow as pa

from python_checks.demo.rows import POPULATION, SEED, Screening, logit, make_patients, make_screenings

FIRST_DAY, LAST_DAY = date(2025, 1, 1), date(2025, 12, 31)
ACCURACIES = {"ana": 0.96, "ben": 0.92, "chloe": 0.85}
SKIPPED = 0.03
# who is ill is plainer in their numbers than in the demo: a tenth cannot be told
PLAINNESS = 3.0
COLUMNS = (
    "sex",
    "age_band",
    "region",
    "age",
    "bmi",
    "systolic_bp",
    "glucose",
    "cholesterol",
    "smoking_status",
    "family_history",
)


def visits() -> list[Screening]:
    """A year of visits in which nothing goes wrong, from older to newer."""
    people = make_patients("people of the rounds", "R", 3000, POPULATION["age_band"], date(2025, 7, 1))
    return make_screenings("visits of the rounds", "V", people, FIRST_DAY, LAST_DAY, (8, 17))


def diagnoses(rows: Sequence[Screening]) -> dict[str, str]:
    """The truth, by visit."""
    draw = np.random.default_rng([SEED, crc32(b"truth of the rounds")])
    return {row.screening_id: "yes" if draw.logistic() < PLAINNESS * logit(row) else "no" for row in rows}


def write_visits(database: Path, truth: Path) -> int:
    """Put the visits into a database and the truth into a file; how many there are."""
    rows = visits()
    table = pa.Table.from_pydict(
        {
            "visit_id": [row.screening_id for row in rows],
            "visited_at": [row.screened_at for row in rows],
            **{name: [getattr(row, name) for row in rows] for name in COLUMNS},
        }
    )
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema if not exists raw")
        connection.register("visits_of_python", table)
        connection.execute("create or replace table raw.visits as select * from visits_of_python")
    truth.write_text(json.dumps(diagnoses(rows), indent=0))
    return table.num_rows


def annotated(
    tasks: Sequence[Mapping], truth: Mapping[str, str], names: Sequence[str] = tuple(ACCURACIES)
) -> list[dict]:
    """The tasks with their answers; those to a row are the same in whatever file it is.

    Who is asked for one more opinion is somebody who did not answer before.
    """
    exported = []
    for number, task in enumerate(tasks, start=1):
        key = task["data"]["dq_row_key"].split("|", 1)[1]
        draw = np.random.default_rng([SEED, crc32(key.encode())])
        people = list(draw.permutation(names))
        asked = {"audit": people, "relabel": people[1:2]}.get(task["data"]["dq_strategy"], people[:1])
        given = [annotation(key, name, truth[key], 10 * number + place) for place, name in enumerate(asked)]
        exported.append({"id": number, "data": task["data"], "annotations": given, "predictions": []})
    return exported


def annotation(key: str, name: str, truth: str, number: int) -> dict:
    """One answer of one person: right as often as that person is right."""
    draw = np.random.default_rng([SEED, crc32(f"{key}|{name}".encode())])
    is_skipped, is_right = draw.random() < SKIPPED, draw.random() < ACCURACIES[name]
    label = truth if is_right else {"yes": "no", "no": "yes"}[truth]
    choice = {"from_name": "label", "to_name": "row_key", "type": "choices", "value": {"choices": [label]}}
    answered_at = datetime(2026, 1, 5, 9) + timedelta(seconds=int(draw.integers(0, 28_800)))
    return {
        "id": number,
        "completed_by": {"id": 1 + list(ACCURACIES).index(name), "email": name},
        "result": [] if is_skipped else [choice],
        "was_cancelled": is_skipped,
        "ground_truth": False,
        "created_at": answered_at.isoformat() + "Z",
        "updated_at": answered_at.isoformat() + "Z",
        "lead_time": round(5 + 40 * float(draw.gamma(2.0, 0.5)), 1),
    }


def main() -> None:
    """Write the visits, or answer tasks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    table = commands.add_parser("visits", help="write the table and the truth")
    answer = commands.add_parser("answer", help="answer tasks")
    for command, names in ((table, ("database", "truth")), (answer, ("tasks", "truth", "answers"))):
        for name in names:
            command.add_argument(name, type=Path)
    options = parser.parse_args()
    if options.command == "visits":
        print(f"{write_visits(options.database, options.truth)} visits")
        return
    answered = annotated(json.loads(options.tasks.read_text()), json.loads(options.truth.read_text()))
    options.answers.write_text(json.dumps(answered, indent=1))
    print(f"{sum(len(task['annotations']) for task in answered)} answers to {len(answered)} tasks")


if __name__ == "__main__":
    main()
