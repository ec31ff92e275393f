"""Other tools on the same rows, each in an environment of its own, since they need different versions of the same packages.

    python benchmarks/peers.py install               # all, into .cache/peers
    python benchmarks/peers.py install evidently     # one

A tool that is not there, or does not finish, is reported with the reason.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from measure import Measurement, ProcessFailed, duckdb_process, measured

ENVIRONMENTS = Path(__file__).resolve().parent.parent / ".cache" / "peers"
RUNNER = Path(__file__).resolve().with_name("peer_runs.py")


@dataclass(frozen=True)
class Peer:
    """A tool, what is run of it, and the versions that work together (Python 3.11 and 3.12)."""

    name: str
    what: str
    requirements: tuple[str, ...]

    @property
    def version(self) -> str:
        """The pinned version of the tool itself."""
        return self.requirements[0].split("==")[1]

    @property
    def folder(self) -> Path:
        """Its environment."""
        return ENVIRONMENTS / self.name

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return self.folder / "bin" / "python"

    @property
    def note(self) -> Path:
        """The file that says whether the installation succeeded."""
        return self.folder / "installed.json"


PEERS = (
    Peer(
        "ydata-profiling",
        "ProfileReport(minimal=True), description without HTML",
        (
            "ydata-profiling==4.18.4",
            "pandas==2.3.3",
            "numpy==2.3.5",
            "scipy==1.16.3",
            "pyarrow==26.0.1",
            "setuptools<81",
        ),
    ),
    Peer(
        "whylogs",
        "one profile per period",
        ("whylogs==1.6.4", "pandas==2.3.3", "numpy==2.3.5", "pyarrow==26.0.1", "setuptools<81"),
    ),
    Peer(
        "evidently",
        "DataDriftPreset, first half of the periods against the second",
        (
            "evidently==0.7.23",
            "pandas==2.3.3",
            "numpy==2.4.6",
            "scipy==1.17.1",
            "scikit-learn==1.9.1",
            "pyarrow==26.0.1",
        ),
    ),
    Peer(
        "nannyml",
        "UnivariateDriftCalculator, first half of the periods as reference, one chunk per period",
        (
            "nannyml==0.13.1",
            "pandas==2.3.3",
            "numpy==2.4.6",
            "scipy==1.17.1",
            "scikit-learn==1.9.1",
            "statsmodels==0.15.0",  # imported, but not among the requirements of 0.13.1
            "pyarrow==26.0.1",
        ),
    ),
)


@dataclass(frozen=True)
class PeerRun:
    """What a tool took: its whole process, and inside it the loading of the rows and the computation on a data frame."""

    peer: Peer
    process: Measurement
    rows: int
    load_seconds: float
    compute_seconds: float
    compute_processor_seconds: float


def main() -> None:
    """Install what is named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["install"])
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(peer.name for peer in PEERS))
    options = parser.parse_args()
    for peer in PEERS:
        if not options.names or peer.name in options.names:
            reason = install(peer)
            print(f"{peer.name} {peer.version}: {reason or 'installed'}", flush=True)


def install(peer: Peer) -> str:
    """Make the environment, from wheels only; gives the reason if that fails."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", peer.folder], check=True)
    pip = [peer.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    finished = subprocess.run([*pip, *peer.requirements], capture_output=True, text=True)
    errors = [line for line in finished.stderr.splitlines() if line.startswith("ERROR")]
    reason = (errors or ["pip failed"])[-1][:200] if finished.returncode else ""
    peer.note.write_text(json.dumps({"requirements": peer.requirements, "reason": reason}))
    return reason


def missing(peer: Peer) -> str:
    """Why a tool cannot be run; empty if it can."""
    if not peer.note.exists():
        return "not installed (make bench-peers)"
    note = json.loads(peer.note.read_text())
    if note["reason"]:
        return f"could not be installed: {note['reason']}"
    return "" if note["requirements"] == list(peer.requirements) else "other versions are installed (make bench-peers)"


def sample_sql(rows: int, limit: int) -> str:
    """Every k-th row in order of time, so that at most `limit` are left and every period is kept."""
    return f"select * from bench where id % {-(-rows // limit)} = 0"


def run_peers(
    database: Path, rows: int, limit: int, grain: str, time_limit: float
) -> Iterator[tuple[Peer, PeerRun | str]]:
    """Write the rows to a Parquet file, and run every tool on it; gives what it took, or the reason why it has no numbers."""
    parquet = database.with_name("peers.parquet")
    duckdb_process("export", database, f"copy ({sample_sql(rows, limit)}) to '{parquet}' (format parquet)")
    for peer in PEERS:
        yield peer, missing(peer) or run_peer(peer, parquet, grain, time_limit)


def run_peer(peer: Peer, parquet: Path, grain: str, time_limit: float) -> PeerRun | str:
    """Run one tool in a fresh process."""
    result = parquet.with_name("peer.json")
    try:
        process = measured(
            peer.name, [peer.python, RUNNER, peer.name, parquet, grain, result], parquet.parent, time_limit
        )
    except ProcessFailed as failure:
        return failure.reason
    return PeerRun(peer, process, **json.loads(result.read_text()))


if __name__ == "__main__":
    main()
