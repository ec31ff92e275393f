"""PostgreSQL for the tests: the server that DATA_HEALTH_TEST_POSTGRES names, or one of the machine's own binaries for a while."""

import contextlib
import io
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pytest
from consumer import Consumer

NUMBERS = itertools.count()


def binaries():
    """The folder of the newest server, or none."""
    found = shutil.which("postgres")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return Path(found).parent if found else folders[-1].parent if folders else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def unprivileged_user():
    """The server refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@contextlib.contextmanager
def throwaway_server(programs):
    folder, user, port = Path(tempfile.mkdtemp(prefix="data_health_")), unprivileged_user(), free_port()
    if user:
        shutil.chown(folder, user)

    def run(program, *arguments):
        command = [programs / program, "-D", folder / "data", *arguments]
        done = subprocess.run(command, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert done.returncode == 0, done.stderr.decode()

    # a client that was killed is noticed while its query runs; nothing here has to survive a power cut
    options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    # who waits for a lock that nobody gives back hears of it
    options += " -c lock_timeout=180s"
    try:
        run("initdb", "-U", "tester", "--auth=trust", "-E", "UTF8", "--locale=C")
        run("pg_ctl", "-w", "-l", folder / "log", "-o", f"{options} -c client_connection_check_interval=100", "start")
        try:
            yield {"host": "127.0.0.1", "port": port, "user": "tester", "password": "", "dbname": "postgres"}
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running_server():
    """How to reach a server on which databases can be made; skips where there is none."""
    pytest.importorskip("dbt.adapters.postgres", reason="dbt-postgres is not installed")
    url = os.environ.get("DATA_HEALTH_TEST_POSTGRES")
    if url:
        parts = urlsplit(url)
        name, password = parts.path.strip("/") or "postgres", parts.password or ""
        yield {"host": parts.hostname, "port": parts.port or 5432, "user": parts.username, "password": password} | {
            "dbname": name
        }
        return
    programs = binaries()
    if programs is None:
        pytest.skip("there is no PostgreSQL server: DATA_HEALTH_TEST_POSTGRES is not set and no binaries are installed")
    with throwaway_server(programs) as server:
        yield server


def execute(server, statement, parameters=None):
    """The rows of the last statement as dictionaries."""
    import psycopg2

    connection = psycopg2.connect(**server)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            if cursor.description is None:
                return []
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    finally:
        connection.close()


def new_database(server, template="template0"):
    """A database of its own on the server; it goes with the throwaway server."""
    name = f"data_health_{os.getpid()}_{next(NUMBERS)}"
    execute(server, f"create database {name} template {template}")
    return server | {"dbname": name}


class PostgresConsumer(Consumer):
    """A user's project on a database of its own."""

    def __init__(self, server, folder, configuration, **options):
        self.server = new_database(server)
        super().__init__(folder, configuration, **options)

    def profile(self):
        login = {name: self.server[name] for name in ("host", "port", "user", "password", "dbname")}
        return {"type": "postgres", "schema": "main", "threads": 2, **login}

    def rows(self, statement):
        return execute(self.server, f"set search_path = main; {statement}")

    def sql(self, statement, parameters=None):
        return [tuple(row.values()) for row in self.rows(statement)]

    def take(self, consumer, table):
        """Copy a table of the schema raw from a project on DuckDB, values as they are."""
        import psycopg2

        columns = consumer.sql(f"select column_name, column_type from (describe raw.{table})")
        types = {"DOUBLE": "double precision"}
        definitions = ", ".join(
            f'"{name.replace(chr(34), 2 * chr(34))}" {types.get(kind, kind)}' for name, kind in columns
        )
        file = self.folder / f"{table}.csv"
        with duckdb.connect(str(consumer.database)) as connection:
            connection.execute(f"copy raw.{table} to '{file}' (header false, nullstr '\\N')")
        with contextlib.closing(psycopg2.connect(**self.server)) as connection, connection.cursor() as cursor:
            cursor.execute(f"drop table if exists raw.{table}; create table raw.{table} ({definitions})")
            cursor.copy_expert(f"copy raw.{table} from stdin csv null '\\N'", io.StringIO(file.read_text()))
            connection.commit()

    def copy(self, folder):
        shutil.copytree(self.folder, folder, symlinks=True)
        twin = object.__new__(PostgresConsumer)
        twin.folder, twin.server = folder, new_database(self.server, template=self.server["dbname"])
        twin.write("profiles.yml", {"consumer": {"target": "dev", "outputs": {"dev": twin.profile()}}})
        return twin

    def start_build(self, name, *arguments):
        """A build in a process of its own."""
        command = [Path(sys.executable).with_name("dbt"), "build", *arguments]
        command += ["--target-path", name, "--log-path", f"logs_{name}"]
        return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
