"""People who answer tasks of Label Studio in place of you: they know the truth, and err at a known rate.

`python -m data_health.demo.annotators truth.csv tasks.json project.json` imports the tasks into a project, which is a
file, answers them, and writes the project's export.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import click
from data_health.demo.label_studio import FIRST_TASK, Json, annotated, annotation
from data_health.demo.rows import ANNOTATORS, SEED, choose, stream

# a row of the random sample judges automatic labels, so that three people look at it
PEOPLE = {"audit": {"3": 1.0}, "relabel": {"1": 1.0}}
USUAL_PEOPLE = {"1": 0.6, "2": 0.4}
SKIP_SHARE = 0.04
FIRST_BATCH = datetime(2025, 1, 6, 8)


def address(annotator: str) -> str:
    """By what the export names somebody."""
    return f"{annotator}@clinic.example"


def answer_of(annotator: str, row_key: str, truth: str, labels: Sequence[str], seed: int = SEED) -> str | None:
    """What somebody says of a row whatever else they were asked: the truth at their own rate, else another label.

    None where they would not decide.
    """
    rng = stream(f"answer of {annotator} to {row_key}", seed)
    if rng.random() < SKIP_SHARE:
        return None
    if rng.random() < ANNOTATORS[annotator]:
        return truth
    return str(rng.choice([label for label in labels if label != truth]))


def asked_people(data: Json, before: set[str], seed: int = SEED) -> list[str]:
    """Who is asked about the row of a task: nobody who has answered `before`."""
    rng = stream(f"people for {data['dq_row_key']}", seed)
    order = [str(name) for name in rng.permutation(list(ANNOTATORS)) if address(str(name)) not in before]
    return order[: int(choose(rng, PEOPLE.get(data["dq_strategy"], USUAL_PEOPLE)))]


def given_answer(number: int, task: int, annotator: str, data: Json, label: str | None, seed: int = SEED) -> Json:
    """The annotation that says so; each batch is answered in a week of its own."""
    rng = stream(f"time of {annotator} for {data['dq_row_key']}", seed)
    began = FIRST_BATCH + timedelta(weeks=data["dq_batch"] - 1, minutes=int(rng.integers(5 * 24 * 60)))
    seconds = 5 + round(40 * rng.gamma(2.0, 0.5))
    return annotation(
        number,
        None if label is None else [label],
        was_cancelled=label is None,
        completed_by={"id": 1 + list(ANNOTATORS).index(annotator), "email": address(annotator)},
        created_at=f"{began:%Y-%m-%dT%H:%M:%S.000000Z}",
        updated_at=f"{began + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S.000000Z}",
        lead_time=float(seconds),
        task=task,
    )


def answered(
    project: Sequence[Json], tasks: Sequence[Json], truth: Mapping[str, str], labels: Sequence[str], seed: int = SEED
) -> list[Json]:
    """The export of a project after these tasks came in and were answered; those that it has already are left out."""

    def place(item: Json) -> tuple[str, int]:
        return item["data"]["dq_row_key"], item["data"]["dq_batch"]

    there = {place(item) for item in project}
    fresh = [task for task in tasks if place(task) not in there]
    people: dict[str, set[str]] = {}
    for item in project:
        names = {one["completed_by"]["email"] for one in item["annotations"]}
        people.setdefault(item["data"]["dq_row_key"], set()).update(names)
    number = sum(len(item["annotations"]) for item in project)
    annotations: list[list[Json]] = []
    for count, task in enumerate(fresh, len(project)):
        key = task["data"]["dq_row_key"]
        given = []
        for annotator in asked_people(task["data"], people.get(key, set()), seed):
            number += 1
            label = answer_of(annotator, key, truth[key.partition("|")[2]], labels, seed)
            given.append(given_answer(number, FIRST_TASK + count, annotator, task["data"], label, seed))
        annotations.append(given)
    return [*project, *annotated(fresh, annotations, len(project))]


@click.command()
@click.argument("truth", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("tasks", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("project", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--seed", default=SEED, show_default=True, help="Another seed makes errors in other rows.")
def main(truth: Path, tasks: Path, project: Path, seed: int) -> None:
    """Annotate the exported TASKS as people who know the TRUTH would, and add them to the export PROJECT."""
    with truth.open(newline="") as file:
        known = {key: label for key, label in list(csv.reader(file))[1:]}
    before = json.loads(project.read_text()) if project.exists() else []
    after = answered(before, json.loads(tasks.read_text()), known, sorted(set(known.values())), seed)
    project.write_text(json.dumps(after, indent=1, ensure_ascii=False))
    counts = [sum(len(item["annotations"]) for item in export) for export in (before, after)]
    added = f"{counts[1] - counts[0]} annotations of {len(after) - len(before)} tasks are added"
    click.echo(f"{added}; {project} now has {counts[1]}")


if __name__ == "__main__":
    main()
