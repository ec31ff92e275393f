"""Builds in processes of their own that die, or wait, at a moment that can be chosen again.

DATA_HEALTH_KILLS says how many chains of five such builds each situation gets; 2 unless it is set.
"""

import dataclasses
import functools
import os
import random
import signal
import sys
import threading

from dbt.cli.main import dbtRunner

SEED, CHAINS, KILLS_A_CHAIN = 3, int(os.environ.get("DATA_HEALTH_KILLS", "2")), 4
SCANNING_MODELS = (
    "monitored_periods",
    "column_statistics",
    "column_distributions",
    "column_products",
    "subgroup_cells",
)
SQL_EVENTS = ("SQLQuery", "SQLQueryStatus", "SQLCommit")
# what a build keeps for the next one, and some marts of it: everything else is made anew by every build
KEPT = (
    "--select",
    "+config.materialized:incremental",
    "+health_profile",
    "+health_schema_changes",
    "+health_volume",
)
# a build of the models alone, whose events always come in the same order
MODELS_IN_ORDER = ("--threads", "1", "--no-write-json", "--exclude-resource-type", "test")
KEPT_IN_ORDER = (*KEPT, *MODELS_IN_ORDER)


@dataclasses.dataclass(frozen=True)
class Moment:
    """When a build stops: at the n-th SQL event of all models or of one, or so many seconds into the scan of one."""

    event: int = 0
    model: str = ""
    seconds: float | None = None


def build_here(folder, arguments, moment, reached, go_on):
    """In a process of its own: build, and die at a moment, or wait there when there is somebody to wait for."""
    os.chdir(folder)
    os.environ.pop("DATA_HEALTH_ONLY", None)
    output = os.open("build.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    seen = 0
    kill_this_process = functools.partial(os.kill, os.getpid(), signal.SIGKILL)

    def watch(event):
        nonlocal seen
        node = event.data.node_info if event.info.name in SQL_EVENTS else None
        if node is None or node.resource_type == "test" or moment.model not in ("", node.node_name):
            return
        if moment.seconds is not None:
            if '"raw"."' in getattr(event.data, "sql", ""):
                threading.Timer(moment.seconds, kill_this_process).start()
            return
        seen += 1
        if seen == moment.event:
            if go_on is None:
                kill_this_process()
            reached.set()
            go_on.wait(120)

    result = dbtRunner(callbacks=[watch]).invoke(["--log-level-file", "none", "build", *arguments])
    (folder / "events.txt").write_text(str(seen))
    sys.stdout.flush()
    os._exit(0 if result.success else 1)


def start(processes, project, *arguments, moment=Moment(), reached=None, go_on=None):
    process = processes.Process(target=build_here, args=(project.folder, arguments, moment, reached, go_on))
    process.start()
    return process


def finish(process, project, expected, what):
    process.join(120)
    output = (project.folder / "build.txt").read_text()
    assert process.exitcode == expected, f"{what}: exit code {process.exitcode}\n{output}"


def build(processes, project, what, *arguments, expected=0):
    finish(start(processes, project, *arguments), project, expected, what)


def kill(processes, project, moment, what, arguments=KEPT_IN_ORDER):
    process = start(processes, project, *arguments, moment=moment)
    finish(process, project, -signal.SIGKILL, f"{what}: {moment} was never reached")


def count_of_events(project):
    """How many events the last build had that did not die."""
    return int((project.folder / "events.txt").read_text())


def moments(situation, chain, events):
    """The moments of a chain of builds: one in a scan, the others spread over the whole build, in any order."""
    generator = random.Random(f"{SEED} {situation} {chain}")
    strata = [number * CHAINS + chain for number in range(KILLS_A_CHAIN)]
    generator.shuffle(strata)
    scan = Moment(model=generator.choice(SCANNING_MODELS), seconds=generator.uniform(0, 0.15))
    width = events / (CHAINS * KILLS_A_CHAIN)
    return [scan, *(Moment(event=1 + int((stratum + generator.random()) * width)) for stratum in strata)]
