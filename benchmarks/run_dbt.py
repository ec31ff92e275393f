"""Run a dbt command as the command line does, and write down the statements that it sent to the database.

    python benchmarks/run_dbt.py statements.json build --profiles-dir .

Counts dbt's own event of every statement, transaction control and reading of the catalog included, and the processor
time of the whole process between the start and the end of each node, which is that node's where one runs at a time.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg


class StatementCounter:
    """How many statements, how long the longest was, in bytes, and what sent it; processor seconds by node."""

    def __init__(self) -> None:
        self.count = 0
        self.largest = 0
        self.sender = ""
        self.processor_seconds: dict[str, float] = {}

    def __call__(self, event: EventMsg) -> None:
        """Take one event of dbt."""
        if event.info.name in ("NodeStart", "NodeFinished"):
            node = event.data.node_info.unique_id
            begun = self.processor_seconds.get(node, 0) if event.info.name == "NodeFinished" else 0
            self.processor_seconds[node] = processor_seconds() - begun
        if event.info.name != "SQLQuery":
            return
        self.count += 1
        size = len(event.data.sql.encode())
        if size > self.largest:
            self.largest, self.sender = size, event.data.conn_name.split(".")[-1]


def processor_seconds() -> float:
    """Processor time of this process so far, that of the warehouse inside it included."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Run, write the counts, and end as dbt would."""
    file, *arguments = sys.argv[1:]
    counter = StatementCounter()
    result = dbtRunner(callbacks=[counter]).invoke(arguments)
    Path(file).write_text(json.dumps(vars(counter)))
    if result.exception:
        raise result.exception
    sys.exit(not result.success)


if __name__ == "__main__":
    main()
