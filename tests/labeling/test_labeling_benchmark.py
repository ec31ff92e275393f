"""benchmarks/labeling.py on a table of one's own: every part runs, and what it prints is what happened."""

import subprocess
import sys

import numpy as np
import pytest
from consumer import REPOSITORY

pytestmark = pytest.mark.slow

CONFIGURATION = """
query: select * from read_csv('{data}/loans.csv')
label: case when is_bad then 'bad' else 'good' end
positive: bad
numbers: [income, "the age"]
categories: [town]
subgroups: [town]
pool: 400
test: 300
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loans")
    draw = np.random.default_rng(0)
    income, age, town = (
        draw.normal(size=700),
        draw.normal(size=700),
        draw.choice(["a", "b", "c"], 700, p=[0.6, 0.3, 0.1]),
    )
    is_bad = draw.random(700) < 1 / (1 + np.exp(-3 * income + 1))
    lines = [f"{x},{y},{z},{w}" for x, y, z, w in zip(income, age, town, is_bad.tolist(), strict=True)]
    (folder / "loans.csv").write_text("\n".join(["income,the age,town,is_bad", *lines]))
    (folder / "loans.yml").write_text(CONFIGURATION)
    return folder


def printed(folder, *options):
    command = [
        sys.executable,
        REPOSITORY / "benchmarks" / "labeling.py",
        folder / "loans.yml",
        "--data",
        folder,
        *options,
    ]
    return subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)


def test_every_part_runs_on_a_table_of_ones_own(table):
    done = printed(table, "--seeds", "2", "--budget", "60", "--chosen", "40", "--audited", "100")
    assert done.returncode == 0, done.stderr
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in done.stdout.splitlines()
        if line.startswith("|")
    ]
    curves = {line[0]: line for line in lines if len(line) == 11}
    assert {"random", "clustered_margin", "reference", "full allocation"} <= set(curves)
    # a signal that is easily learnt, and scores that are probabilities of the right order
    assert all(
        0.85 < float(line[1]) < 1
        for name, line in curves.items()
        if name not in ("strategy", "-" * 10) and "." in line[1]
    )
    assert "clustered_margin − reference: " in done.stdout and "full allocation − clustered_margin: " in done.stdout
    assert {line[1] for line in lines if len(line) == 5 and line[0] == "loans"} == {
        "shuffled labels", "tenfold duplicates", "1 % garbage rows", "pure noise",
    }  # fmt: skip
    automatic = [line for line in lines if len(line) == 8 and line[0] == "loans"]
    assert len(automatic) == 3 and "0 of 6 miss" in done.stdout


def test_a_configuration_that_names_something_else_is_refused(table, monkeypatch):
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
    from label_sets import read_set

    loans = read_set(table / "loans.yml", table)
    assert [(feature.name, feature.is_number) for feature in loans.features] == [
        ("income", True),
        ("the age", True),
        ("town", False),
    ]
    assert loans.columns.num_rows == len(loans.codes) == 700
    (table / "other.yml").write_text(CONFIGURATION.replace("pool: 400", "colour: red"))
    with pytest.raises(SystemExit, match=r"unknown keys \['colour'\], missing keys \['pool'\]"):
        read_set(table / "other.yml", table)
