"""One `dbt build` of the package, with a line of progress now and then."""

from collections.abc import Callable, Sequence

from data_health.label_studio.project import Project
from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg

# lines of progress of one build, at most
MOST_LINES = 5


class Progress:
    """Counts the nodes that dbt finishes, and tells now and then how many there are."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.tell = tell
        self.told = 0

    def __call__(self, event: EventMsg) -> None:
        """Take one event of dbt."""
        if event.info.name not in ("LogModelResult", "LogTestResult", "LogSeedResult", "LogSnapshotResult"):
            return
        # events of tests call the total otherwise
        done, total = event.data.index, getattr(event.data, "total", 0) or getattr(event.data, "num_models", 0)
        if total and done * MOST_LINES // total > self.told:
            self.told = done * MOST_LINES // total
            self.tell(f"{done} of {total} models and tests are done")


def build(project: Project, arguments: Sequence[str], tell: Callable[[str], None]) -> bool:
    """Whether the build succeeded; without arguments, the models and tests of the package are built.

    dbt itself prints errors and warnings, and nothing else.
    """
    chosen = list(arguments) or ["--select", "package:data_health"]
    with project.at_home():
        done = dbtRunner(callbacks=[Progress(tell)]).invoke(["--quiet", "build", *chosen, *project.options()])
    if done.exception is not None:
        tell(str(done.exception).strip())
    return done.success
