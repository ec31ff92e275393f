"""`data-health init`: what it proposes for a table, and that dbt builds the proposal as it is."""

import datetime

import numpy as np
import pyarrow as pa
import pytest
import yaml
from click.testing import CliRunner
from consumer import Consumer
from data_health.command_line import main
from data_health.scaffold.column_words import is_called, words
from data_health.scaffold.monitor_proposal import grain_of, propose, written
from data_health.scaffold.table_facts import ColumnFacts, TableFacts, like_pattern

TODAY = datetime.date(2026, 1, 1)


def table(*columns, rows=10000, keys=()):
    return TableFacts("orders", {"ref": "orders"}, rows, list(columns), keys)


def column(name, family="string", count=10000, distinct=5000, **facts):
    return ColumnFacts(name, family, count, distinct, **facts)


def moment(name, lowest="2024-01-01 00:00:00", highest="2025-12-31 23:00:00", count=10000):
    return column(name, "timestamp", count=count, lowest=lowest, highest=highest)


def lines_of(*columns, **of_table):
    return {line.key: line for line in propose(table(*columns, **of_table), TODAY)}


@pytest.mark.quick
@pytest.mark.parametrize(
    ("name", "expected"),
    [("lastLoaded_at", ["last", "loaded", "at"]), ("Größe (cm)", ["gr", "e", "cm"]), ("", []), ("ORDER", ["order"])],
)
def test_words_of_a_name(name, expected):
    assert words(name) == expected


@pytest.mark.quick
def test_several_words_are_one_name():
    assert is_called("patient_age_band", ["age_band"]) and not is_called("age_of_band", ["age_band"])
    # a part of a word is none
    assert not is_called("essex", ["sex"])


@pytest.mark.quick
@pytest.mark.parametrize("like", ["fct_%", "%_daily", "a_c", "x.y", "[a]", "a^b"])
@pytest.mark.parametrize("name", ["fct_orders", "orders_daily", "abc", "xzy", "x.y", "a", "[a]", "a^b", "fct"])
def test_a_pattern_of_names_is_that_of_sql(like, name):
    import re

    import duckdb

    expected = duckdb.execute("select ? like ?", [name, like]).fetchone()[0]
    assert (re.fullmatch(like_pattern(like), name) is not None) == expected


@pytest.mark.quick
def test_the_event_time_is_no_birthday_and_no_load():
    found = lines_of(
        moment("date_of_birth", lowest="1931-01-01"),
        moment("updated_at"),
        moment("valid_until", highest="9999-12-31"),
        moment("approved", count=100),
        moment("sold_at"),
    )
    assert (found["time"].value, found["time"].needs_decision) == ("sold_at", False)
    assert found["loaded_at"].value == "updated_at"
    assert found["references"].needs_decision
    assert found["references"].value == {
        "training": {"from": datetime.date(2024, 1, 1), "to": datetime.date(2024, 12, 31)}
    }


@pytest.mark.quick
def test_a_text_that_is_called_like_a_time_is_said_and_kept():
    found = lines_of(column("sold_at", mean_length=19.0, distinct=9999))
    assert found["time"].needs_decision and "sold_at" in found["time"].why
    assert "exclude" not in found


@pytest.mark.quick
@pytest.mark.parametrize(
    ("rows", "end", "grain"),
    [(100000, (2024, 12, 31), "day"), (20000, (2024, 12, 31), "week"), (3000, (2024, 12, 31), "month"),
     (10**6, (2024, 1, 3), "month"), (0, (2024, 1, 1), "month")],
)  # fmt: skip
def test_the_finest_grain_with_enough_rows(rows, end, grain):
    assert grain_of(rows, datetime.date(2024, 1, 1), datetime.date(*end))[0] == grain


@pytest.mark.quick
def test_what_is_personal_or_long_or_different_in_every_row_is_left_out():
    found = lines_of(
        column("order_id", distinct=10000),
        column("Email", distinct=9000),
        column("comment", distinct=400, mean_length=200.0),
        column("customer_id", "numeric", distinct=8000, lowest=1.0, highest=9e9),
        column("amount", "numeric", distinct=9000, lowest=0.5, highest=90.0, has_fractions=True),
        column("height", "numeric", distinct=9000, lowest=5.0, highest=9e6),
        column("empty", count=0, distinct=0),
        keys=("order_id",),
    )
    assert found["key"].value == "order_id" and not found["key"].needs_decision
    assert found["exclude"].value == ["Email", "comment", "customer_id"]


@pytest.mark.quick
def test_what_a_model_said_is_told_from_what_came_true():
    found = lines_of(
        column("risk_score", "numeric", lowest=0.01, highest=0.98, has_fractions=True),
        column("credit_score", "numeric", lowest=300.0, highest=850.0),
        column("model_version", distinct=3),
        column("predicted", distinct=2),
        column("is_default", "boolean", distinct=2, values=("false", "true")),
    )
    assert found["prediction"].value == {"score": "risk_score", "version": "model_version", "label": "predicted"}
    assert found["label"].needs_decision and found["label"].value == {"column": "is_default", "positive": "true"}


@pytest.mark.quick
def test_the_text_is_yaml_whatever_names_hold():
    odd = ["order", "Größe", "it's", 'say "x"', "a: b", "#1", "yes", "null", "{x}"]
    columns = [column(name, mean_length=99.0) for name in odd]
    lines = propose(table(*columns), TODAY)
    read = yaml.safe_load(written([("null", lines), ("a: #b", lines)]))["vars"]["data_health"]["monitors"]
    assert list(read) == ["null", "a: #b"]
    assert read["null"]["exclude"] == odd and read["null"]["relation"] == {"ref": "orders"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    consumer = Consumer(tmp_path_factory.mktemp("init") / "project", {}, sources=("fct_sales", "fct_empty", "other"))
    draw = np.random.default_rng(1)
    count = 4000
    consumer.load(
        "fct_sales",
        {
            "Sale ID": np.arange(count),
            "order": draw.normal(size=count),
            "Größe": draw.choice(["S", "M", "L"], count),
            'say "x"': draw.choice(["a", "b"], count),
            "sold_at": np.datetime64("2024-01-01", "us") + draw.integers(0, 730, count).astype("timedelta64[D]"),
            "born": np.datetime64("0001-01-01", "us") + draw.integers(0, 700000, count).astype("timedelta64[D]"),
            "sex": draw.choice(["f", "m"], count),
            "score": draw.random(count),
            "prediction": draw.choice(["yes", "no"], count),
            "nothing": pa.nulls(count, pa.string()),
            "e-mail": [f"{number}@example.org" for number in range(count)],
        },
    )
    consumer.load("fct_empty", {"id": np.array([], int), "name": pa.array([], pa.string())})
    return consumer


def initialised(project, *arguments):
    return CliRunner().invoke(main, ["init", "--project-dir", str(project.folder), *arguments])


def test_a_proposal_is_built_as_it_is(project, tmp_path):
    done = initialised(project, "--like", "fct_%")
    assert done.exit_code == 0, done.output
    block = yaml.safe_load(done.output)["vars"]["data_health"]
    sales = block["monitors"]["fct_sales"]
    assert sales["relation"] == {"source": ["raw", "fct_sales"]}
    assert (sales["key"], sales["time"], sales["grain"]) == ("Sale ID", "sold_at", "month")
    assert sales["subgroups"] == ["sex"] and sales["prediction"] == {"score": "score", "label": "prediction"}
    assert sales["exclude"] == ["e-mail"]
    # of a table without rows nothing is claimed
    assert block["monitors"]["fct_empty"] == {"relation": {"source": ["raw", "fct_empty"]}}
    built = Consumer(tmp_path / "built", block, sources=("fct_sales", "fct_empty"))
    built.database.unlink(missing_ok=True)
    built.database.write_bytes(project.database.read_bytes())
    built.build("--exclude", "test_type:unit")
    rows = built.sql("select monitor, sum(row_count) from health_volume group by 1 order by 1")
    assert dict(rows)["fct_sales"] == 4000


def test_a_wrong_name_is_answered_with_the_nearest(project):
    done = initialised(project, "fct_sale")
    assert done.exit_code == 1
    assert "dbt knows no model, seed or source 'fct_sale'; the nearest are: raw.fct_sales" in done.output
    assert "is not in the warehouse yet" in initialised(project, "other").output
    assert initialised(project).exit_code == 2


def test_a_file_is_not_written_over(project, tmp_path):
    file = tmp_path / "monitors.yml"
    assert initialised(project, "raw.fct_sales", "--output", str(file)).output == f"1 monitors written to {file}\n"
    text = file.read_text()
    again = initialised(project, "raw.fct_sales", "--output", str(file))
    assert again.exit_code == 1 and "exists" in again.output and file.read_text() == text
