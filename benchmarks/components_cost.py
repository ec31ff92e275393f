"""What principal components cost: sums of products and components by the package, beside NumPy by hand over the same Arrow batches.

    python benchmarks/components_cost.py --rows 1000000 --columns 50 100 --limit 50
    python benchmarks/components_cost.py --rows 200000 --columns 2000 --apart

The table is one month, and the reference that month. NumPy reads the same batches of the same file, adds up `X.T @ X` and takes
`eigh` of it, once with the threads that it starts by itself and once with one. Seconds are dbt's of the models that make the
products and the components; what they stand on (grids, profile) is built in the same run and not counted. Beside the ratio of
seconds stands that of processor time, which a machine that does other work as well changes less. The peak of memory is that of the
whole dbt process, where DuckDB may keep 2 GB (--memory-limit).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import duckdb
from measure import machine, markdown, measured
from project import Project

# what DuckDB may keep in memory, of the file above all; 2,000 columns do not fit through 1 GB
MEMORY_LIMIT = "2GB"
MODELS = (
    "column_products",
    "wide_scans",
    "wide_batches",
    "wide_products",
    "dataset_products",
    "dataset_wide_products",
    "component_fits",
)
GENERATE = """
import duckdb, sys
rows, columns = int(sys.argv[2]), int(sys.argv[3])
values = ", ".join(
    f"sqrt(-2 * ln((hash(range * 4096 + {2 * number}) >> 11) * {2.0**-53!r} + 1e-12))"
    f" * cos(6.283185307 * ((hash(range * 4096 + {2 * number + 1}) >> 11) * {2.0**-53!r}))"
    + (f" + 0.7 * sin(range * 0.{number % 7 + 1}1)") + f" as c{number:04}"
    for number in range(columns)
)
with duckdb.connect(sys.argv[1], config={"memory_limit": "2GB"}) as connection:
    connection.execute("set enable_progress_bar = false")
    connection.execute("drop table if exists bench")
    chunk = max(1, 20_000_000 // columns)
    for first in range(0, rows, chunk):
        query = f"select range as id, timestamp '2024-01-01' + to_microseconds(range) as happened_at, {values} from range({first}, {min(first + chunk, rows)})"
        connection.execute(f"create table bench as {query}" if first == 0 else f"insert into bench {query}")
        connection.execute("checkpoint")
"""
BY_HAND = """
import contextlib, sys, time
import duckdb, numpy as np
from threadpoolctl import threadpool_limits
from data_health.components.batches import batch_rows, record_batches
columns, threads = int(sys.argv[2]), int(sys.argv[3])
names = ", ".join(f"c{number:04}" for number in range(columns))
with duckdb.connect(sys.argv[1], read_only=True, config={"threads": 2, "memory_limit": "2GB"}) as connection, threadpool_limits(threads or None):
    started, processor = time.perf_counter(), time.process_time()
    products = np.zeros((columns, columns))
    for batch in record_batches(connection.sql(f"select {names} from bench"), batch_rows(columns)):
        rows = np.column_stack([column.to_numpy(zero_copy_only=False) for column in batch.columns])
        products += rows.T @ rows
    np.linalg.eigh(products)
    print(time.perf_counter() - started, time.process_time() - processor, file=open(sys.argv[4], "w"))
"""


def main() -> None:
    """Measure every number of columns, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, nargs="+", default=[50, 100])
    parser.add_argument("--limit", type=int, help="components.max_columns: up to how many columns SQL adds up")
    parser.add_argument("--memory-limit", default=MEMORY_LIMIT, help="of DuckDB; none where it is empty")
    parser.add_argument(
        "--apart",
        action="store_true",
        help="build what the models stand on in another process: the peak is then their own",
    )
    parser.add_argument(
        "--folder", type=Path, help="where to work, and find the tables of an earlier run; a temporary one otherwise"
    )
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for columns in options.columns:
            folder = (options.folder or Path(temporary)) / str(columns)
            rows.append(measure(folder, options.rows, columns, options.limit, options.memory_limit, options.apart))
            print(rows[-1], flush=True)
    header = [
        "columns",
        "by",
        "products s",
        "components s",
        "NumPy s",
        "NumPy, one thread, s",
        "ratio",
        "of processor time",
        "peak MiB",
        "NumPy peak MiB",
        "stored MB",
    ]
    print(f"{options.rows:,} rows, {machine()}\n\n{markdown(header, rows)}")


def measure(folder: Path, rows: int, columns: int, limit: int | None, memory_limit: str, apart: bool) -> list[str]:
    """One line of the table."""
    settings = {"components": {"max_columns": limit}} if limit else {}
    monitor = {
        "relation": {"source": ["raw", "bench"]},
        "key": "id",
        "time": "happened_at",
        "references": {"month": {"from": "2024-01-01", "to": "2024-02-01"}},
        "parts": {"drift": False},
    }
    block = {"monitors": {"bench": monitor | settings}}
    project = Project(folder, memory_limit=memory_limit, block=block)
    if not project.database.exists():
        measured("generate", [sys.executable, "-c", GENERATE, str(project.database), str(rows), str(columns)], folder)
    project.prepare()
    project.forget()
    by_hand = [numpy_seconds(folder, project.database, columns, threads) for threads in (0, 1)]
    if apart:
        project.dbt("before", "run", "--select", "+component_fits", "--exclude", *MODELS)
    selected = MODELS if apart else ("+component_fits",)
    build = project.build("all", "--resource-type", "model", "--threads", "1", "--select", *selected)
    seconds = build.model_seconds
    components = seconds["component_fits"]
    products = sum(seconds[name] for name in MODELS) - components
    processor = sum(build.processor_seconds[name] for name in MODELS)
    for name in MODELS:
        print(f"{name:24} {seconds[name]:6.2f} s, processor {build.processor_seconds[name]:6.2f} s")
    in_sql = "SQL" if stored_rows(project, "column_products") else "batches"
    return [
        f"{columns:,}",
        in_sql,
        f"{products:.2f}",
        f"{components:.2f}",
        *(f"{taken:.2f}" for taken, _, _ in by_hand),
        f"{(products + components) / min(taken for taken, _, _ in by_hand):.2f}",
        f"{processor / min(taken for _, taken, _ in by_hand):.2f}",
        f"{build.process.memory:,.0f}",
        f"{max(memory for *_, memory in by_hand):,.0f}",
        f"{stored_megabytes(project):,.1f}",
    ]


def numpy_seconds(folder: Path, database: Path, columns: int, threads: int) -> tuple[float, float, float]:
    """Seconds, those of the processor and peak memory (MiB) of the products by hand in a process of its own; the better of two runs."""
    found = []
    for _ in range(2):
        command = [sys.executable, "-c", BY_HAND, str(database), str(columns), str(threads), "seconds.txt"]
        process = measured("by hand", command, folder)
        seconds, processor = map(float, (folder / "seconds.txt").read_text().split())
        found.append((seconds, processor, process.memory))
    return min(found)


def stored_rows(project: Project, table: str) -> int:
    """Rows of a statistics table."""
    with duckdb.connect(project.database, read_only=True) as connection:
        return connection.execute(f"select count(*) from {project.statistics_tables()[table]}").fetchall()[0][0]


def stored_megabytes(project: Project) -> float:
    """What the products take in the file, in blocks of DuckDB, compressed."""
    with duckdb.connect(project.database, read_only=True) as connection:
        tables = [
            project.statistics_tables()[name].replace('"', "").split(".", 1)[1]
            for name in ("column_products", "wide_products")
        ]
        blocks = [
            connection.execute(
                f"select count(distinct block_id) from pragma_storage_info('{table}') where persistent"
            ).fetchall()[0][0]
            for table in tables
        ]
        return sum(blocks) * 262144 / 1e6


if __name__ == "__main__":
    main()
