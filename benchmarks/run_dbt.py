"""Run a dbt command as the command line does, and write down the statements that it sent to the database.

    python benchmarks/run_dbt.py statements.json build --profiles-dir .

Counts dbt's own event of every statement, transaction control and reading of the catalog included, and by node the
processor time of the whole process and the time in which Python collects garbage, between its start and its end: that
node's own where one runs at a time.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg


class CollectionClock:
    """For how many seconds Python has collected garbage so far."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.begun = 0.0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        """Take the beginning or the end of one collection."""
        if phase == "start":
            self.begun = time.perf_counter()
        else:
            self.seconds += time.perf_counter() - self.begun


class StatementCounter:
    """How many statements, how long the longest was, in bytes, and what sent it; seconds by node."""

    def __init__(self, collections: CollectionClock) -> None:
        self.collections = collections
        self.count = 0
        self.largest = 0
        self.sender = ""
        self.processor_seconds: dict[str, float] = {}
        self.collection_seconds: dict[str, float] = {}

    def __call__(self, event: EventMsg) -> None:
        """Take one event of dbt."""
        if event.info.name in ("NodeStart", "NodeFinished"):
            node = event.data.node_info.unique_id
            readings = (
                (self.processor_seconds, processor_seconds()),
                (self.collection_seconds, self.collections.seconds),
            )
            for seconds, now in readings:
                seconds[node] = now - (seconds.get(node, 0) if event.info.name == "NodeFinished" else 0)
        if event.info.name != "SQLQuery":
            return
        self.count += 1
        size = len(event.data.sql.encode())
        if size > self.largest:
            self.largest, self.sender = size, event.data.conn_name.split(".")[-1]

    def counts(self) -> dict[str, object]:
        """What was counted, by name."""
        return {name: value for name, value in vars(self).items() if name != "collections"}


def processor_seconds() -> float:
    """Processor time of this process so far, that of the warehouse inside it included."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Run, write the counts, and end as dbt would."""
    file, *arguments = sys.argv[1:]
    clock = CollectionClock()
    gc.callbacks.append(clock)
    counter = StatementCounter(clock)
    result = dbtRunner(callbacks=[counter]).invoke(arguments)
    Path(file).write_text(json.dumps(counter.counts()))
    if result.exception:
        raise result.exception
    sys.exit(not result.success)


if __name__ == "__main__":
    main()
