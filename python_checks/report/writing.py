"""Writes the page of a project to a file."""

import os
from dataclasses import dataclass
from pathlib import Path

from data_health.label_studio.project import Project
from data_health.report.page import earlier_state, open_incidents, page
from data_health.report.reading import read_content

PERIODS = 60


@dataclass(frozen=True)
class Written:
    """Where the page is, and how large."""

    file: Path
    size: int
    monitor_count: int


def write_report(project: Project, output: Path, periods: int = PERIODS, docs: str | None = None) -> Written:
    """Write the page; raises ExchangeError where the marts are not built or the extra `report` is not there."""
    file = project.absolute(output)
    content = read_content(project, periods)
    before = earlier_state(file, open_incidents(content))
    text = page(content, docs or docs_folder(project, file), before)
    file.parent.mkdir(parents=True, exist_ok=True)
    # a reader never sees half of it
    half = file.with_name(f".{file.name}.half")
    half.write_text(text, encoding="utf-8")
    half.replace(file)
    return Written(output, file.stat().st_size, len(set(content.tables["scorecard"].column("monitor"))))


def docs_folder(project: Project, file: Path) -> str | None:
    """The docs of the installed package, as seen from the page; None if they are not in the project."""
    home = Path(project.project_dir or os.environ.get("DBT_PROJECT_DIR") or ".").absolute()
    for folder in (home / "dbt_packages" / "data_health" / "docs", home / "docs"):
        if (folder / "glossary.md").is_file() and (folder / "incidents.md").is_file():
            try:
                return Path(os.path.relpath(folder, file.absolute().parent)).as_posix()
            except ValueError:
                # on another drive
                return None
    return None
