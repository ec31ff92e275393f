"""Processes measured from outside: wall time, processor time and peak memory, one process per measurement.

The peak that the system reports for a process includes what its parent held when it was started, so a script that
measures keeps nothing large in its own memory: tables are made, and rows are read, in processes of their own.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

# what DuckDB may use in every measurement, dbt builds included
THREADS = 2

DUCKDB_CODE = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], config={"threads": int(sys.argv[2])})
connection.execute("set enable_progress_bar = false")
connection.execute(f"set memory_limit = '{sys.argv[3]}'") if sys.argv[3] else None
connection.execute(open(sys.argv[4]).read()).fetchall()
"""


@dataclass(frozen=True)
class Measurement:
    """Wall and processor seconds and peak memory (MiB) of one process, from its start to its end."""

    name: str
    seconds: float
    processor_seconds: float
    memory: float


class ProcessFailed(Exception):
    """A measured process did not succeed; `reason` is one line, the message has all its output."""

    def __init__(self, name: str, reason: str, output: str) -> None:
        super().__init__(f"{name}: {reason}\n{output}")
        self.reason = reason


def measured(name: str, command: Sequence[str | Path], folder: Path, time_limit: float | None = None) -> Measurement:
    """Run a command in a folder; it must succeed, within the limit (in seconds) if there is one."""
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=output, env=os.environ | {"DATA_HEALTH_ONLY": ""}
        )
        stopper = threading.Timer(time_limit or threading.TIMEOUT_MAX, process.kill)
        stopper.daemon = True
        stopper.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            stopper.cancel()
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            text = output.read()
            raise ProcessFailed(name, failure_reason(process.returncode, text, seconds, time_limit), text)
    kibibytes = usage.ru_maxrss if sys.platform != "darwin" else usage.ru_maxrss / 1024
    return Measurement(name, seconds, usage.ru_utime + usage.ru_stime, kibibytes / 1024)


def failure_reason(code: int, output: str, seconds: float, time_limit: float | None) -> str:
    """One line on why a process failed: the limit, a signal, or the last line that it wrote about an error."""
    if time_limit and code == -signal.SIGKILL and seconds >= time_limit:
        return f"not finished after {time_limit:,.0f} s"
    if code < 0:
        return (
            f"ended by {signal.Signals(-code).name} (out of memory?)" if code == -signal.SIGKILL else f"signal {-code}"
        )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "Error" in line] or lines or [f"exit code {code}"]
    return telling[-1][:200]


def duckdb_process(name: str, database: Path, statement: str, memory_limit: str = "") -> Measurement:
    """Run a statement in a fresh process; its result is fetched and dropped."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(statement)
        file.flush()
        command = [sys.executable, "-c", DUCKDB_CODE, database, str(THREADS), memory_limit, file.name]
        return measured(name, command, database.parent)


def machine() -> str:
    """What the numbers were measured on."""
    import duckdb

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{platform.system()} {platform.machine()}, {processor_name()}, {os.cpu_count()} processors, {memory:.0f} GiB, "
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )


def processor_name() -> str:
    """The model of the processor, where the system tells it."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


def markdown(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table, aligned so that it also reads well in a terminal; first column left, others right."""
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[number]) for row in cells) for number in range(len(header))]
    lines = [
        "| " + " | ".join(text.rjust(width) if number else text.ljust(width) for number, (text, width) in pairs) + " |"
        for row in cells
        if (pairs := list(enumerate(zip(row, widths, strict=True))))
    ]
    rule = "|" + "|".join("-" * (width + 1) + (":" if number else "-") for number, width in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
