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
        click.option("--target", help="Target of the profile. Default: the target that the profile names."),
        click.option("--profiles-dir", type=FOLDER, help="Folder of profiles.yml, as for dbt."),
        click.option("--project-dir", type=FOLDER, help="Folder of dbt_project.yml. Default: the current folder."),
        click.option(
            "--control", default="label", show_default=True, help="Name of the choice in the labeling interface."
        ),
        click.option("--monitor", help="Name of the monitor. Needed only if several monitors have a key."),
    ):
        command = option(command)
    return command


@click.group()
@click.version_option(package_name="data-health", prog_name="data-health")
def main() -> None:
    """Do what is done between two builds of a dbt project that uses data_health."""


@main.group()
def labels() -> None:
    """Export rows to annotators, and import their annotations."""


@labels.command("export")
@project_options
@click.option("--output", type=NEW_FILE, required=True, help="File to write. Several files get numbers.")
@click.option(
    "--format", "kind", type=click.Choice(["json", "csv"]), help="Format of the file. Default: csv if it is *.csv."
)
@click.option("--project", help="Name of the labeling project. Default: the name of the monitor.")
@click.option("--again", is_flag=True, help="Also write rows that were exported to this labeling project before.")
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
@click.option("--annotator", help="Name of the annotator, for rows of a CSV file that name nobody.")
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
    """Add annotations from FILES to the table of annotations of the monitor.

    FILES are exports of Label Studio (JSON, JSON_MIN, CSV) or CSV files that people filled in. If one file has an
    error, nothing is added. Without FILES, the table is created if it does not exist.
    """
    project = Project(project_dir, profiles_dir, target)
    answers, done = attempted(lambda: import_labels(project, monitor, files, control, annotator))
    click.echo("\n".join(map(import_summary, done)) if done else f"the table {answers} exists")


def attempted(action: Callable) -> object:
    """The result of an action; what is wrong ends the command with its message and exit code 1."""
    try:
        return action()
    except ExchangeError as wrong:
        raise click.ClickException(str(wrong)) from None


def export_summary(done: Exported) -> str:
    """What an export did, in a line or more."""
    lines = ["no new row, so no file is written"]
    if done.files:
        lines = [f"{done.row_count} rows written to {', '.join(map(str, done.files))}"]
    if done.known_count:
        lines.append(f"{done.known_count} open rows were exported before; --again writes them again")
    if done.gone_count:
        lines.append(f"{done.gone_count} open rows are no longer in the monitored table")
    if done.shared_count:
        lines.append(f"{done.shared_count} keys belong to several rows; one of these rows is shown")
    return "\n".join(lines)


def import_summary(done: Imported) -> str:
    """What an import did, in a line."""
    return (
        f"{done.file}: {done.added_count} annotations added, {done.known_count} known before; "
        f"the file has {done.skip_count} skips and {done.unanswered_count} tasks without an annotation"
    )
