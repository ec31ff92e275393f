"""The formulas of macros/metrics against SciPy, or against what a plain loop gives, on each engine."""

import datetime
import math

import numpy as np
import pytest
from consumer import Consumer
from postgres_server import PostgresConsumer
from scipy import stats

SHARES = [(56, 70), (48, 80)] + [
    (count, rows) for rows in (1, 7, 30, 1000, 250_000) for count in {0, 1, rows // 3, rows - 1, rows}
]
P_VALUES = [0.5, 0.01, 0.049, 0.01, 1.0, 0.0002, None, 0.03]
VALUES = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]
MODELS = {
    "shares.sql": """
        select
            c as count, n as row_count, c / nullif(n, 0e0) as share,
            {{ data_health.wilson('lower', '(c / nullif(n, 0e0))', 'nullif(n, 0e0)') }} as lower_end,
            {{ data_health.wilson('upper', '(c / nullif(n, 0e0))', 'nullif(n, 0e0)') }} as upper_end,
            {{ data_health.wilson('centre', '(c / nullif(n, 0e0))', 'nullif(n, 0e0)') }} as centre,
            {{ data_health.wilson('margin', '(c / nullif(n, 0e0))', 'nullif(n, 0e0)') }} as margin,
            {{ data_health.wilson('upper', '(c / nullif(n, 0e0))', 'nullif(n, 0e0)', '1.6448536269514722e0') }} as one_sided_bound
        from {{ source('raw', 'counts') }}
    """,
    "pairs.sql": """
        with pairs as (
            select
                a.count as count, a.row_count as row_count, b.count as other_count, b.row_count as other_row_count,
                a.share as now_share, a.centre as now_centre, a.margin as now_margin,
                b.share as then_share, b.centre as then_centre, b.margin as then_margin
            from {{ ref('shares') }} as a
            cross join {{ ref('shares') }} as b
            where a.row_count > 0 and b.row_count > 0
        )
        select
            count, row_count, other_count, other_row_count,
            {{ data_health.newcombe('lower', 'now', 'then') }} as lower_end,
            {{ data_health.newcombe('upper', 'now', 'then') }} as upper_end,
            {{ data_health.arcsine_share('now_share') }} - {{ data_health.arcsine_share('then_share') }} as h,
            case when count > 0 and other_count > 0 then
                {{ data_health.log_ratio_error('count', 'row_count', 'other_count', 'other_row_count') }} end as log_error
        from pairs
    """,
    "q_values.sql": """
        with ranked as (
            select
                id, p, row_number() over (order by p nulls last, id) as p_rank, count(p) over () as family_size, 1 as family
            from {{ source('raw', 'p_values') }}
        )
        select id, case when p is not null then {{ data_health.benjamini_hochberg('p', 'p_rank', 'family_size', 'family') }} end as q
        from ranked
    """,
    "spreads.sql": """
        select {{ data_health.robust_spread('percentile_cont(0.5) within group (order by abs(x - 3.5e0))') }} as spread
        from {{ source('raw', 'measured') }}
    """,
    "tails.sql": """
        select x, {{ data_health.two_sided_normal_tail('x', 't') }} as tail
        from (select x, 1 / (1 + x / (2 * sqrt(2e0))) as t from {{ source('raw', 'measured') }}) as terms
    """,
    "limits.sql": """
        select x, {{ data_health.chi_square_95('x') }} as chi_95 from {{ source('raw', 'measured') }}
    """,
    "dates.sql": """
        select x, {{ data_health.engine_sql('is_date', 'x') }} as is_date from {{ source('raw', 'texts') }}
    """,
}
# every month and day of years that are leap years and that are not, days that there are not, and other texts
TEXTS = [
    *(
        f"{year:04}-{month:02}-{day:02}"
        for year in (0, 1, 1900, 2000, 2023, 2024)
        for month in range(14)
        for day in range(33)
    ),
    *("", "soon", "2024-1-1", "2024-01-01 ", "20240101", "2024-01-01T00"),
]


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def built(request, tmp_path_factory):
    folder, sources = tmp_path_factory.mktemp("metrics") / "project", ("counts", "p_values", "measured", "texts")
    if request.param == "duckdb":
        project = Consumer(folder, {}, models=MODELS, sources=sources)
    else:
        server = request.getfixturevalue("postgres")
        project = PostgresConsumer(server, folder, {}, models=MODELS, sources=sources)
    counts = ", ".join(f"({count}e0, {rows}e0)" for count, rows in [*SHARES, (0, 0)])
    p_values = ", ".join(f"({number}, {'null' if p is None else f'{p}e0'})" for number, p in enumerate(P_VALUES))
    measured = ", ".join(f"({value}e0)" for value in VALUES)
    project.sql(
        f"create table raw.counts as select cast(c as double precision) as c, cast(n as double precision) as n from (values {counts}) as counts (c, n)"
    )
    project.sql(
        f"create table raw.p_values as select id, cast(p as double precision) as p from (values {p_values}) as p_values (id, p)"
    )
    project.sql(
        f"create table raw.measured as select cast(x as double precision) as x from (values {measured}) as measured (x)"
    )
    texts = ", ".join(f"('{text}')" for text in TEXTS)
    project.sql(f"create table raw.texts as select cast(x as varchar) as x from (values {texts}) as texts (x)")
    project.dbt("run", "--select", "package:consumer")
    return project


def test_a_text_is_a_date_where_the_calendar_has_that_day(built):
    def is_date(text):
        try:
            return datetime.date.fromisoformat(text).isoformat() == text
        except ValueError:
            return False

    assert dict(built.sql("select x, is_date from dates")) == {text: is_date(text) for text in TEXTS}


def test_wilson(built):
    for row in built.rows("select * from shares"):
        count, rows = int(row["count"]), int(row["row_count"])
        if rows == 0:
            assert row["lower_end"] is row["upper_end"] is row["centre"] is row["margin"] is None
            continue
        expected = stats.binomtest(count, rows).proportion_ci(0.95, method="wilson")
        assert row["lower_end"] == pytest.approx(expected.low, rel=1e-12, abs=1e-15)
        assert row["upper_end"] == pytest.approx(expected.high, rel=1e-12)
        assert row["centre"] - row["margin"] == pytest.approx(expected.low, rel=1e-9, abs=1e-15)
        one_sided = stats.binomtest(count, rows).proportion_ci(0.9, method="wilson")
        assert row["one_sided_bound"] == pytest.approx(one_sided.high, rel=1e-12)
        if count == 0:
            assert row["lower_end"] == 0


def test_newcombe(built):
    rows = built.rows("select * from pairs")
    assert len(rows) == len(SHARES) ** 2
    # his example a: 56 of 70 against 48 of 80 (Newcombe 1998, table II, method 10)
    example = next(row for row in rows if row["row_count"] == 70 and row["other_row_count"] == 80)
    assert (round(example["lower_end"], 4), round(example["upper_end"], 4)) == (0.0524, 0.3339)
    for row in rows:
        ends = []
        for count, total in (("count", "row_count"), ("other_count", "other_row_count")):
            count, total = int(row[count]), int(row[total])
            interval = stats.binomtest(count, total).proportion_ci(0.95, method="wilson")
            ends.append((count / total, interval.low, interval.high))
        (p, p_low, p_high), (q, q_low, q_high) = ends
        assert row["lower_end"] == pytest.approx(p - q - math.hypot(p - p_low, q_high - q), abs=1e-12)
        assert row["upper_end"] == pytest.approx(p - q + math.hypot(p_high - p, q - q_low), abs=1e-12)


def test_cohens_h_and_the_error_of_a_log_ratio(built):
    for row in built.rows("select * from pairs"):
        p, q = row["count"] / row["row_count"], row["other_count"] / row["other_row_count"]
        assert row["h"] == pytest.approx(2 * (math.asin(math.sqrt(p)) - math.asin(math.sqrt(q))), abs=1e-14)
        if row["count"] > 0 and row["other_count"] > 0:
            counts = [int(row[name]) for name in ("count", "row_count", "other_count", "other_row_count")]
            low, high = stats.contingency.relative_risk(*counts).confidence_interval(0.95)
            expected = math.log(high / low) / 2 / stats.norm.ppf(0.975)
            assert row["log_error"] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_benjamini_hochberg(built):
    found = {row["id"]: row["q"] for row in built.rows("select * from q_values")}
    known = [number for number, p in enumerate(P_VALUES) if p is not None]
    expected = stats.false_discovery_control([P_VALUES[number] for number in known])
    assert [found[number] for number in known] == pytest.approx(list(expected), rel=1e-14)
    assert [number for number, q in found.items() if q is None] == [P_VALUES.index(None)]


def test_robust_spread(built):
    assert np.median(VALUES) == 3.5
    expected = stats.median_abs_deviation(VALUES, scale="normal")
    assert built.rows("select spread from spreads")[0]["spread"] == pytest.approx(expected, rel=2e-5)


def test_tails_and_limits(built):
    for row in built.rows("select * from tails"):
        assert row["tail"] == pytest.approx(2 * stats.norm.sf(row["x"]), rel=1.3e-7)
    for row in built.rows("select * from limits"):
        groups = row["x"]
        if groups < 2:
            assert row["chi_95"] == 0
        else:
            assert row["chi_95"] == pytest.approx(stats.chi2.ppf(0.95, groups - 1), rel=1e-14 if groups < 4 else 6e-3)
