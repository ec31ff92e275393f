"""What annotators were asked, what they answered and skipped, and what was imported, as a text of tables."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from data_health.label_studio.matching import Stored
from data_health.label_studio.project import Monitor, Project
from data_health.label_studio.store import stored_columns, stored_rows
from data_health.label_studio.warehouse import Table, Warehouse, find_column, literal, now

MOST_FILES = 10
RESULTS = ("answered", "skipped", "open", "gone", "labelled")
BATCHES = ("batch", "asked", "exported", *RESULTS)
ANNOTATORS = ("annotator", "labels", "skips", "gold", "withdrawn", "last")
EXPORTS = ("exported at", "project", "file", "rows")
IMPORTS = ("imported at", "file", "added", "known", "withdrawn", "skips", "unanswered")


@dataclass(frozen=True)
class Asked:
    """A row of a batch, with what was known of it at the last build."""

    batch: int
    row_key: str
    strategy: str | None
    status: str | None
    annotations_before: int


def labels_status(project: Project, wanted: str | None) -> str:
    """All of it about a monitor, or about every monitor whose rows can be labelled. Nothing is written."""
    monitors = project.monitors(wanted)
    with project.transaction() as warehouse:
        return "\n\n\n".join(status_text(monitor, warehouse) for monitor in monitors)


def status_text(monitor: Monitor, warehouse: Warehouse) -> str:
    """The four tables; in place of one that would be empty, why it is."""
    store = stored_columns(monitor)
    stored = [] if store is None else stored_rows(store, warehouse)
    asked = asked_rows(monitor, warehouse)
    exports = log_rows(monitor.export_log, monitor.name, warehouse, ("batch", "row_key", "project", "file_name"))
    names = ("file_name", "added_count", "known_count", "withdrawn_count", "skip_count", "unanswered_count")
    imports = log_rows(monitor.import_log, monitor.name, warehouse, names)
    no_batch = f"No row is chosen for labeling yet; build {monitor.candidates.relation}."
    no_annotation = "There is no annotation yet." if monitor.answers else "labeling.annotations names no table."
    return "\n\n".join(
        [
            f"Monitor {monitor.name}",
            section("Batches", BATCHES, batch_lines(asked, exports, current_annotations(stored)), no_batch),
            section("Annotators", ANNOTATORS, annotator_lines(stored), no_annotation),
            section("Exports", EXPORTS, export_lines(exports), "Nothing was exported yet."),
            section("Imports", IMPORTS, import_lines(imports), "Nothing was imported yet."),
        ]
    )


def asked_rows(monitor: Monitor, warehouse: Warehouse) -> list[Asked]:
    """The rows of all batches."""
    columns = monitor.candidates.columns
    if columns is None:
        return []
    before = find_column(columns, "annotations_before")
    count = "0" if before is None else f"coalesce({before.quoted}, 0)"
    rows = warehouse.rows(
        f"select batch, row_key, strategy, status, {count} from {monitor.candidates.relation} "
        f"where monitor = {literal(monitor.name)}"
    )
    return [Asked(*row) for row in rows]


def log_rows(log: Table, monitor: str, warehouse: Warehouse, names: Sequence[str]) -> list[tuple]:
    """The rows of a log about a monitor, each with its time at the end; null where the log lacks a column."""
    if log.columns is None:
        return []
    moment = next(name for name in ("exported_at", "imported_at") if find_column(log.columns, name) is not None)
    values = [name if find_column(log.columns, name) is not None else "null" for name in names]
    where = f"where monitor = {literal(monitor)} order by {moment}"
    return warehouse.rows(f"select {', '.join(values)}, {moment} from {log.relation} {where}")


def newest_rows(stored: Iterable[Stored]) -> list[Stored]:
    """The newest row of every annotation; a row without id is one of its own. `stored` is in the order of time."""
    found: dict[object, Stored] = {}
    for number, row in enumerate(stored):
        is_known = row.annotation_id is not None
        key = (row.row_key, row.annotation_id, row.project) if is_known else number
        found[key] = row
    return list(found.values())


def current_annotations(stored: Iterable[Stored]) -> list[Stored]:
    """The annotations that count, as label_annotations has them: the newest of every annotator and row."""
    tomorrow, found = now() + timedelta(days=1), {}

    def order(row: Stored) -> tuple[object, ...]:
        is_past = row.labelled_at is None or row.labelled_at <= tomorrow
        number = row.annotation_id or ""
        return is_past, row.labelled_at or datetime.min, len(number), number, row.label

    for row in sorted((row for row in newest_rows(stored) if not row.is_withdrawn), key=order):
        found[row.row_key, None if row.is_gold else row.annotator] = row
    return list(found.values())


def results(asked: Iterable[Asked], current: Iterable[Stored]) -> dict[tuple[int, str], str]:
    """What became of the rows of every batch by now, also where nothing was built since."""
    labels, skips, gold = Counter(), Counter(), set()
    for row in current:
        if row.is_gold:
            gold.add(row.row_key)
        elif row.label:
            labels[row.row_key] += 1
        else:
            skips[row.row_key] += 1
    found = {}
    for row in asked:
        built = row.status if row.status in ("gone", "labelled") else "open"
        is_answered = labels[row.row_key] > row.annotations_before or row.row_key in gold
        found[row.batch, row.row_key] = "answered" if is_answered else "skipped" if skips[row.row_key] else built
    return found


def batch_lines(asked: Sequence[Asked], exports: Sequence[tuple], current: Iterable[Stored]) -> list[list[object]]:
    """A line for every batch and one for all."""
    exported = {(batch, row_key) for batch, row_key, *_ in exports}
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for (batch, row_key), result in results(asked, current).items():
        counts[batch].update(["asked", result])
        counts[batch]["exported"] += (batch, row_key) in exported
    lines = [[batch, *(counts[batch][name] for name in BATCHES[1:])] for batch in sorted(counts)]
    total = sum(counts.values(), Counter())
    return [*lines, ["(all)", *(total[name] for name in BATCHES[1:])]] if lines else []


def annotator_lines(stored: Sequence[Stored]) -> list[list[object]]:
    """A line for every annotator, with the newest annotation of each."""
    newest = newest_rows(stored)
    withdrawn = Counter(row.annotator for row in newest if row.is_withdrawn)
    of_annotator: dict[str, list[Stored]] = defaultdict(list)
    for row in current_annotations(stored):
        of_annotator[row.annotator].append(row)
    lines = []
    for name in sorted({*of_annotator, *withdrawn}):
        own = of_annotator[name]
        gold = sum(row.is_gold for row in own)
        labels = sum(bool(row.label) and not row.is_gold for row in own)
        last = max((row.labelled_at for row in own if row.labelled_at is not None), default=None)
        lines.append([name, labels, len(own) - labels - gold, gold, withdrawn[name], last])
    return lines


def export_lines(exports: Sequence[tuple]) -> list[list[object]]:
    """A line for every export: when, to which labeling project, which file, how many rows."""
    counts = Counter((moment, project, file) for _, _, project, file, moment in exports)
    return [[*key, count] for key, count in counts.items()]


def import_lines(imports: Sequence[tuple]) -> list[list[object]]:
    """A line for every file."""
    return [[moment, *(0 if value is None else value for value in values)] for *values, moment in imports]


def section(title: str, header: Sequence[str], lines: Sequence[Sequence[object]], nothing: str) -> str:
    """A table with its title; a long list of files is its end."""
    if not lines:
        return f"{title}\n{nothing}"
    is_log = header in (EXPORTS, IMPORTS)
    shown = lines[-MOST_FILES:] if is_log else lines
    if len(shown) < len(lines):
        title = f"{title} (the last {MOST_FILES} of {len(lines)})"
    return "\n".join([title, *table_lines(header, shown)])


def table_lines(header: Sequence[str], lines: Sequence[Sequence[object]]) -> list[str]:
    """Lines in columns: numbers at the right, texts at the left."""
    texts = [list(header), *([cell(value) for value in line] for line in lines)]
    widths = [max(len(line[place]) for line in texts) for place in range(len(header))]
    is_number = [all(isinstance(line[place], int) for line in lines) for place in range(len(header))]
    return [
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, is_number, strict=True)
        ).rstrip()
        for line in texts
    ]


def cell(value: object) -> str:
    """A value as the tables show it; a character that would break the line is shown by its number."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in str(value))
