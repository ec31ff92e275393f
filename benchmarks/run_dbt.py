"""Run a dbt command as the command line does, and write down the statements that it sent to the database.

    python benchmarks/run_dbt.py statements.json build --profiles-dir .

Counts dbt's own event of every statement, transaction control and reading of the catalog included.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg


class StatementCounter:
    """How many statements, and how long the longest was, in bytes, and what sent it."""

    def __init__(self) -> None:
        self.count = 0
        self.largest = 0
        self.sender = ""

    def __call__(self, event: EventMsg) -> None:
        """Take one event of dbt."""
        if event.info.name != "SQLQuery":
            return
        self.count += 1
        size = len(event.data.sql.encode())
        if size > self.largest:
            self.largest, self.sender = size, event.data.conn_name.split(".")[-1]


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
