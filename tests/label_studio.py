"""What Label Studio does with tasks, as far as its files show it: tasks in, annotated tasks out as JSON, JSON_MIN or CSV."""

import csv
import io
import json
import shlex

from click.testing import CliRunner

from python_checks.command_line import main


def run(project, *arguments):
    """The command data-health on a consumer's project: (exit code, what it says)."""
    place = ["--project-dir", str(project.folder), "--profiles-dir", str(project.folder)]
    done = CliRunner().invoke(main, [*arguments, *place])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def commands(page):
    """The calls of data-health on a page, as lists of words."""
    lines = page.replace("\\\n", " ").splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("data-health ")]


def annotation(number, choices=("yes",), **changes):
    """One annotation as an export has it; `choices` of none is an annotation without result."""
    result = {
        "value": {"choices": list(choices or [])},
        "id": f"Dx_{number}",
        "from_name": "label",
        "to_name": "row_key",
        "type": "choices",
        "origin": "manual",
    }
    return {
        "id": number,
        "completed_by": 1,
        "result": [] if choices is None else [result],
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2024-03-01T10:00:00.000000Z",
        "updated_at": "2024-03-01T10:00:05.250000Z",
        "draft_created_at": None,
        "lead_time": 4.75,
        "prediction": {},
        "result_count": 0 if choices is None else 1,
        "unique_id": f"00000000-0000-4000-8000-{number:012d}",
        "import_id": None,
        "last_action": None,
        "bulk_created": False,
        "task": 1,
        "project": 83,
        "updated_by": 1,
        "parent_prediction": None,
        "parent_annotation": None,
        "last_created_by": None,
    } | changes


def annotated(tasks, annotations):
    """The export of a project whose tasks were imported from this list; `annotations` has a list for each of them."""
    return [
        {
            "id": 4711 + number,
            "annotations": given,
            "file_upload": "ba1c3c1c-tasks.json",
            "drafts": [],
            "predictions": [],
            "data": task["data"],
            "meta": {},
            "created_at": "2024-02-29T08:00:00.000000Z",
            "updated_at": "2024-03-01T10:00:05.300000Z",
            "inner_id": number + 1,
            "total_annotations": len(given),
            "cancelled_annotations": sum(one["was_cancelled"] is True for one in given),
            "total_predictions": len(task.get("predictions", [])),
            "comment_count": 0,
            "unresolved_comment_count": 0,
            "last_comment_updated_at": None,
            "project": 83,
            "updated_by": 1,
            "comment_authors": [],
        }
        for number, (task, given) in enumerate(zip(tasks, annotations, strict=True))
    ]


def flat(export):
    """The same as JSON_MIN, which leaves out what was skipped and shows one choice as a text."""
    rows = []
    for task in export:
        for one in task["annotations"]:
            if one["was_cancelled"]:
                continue
            row = {**task["data"], "id": task["id"]}
            for result in one["result"]:
                choices = result["value"]["choices"]
                row[result["from_name"]] = choices[0] if len(choices) == 1 else {"choices": choices}
            who = one["completed_by"]
            row |= {"annotator": who["email"] if isinstance(who, dict) else who, "annotation_id": one["id"]}
            rows.append(row | {name: one[name] for name in ("created_at", "updated_at", "lead_time")})
    return rows


def as_json(value):
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


def as_csv(rows, delimiter=","):
    """Rows, given as dictionaries, as a file with all their columns."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
