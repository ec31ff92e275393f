"""What Label Studio does with tasks, as far as its files show it: tasks in, annotated tasks out as JSON, JSON_MIN or CSV."""

import csv
import io
import json
import shlex

from click.testing import CliRunner
from data_health.command_line import main
from data_health.demo.label_studio import annotated as annotated
from data_health.demo.label_studio import annotation as annotation


def run(project, *arguments):
    """The command data-health on a consumer's project: (exit code, what it says)."""
    place = ["--project-dir", str(project.folder), "--profiles-dir", str(project.folder)]
    done = CliRunner().invoke(main, [*arguments, *place])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def commands(page, programs=("data-health",)):
    """The calls of these programs on a page, as lists of words."""
    lines = page.replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.split(" ")[0] in programs]


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
