"""The command `data-health init`: a first monitor for a table."""

from datetime import UTC, datetime
from pathlib import Path

import click
from data_health.label_studio.project import Project
from data_health.scaffold.monitor_proposal import propose, written
from data_health.scaffold.table_facts import read_tables

HEAD = "# Proposed by data-health init. Lines that begin with # wait for your decision.\n"


def proposal(project: Project, names: tuple[str, ...], like: str | None, schema: str | None) -> tuple[str, int]:
    """The text of a configuration with a monitor for each table, and how many there are.

    Raises ExchangeError as `read_tables` does.
    """
    tables = read_tables(project, names, like, schema)
    today = datetime.now(UTC).date()
    taken: list[tuple[str, list]] = []
    for table in tables:
        short = table.name.split(".")[-1]
        is_taken = any(short == name for name, _ in taken)
        taken.append((table.name.replace(".", "_") if is_taken else short, propose(table, today)))
    return HEAD + written(taken), len(taken)


def written_to(text: str, output: Path | None) -> str | None:
    """Write the text to a file; None prints it. Raises ClickException where the file exists."""
    if output is None:
        return text
    if output.exists():
        raise click.ClickException(f"{output} exists; name another file")
    output.write_text(text, encoding="utf-8")
    return None
