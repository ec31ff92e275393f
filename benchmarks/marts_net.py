"""Build the marts of real tables by two releases and show every value that differs; `compare` then ends with 1.

    python benchmarks/marts_net.py build work/bank --package . --dbt .venv/bin/dbt --engine duckdb --table bank
    python benchmarks/marts_net.py dump work/bank marts/bank
    python benchmarks/marts_net.py compare baseline/bank marts/bank

`demo` is the repository's own project; the others are consumer projects on the public tables of `--data`
(marts_net_tables.py).
Run it by the Python of an environment that has the package, with the extra `test`.

Databases of an older release: `archive` keeps a database whose raw rows are half gone, `upgrade` lets a release build
over it.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import duckdb
import pyarrow as pa
from marts_net_tables import DRAW, TABLES, Table

REPOSITORY = Path(__file__).resolve().parents[1]
# where consumer projects and the demo put what they build
SCHEMA = "main"
CANDIDATES = "health_labeling_candidates"
# how many builds a table with answers gets; people answer in between
ROUNDS = 2

# columns of marts that differ between two runs of the same release, as `column` or `mart.column`
LEFT_OUT = {
    "built_at": "when the run began",
    "run_id": "the invocation of dbt",
    "drawn_at": "when the run began that drew the batch",
    "monitored_since": "when the first run with this setting began",
    "watched_since": "when the first run with this setting began",
    "detected_at": "when the run began that saw the change",
    "hours_since_newest_event": "hours until the run began",
    "hours_since_newest_load": "hours until the run began",
}
RELATIVE, ABSOLUTE = 1e-12, 0.0
DIFFERENCES_SHOWN = 5
# with how many rows of the other side a row without its like is compared
ROWS_TRIED = 2000


class Warehouse:
    """A database of one project."""

    def execute(self, *statements: str) -> None:
        """Run statements in one session."""
        raise NotImplementedError

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        raise NotImplementedError

    def marts(self) -> list[str]:
        """Names of the relations `health_*`."""
        query = f"select table_name from information_schema.tables where table_schema = '{SCHEMA}'"
        return sorted(name for (name,) in self.rows(query) if name.startswith("health_"))

    def arrow(self, mart: str) -> pa.Table:
        """All of a mart."""
        raise NotImplementedError

    def load(self, name: str, file: Path, separator: str) -> None:
        """Make a table of texts in the schema raw."""
        raise NotImplementedError

    def profile(self) -> dict[str, Any]:
        """The output of dbt's profile."""
        raise NotImplementedError


def texts_of(file: Path, separator: str) -> str:
    """The query that reads a file as texts, numbered."""
    read = f"read_csv('{file}', delim = '{separator}', header = true, all_varchar = true, sample_size = -1)"
    return f"select cast(row_number() over () as varchar) as line, * from {read}"


@dataclass
class DuckWarehouse(Warehouse):
    """A database file. One thread per query, so that sums are added up in one order."""

    file: Path

    @contextlib.contextmanager
    def connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A session."""
        with duckdb.connect(str(self.file), config={"threads": 1}) as connection:
            connection.execute("set enable_progress_bar = false")
            yield connection

    def execute(self, *statements: str) -> None:
        with self.connection() as connection:
            for statement in statements:
                connection.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.connection() as connection:
            return connection.execute(query).fetchall()

    def arrow(self, mart: str) -> pa.Table:
        with self.connection() as connection:
            # sums of integers and decimals
            wide = connection.execute(
                f"select column_name from (describe {SCHEMA}.{mart}) "
                "where column_type = 'HUGEINT' or column_type like 'DECIMAL%'"
            ).fetchall()
            casts = ", ".join(f'cast("{name}" as double) as "{name}"' for (name,) in wide)
            return connection.sql(
                f"select *{f' replace ({casts})' if casts else ''} from {SCHEMA}.{mart}"
            ).to_arrow_table()

    def load(self, name: str, file: Path, separator: str) -> None:
        self.execute(
            "create schema if not exists raw", f"create or replace table raw.{name} as {texts_of(file, separator)}"
        )

    def profile(self) -> dict[str, Any]:
        return {
            "type": "duckdb",
            "path": str(self.file),
            "schema": SCHEMA,
            "threads": 2,
            "config_options": {"threads": 1},
        }


# types of PostgreSQL by number; others are read as texts
POSTGRES_TYPES = {
    16: pa.bool_(),
    20: pa.int64(),
    21: pa.int16(),
    23: pa.int32(),
    701: pa.float64(),
    1700: pa.float64(),
    1082: pa.date32(),
    1114: pa.timestamp("us"),
}


@dataclass
class PostgresWarehouse(Warehouse):
    """A database of a server."""

    login: dict[str, Any]

    @contextlib.contextmanager
    def connection(self, **other: str) -> Iterator[Any]:
        """A session."""
        import psycopg2

        with contextlib.closing(psycopg2.connect(**self.login | other)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor

    def create(self, template: str = "template0") -> None:
        """Make the database anew."""
        with self.connection(dbname="postgres") as cursor:
            cursor.execute(f"drop database if exists {self.login['dbname']} with (force)")
            cursor.execute(f"create database {self.login['dbname']} template {template}")

    def drop(self) -> None:
        """Drop the database."""
        with self.connection(dbname="postgres") as cursor:
            cursor.execute(f"drop database if exists {self.login['dbname']} with (force)")

    def execute(self, *statements: str) -> None:
        with self.connection() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.connection() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def arrow(self, mart: str) -> pa.Table:
        with self.connection() as cursor:
            cursor.execute(f"select * from {SCHEMA}.{mart}")
            rows, description = cursor.fetchall(), cursor.description
        result = {}
        for place, column in enumerate(description):
            kind, cells = POSTGRES_TYPES.get(column.type_code, pa.string()), [row[place] for row in rows]
            change = float if pa.types.is_floating(kind) else str if pa.types.is_string(kind) else None
            if change:
                cells = [None if cell is None else change(cell) for cell in cells]
            result[column.name] = pa.array(cells, kind)
        return pa.table(result)

    def load(self, name: str, file: Path, separator: str) -> None:
        with duckdb.connect() as reader:
            reader.execute(f"create table loaded as {texts_of(file, separator)}")
            names = [name for (name,) in reader.execute("select column_name from (describe loaded)").fetchall()]
            rows = reader.execute("select * from loaded").fetchall()
        escapes = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
        lines = ("\t".join("\\N" if cell is None else cell.translate(escapes) for cell in row) for row in rows)
        definitions = ", ".join(f'"{name}" varchar' for name in names)
        with self.connection() as cursor:
            cursor.execute(f"create schema if not exists raw; drop table if exists raw.{name}")
            cursor.execute(f"create table raw.{name} ({definitions})")
            cursor.copy_expert(f"copy raw.{name} from stdin", io.StringIO("\n".join(lines) + "\n"))
            # as much is known of it in every run
            cursor.execute(f"analyze raw.{name}")

    def profile(self) -> dict[str, Any]:
        return {"type": "postgres", "schema": SCHEMA, "threads": 2, **self.login}


@dataclass
class Release:
    """A checkout of the package, the dbt that runs it, and what it calls keys and macros."""

    package: Path
    dbt: Path
    spelling: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    with_tests: bool = False

    def spelled(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings of a monitor by their names of this release; those of `extra` are added."""
        renamed = {self.spelling.get(key, key): value for key, value in (settings | self.extra).items()}
        return {
            key: {self.spelling.get(inner, inner): content for inner, content in value.items()}
            if key == self.spelling.get("marts", "marts")
            else value
            for key, value in renamed.items()
        }

    def sql(self, text: str) -> str:
        """A model by the names of this release."""
        for old, new in self.spelling.items():
            text = text.replace(f"data_health.{old}(", f"data_health.{new}(")
        return text

    def build(self, project: Project) -> None:
        """Run `dbt build`."""
        demo = project.table == "demo"
        home = self.package if demo else project.folder
        command = [str(self.dbt), "build", "--project-dir", str(home), "--profiles-dir", str(project.folder)]
        command += ["--target-path", str(project.folder / "target"), "--log-path", str(project.folder / "logs")]
        if not self.with_tests:
            command += ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
        # the Python models import the checkout's own modules, whatever the environment has installed
        modules = project.folder / "python"
        modules.mkdir(exist_ok=True)
        for name in ("data_health", "python_checks"):
            (modules / name).unlink(missing_ok=True)
            (modules / name).symlink_to(self.package / "python_checks")
        settings = {"PYTHONPATH": str(modules), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        settings |= {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "PYTHONDONTWRITEBYTECODE": "1"}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DATA_HEALTH_")}
        done = subprocess.run(command, cwd=home, env=kept | settings, capture_output=True, text=True)
        (project.folder / "dbt.log").write_text(done.stdout + done.stderr)
        if done.returncode:
            raise click.ClickException(f"dbt build failed in {project.folder}\n{(done.stdout + done.stderr)[-6000:]}")


@dataclass
class Project:
    """A folder with a dbt project, and its database."""

    folder: Path
    engine: str
    table: str
    login: dict[str, Any] = field(default_factory=dict)

    @property
    def warehouse(self) -> Warehouse:
        """Its database."""
        if self.engine == "duckdb":
            return DuckWarehouse(self.folder / "net.duckdb")
        name = "net_" + hashlib.md5(str(self.folder).encode()).hexdigest()[:12]
        return PostgresWarehouse(self.login | {"dbname": name})

    def spec(self) -> Table:
        """What is built; none for the demo."""
        return TABLES[self.table]()

    def begin(self) -> None:
        """An empty folder and an empty database; only a folder that was made here before is emptied."""
        if self.folder.exists() and any(self.folder.iterdir()):
            if not (self.folder / "net.json").exists():
                raise click.ClickException(f"{self.folder} is not empty and was not made by this script")
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.describe(self.folder)
        if isinstance(self.warehouse, PostgresWarehouse):
            self.warehouse.create()

    def describe(self, folder: Path) -> None:
        """Write down what the project is."""
        text = json.dumps({"engine": self.engine, "table": self.table, "login": self.login | {"password": ""}})
        (folder / "net.json").write_text(text)

    def write(self, release: Release) -> None:
        """The files of the project."""
        profile = "data_health" if self.table == "demo" else "consumer"
        files: dict[str, Any] = {
            "profiles.yml": {profile: {"target": self.engine, "outputs": {self.engine: self.warehouse.profile()}}}
        }
        if self.table != "demo":
            files |= self.consumer_files(release)
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # JSON is YAML
            path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
        if self.table != "demo":
            packages = self.folder / "dbt_packages"
            packages.mkdir(exist_ok=True)
            link = packages / "data_health"
            link.unlink(missing_ok=True)
            link.symlink_to(release.package)

    def consumer_files(self, release: Release) -> dict[str, Any]:
        """The project of a user."""
        spec = self.spec()
        models = {
            name: text for name, text in spec.models.items() if self.engine == "duckdb" or name not in spec.only_duckdb
        }
        settings = dict(spec.monitor)
        scores = settings.get("dimensions", {}).get("scores", {}).get("ref")
        if scores and scores not in models:
            settings["dimensions"] = {key: value for key, value in settings["dimensions"].items() if key != "scores"}
        block: dict[str, Any] = {"monitors": {settings["relation"]["ref"]: release.spelled(settings)}, **spec.block}
        if self.table == "bank":
            # the register of biases says so
            block["monitors"] = {"calls": release.spelled(settings)}
        if spec.cleaning:
            block["cleaning"] = spec.cleaning
        sources = [{"name": name} for name in [*spec.raw, *(["answers"] if spec.truth else [])]]
        return {
            "dbt_project.yml": {
                "name": "consumer",
                "version": "1.0.0",
                "profile": "consumer",
                "vars": {"data_health": block},
                "flags": {"send_anonymous_usage_stats": False},
            },
            "packages.yml": {"packages": [{"local": str(release.package)}]},
            "models/sources.yml": {"sources": [{"name": "raw", "schema": "raw", "tables": sources}]},
            **{f"models/{name}.sql": release.sql(text) for name, text in models.items()},
        }

    def load(self, data: Path) -> None:
        """The raw tables, and one for the answers."""
        if self.table == "demo":
            return
        for name, (file, separator) in self.spec().raw.items():
            self.warehouse.load(name, data / "tables" / file, separator)
        if self.spec().truth:
            columns = "label varchar, annotator varchar, labelled_at timestamp, seconds double precision"
            self.warehouse.execute(f'create table raw.answers ("{self.spec().monitor["key"]}" integer, {columns})')

    def answer(self, number: int) -> None:
        """Two people label what waits for an answer: one errs in 3 % of cases, the other, of every third row, in 15."""
        draw = DRAW.format(line="truth.line")
        statement = f"""
            insert into raw.answers
            with truth as ({self.spec().truth}),
            two_labels as (select min(label) as first_label, max(label) as last_label from truth)
            select
                truth.line,
                case
                    when {draw} >= people.wrong then truth.label
                    when truth.label = first_label then last_label
                    else first_label
                end,
                people.annotator,
                timestamp '2026-01-01 12:00:00' + {number} * interval '1 day' + truth.line * interval '1 second',
                10 + truth.line % 50
            from {SCHEMA}.{CANDIDATES} as candidates
            inner join truth on cast(candidates.row_key as integer) = truth.line
            cross join two_labels
            inner join (select 'ana' as annotator, 3 as wrong, 1 as every union all select 'ben', 15, 3) as people
                on truth.line % people.every = 0
            where candidates.status = 'open'"""
        self.warehouse.execute(statement)

    def periods(self) -> dict[str, int]:
        """Rows of each period."""
        query = (
            f"select monitor, cast(period_start as varchar), row_count from {SCHEMA}.health_volume where row_count > 0"
        )
        return {f"{monitor} {period}": int(count) for monitor, period, count in self.warehouse.rows(query)}


def project_of(folder: Path) -> Project:
    """The project that was made in a folder."""
    return Project(folder.resolve(), **json.loads((folder / "net.json").read_text()))


def pairs(texts: tuple[str, ...]) -> dict[str, str]:
    """The options `old=new`."""
    for text in texts:
        if "=" not in text:
            raise click.BadParameter(f"{text}: expected OLD=NEW")
    return dict(text.split("=", 1) for text in texts)


def login_of(connection: str) -> dict[str, Any]:
    """How to reach a server: a connection string of PostgreSQL; for what it leaves out PGHOST, PGPORT and so on."""
    import psycopg2.extensions

    given = psycopg2.extensions.parse_dsn(connection) if connection else {}
    login = {
        name: given.get(name) or os.environ.get(variable) or default
        for name, variable, default in (
            ("host", "PGHOST", "localhost"),
            ("port", "PGPORT", "5432"),
            ("user", "PGUSER", "postgres"),
            ("password", "PGPASSWORD", ""),
        )
    }
    return login | {"port": int(login["port"])}


@click.group(help=__doc__)
def main() -> None:
    """Keep the marts as they are."""


def release_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a release."""
    for option in (
        click.option(
            "--package",
            type=click.Path(path_type=Path, exists=True),
            default=REPOSITORY,
            help="Checkout of the package.",
        ),
        click.option(
            "--dbt", type=click.Path(path_type=Path), default=Path("dbt"), help="The dbt that has its requirements."
        ),
        click.option(
            "--spelling",
            multiple=True,
            metavar="OLD=NEW",
            help="What a key of a monitor, a part or a macro is called now.",
        ),
        click.option("--extra", default="{}", help="More settings of the monitor, as JSON."),
        click.option("--with-tests", is_flag=True, help="Run dbt's tests too."),
        click.option(
            "--postgres", default="", metavar="DSN", help="The server, as in 'host=localhost port=5432 user=me'."
        ),
    ):
        command = option(command)
    return command


def release_of(options: dict[str, Any]) -> Release:
    """The release that the options name."""
    dbt = shutil.which(options["dbt"])
    if not dbt:
        raise click.ClickException(f"there is no {options['dbt']}")
    # the path of a program in an environment is a link that has to stay one
    return Release(
        options["package"].resolve(),
        Path(dbt).absolute(),
        pairs(options["spelling"]),
        json.loads(options["extra"]),
        options["with_tests"],
    )


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--engine", type=click.Choice(["duckdb", "postgres"]), default="duckdb")
@click.option("--table", type=click.Choice(["demo", *TABLES]), required=True)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=REPOSITORY.parent / "shared" / "data",
    help="The folder that holds `tables/`.",
)
@release_options
def build(folder: Path, engine: str, table: str, data: Path, **options: Any) -> None:  # noqa: ANN401
    """Make a project in FOLDER, load its table and run `dbt build`; where people label, twice."""
    release = release_of(options)
    project = Project(folder.resolve(), engine, table, login_of(options["postgres"]) if engine == "postgres" else {})
    project.begin()
    project.load(data.resolve())
    project.write(release)
    release.build(project)
    if table != "demo" and project.spec().truth:
        for number in range(1, ROUNDS):
            project.answer(number)
            release.build(project)
    click.echo(f"built {table} on {engine} in {folder}")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.argument("output", type=click.Path(path_type=Path))
def dump(folder: Path, output: Path) -> None:
    """Write every mart of the project in FOLDER to a Parquet file in OUTPUT, without what differs from run to run."""
    write_marts(project_of(folder), output)


def write_marts(project: Project, output: Path) -> None:
    """A file per mart, rows in order."""
    output.mkdir(parents=True, exist_ok=True)
    for file in output.glob("health_*.parquet"):
        file.unlink()
    counts = {}
    with duckdb.connect() as writer:
        # what an older release left in the database is not a mart of this one
        file = project.folder / "target" / "run_results.json"
        if not file.exists():
            raise click.ClickException(f"nothing was built in {project.folder}")
        results = json.loads(file.read_text())["results"]
        built = {result["unique_id"].split(".")[-1] for result in results}
        for mart in project.warehouse.marts():
            if mart not in built:
                click.echo(f"{mart} is in the database, but was not built")
                continue
            table = project.warehouse.arrow(mart)
            table = table.drop_columns(
                [name for name in table.column_names if {name, f"{mart}.{name}"} & LEFT_OUT.keys()]
            )
            writer.register("mart", table)
            file = output / f"{mart}.parquet"
            writer.execute(f"copy (select * from mart order by all) to '{file}' (format parquet, compression zstd)")
            writer.unregister("mart")
            counts[mart] = table.num_rows
    (output / "counts.json").write_text(json.dumps(counts, indent=1))
    click.echo(f"{len(counts)} marts, {sum(counts.values()):,} rows in {output}")


@main.command()
@click.argument("root", type=click.Path(path_type=Path, exists=True))
def counts(root: Path) -> None:
    """Print the rows of each mart in all dumps below ROOT."""
    found = {
        str(file.parent.relative_to(root)): json.loads(file.read_text()) for file in sorted(root.rglob("counts.json"))
    }
    click.echo(f"| mart | {' | '.join(found)} |\n|---|{'--:|' * len(found)}")
    for mart in sorted({mart for dump in found.values() for mart in dump}):
        click.echo(f"| {mart} | {' | '.join(str(dump.get(mart, '')) for dump in found.values())} |")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.argument("archived", type=click.Path(path_type=Path))
def archive(folder: Path, archived: Path) -> None:
    """Keep the database of FOLDER in ARCHIVED, without half of its raw rows and one period, with a new one."""
    project = project_of(folder)
    statements = project.spec().reduction
    if not statements:
        raise click.ClickException(f"no rows of {project.table} can be deleted")
    archived.mkdir(parents=True, exist_ok=True)
    project.describe(archived)
    (archived / "periods.json").write_text(json.dumps(project.periods(), indent=1))
    if isinstance(project.warehouse, PostgresWarehouse):
        copy = PostgresWarehouse(project.login | {"dbname": project.warehouse.login["dbname"] + "_archive"})
        copy.create(project.warehouse.login["dbname"])
        copy.execute(*statements)
        postgres_program("pg_dump", copy.login, "--format=custom", f"--file={archived / 'net.dump'}")
        copy.drop()
    else:
        file = archived / "net.duckdb"
        shutil.copy(project.folder / "net.duckdb", file)
        DuckWarehouse(file).execute(*statements, "checkpoint")
    click.echo(f"kept {project.table} on {project.engine} in {archived}")


def postgres_program(name: str, login: dict[str, Any], *arguments: str) -> None:
    """Run a client of PostgreSQL: that of the path, else the newest that is installed."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    program = shutil.which(name) or (installed and str(installed[-1]))
    if not program:
        raise click.ClickException(f"{name} is not installed")
    command = [
        program,
        "-h",
        login["host"],
        "-p",
        str(login["port"]),
        "-U",
        login["user"],
        "-d",
        login["dbname"],
        *arguments,
    ]
    done = subprocess.run(command, env=os.environ | {"PGPASSWORD": login["password"]}, capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(f"{name}: {done.stderr}")


@main.command()
@click.argument("archived", type=click.Path(path_type=Path, exists=True))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="Dump the marts there.")
@click.option("--against", type=click.Path(path_type=Path, exists=True), help="Compare them with this dump.")
@release_options
@click.pass_context
def upgrade(
    context: click.Context,
    archived: Path,
    folder: Path,
    output: Path | None,
    against: Path | None,
    **options: Any,  # noqa: ANN401
) -> None:
    """Build over the database in ARCHIVED, put into FOLDER; every period must keep its rows."""
    release, kept = release_of(options), json.loads((archived / "net.json").read_text())
    login = login_of(options["postgres"]) if options["postgres"] or not kept["login"] else kept["login"]
    project = Project(folder.resolve(), kept["engine"], kept["table"], login if kept["engine"] == "postgres" else {})
    project.begin()
    if isinstance(project.warehouse, PostgresWarehouse):
        postgres_program("pg_restore", project.warehouse.login, "--no-owner", str(archived / "net.dump"))
    else:
        shutil.copy(archived / "net.duckdb", project.folder / "net.duckdb")
    project.write(release)
    release.build(project)
    before, after = json.loads((archived / "periods.json").read_text()), project.periods()
    lost = [
        f"{name}: {count} rows, now {after.get(name, 0)}" for name, count in before.items() if after.get(name) != count
    ]
    click.echo(f"{len(before)} periods before, {len(after)} now, {len(lost)} not kept")
    for line in lost[:DIFFERENCES_SHOWN]:
        click.echo(f"  {line}")
    marts = output or project.folder / "marts"
    write_marts(project, marts)
    if against:
        context.invoke(compare, old=against, new=marts)
    sys.exit(bool(lost))


def read_marts(folder: Path) -> dict[str, Path]:
    """The files of a dump by mart."""
    found = {file.stem: file for file in folder.glob("health_*.parquet")}
    if not found:
        raise click.ClickException(f"there are no marts in {folder}")
    return found


def described(reader: duckdb.DuckDBPyConnection, file: Path) -> dict[str, str]:
    """Types of the columns of a file by name."""
    return dict(reader.execute(f"select column_name, column_type from (describe select * from '{file}')").fetchall())


@dataclass
class Comparison:
    """What is known to differ, and by how much doubles may."""

    relative: float
    absolute: float
    columns: dict[str, str]
    values: dict[str, str]
    ignored: set[str]
    left_out_rows: dict[str, str]
    # doubles that differ at all, and the largest relative difference among those within tolerance
    count: int = 0
    largest: float = 0.0

    def new_name(self, mart: str, column: str) -> str:
        """What an old column is called now."""
        return self.columns.get(f"{mart}.{column}", self.columns.get(column, column))

    def is_ignored(self, mart: str, column: str) -> bool:
        """Whether a column, by its new name, is not compared."""
        return bool({column, f"{mart}.{column}"} & (self.ignored | LEFT_OUT.keys()))

    def equal(self, ours: float | None, theirs: float | None) -> bool:
        """Whether two doubles are the same but for rounding."""
        if ours == theirs or ours is None or theirs is None:
            return ours == theirs
        if math.isnan(ours) or math.isnan(theirs):
            return math.isnan(ours) and math.isnan(theirs)
        difference = abs(ours - theirs)
        relative = difference / max(abs(ours), abs(theirs))
        if not (relative <= self.relative or difference <= self.absolute):
            return False
        self.count += 1
        self.largest = max(self.largest, relative)
        return True

    def rows(
        self,
        reader: duckdb.DuckDBPyConnection,
        mart: str,
        file: Path,
        names: dict[str, str],
        doubles: list[str],
        exact: list[str],
    ) -> list[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        """Rows as exact and as double cells; `names` are the file's own by what they are called now."""
        condition = self.left_out_rows.get(mart, "")
        renamed = {self.new_name(mart, name): name for name in described(reader, file)} if condition else {}
        inner = ", ".join(f'"{name}" as "{new}"' for new, name in renamed.items()) or "*"
        wanted = ", ".join(f'"{name if condition else names[name]}"' for name in (*exact, *doubles)) or "1"
        where = f"where ({condition}) is not true" if condition else ""
        cells = reader.execute(f"select {wanted} from (select {inner} from '{file}') {where}").fetchall()
        if self.values:
            maps = [
                {
                    key.split(":", 1)[1]: value
                    for key, value in self.values.items()
                    if key.split(":", 1)[0] in (name, f"{mart}.{name}", "*")
                }
                for name in exact
            ]
            cells = [
                (*(known.get(cell, cell) for known, cell in zip(maps, row, strict=False)), *row[len(exact) :])
                for row in cells
            ]
        return [(row[: len(exact)], row[len(exact) : len(exact) + len(doubles)]) for row in cells]


def ordered(cells: tuple[Any, ...]) -> tuple[tuple[int, Any], ...]:
    """A key to sort by where cells may be null or NaN."""
    return tuple((0, 0) if cell is None else (2, 0) if cell != cell else (1, cell) for cell in cells)


def differences(
    comparison: Comparison,
    old: list[tuple[tuple[Any, ...], tuple[Any, ...]]],
    new: list[tuple[tuple[Any, ...], tuple[Any, ...]]],
) -> tuple[list[Any], list[Any]]:
    """The rows of each side without their like on the other."""
    groups: dict[tuple[Any, ...], tuple[list[Any], list[Any]]] = defaultdict(lambda: ([], []))
    for side, rows in enumerate((old, new)):
        for exact, doubles in rows:
            groups[exact][side].append(doubles)
    only_old, only_new = [], []
    for exact, (ours, theirs) in groups.items():
        ours.sort(key=ordered)
        theirs.sort(key=ordered)
        for doubles in ours:
            for place, others in enumerate(theirs):
                if all(map(comparison.equal, doubles, others)):
                    del theirs[place]
                    break
            else:
                only_old.append((exact, doubles))
        only_new.extend((exact, doubles) for doubles in theirs)
    return only_old, only_new


def shown(names: list[str], ours: tuple[Any, ...], theirs: tuple[Any, ...] | None) -> str:
    """A row that is missing, or two that resemble each other."""
    first = ", ".join(str(cell) for cell in ours[:12] if cell is not None)[:160]
    if theirs is None:
        return first
    cells = [
        f"{name} {a!r} -> {b!r}"
        for name, a, b in zip(names, ours, theirs, strict=True)
        if a != b and not (a != a and b != b)
    ]
    return f"{first}: " + "; ".join(cells)[:400]


def report_rows(names: list[str], only_old: list[Any], only_new: list[Any]) -> None:
    """Up to five rows that differ, each beside the one that it resembles most."""
    others = [exact + doubles for exact, doubles in only_new]
    for exact, doubles in only_old[:DIFFERENCES_SHOWN]:
        row = exact + doubles
        # texts and dates say which row it is
        weights = [1 if isinstance(cell, int | float) or cell is None else 4 for cell in row]
        scores = [
            sum(weight for a, b, weight in zip(row, other, weights, strict=True) if a == b)
            for other in others[:ROWS_TRIED]
        ]
        best = max(range(len(scores)), key=scores.__getitem__) if scores else None
        alike = best is not None and scores[best] * 2 >= sum(weights)
        click.echo(f"    {'changed' if alike else 'missing'}: {shown(names, row, others.pop(best) if alike else None)}")
    for row in others[: max(0, DIFFERENCES_SHOWN - len(only_old))]:
        click.echo(f"    new: {shown(names, row, None)}")


@main.command()
@click.argument("old", type=click.Path(path_type=Path, exists=True))
@click.argument("new", type=click.Path(path_type=Path, exists=True))
@click.option("--relative", default=RELATIVE, show_default=True, help="By how much doubles may differ.")
@click.option("--absolute", default=ABSOLUTE, show_default=True, help="Or by how much, whatever their size.")
@click.option("--mart", "mart_names", multiple=True, metavar="OLD=NEW", help="What a mart is called now.")
@click.option(
    "--column",
    "column_names",
    multiple=True,
    metavar="[MART.]OLD=NEW",
    help="What a column is called now; MART by its new name.",
)
@click.option(
    "--value",
    "value_names",
    multiple=True,
    metavar="[MART.]COLUMN:OLD=NEW",
    help="What a value is called now; COLUMN may be *.",
)
@click.option(
    "--ignore", multiple=True, metavar="[MART.]COLUMN", help="A column that is not compared, by its new name."
)
@click.option(
    "--without", multiple=True, metavar="MART=SQL", help="Rows that are not compared, as a condition on new names."
)
@click.option("--only", multiple=True, help="Compare this mart alone, by its new name.")
def compare(
    old: Path,
    new: Path,
    relative: float = RELATIVE,
    absolute: float = ABSOLUTE,
    mart_names: tuple[str, ...] = (),
    column_names: tuple[str, ...] = (),
    value_names: tuple[str, ...] = (),
    ignore: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    only: tuple[str, ...] = (),
) -> None:
    """Compare two dumps row by row; 1 is the exit code where one mart differs."""
    renamed = pairs(mart_names)
    ours = {renamed.get(mart, mart): file for mart, file in read_marts(old).items()}
    theirs = read_marts(new)
    wrong = []
    with duckdb.connect() as reader:
        for mart in sorted(only or ours.keys() | theirs.keys()):
            comparison = Comparison(
                relative, absolute, pairs(column_names), pairs(value_names), set(ignore), pairs(without)
            )
            if mart not in theirs and not reader.execute(f"select count(*) from '{ours[mart]}'").fetchall()[0][0]:
                click.echo(f"{mart:32} no longer there; it had no rows")
            elif not (mart in ours and mart in theirs):
                click.echo(f"{mart:32} {'MISSING' if mart in ours else 'NEW'}")
                wrong.append(mart)
            elif not same_mart(reader, comparison, mart, ours[mart], theirs[mart]):
                wrong.append(mart)
    click.echo(f"DIFFERENT: {', '.join(wrong)}" if wrong else f"the same: {len(only or ours)} marts")
    if wrong:
        sys.exit(1)


def same_mart(reader: duckdb.DuckDBPyConnection, comparison: Comparison, mart: str, old: Path, new: Path) -> bool:
    """Compare the rows of a mart and say what differs."""
    old_types, new_types = described(reader, old), described(reader, new)
    # old names by what they are called now
    old_names = {comparison.new_name(mart, name): name for name in old_types}
    ignored = {name for name in old_names.keys() | new_types.keys() if comparison.is_ignored(mart, name)}
    both = [name for name in old_names if name in new_types and name not in ignored]
    gone = [name for name in old_names if name not in new_types and name not in ignored]
    come = [name for name in new_types if name not in old_names and name not in ignored]
    notes = [
        f"{name} was {old_types[old_names[name]]}, is {new_types[name]}"
        for name in both
        if old_types[old_names[name]] != new_types[name]
    ]
    is_double = {name: "DOUBLE" in (old_types[old_names[name]], new_types[name]) for name in both}
    doubles, exact = ([name for name in both if is_double[name] is wanted] for wanted in (True, False))
    ours = comparison.rows(reader, mart, old, old_names, doubles, exact)
    # values of the new side have their new names already
    plain = Comparison(comparison.relative, comparison.absolute, {}, {}, set(), comparison.left_out_rows)
    theirs = plain.rows(reader, mart, new, {name: name for name in both}, doubles, exact)
    only_old, only_new = differences(comparison, ours, theirs)
    rounding = f", {comparison.count:,} doubles differ by {comparison.largest:.0e} at most" if comparison.count else ""
    is_same = not (gone or come or only_old or only_new)
    if is_same:
        click.echo(f"{mart:32} same, {len(ours):,} rows{rounding}")
    else:
        columns = "".join(
            f"; {text}: {', '.join(names)}" for text, names in (("columns gone", gone), ("columns new", come)) if names
        )
        rows = f"{len(only_old):,} of {len(ours):,} rows gone or changed, {len(only_new):,} of {len(theirs):,} new"
        click.echo(f"{mart:32} DIFFERENT: {rows}{columns}{rounding}")
        report_rows([*exact, *doubles], only_old, only_new)
    for note in notes:
        click.echo(f"    type: {note}")
    return is_same


if __name__ == "__main__":
    main()
