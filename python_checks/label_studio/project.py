"""A dbt project as the commands need it: what a monitor says of its labels, and the warehouse behind its profile."""

import contextlib
import io
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_health.label_studio.tasks import ExchangeError
from data_health.label_studio.warehouse import Column, Table, Warehouse, find_column, literal, lock_message
from dbt.adapters.factory import FACTORY
from dbt.cli.main import dbtRunner
from dbt_common.exceptions import DbtBaseException

# more than that is no set of choices
MOST_LABELS = 100

# compiled by dbt in the project, with all macros of the package; what is read must be named while dbt parses, too
SETTINGS = """
{%- set names, usable = [], [] -%}
{%- for monitor in data_health.resolved_monitors().values() -%}
    {%- do names.append(monitor.name) -%}
    {%- if monitor.relation and monitor.key and monitor.parts.labeling and wanted in [none, monitor.name] -%}
        {%- do usable.append(monitor) -%}
    {%- endif -%}
{%- endfor -%}
{%- set found = {'names': names, 'usable': usable | map(attribute='name') | list} -%}
{%- set home = ref('data_health', 'health_monitors') -%}
{%- for monitor in usable if usable | length == 1 -%}
    {%- set label, labeling = monitor.label or {}, monitor.labeling -%}
    {%- set relations = {'relation': data_health.relation_of(monitor.relation)} -%}
    {%- do relations.update({
        'label': data_health.relation_of(label.relation) if label.get('relation') else relations.relation,
        'answers': data_health.relation_of(labeling.annotations) if labeling.annotations else none
    }) -%}
    {%- if execute -%}
        {%- set node = graph.nodes.get('model.data_health.health_labeling_candidates') or {} -%}
        {%- set candidates = {
            'database': node.get('database', home.database), 'schema': node.get('schema', home.schema),
            'identifier': node.get('alias', 'health_labeling_candidates')
        } -%}
        {%- do relations.update({
            'candidates': home.incorporate(path=candidates),
            'export_log': home.incorporate(path={'identifier': 'labeling_export_log'}),
            'import_log': home.incorporate(path={'identifier': 'labeling_import_log'})
        }) -%}
        {%- set tables = {} -%}
        {%- for name, relation in relations.items() if relation is not none -%}
            {%- set columns = data_health.columns_of(relation) -%}
            {%- set described = [] -%}
            {%- for column in columns or [] -%}
                {%- set quoted = data_health.quoted(column.name) -%}
                {%- do described.append({'name': column.name, 'quoted': quoted, 'type': column.data_type}) -%}
            {%- endfor -%}
            {%- set exists = columns is not none or adapter.check_schema_exists(relation.database, relation.schema) -%}
            {%- set elsewhere = relation.database != target.database -%}
            {%- set schema = relation.include(database=elsewhere, identifier=false) | string -%}
            {%- do tables.update({name: {
                'relation': relation | string,
                'columns': none if columns is none else described,
                'schema': schema,
                'schema_exists': exists,
                'lock': data_health.engine_sql('take_turns', data_health.text_literal(schema))
            }}) -%}
        {%- endfor -%}
        {%- set source = (labeling.annotations or {}).get('source') is not none and not relations.answers.external -%}
        {%- do found.update({
            'name': monitor.name, 'where': monitor.where, 'key': monitor.key, 'label_column': label.get('column'),
            'labeling': labeling, 'answers_can_grow': source, 'tables': tables
        }) -%}
    {%- endif -%}
{%- endfor -%}
{{ tojson(found) }}
"""


@dataclass(frozen=True)
class Monitor:
    """What the commands need to know of a monitor; `label_column` is one of the table `label`."""

    name: str
    where: str | None
    key: list[Column]
    show: list[Column]
    labels: list[str] | None
    skip: str
    relation: Table
    label: Table
    label_column: Column | None
    answers: Table | None
    answers_can_grow: bool
    candidates: Table
    export_log: Table
    import_log: Table


@dataclass(frozen=True)
class Project:
    """Where the project is, and which target of which profile is meant; as dbt finds them where nothing is said.

    A profiles.yml beside a project that is named comes before those that dbt looks for. Its paths are meant as from
    there, where dbt is run.
    """

    project_dir: str | None = None
    profiles_dir: str | None = None
    target: str | None = None

    def own_folder(self) -> Path | None:
        """The folder of the project if it was named and has the profile that is meant."""
        named = self.project_dir or os.environ.get("DBT_PROJECT_DIR")
        if not named or self.profiles_dir is not None or os.environ.get("DBT_PROFILES_DIR"):
            return None
        folder = Path(named).absolute()
        return folder if (folder / "profiles.yml").is_file() else None

    def absolute(self, file: Path) -> Path:
        """A file that was named from the current folder, also where the work is done in another folder."""
        return file if self.own_folder() is None else file.absolute()

    @contextlib.contextmanager
    def at_home(self) -> Iterator[None]:
        """Work where the paths of the profile are meant."""
        folder = self.own_folder()
        with contextlib.nullcontext() if folder is None else contextlib.chdir(folder):
            yield

    def options(self) -> list[str]:
        """The same as options of dbt."""
        folder = self.own_folder()
        project_dir, profiles_dir = (self.project_dir, self.profiles_dir) if folder is None else (folder, folder)
        given = {"--project-dir": project_dir, "--profiles-dir": profiles_dir, "--target": self.target}
        return [word for name, value in given.items() if value is not None for word in (name, str(value))]

    def settings(self, wanted: str | None) -> dict[str, Any]:
        """What dbt finds out about the monitor, or about the only one that has a key; raises as `compiled` does."""
        return self.compiled("{%- set wanted = " + (json.dumps(wanted) if wanted else "none") + " -%}" + SETTINGS)

    def compiled(self, query: str) -> dict[str, Any]:
        """What dbt makes of a template that gives JSON. Raises ExchangeError when the project does not compile."""
        with self.at_home(), contextlib.redirect_stdout(io.StringIO()) as output:
            done = dbtRunner().invoke(["--no-use-colors", "compile", "--inline", query, *self.options()])
        if not done.success:
            said = str(done.exception or "") or "\n".join(output.getvalue().splitlines()[-20:])
            if locked := lock_message(said) or lock_message(output.getvalue()):
                raise ExchangeError(locked)
            raise ExchangeError(f"dbt cannot compile the project: {said.strip()}")
        return json.loads(done.result.results[0].node.compiled_code)

    def monitor(self, wanted: str | None) -> Monitor:
        """The monitor of that name; without one, the only monitor whose rows can be labelled.

        Raises ExchangeError when there is none, or when its tables lack what it names.
        """
        if wanted is not None and not re.fullmatch(r"\w([\w .-]*\w)?", wanted):
            raise ExchangeError(f"{wanted!r} is not a valid name of a monitor")
        found = self.settings(wanted)
        if wanted is not None and wanted not in found["names"]:
            raise ExchangeError(f"there is no monitor {wanted!r}; allowed: {', '.join(found['names']) or 'none'}")
        if wanted is not None and not found["usable"]:
            raise ExchangeError(f"monitor {wanted!r} has no key, or the part labeling is off for it")
        if len(found["usable"]) != 1:
            names = ", ".join(found["usable"])
            raise ExchangeError(
                f"choose a monitor with --monitor; allowed: {names}"
                if names
                else "no monitor has both a key and the part labeling"
            )
        return described(found)

    def monitors(self, wanted: str | None) -> list[Monitor]:
        """The monitor of that name; without one, all monitors whose rows can be labelled.

        Raises ExchangeError as `monitor` does.
        """
        usable = [] if wanted is not None else self.settings(None)["usable"]
        return [self.monitor(name) for name in usable] if len(usable) > 1 else [self.monitor(wanted)]

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Warehouse]:
        """The warehouse of the project that dbt compiled last; all that is done there is kept, or nothing of it."""
        (adapter,) = FACTORY.adapters.values()
        try:
            with self.at_home(), adapter.connection_named("data_health_labels"):
                adapter.connections.begin()
                try:
                    yield Warehouse(adapter)
                except BaseException:
                    adapter.connections.rollback_if_open()
                    raise
                adapter.connections.commit()
        except DbtBaseException as wrong:
            raise ExchangeError(lock_message(str(wrong)) or f"the warehouse reports an error: {wrong}") from wrong


def described(found: dict[str, Any]) -> Monitor:
    """The monitor as dbt described it. Raises ExchangeError when its tables lack what it names."""
    name, labeling = found["name"], found["labeling"]
    tables = {
        place: Table(**{**table, "columns": table["columns"] and [Column(**column) for column in table["columns"]]})
        for place, table in found["tables"].items()
    }
    for place in ("relation", "label"):
        if tables[place].columns is None:
            raise ExchangeError(f"monitor {name!r}: {tables[place].relation} does not exist; build or load it first")

    def columns_named(setting: str, names: str | Sequence[str], place: str = "relation") -> list[Column]:
        result = {
            one: find_column(tables[place].columns or [], one) for one in ([names] if isinstance(names, str) else names)
        }
        missing = [one for one, column in result.items() if column is None]
        if missing:
            raise ExchangeError(f"monitor {name!r}, {setting}: {tables[place].relation} has no column {missing[0]}")
        return [column for column in result.values() if column is not None]

    label_column = found["label_column"]
    return Monitor(
        name=name,
        where=found["where"],
        key=columns_named("key", found["key"]),
        show=columns_named("labeling.show", labeling["show"] or []),
        labels=None if labeling["labels"] is None else label_texts(labeling["labels"]),
        skip=labeling["skip"],
        relation=tables["relation"],
        label=tables["label"],
        label_column=columns_named("label.column", label_column, "label")[0] if label_column else None,
        answers=tables.get("answers"),
        answers_can_grow=found["answers_can_grow"],
        candidates=tables["candidates"],
        export_log=tables["export_log"],
        import_log=tables["import_log"],
    )


def label_texts(labels: Sequence[object]) -> list[str]:
    """The labels of the configuration, each once, as warehouses write them as texts."""
    texts = [str(label).lower() if isinstance(label, bool) else str(label) for label in labels]
    if not all(text.strip() for text in texts):
        raise ExchangeError("labeling.labels: one of the labels is empty")
    return list(dict.fromkeys(texts))


def known_labels(monitor: Monitor, warehouse: Warehouse) -> list[str]:
    """The labels that annotators may choose: those that are configured, or those that rows and answers have by now.

    Raises ExchangeError when there are none, or so many that they are no choice.
    """
    if monitor.labels is not None:
        return monitor.labels
    answered = find_column(monitor.answers.columns or [], "label") if monitor.answers else None
    queries = [
        f"select cast({column.quoted} as varchar) as label from {table.relation}"
        for table, column in ((monitor.label, monitor.label_column), (monitor.answers, answered))
        if column is not None
    ]
    if not queries:
        raise ExchangeError(f"monitor {monitor.name!r}: no label is known; list the labels under labeling.labels")
    rows = warehouse.rows(
        f"select distinct label from ({' union all '.join(queries)}) as labels "
        f"where label is not null and label <> '' and label <> {literal(monitor.skip)} limit {MOST_LABELS + 1}"
    )
    if not rows or len(rows) > MOST_LABELS:
        problem = f"more than {MOST_LABELS} labels are known" if rows else "no label is known yet"
        raise ExchangeError(f"monitor {monitor.name!r}: {problem}; list those to choose from under labeling.labels")
    return sorted(label for (label,) in rows)
