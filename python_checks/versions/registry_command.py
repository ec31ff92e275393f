"""The command `data-health registry`: rows of the registry for a new version, from where its features are told."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click
from data_health.versions.registry_file import (
    Feature,
    features_of_feast,
    features_of_mlflow,
    features_of_model,
    registry_rows,
    with_rows,
)

FILE = click.Path(exists=True, path_type=Path)


@click.group()
def registry() -> None:
    """Write the features of a new model version as rows of the registry (CSV)."""


def written_options(command: Callable) -> Callable:
    """The options that say what the version is called and where the rows go."""
    for option in (
        click.option(
            "--output",
            type=click.Path(dir_okay=False, path_type=Path),
            help="File to write, such as a seed. If it exists, the rows are added. Default: print them.",
        ),
        click.option("--model-version", required=True, help="Name of the model version."),
    ):
        command = option(command)
    return command


def write(features: Sequence[Feature], model_version: str, output: Path | None) -> None:
    """Print the rows, or add them to a file; say which features have no type or no definition."""
    before = output.read_text(encoding="utf-8") if output is not None and output.exists() else ""
    text = with_rows(before, registry_rows(model_version, features))
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        click.echo(f"{len(features)} features of version {model_version} written to {output}")
    for column in ("data_type", "definition"):
        missing = [feature.name for feature in features if not getattr(feature, column)]
        if missing:
            click.echo(f"without {column}: {', '.join(missing)}", err=True)


@registry.command("model")
@click.argument("name")
@click.option("--exclude", multiple=True, help="Column that is no feature, such as a key. May be given several times.")
@click.option(
    "--target-path", type=FILE, default=Path("target"), show_default=True, help="Folder with dbt's manifest.json."
)
@written_options
def model_command(
    name: str, exclude: Sequence[str], target_path: Path, model_version: str, output: Path | None
) -> None:
    """Features of the compiled dbt model NAME: its columns, each with its type and with the SQL that defines it.

    Types come from `dbt docs generate`, or from the properties of the model.
    """
    write(features_of_model(target_path, name, exclude), model_version, output)


@registry.command("mlflow")
@click.argument("path", type=FILE)
@written_options
def mlflow_command(path: Path, model_version: str, output: Path | None) -> None:
    """Features of the signature in an MLmodel file of MLflow; PATH is the file or its folder."""
    write(features_of_mlflow(path), model_version, output)


@registry.command("feast")
@click.argument("file", type=FILE)
@click.option("--service", help="Name of the feature service. Default: the features of all views.")
@written_options
def feast_command(file: Path, service: str | None, model_version: str, output: Path | None) -> None:
    """Features in FILE, which `feast registry-dump` wrote."""
    write(features_of_feast(file, service), model_version, output)
