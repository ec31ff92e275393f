"""The command `data-health`: incidents, the page, first monitors, labels of people, and rules that are suggested."""

import shutil
from collections.abc import Callable
from pathlib import Path

import click
from data_health.alerts.build import build
from data_health.alerts.summary import fails, read_summary, written
from data_health.cleaning.rules_file import written_rules
from data_health.label_studio.exporting import Export, Exported, export_labels
from data_health.label_studio.importing import Import, Imported, import_labels
from data_health.label_studio.project import Project
from data_health.label_studio.status import labels_status
from data_health.label_studio.tasks import ExchangeError
from data_health.report.writing import PERIODS, Written, write_report
from data_health.scaffold.init_command import proposal, written_to
from data_health.versions.registry_command import registry

FOLDER = click.Path(exists=True, file_okay=False)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)
# 1 is an error, and 2 a wrong use of the command
EXIT_OF_INCIDENTS = 3
MOST_SHOWN = 8


def place_options(command: Callable) -> Callable:
    """The options that say which project and warehouse are meant."""
    for option in (
        click.option("--target", help="Target of the profile. Default: the target that the profile names."),
        click.option(
            "--profiles-dir",
            type=FOLDER,
            help="Folder of profiles.yml. Default: the folder of --project-dir if it has one, else as for dbt.",
        ),
        click.option("--project-dir", type=FOLDER, help="Folder of dbt_project.yml. Default: the current folder."),
    ):
        command = option(command)
    return command


def project_options(command: Callable) -> Callable:
    """The same, and which monitor is meant."""
    return click.option("--monitor", help="Name of the monitor. Not needed if only one has a key.")(
        place_options(command)
    )


control_option = click.option(
    "--control", default="label", show_default=True, help="Name of the choice in the labeling interface."
)


@click.group()
@click.version_option(package_name="data-health", prog_name="data-health")
def main() -> None:
    """Do what is done beside dbt in a project that uses data_health."""


fail_option = click.option(
    "--fail-on",
    type=click.Choice(["warn", "alert"]),
    help="End with exit code 3 if an open incident is as bad as this, or if the incidents are older than the last run.",
)


@main.command("build", context_settings={"ignore_unknown_options": True})
@place_options
@fail_option
@click.option("--report", type=NEW_FILE, help="Also write the page of `data-health report` to this file.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def build_command(
    project_dir: str | None,
    profiles_dir: str | None,
    target: str | None,
    fail_on: str | None,
    report: Path | None,
    arguments: tuple[str, ...],
) -> None:
    """Build the models of the package with dbt, and show the open incidents.

    ARGUMENTS are those of `dbt build`, and replace the selection. The exit code is 1 if the build fails.
    """
    project = Project(project_dir, profiles_dir, target)
    succeeded = build(project, arguments, click.echo)
    summary = attempted(lambda: read_summary(project, None))
    click.echo(written(summary, "text", False, MOST_SHOWN, width_of_terminal()))
    if report is not None:
        click.echo(report_summary(attempted(lambda: write_report(project, report))))
    if not succeeded:
        raise click.ClickException("the build failed; what failed stands above")
    if fails(summary, fail_on):
        raise SystemExit(EXIT_OF_INCIDENTS)


@main.command("summary")
@place_options
@click.option("--monitor", help="Name of the monitor. Default: all.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="Form of the summary. JSON has all incidents.",
)
@click.option("--closed", is_flag=True, help="Also show incidents that are over or acknowledged.")
@click.option("--most", type=click.IntRange(min=1), default=MOST_SHOWN, show_default=True, help="How many to show.")
@fail_option
def summary_command(
    project_dir: str | None,
    profiles_dir: str | None,
    target: str | None,
    monitor: str | None,
    kind: str,
    closed: bool,
    most: int,
    fail_on: str | None,
) -> None:
    """Show the open incidents of the last build, the most at risk first.

    It reads health_incidents and no row of a monitored table.
    """
    summary = attempted(lambda: read_summary(Project(project_dir, profiles_dir, target), monitor))
    click.echo(written(summary, kind, closed, most, width_of_terminal()))
    if fails(summary, fail_on):
        raise SystemExit(EXIT_OF_INCIDENTS)


@main.command("report")
@place_options
@click.option("--output", type=NEW_FILE, required=True, help="File to write.")
@click.option(
    "--periods",
    type=click.IntRange(min=1),
    default=PERIODS,
    show_default=True,
    help="How many periods of each monitor to show, the newest ones.",
)
@click.option(
    "--docs", help="Address of the pages of the docs. Default: the docs of the installed package, if they are there."
)
def report_command(
    project_dir: str | None,
    profiles_dir: str | None,
    target: str | None,
    output: Path,
    periods: int,
    docs: str | None,
) -> None:
    """Write one page of HTML that shows what the marts hold, for a browser without a network.

    It reads marts and stored counts, and no row of a monitored table. It shows values only of columns that show_values
    names.
    """
    project = Project(project_dir, profiles_dir, target)
    click.echo(report_summary(attempted(lambda: write_report(project, output, periods, docs))))


main.add_command(registry)


@main.command("init")
@place_options
@click.option("--like", help="All models, seeds and sources whose names are like this, such as 'fct_%'.")
@click.option("--schema", help="With --like, only those in this schema.")
@click.option("--output", type=NEW_FILE, help="File to write. Default: print it.")
@click.argument("tables", nargs=-1)
def init_command(
    like: str | None,
    schema: str | None,
    project_dir: str | None,
    profiles_dir: str | None,
    target: str | None,
    output: Path | None,
    tables: tuple[str, ...],
) -> None:
    """Propose a monitor for each of TABLES, which are names of models, seeds or sources.

    Each table is read once. Every line of the proposal tells why it is there.
    """
    if bool(tables) == bool(like):
        raise click.UsageError("name tables, or give --like")
    project = Project(project_dir, profiles_dir, target)
    text, count = attempted(lambda: proposal(project, tables, like, schema))
    shown = written_to(text, output and project.absolute(output))
    click.echo(shown if shown is not None else f"{count} monitors written to {output}")


@main.command("suggest")
@place_options
@click.option("--cleaning", help="Name of the cleaning set. Default: all that ask for suggestions.")
@click.option("--output", type=NEW_FILE, required=True, help="File to write.")
def suggest_command(
    cleaning: str | None, project_dir: str | None, profiles_dir: str | None, target: str | None, output: Path
) -> None:
    """Write the rules of health_suggested_rules, with the whole configuration, to a file that a build can take.

    What speaks for a rule stands above it. Questions that only a person can answer are comments.
    """
    project = Project(project_dir, profiles_dir, target)
    text, rules, questions = attempted(lambda: written_rules(project, cleaning))
    project.absolute(output).write_text(text, encoding="utf-8")
    click.echo(f"{rules} rules and {questions} comments written to {output}; read them, then run:")
    click.echo(f'dbt build --vars "$(cat {output})"')


@main.group()
def labels() -> None:
    """Export rows to annotators, and import their annotations."""


@labels.command("export")
@project_options
@control_option
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
    place = Project(project_dir, profiles_dir, target)
    config_file = labeling_config and place.absolute(labeling_config)
    export = Export(place.absolute(output), project, is_csv, again, control, config_file)
    done = attempted(lambda: export_labels(place, monitor, export))
    click.echo(export_summary(done))


@labels.command("status")
@project_options
def status_command(monitor: str | None, project_dir: str | None, profiles_dir: str | None, target: str | None) -> None:
    """Show what annotators were asked, what they answered and skipped, and what was imported.

    Without --monitor, all monitors are shown.
    """
    click.echo(attempted(lambda: labels_status(Project(project_dir, profiles_dir, target), monitor)))


@labels.command("import")
@project_options
@control_option
@click.option("--annotator", help="Name of the annotator, for rows of a CSV file that name nobody.")
@click.option(
    "--complete",
    is_flag=True,
    help="FILES are the newest exports of all tasks of their projects: annotations that they lack are withdrawn.",
)
@click.argument("files", nargs=-1, type=FILE)
def import_command(
    monitor: str | None,
    control: str,
    project_dir: str | None,
    profiles_dir: str | None,
    target: str | None,
    annotator: str | None,
    complete: bool,
    files: tuple[Path, ...],
) -> None:
    """Add annotations from FILES to the table of annotations of the monitor.

    FILES are exports of Label Studio (JSON, JSON_MIN, CSV) or CSV files that people filled in. If one file has an
    error, nothing is added. An annotation that was deleted in Label Studio is withdrawn. Without FILES, the table is
    created if it does not exist.
    """
    project = Project(project_dir, profiles_dir, target)
    wish = Import([project.absolute(file) for file in files], control, annotator, complete)
    answers, done = attempted(lambda: import_labels(project, monitor, wish))
    click.echo("\n".join(map(import_summary, done)) if done else f"the table {answers} exists")


def report_summary(done: Written) -> str:
    """Where the page is."""
    monitors = f"{done.monitor_count} monitor{'' if done.monitor_count == 1 else 's'}"
    return f"the page of {monitors} is in {done.file} ({done.size / 1e6:.1f} MB); open it in a browser"


def width_of_terminal() -> int:
    """Its width in characters; 100 where there is no terminal."""
    return shutil.get_terminal_size((100, 24)).columns


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
    """What an import did, in a line or more."""
    lines = [
        f"{done.file}: {done.added_count} annotations added, {done.known_count} known before; "
        f"the file has {done.skip_count} skips and {done.unanswered_count} tasks without an annotation"
    ]
    if done.withdrawn_count:
        lines.append(f"{done.withdrawn_count} annotations withdrawn: Label Studio does not have them any more")
    if done.still_withdrawn_count:
        lines.append(
            f"{done.still_withdrawn_count} annotations of the file stay withdrawn: the file is not newer than their "
            "withdrawal; --complete takes them back"
        )
    if done.missing_count:
        lines.append(
            f"{done.missing_count} annotations are missing in the file, but stay: the file is older than they are, or "
            "its tasks have more annotations than it lists; --complete withdraws them"
        )
    return "\n".join(lines)
