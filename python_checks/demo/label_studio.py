"""The export of Label Studio, as its files show it: annotated tasks, as JSON."""

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

PROJECT = 83
FIRST_TASK = 4711


def annotation(number: int, choices: Sequence[str] | None = ("yes",), **changes: object) -> Json:
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
        "project": PROJECT,
        "updated_by": 1,
        "parent_prediction": None,
        "parent_annotation": None,
        "last_created_by": None,
    } | changes


def annotated(tasks: Sequence[Json], annotations: Sequence[Sequence[Json]], before: int = 0) -> list[Json]:
    """The export of a project whose tasks were imported from this list; `annotations` has a list for each of them.

    `before` are the tasks that the project had already.
    """
    return [
        {
            "id": FIRST_TASK + number,
            "annotations": list(given),
            "file_upload": "ba1c3c1c-tasks.json",
            "drafts": [],
            "predictions": [],
            "data": task["data"],
            "meta": {},
            "created_at": "2024-02-29T08:00:00.000000Z",
            "updated_at": "2024-03-01T10:00:05.300000Z",
            "inner_id": number + 1,
            "total_annotations": sum(one["was_cancelled"] is not True for one in given),
            "cancelled_annotations": sum(one["was_cancelled"] is True for one in given),
            "total_predictions": len(task.get("predictions", [])),
            "comment_count": 0,
            "unresolved_comment_count": 0,
            "last_comment_updated_at": None,
            "project": PROJECT,
            "updated_by": 1,
            "comment_authors": [],
        }
        for number, (task, given) in enumerate(zip(tasks, annotations, strict=True), before)
    ]
