"""Rows that annotators are asked about go out as files, each once per labeling project, with a log."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from data_health.label_studio.project import Monitor, Project, known_labels
from data_health.label_studio.tasks import (
    Candidate,
    ExchangeError,
    csv_header,
    csv_lines,
    csv_row,
    field_names,
    json_lines,
    labeling_config,
    parts,
    payload_hash,
    task,
)
from data_health.label_studio.warehouse import Warehouse, literal, now, prepare, row_key

EXPORT_LOG = (
    "monitor varchar, row_key varchar, batch bigint, project varchar, file_name varchar, payload_hash varchar, "
    "exported_at timestamp"
)


CANDIDATE = [field.name for field in fields(Candidate) if field.name != "shown"]


@dataclass(frozen=True)
class Export:
    """Where and how rows are written."""

    file: Path
    project: str | None = None
    is_csv: bool = False
    again: bool = False
    control: str = "label"
    config_file: Path | None = None


@dataclass(frozen=True)
class Exported:
    """What was written, and what was not: rows that were exported before, that are gone, that share their key."""

    files: list[Path]
    row_count: int
    known_count: int
    gone_count: int
    shared_count: int


def open_candidates(monitor: Monitor, warehouse: Warehouse) -> tuple[list[Candidate], int, int]:
    """The open rows in the order in which annotators are asked, how many are gone, how many stand for several rows."""
    numbers = range(len(monitor.show))
    shown = [f"cast({column.quoted} as varchar) as shown_{number}" for number, column in enumerate(monitor.show)]
    names = ["shown_rows.row_key is null", *(f"shown_rows.shown_{number}" for number in numbers)]
    where = f"where ({monitor.where})" if monitor.where else ""
    rows = warehouse.rows(f"""
        select {", ".join(f"candidates.{name}" for name in CANDIDATE)}, {", ".join(names)}
        from {monitor.candidates.relation} as candidates
        left join (
            select {", ".join([f"{row_key(monitor.key)} as row_key", *shown])}
            from {monitor.relation.relation} {where}
        ) as shown_rows
            on candidates.row_key = shown_rows.row_key
        where candidates.monitor = {literal(monitor.name)} and candidates.status = 'open'
        order by candidates.batch, candidates.rank, candidates.row_key
    """)
    found: dict[tuple, list[Candidate]] = {}
    for row in rows:
        if not row[len(CANDIDATE)]:
            values = dict(zip(CANDIDATE, row, strict=False))
            candidate = Candidate(**values, shown=row[len(CANDIDATE) + 1 :])
            found.setdefault((candidate.row_key, candidate.batch), []).append(candidate)
    # of several rows with one key the same is shown at every export
    one_each = [min(alike, key=lambda row: [text or "" for text in row.shown]) for alike in found.values()]
    gone_count = sum(row[len(CANDIDATE)] for row in rows)
    return one_each, gone_count, sum(len(alike) > 1 for alike in found.values())


def export_labels(project: Project, wanted: str | None, export: Export) -> Exported:
    """Write the open rows that were not yet exported to this labeling project, and log them.

    Raises ExchangeError, and neither writes nor logs, when the monitor cannot be exported or a file is there already.
    """
    monitor = project.monitor(wanted)
    if monitor.candidates.columns is None:
        raise ExchangeError(f"{monitor.candidates.relation} does not exist; build it first")
    target = export.project or monitor.name
    columns = [column.name for column in monitor.show]
    names = field_names(columns, export.control)
    written: dict[Path, str] = {}
    try:
        with project.transaction() as warehouse:
            prepare(warehouse, monitor.export_log, EXPORT_LOG)
            labels = known_labels(monitor, warehouse)
            candidates, gone_count, shared_count = open_candidates(monitor, warehouse)
            logged = warehouse.rows(
                f"select row_key, batch from {monitor.export_log.relation} "
                f"where monitor = {literal(monitor.name)} and project = {literal(target)}"
            )
            known = set() if export.again else set(logged)
            fresh = [row for row in candidates if (row.row_key, row.batch) not in known]
            texts, log = files_of(fresh, monitor.name, names, labels, export)
            exported_at = now()
            warehouse.insert(
                monitor.export_log.relation,
                [[monitor.name, *line[:2], target, *line[2:], exported_at] for line in log],
            )
            config = labeling_config(columns, names, labels, export.control) if export.config_file else ""
            written = write_all(texts)
            if export.config_file:
                write_all({export.config_file: config}, replace=True)
    except BaseException:
        # a file that is not in the log would be asked twice
        for file in written:
            file.unlink(missing_ok=True)
        raise
    return Exported(list(written), len(fresh), len(candidates) - len(fresh), gone_count, shared_count)


def files_of(
    rows: Sequence[Candidate], monitor: str, names: Sequence[str], labels: Sequence[str], export: Export
) -> tuple[dict[Path, str], list[tuple[str, int, str, str]]]:
    """The text of every file, numbered where there are several; of every row (row_key, batch, file name, hash)."""
    if export.is_csv:
        begin, between, end = csv_lines([csv_header(names, export.control)])[0] + "\n", "\n", "\n"
        lines = csv_lines(csv_row(row, monitor, names, labels) for row in rows)
    else:
        begin, between, end = "[\n", ",\n", "\n]\n"
        lines = json_lines(task(row, monitor, names, labels, export.control) for row in rows)
    pieces = list(parts(lines, len((begin + end).encode())))
    texts, log = {}, []
    for number, piece in enumerate(pieces, 1):
        file = export.file if len(pieces) == 1 else export.file.with_stem(f"{export.file.stem}_{number}")
        texts[file] = begin + between.join(lines[place] for place in piece) + end
        log += [(rows[place].row_key, rows[place].batch, file.name, payload_hash(lines[place])) for place in piece]
    return texts, log


def write_all(texts: dict[Path, str], *, replace: bool = False) -> dict[Path, str]:
    """Write all of these files, or none; what was written.

    Raises ExchangeError when one is there already, unless it may be replaced, or cannot be written.
    """
    there = [str(file) for file in texts if file.exists() and not replace]
    if there:
        raise ExchangeError(f"{', '.join(there)} already exists; move it, or name another file with --output")
    drafts = {file: file.with_name(f"{file.name}.part") for file in texts}
    try:
        for file, draft in drafts.items():
            draft.write_text(texts[file], encoding="utf-8", newline="")
        for file, draft in drafts.items():
            os.replace(draft, file)
    except OSError as wrong:
        for file in () if replace else texts:
            file.unlink(missing_ok=True)
        raise ExchangeError(f"cannot write a file: {wrong}") from None
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
    return texts
