"""The command `data-health`, for what is done between two builds: asking people for labels and taking their answers."""

from collections.abc import Callable
from pathlib import Path

import click
from data_health.label_studio.exporting import Export, Exported, export_labels
from data_health.label_studio.importing import Imported, import_labels
from data_health.label_studio.project import Project
from data_health.label_studio.tasks import ExchangeError

FOLDER = click.Path(exists=True, file_okay=False)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)


def project_options(command: Callable) -> Callable:
    """The options that say which project, warehouse and monitor are meant."""
    for option in (
        click.option("--target", help="Target of the profile; its default when not given."),
        click.option("--profiles-dir", type=FOLDER, help="Folder of profiles.yml, as for dbt."),
        click.option("--project-dir", type=FOLDER, help="Folder of dbt_project.yml; this one when not given."),
        click.option(
            "--control", default="label", show_default=True, help="Name of the choice in the labeling interface."
        ),
        click.option("--monitor", help="The monitor; need not be given when only one has a key."),
    ):
        command = option(command)
    return command


@click.group()
@click.version_option(package_name="data-health", prog_name="data-health")
def main() -> None:
    """What is done between two builds of a dbt project that installs data_health."""


@main.group()
def labels() -> None:
    """Rows that people are asked about, and what they answered."""


@labels.command("export")
@project_options
@click.option("--output", type=NEW_FILE, required=True, help="File to write; several are numbered.")
@click.option(
    "--format", "kind", type=click.Choice(["json", "csv"]), help="Format; CSV for a file *.csv when not given."
)
@click.option("--project", help="The labeling project that the rows go to; the name of the monitor when not given.")
@click.option("--again", is_flag=True, help="Also the rows that this project was given before.")
@click.option(
    "--labeling-config", type=NEW_FILE, help="Also write the labeling interface of Label Studio to this file."
)
def export_command(
    monitor: str | None,
    control: str,
    project_dir: str | None,
    profiles_dir: str | None,
    target: str | None,
    output: Path,
    kind: str | None,
    project: str | None,
    again: bool,
    labeling_config: Path | None,
) -> None:
    """Write the open rows of health_labeling_candidates for Label Studio, or as CSV."""
    is_csv = kind == "csv" or (kind is None and output.suffix.lower() == ".csv")
    export = Export(output, project, is_csv, again, control, labeling_config)
    done = attempted(lambda: export_labels(Project(project_dir, profiles_dir, target), monitor, export))
    click.echo(export_summary(done))


@labels.command("import")
@project_options
@click.option("--annotator", help="Who answered, for rows of CSV that do not say.")
@click.argument("files", nargs=-1, type=FILE)
def import_command(
    monitor: str | None,
    control: str,
    project_dir: str | None,
    profiles_dir: str | None,
    target: str | None,
    annotator: str | None,
    files: tuple[Path, ...],
) -> None:
    """Add what people answered to the monitor's table of answers; all of the FILES, or nothing.

    FILES are exports of Label Studio (JSON, JSON_MIN, CSV) or CSV filled in by hand. Without one, the table is made if
    it is missing.
    """
    project = Project(project_dir, profiles_dir, target)
    answers, done = attempted(lambda: import_labels(project, monitor, files, control, annotator))
    click.echo("\n".join(map(import_summary, done)) if done else f"{answers} is there")


def attempted(action: Callable) -> object:
    """The result of an action; what is wrong ends the command with its message and exit code 1."""
    try:
        return action()
    except ExchangeError as wrong:
        raise click.ClickException(str(wrong)) from None


def export_summary(done: Exported) -> str:
    """What an export did, in a line or more."""
    lines = [f"{done.row_count} rows to {', '.join(map(str, done.files)) or 'no file'}"]
    if done.known_count:
        lines.append(f"{done.known_count} open rows were exported before; --again writes them again")
    if done.gone_count:
        lines.append(f"{done.gone_count} open rows are no longer in the monitored relation")
    if done.shared_count:
        lines.append(f"{done.shared_count} keys belong to several rows, of which one is shown")
    return "\n".join(lines)


def import_summary(done: Imported) -> str:
    """What an import did, in a line."""
    return (
        f"{done.file}: {done.added_count} answers added, {done.known_count} known before; "
        f"{done.skip_count} of them skips, {done.unanswered_count} tasks without answer"
    )
