"""A table of annotations in a DuckDB of its own, with which files are imported as the command does it, without dbt."""

import contextlib
from pathlib import Path
from types import SimpleNamespace

import duckdb
from data_health.label_studio.importing import Import, import_labels
from data_health.label_studio.project import Monitor
from data_health.label_studio.status import status_text
from data_health.label_studio.warehouse import Column, Table, Warehouse
from label_studio import annotated, as_json

KEYS = ("k1", "k2", "k3", "k4")


class AnnotationsStore:
    """Four rows of the monitor `visits`, which may be `yes` or `no`; nothing has been asked or imported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = duckdb.connect()
        self.sql("create table visits (id varchar)")
        self.sql("insert into visits values ('k1'), ('k2'), ('k3'), ('k4')")

    def sql(self, statement):
        cursor = self.connection.execute(statement)
        return cursor.fetchall() if cursor.description else []

    def table(self, name):
        """What dbt would say of a table."""
        columns = self.sql(f"select column_name, data_type from duckdb_columns() where table_name = '{name}'")
        described = [Column(column, f'"{column}"', kind) for column, kind in columns]
        return Table(name, described or None, "main", True, "")

    def monitor(self, wanted=None):
        names = ("visits", "answers", "health_labeling_candidates", "labeling_export_log", "labeling_import_log")
        visits, answers, candidates, export_log, import_log = map(self.table, names)
        return Monitor(
            name="visits",
            where=None,
            key=visits.columns,
            show=[],
            labels=["yes", "no", "-1"],
            skip="skip",
            relation=visits,
            label=visits,
            label_column=None,
            answers=answers,
            answers_can_grow=True,
            candidates=candidates,
            export_log=export_log,
            import_log=import_log,
        )

    @contextlib.contextmanager
    def transaction(self):
        handle = SimpleNamespace(cursor=lambda: self.connection)
        connections = SimpleNamespace(get_thread_connection=lambda: SimpleNamespace(handle=handle))
        self.connection.begin()
        try:
            yield Warehouse(SimpleNamespace(connections=connections, get_binding_char=lambda: "?"))
        except BaseException:
            self.connection.rollback()
            raise
        self.connection.commit()

    def give(self, *contents, **options):
        """Import files; what each of them brought."""
        files = []
        for number, content in enumerate(contents):
            files.append(self.folder / f"answers_{number}")
            files[-1].write_bytes(content if isinstance(content, bytes) else as_json(content))
        return import_labels(self, "visits", Import(files, **options))[1]

    def status(self):
        with self.transaction() as warehouse:
            return status_text(self.monitor(), warehouse)


def exported(given, before=0):
    """The export of a project with a task for each of these rows; `given` is {key: annotations}."""
    tasks = [{"data": {"dq_row_key": f"visits|{key}", "dq_batch": 1}} for key in given]
    return annotated(tasks, list(given.values()), before)
