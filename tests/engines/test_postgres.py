"""The same tables on both engines give the same statistics and marts; those of the demo are compared in test_demo_marts.py.

Grids come from a sample of 20,000 rows in the order of a hash, and the engines hash differently. Every table of the demo is
smaller, so both see all rows and must draw the same grids. The real tables are larger: there PostgreSQL gets DuckDB's grids
before its first build. Distinct counts are exact on PostgreSQL and a sketch on DuckDB, so those may differ by 20 % or 2, and may be
unknown, or not known to be exact, on DuckDB alone.
"""

import datetime
import math

import pytest
from consumer import SHARED_DATA, TESTS_OF_THESE, Consumer, needs_shared_data
from distributions import NAMED_DISTRIBUTIONS
from postgres_server import PostgresConsumer, execute

KEYS = {
    "monitored_periods": ["period_key"],
    "monitored_columns": ["monitor", "dataset", "column_name"],
    "column_grids": ["grid_key"],
    "column_statistics": ["period_column_key", "segment_column", "segment_value"],
    NAMED_DISTRIBUTIONS: ["period_column_key", "segment_column", "segment_value", "bin_type", "bin", "category"],
    "column_products": ["period_key", "column_a", "column_b"],
    "subgroup_cells": ["period_key", "model_version", *(f"value_{number}" for number in range(1, 9))],
    "declared_subgroups": ["monitor", "subgroup_number", "position"],
    "subgroup_periods": ["dataset_period_key", "subgroup_number", "naming", "group_value"],
    "health_representation": ["monitor", "dataset", "period_start", "subgroup", "group_value", "reference"],
    "health_known_biases": ["id", "reference"],
    "health_bias_gate": ["monitor", "reference"],
    "dataset_products": ["dataset_period_key", "column_a", "column_b"],
    "dataset_periods": ["dataset_period_key", "stored_period_key"],
    "health_monitors": ["monitor", "subject", "name"],
    "health_volume": ["monitor", "period_start"],
    "health_schema_changes": ["monitor", "dataset", "column_name", "change", "compared_with"],
    "health_coverage": ["monitor", "period_start", "segment_column", "segment_value", "reference", "column_name"],
    "feature_bins": ["monitor", "position", "code"],
    "feature_cells": ["period_key", "cell_code"],
    "health_coverage_combinations": ["monitor", "period_start", "reference", "combination_size", "column_names"],
    "health_alerts": ["monitor", "finding", "column_name", "segment_column", "segment_value", "metric", "first_period"],
    "health_scorecard": ["monitor", "period_start"],
    "health_profile": ["monitor", "dataset", "period_start", "segment_column", "segment_value", "column_name"],
    "health_drift": [
        "monitor",
        "period_start",
        "segment_column",
        "segment_value",
        "reference",
        "column_name",
        "metric",
    ],
}
# principal components are computed by Python models, which this adapter has none of
WITHOUT_PYTHON = {
    "health_alerts": "finding not in ('multivariate_drift', 'label_rate')",
    "health_monitors": "not (subject = 'part' and name = 'components')",
}
OF_PYTHON = {
    "health_scorecard": {
        "multivariate_drift_status",
        "label_rate_status",
        "no_convergence_status",
        "status",
        "alert_count",
        "warn_count",
    }
}
DEMO_KEYS = {
    "health_column_periods": ["monitor", "column_name", "period_start"],
    # patterns of values that are not shown look alike, so only the demo's are compared row by row
    "health_coverage_gaps": ["monitor", "dataset", "pattern"],
    "health_representation_gaps": ["monitor", "dataset", "pattern"],
    "health_rule_outcomes": ["cleaning_period_key", "rule_number"],
    "score_distributions": [
        "period_key",
        "model_version",
        "subgroup",
        "group_value",
        "score_bin",
        "predicted",
        "label",
    ],
    "performance_groups": ["monitor", "dataset", "period_start", "model_version", "subgroup", "group_value"],
    "health_performance": ["monitor", "dataset", "period_start", "model_version", "subgroup", "group_value", "metric"],
    "health_fairness": [
        *("monitor", "dataset", "period_start", "model_version", "subgroup", "group_value", "metric", "reference")
    ],
    "health_serving_skew": ["monitor", "period_start", "model_version", "feature"],
    "screenings": ["screening_id"],
    "screenings_quarantined": ["screening_id"],
    "screenings_removed": ["screening_id"],
}
TIMES_OF_THE_RUN = {
    "built_at",
    "run_id",
    "quarantine_run_id",
    "quarantined_at",
    "drawn_at",
    "changed_at",
    "detected_at",
    "first_counted_at",
    "monitored_since",
    "watched_since",
} | {
    "valid_from",
    "statistics_key",
    "built_from",
    "computed_from",
    "column_version_key",
    "hours_since_newest_event",
    "hours_since_newest_load",
}
# the evidence of a change of type tells both types
NAMES_OF_TYPES = {"data_type", "type_before", "type_now", "reason", "evidence", "logged_type", "recomputed_type"}
SKETCHES = {"distinct_count", "distinct_count_lower", "distinct_count_upper"}


def scale_of(row, name):
    """What an error is small against, where summands of both signs cancel out."""
    if "metric" in row:
        # distances are near 1, and near 0 they cancel digits
        return 1
    if name in ("sum_1", "sum_3") and row["sum_2"] is not None:
        size = row["row_count"] if name == "sum_1" else row["sum_4"]
        return math.sqrt(size * row["sum_2"])
    if name in ("sum_a", "sum_b", "product_sum", "clipped_product_sum", "clipped_sum"):
        # in scales of the grid, beyond 1e50 of which values are taken as that
        sizes = [1e50 if row[column] == "huge" else 10 for column in ("column_a", "column_b")]
        return row["row_count"] * (sizes[0] * sizes[1] if "product" in name else max(sizes))
    if name in ("skewness", "excess_kurtosis"):
        # they cancel digits of their own
        return 1e3
    if name in ("mean", "variance", "standard_deviation") and row.get("minimum") is not None:
        return max(abs(row["minimum"]), abs(row["maximum"])) ** (2 if name == "variance" else 1)
    return 0


def same(name, row, ours, theirs):
    if name in SKETCHES and theirs is not None:
        return ours is None or abs(ours - theirs) <= max(2, 0.2 * theirs)
    if name == "is_distinct_count_exact":
        return theirs or not ours
    if name in ("atoms", "edges") and ours and theirs:
        ours, theirs = ([float(number) for number in text.split(";")] for text in (ours, theirs))
        return ours == pytest.approx(theirs, rel=1e-9)
    if isinstance(ours, float) and isinstance(theirs, float):
        if row.get("metric") == "cramers_v":
            # a root: of nothing but rounding it makes ten million times as much
            ours, theirs = ours**2, theirs**2
        return ours == pytest.approx(theirs, rel=1e-9, abs=1e-9 * scale_of(row, name), nan_ok=True)
    return ours == theirs


def keyed(rows, key):
    result = {tuple(row[name] for name in key): row for row in rows}
    assert len(result) == len(rows)
    return result


def assert_equal_tables(duck, other, tables=KEYS, skip=TIMES_OF_THE_RUN | NAMES_OF_TYPES):
    """`duck` and `other` give the rows of a query."""
    for table in tables:
        query = f"select * from {table} where {WITHOUT_PYTHON.get(table, 'true')}"
        left, right = (keyed(rows(query), (KEYS | DEMO_KEYS)[table]) for rows in (duck, other))
        only_one = sorted(map(str, left.keys() ^ right.keys()))
        assert not only_one, f"{table}, {len(only_one)} keys:\n" + "\n".join(only_one[:8])
        wrong = [
            f"{key} {name}: {row[name]!r}, {right[key][name]!r}"
            for key, row in left.items()
            for name in row
            if name not in skip | OF_PYTHON.get(table, set()) and not same(name, row, row[name], right[key][name])
        ]
        assert not wrong, f"{table}, {len(wrong)} of {len(left)} rows:\n" + "\n".join(wrong[:8])


REAL_TABLES = {
    "stops": (
        "nypd_stops/nypd_sqf_2021.csv",
        "*, cast(STOP_FRISK_DATE as timestamp) as stopped_at",
        {
            "key": "STOP_ID",
            "time": "stopped_at",
            "segments": ["SUSPECT_SEX"],
            "references": {"h1": {"from": "2021-01-01", "to": "2021-07-01"}},
        },
    ),
    "bank": (
        "bank/bank-additional-full.csv",
        "*, row_number() over () as call_id",
        {"key": "call_id", "segments": ["y"]},
    ),
    "examinations": ("nhanes/NHANESraw.csv", "*, row_number() over () as row_id", {"key": "row_id"}),
}


@needs_shared_data
# one table is in `make test`
@pytest.mark.parametrize(
    "name", ["bank", *(pytest.param(name, marks=pytest.mark.slow) for name in ("stops", "examinations"))]
)
def test_real_tables_give_the_same_on_both_engines(postgres, tmp_path, name):
    file, columns, monitor = REAL_TABLES[name]
    # both add up products in SQL, where DuckDB would take batches from 21 columns on
    shared = {"relation": {"source": ["raw", name]}, "components": {"max_columns": 50}}
    # all that is compared, whether a key of the monitor asks for it or not
    parts = dict.fromkeys(["components", "coverage", "combinations", "representation"], True)
    configuration = {"parts": parts, "monitors": {name: shared | monitor}}
    duck = Consumer(tmp_path / "duck", configuration, sources=[name])
    path = SHARED_DATA / "tables" / file
    duck.sql(f"create table raw.{name} as select {columns} from read_csv('{path}', nullstr = ['(null)', 'NA', ''])")
    duck.build()
    other = PostgresConsumer(postgres, tmp_path / "other", configuration, sources=[name])
    other.take(duck, name)
    # everything for one table: a first build without rows is possible on this engine too
    other.build("--empty", *(() if name == "examinations" else ("--select", "+column_grids", *TESTS_OF_THESE)))
    for grid in duck.rows("select * from column_grids"):
        texts = ", ".join(f"%({column})s" for column in grid)
        execute(other.server, f"insert into main.column_grids ({', '.join(grid)}) values ({texts})", grid)
    other.build()
    # no known bias is written down here
    assert_equal_tables(duck.rows, other.rows, tables=KEYS.keys() - {"health_known_biases", "health_bias_gate"})


ODD_TABLE = r"""
    create type raw.level as enum ('low', 'high');
    create type raw.pair as (one integer, two integer);
    create domain raw.small as integer check (value < 1000);
    create table raw.rows as
    select
        i as "id", md5(i::text)::uuid as "key",
        case when i = 399 then 'infinity' else timestamp '2024-01-01' + i * interval '1 hour' end as "order",
        case i % 10 when 0 then null when 1 then 'NaN'::float8 when 2 then 'Infinity' when 3 then '-Infinity' when 4 then -0.0::float8
            when 5 then -5.5 else i end as "select",
        case i % 4 when 0 then null when 1 then '' when 2 then 'O''Hara; %s' else e'two\nlines 🙂' end as "Größe",
        null::float8 as "a b", null::text as "null text", 7 as "constant", i % 2 = 0 as "group",
        (i * 1.0000000001)::numeric(38, 10) as "Mixed Case",
        case when i % 5 = 0 then 'NaN' else i::numeric end as "decimal",
        case i % 4 when 0 then 1e308::float8 when 1 then -1e308 when 2 then 1e-308 else 4.9e-324 end as "huge",
        i::float8 * case when i % 2 = 0 then 1e-200 else 3e-200 end as "tiny",
        case i % 50 when 0 then 'infinity' when 1 then '-infinity' else timestamp '2023-01-01' + i * interval '1 min' end as "when",
        timestamptz '2024-03-31 00:30:00+00' + i * interval '1 hour' as "zoned", date '2020-02-29' + i as "day",
        (case when i % 3 = 0 then 'low' else 'high' end)::raw.level as "level", (i % 7)::raw.small as "domain",
        'x'::char(5) as "padded", array[i] as "list", '{"a": 1}'::jsonb as "json", (1, 2)::raw.pair as "record", 'x'::bytea as "bytes",
        time '12:00' as "clock", interval '1 day' as "span", 5::money as "money", inet '10.0.0.1' as "address",
        point(1, 2) as "point", b'101' as "bits", 'text number ' || md5(i::text) as "note", i as "{quoted}"
    from generate_series(0, 399) as i
""".replace("{quoted}", '""quoted"" 100%')


def test_rows_that_hurt(postgres, tmp_path):
    configuration = {
        "monitors": {
            "odd": {
                "relation": {"source": ["raw", "rows"]},
                "key": "key",
                "time": "order",
                "grain": "quarter",
                "lookback": 9,
            }
        }
    }
    odd = PostgresConsumer(postgres, tmp_path / "odd", configuration)
    odd.sql(ODD_TABLE)
    odd.build()
    odd.build_profile()
    assert odd.sql("select sum(row_count) from health_volume") == [(400,)]
    profile = {
        row["column_name"]: row for row in odd.rows("select * from health_profile where period_start is not null")
    }
    special = profile["select"]
    assert (special["row_count"], special["nan_share"] * 399, special["infinity_share"] * 399) == (
        399,
        pytest.approx(40),
        pytest.approx(80),
    )
    assert (special["zero_share"] * 399, special["minimum"], special["maximum"]) == (pytest.approx(40), -5.5, 398)
    counts = dict(
        odd.sql(f"select category, sum(row_count) from {NAMED_DISTRIBUTIONS} where column_name = 'Größe' group by 1")
    )
    assert counts == {None: 100, "": 100, "O'Hara; %s": 100, "two\nlines 🙂": 100}
    assert (profile["a b"]["null_share"], profile["a b"]["mean"], profile["null text"]["distinct_count"]) == (
        1,
        None,
        0,
    )
    assert (profile["constant"]["p50"], profile["constant"]["variance"]) == (7, 0)
    assert profile["Mixed Case"]["maximum"] == pytest.approx(398 * 1.0000000001, rel=1e-12)
    assert profile["decimal"]["nan_share"] == pytest.approx(80 / 399)
    assert (profile["huge"]["minimum"], profile["huge"]["maximum"], profile["huge"]["extreme_count"]) == (
        -1e308,
        1e308,
        200,
    )
    assert profile["tiny"]["maximum"] == pytest.approx(397 * 3e-200)
    assert profile["when"]["infinity_share"] == pytest.approx(16 / 399)
    assert profile["when"]["earliest"] == datetime.datetime(2023, 1, 1, 0, 2)
    assert profile["zoned"]["earliest"] == datetime.datetime(2024, 3, 31, 0, 30)
    assert (profile["domain"]["maximum"], profile['"quoted" 100%']["mean"]) == (6, pytest.approx(199))
    assert (profile["key"]["kind"], profile["key"]["distinct_count"], profile["note"]["kind"]) == ("key", 399, "text")
    left_out = dict(odd.sql("select name, reason from health_monitors where not is_monitored and role = 'feature'"))
    assert set(left_out) == {
        "list",
        "json",
        "record",
        "bytes",
        "clock",
        "span",
        "money",
        "address",
        "point",
        "bits",
        "level",
    }
    assert all("has no statistics" in reason for reason in left_out.values())


def test_late_rows_and_new_columns_rebuild_only_what_they_touch(postgres, tmp_path):
    monitor = {
        "relation": {"source": ["raw", "rows"]},
        "key": "id",
        "time": "at",
        "loaded_at": "loaded",
        "grain": "day",
    }
    project = PostgresConsumer(postgres, tmp_path / "days", {"monitors": {"days": monitor}})
    project.sql(
        "create table raw.rows as select i as id, timestamp '2024-03-01' + i * interval '1 minute' as at, "
        "timestamp '2024-03-09' as loaded, sin(i) * 10 as size, 'c' || i % 7 as code from generate_series(0, 9999) as i"
    )
    project.build_profile()

    def stored():
        tables = ("monitored_periods", "column_grids", "column_statistics", "column_distributions")
        return {table: sorted(project.rows(f"select * from {table}"), key=str) for table in tables}

    def built_since(moment):
        return set(
            project.sql(
                f"select distinct period_start::text, column_name from column_statistics where built_at > '{moment}'"
            )
        )

    def rows_affected():
        """Rows that each statistics model wrote in the last build, as dbt's run_results.json tells."""
        return {
            result["unique_id"].split(".")[-1]: result["adapter_response"]["rows_affected"]
            for result in project.run_results()
            if result["unique_id"].split(".")[-1] in before
        }

    before = stored()
    project.build_profile()
    assert str(stored()) == str(before)
    assert rows_affected() == dict.fromkeys(before, 0)
    project.sql(
        "insert into raw.rows select i, timestamp '2024-03-08' + (i - 20000) * interval '1 minute', "
        "'2024-03-09', sin(i) * 10, 'c' || i % 7 from generate_series(20000, 20999) as i"
    )
    project.build_profile()
    of_that_day = "select count(*) from {} where period_start = '2024-03-08'"
    bins = of_that_day.format("column_distributions inner join column_statistics using (statistics_key)")
    assert rows_affected() == {"column_grids": 0, "column_distributions": project.sql(bins)[0][0]} | {
        table: project.sql(of_that_day.format(table))[0][0] for table in ("monitored_periods", "column_statistics")
    }
    newest = project.sql("select max(built_at) from column_statistics")[0][0]
    project.sql("insert into raw.rows values (10000, '2024-03-02 10:00', '2024-03-20', 99, 'c1')")
    project.build_profile()
    assert {period for period, _ in built_since(newest)} == {"2024-03-02"}
    assert project.sql("select max(maximum) from health_profile where column_name = 'size'") == [(99,)]
    newest = project.sql("select max(built_at) from column_statistics")[0][0]
    project.sql("alter table raw.rows add column extra float8; update raw.rows set extra = 2 * size")
    project.build_profile()
    assert {column for _, column in built_since(newest)} == {"extra"}
    assert len(built_since(newest)) == 8


def test_scalers_equal_those_of_scikit_learn(postgres, tmp_path):
    from sklearn.preprocessing import RobustScaler, StandardScaler

    models = {}
    for method in ("standard", "robust"):
        models[f"fit_{method}.sql"] = (
            "{{ config(materialized='table') }} "
            f"{{{{ data_health.fit_scaler(source('raw', 'rows'), ['x', 'same'], '{method}') }}}}"
        )
        models[f"scaled_{method}.sql"] = (
            f"{{{{ data_health.standardise(source('raw', 'rows'), ref('fit_{method}'), ['x', 'same'], ['id'], '{method}') }}}}"
        )
    project = PostgresConsumer(postgres, tmp_path / "scalers", {}, models=models)
    project.sql(
        "create table raw.rows as select i as id, exp(sin(i) * 5) as x, .1::float8 as same from generate_series(1, 500) as i"
    )
    project.sql("insert into raw.rows values (501, null, .1), (502, 'NaN', .1)")
    project.build("--exclude", "package:data_health")
    values = [list(row) for row in project.sql("select coalesce(x, 'NaN'), same from raw.rows order by id")]
    for method, oracle in (("standard", StandardScaler()), ("robust", RobustScaler())):
        found = project.sql(f"select coalesce(x, 'NaN'), same from scaled_{method} order by id")
        expected = oracle.fit(values).transform(values)
        assert [list(row) for row in found] == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)
