"""Judgements on the number of rows, findings, acknowledgements and the generic tests, in a user's project.

The oracle computes what docs/alerts.md says with NumPy, one period after the other.
"""

import json
from datetime import date, timedelta

import numpy as np
import pytest
import walkthrough
import yaml
from consumer import REPOSITORY, Consumer
from scipy.stats import chi2

MONTHS = [date(2015 + number // 12, number % 12 + 1, 1) for number in range(72)]
DAYS = [date(2024, 1, 1) + timedelta(days=number) for number in range(40 * 7)]


# What is expected, by NumPy


def expectations(counts, periods, seasonality="none", warn=0.2, alert=0.5):
    """Per period (expected, warn below, warn above, alert below, alert above), or None with fewer than 8 comparable ones before.

    `counts` are rows of the periods in order, 0 for one that is missing; `periods` are their first days.
    """
    seasons = [day.isoweekday() if seasonality == "weekday" else 0 for day in periods]
    bands = banded(counts, periods, seasons, seasonality, warn, alert, set())
    alerts = {i for i, band in enumerate(bands) if band and (counts[i] < band[3] or counts[i] > band[4]) and counts[i]}
    return banded(counts, periods, seasons, seasonality, warn, alert, alerts)


def banded(counts, periods, seasons, seasonality, warn, alert, left_out):
    level_length, history_length = (12, 60) if seasonality == "month" else (6, 36)
    ratios, bands = {}, []
    for now, count in enumerate(counts):
        history = [i for i in range(now) if counts[i] and i not in left_out and seasons[i] == seasons[now]]
        bands.append(None)
        if not history:
            continue
        level = np.median([np.log(counts[i]) for i in history[-level_length:]])
        if count:
            ratios[now] = np.log(count) - level
        known = [i for i in history[-history_length:] if i in ratios]
        if len(history) < 8:
            continue
        like = [ratios[i] for i in known if seasonality == "month" and periods[i].month == periods[now].month]
        trend = np.median(like or [ratios[i] for i in known])
        distances = np.array([abs(ratios[i] - trend) for i in known])
        is_narrow = sum(counts[i] * (ratios[i] - trend) ** 2 for i in known) < lower_chi_square(len(known) - 1)
        if seasonality == "month":
            # against the year before, where enough years are known
            by_year = []
            for i in known:
                same = [j for j in history if j < i and periods[j].month == periods[i].month]
                if same and same[-1] in ratios:
                    by_year.append(abs(ratios[i] - ratios[same[-1]]))
            distances = np.array(by_year) if len(by_year) >= 8 else distances
        bands[-1] = band(np.exp(level + trend), distances, warn, alert, is_narrow)
    return bands


def lower_chi_square(freedom):
    """The .001 point by Wilson and Hilferty, which is a little below the exact one: so less is called narrow."""
    point = freedom * max(0, 1 - 2 / (9 * freedom) - 3.0902323 * np.sqrt(2 / (9 * freedom))) ** 3
    exact = chi2.ppf(0.001, freedom)
    assert freedom < 7 or 0.8 * exact < point < exact
    return point


def band(expected, distances, warn, alert, is_narrow):
    number = len(distances)
    variance = np.mean(np.minimum(distances, 3 * 1.4826 * np.median(distances)) ** 2) * number / (number - 1)
    spread = np.sqrt(variance) * (1 + 30 / number**2)
    limits = []
    for width, effect in ((3.5, warn), (5, alert)):
        root = np.sqrt(expected)
        if is_narrow:
            # chance is no excuse, and a quarter of the ratio is worth a word
            width_of_chance, effect = 0, effect / 4
        else:
            width_of_chance = width
        limits += [
            min(expected * np.exp(-width * spread), max(0, root - width_of_chance / 2) ** 2, expected / (1 + effect)),
            max(expected * np.exp(width * spread), (root + width_of_chance / 2) ** 2, expected * (1 + effect)),
        ]
    return (expected, *limits)


def judged(counts, periods=MONTHS, **options):
    """ok, warn or alert per period that can be judged."""
    result = []
    for count, limits in zip(counts, expectations(counts, periods, **options), strict=True):
        if limits:
            _, low, high, very_low, very_high = limits
            result.append(
                "alert" if not very_low <= count <= very_high else "warn" if not low <= count <= high else "ok"
            )
    return result


# Tables whose periods have given numbers of rows


def seeded(name):
    return np.random.default_rng(sum(map(ord, name)))


def daily():
    """A shop that is closed on Sundays, busy on Saturdays, was closed on a Wednesday and counted a Thursday twice."""
    random = seeded("daily")
    shape = [100, 90, 95, 105, 120, 300, 0]
    counts = [int(random.poisson(shape[day.weekday()])) for day in DAYS]
    counts[30 * 7 + 2] = 0
    counts[31 * 7 + 3] *= 2
    return counts


def yearly():
    """Twice as much in December, a tenth more every year, and a December that does not come."""
    random = seeded("yearly")
    counts = [
        int(random.poisson(400 * 1.1 ** (number / 12) * (2 if day.month == 12 else 1)))
        for number, day in enumerate(MONTHS)
    ]
    counts[5 * 12 + 11] //= 2
    return counts


NORMAL = [400, 390, 410, 405, 395, 400, 402, 398, 401, 399, 404, 396]
SCENARIOS = {
    "a_thousandfold": ([*NORMAL, 400000, *NORMAL[:3]], {12: "alert"}),
    "an_outlier_twice": ([*NORMAL, 1200, 1200, *NORMAL[:4]], {12: "alert", 13: "alert"}),
    "constant_then_less": ([500] * 12 + [250, 250], {12: "alert", 13: "alert"}),
    "constant_then_a_bit_less": ([500] * 12 + [460, 500], {12: "warn"}),
    "constant_then_a_seventh_less": ([30] * 59 + [26], {59: "alert"}),
    "constant_then_half": ([30] * 59 + [14], {59: "alert"}),
    "narrow_and_nothing_to_say": ([30, 31] * 20, {}),
    # four rows a period by chance; none at all is no news
    "few": ([4, 5, 3, 4, 6, 2, 4, 5, 3, 4, 7, 0, 4, 5], {}),
    "wild": ([1, 90000, 20, 4, 700, 3, 50000, 9, 12000, 5, 300, 2, 40000], {}),
    "nothing_to_say": (NORMAL * 3, {}),
    "growing": ([int(100 * 1.1**number) for number in range(30)], {}),
    "a_gap": ([*NORMAL[:10], 0, *NORMAL[:3]], {10: "alert"}),
    "an_early_gap": ([*NORMAL[:3], 0, *NORMAL[:3]], {3: "warn"}),
}


def rows_of(consumer, name, counts, periods):
    """Create raw.<name> with so many rows per period, all on its first day."""
    values = ", ".join(f"(timestamp '{day}', {count})" for day, count in zip(periods, counts, strict=False))
    consumer.sql(f"""
        create or replace table raw.{name} as
        select moment + to_minutes(cast(number % 600 as integer)) as moment, number % 7 as value
        from (values {values}) as periods (moment, row_count), range(row_count) as numbers (number)
    """)


@pytest.fixture(scope="module")
def volumes(tmp_path_factory):
    names = ["daily", "yearly", *SCENARIOS]
    monitors = {name: {"relation": {"source": ["raw", name]}, "time": "moment"} for name in names}
    monitors["daily"] |= {"grain": "day", "volume": {"seasonality": "weekday"}}
    monitors["yearly"] |= {"volume": {"seasonality": "month"}}
    consumer = Consumer(tmp_path_factory.mktemp("volumes") / "project", {"monitors": monitors}, sources=names)
    rows_of(consumer, "daily", daily(), DAYS)
    rows_of(consumer, "yearly", yearly(), MONTHS)
    for name, (counts, _) in SCENARIOS.items():
        rows_of(consumer, name, counts, MONTHS)
    consumer.dbt("run", "--select", "+health_volume")
    return consumer


def volume_of(consumer, monitor):
    rows = consumer.rows(f"select * from health_volume where monitor = '{monitor}' order by period_start")
    return {row["period_start"]: row for row in rows}


@pytest.mark.parametrize(
    ("monitor", "counts", "periods", "seasonality"),
    [
        ("daily", daily(), DAYS, "weekday"),
        ("yearly", yearly(), MONTHS, "month"),
        *((name, counts, MONTHS, "none") for name, (counts, _) in SCENARIOS.items()),
    ],
)
def test_expected_rows_are_those_of_numpy(volumes, monitor, counts, periods, seasonality):
    volume = volume_of(volumes, monitor)
    expected = expectations(counts, periods[: len(counts)], seasonality)
    compared = 0
    for day, limits in zip(periods, expected, strict=False):
        row = volume.get(day)
        # a Sunday after the last Saturday is in no period
        if row is None:
            assert day > max(volume)
            continue
        found = (row["expected_row_count"], row["expected_lower"], row["expected_upper"])
        assert found == (pytest.approx(limits[:3], rel=1e-9) if limits else (None,) * 3), day
        compared += limits is not None
    assert compared >= 10 or len(counts) < 20


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_number_of_rows_is_judged_as_a_person_would(volumes, name):
    counts, findings = SCENARIOS[name]
    volume = volume_of(volumes, name)
    found = {MONTHS.index(day): row["status"] for day, row in volume.items() if row["status"] in ("warn", "alert")}
    assert found == findings
    for number in findings:
        shown = "no row" if not counts[number] else f"{counts[number]} rows"
        assert volume[MONTHS[number]]["reason"].startswith(shown)


def test_an_interval_that_tells_nothing_is_no_check(volumes):
    judged_rows = [row for row in volume_of(volumes, "wild").values() if row["expected_row_count"] is not None]
    assert len(judged_rows) == 5
    assert {row["status"] for row in judged_rows} == {"insufficient_data"}
    assert all(row["reason"].endswith("; this range is too wide to judge") for row in judged_rows)
    few = volume_of(volumes, "few")[MONTHS[11]]
    assert (few["status"], few["reason"].startswith("no row; expected ")) == ("ok", True)


def test_weekdays_are_compared_with_their_like(volumes):
    volume = volume_of(volumes, "daily")
    found = {day: row["status"] for day, row in volume.items() if row["status"] in ("warn", "alert")}
    # the first Sundays are gaps like any, until most of them are
    early = {day: status for day, status in found.items() if day < DAYS[28]}
    assert set(early) <= {day for day in DAYS[:28] if day.weekday() == 6} and set(early.values()) == {"warn"}
    assert {day: status for day, status in found.items() if day not in early} == {
        DAYS[30 * 7 + 2]: "alert",
        DAYS[31 * 7 + 3]: "alert",
    }
    closed = [row for day, row in volume.items() if day.weekday() == 6 and day >= DAYS[28]]
    assert {(row["period_status"], row["status"]) for row in closed} == {("missing", "ok")}


def test_a_december_is_compared_with_other_decembers(volumes):
    volume = volume_of(volumes, "yearly")
    decembers = [volume[day]["status"] for day in MONTHS if day.month == 12]
    assert decembers[2:] == ["ok", "ok", "ok", "alert"]
    assert {row["status"] for day, row in volume.items() if day.month != 12} == {"ok", "insufficient_data"}


def test_independent_counts_raise_few_alarms():
    """Warnings in at most 0.6 % and alerts in at most 0.1 % of the periods, whatever the counts scatter like."""
    random = np.random.default_rng(7)

    def scattered(mean, variation):
        return lambda: random.poisson(mean * random.gamma(variation**-2, variation**2, 40))

    sources = [
        lambda: random.poisson(30, 40),
        lambda: random.poisson(1000, 40),
        scattered(300, 0.2),
        scattered(1e5, 0.1),
        scattered(1e5, 0.6),
        lambda: random.poisson(100 * 1.1 ** np.arange(40) * random.gamma(100, 0.01, 40)),
    ]
    found = [status for source in sources for _ in range(60) for status in judged(source(), MONTHS[:40])]
    assert len(found) > 11_000
    assert found.count("alert") / len(found) <= 0.001
    assert (len(found) - found.count("ok")) / len(found) <= 0.006


def test_a_lasting_step_becomes_normal_and_a_fault_is_found():
    random = np.random.default_rng(8)
    for _ in range(20):
        steps = judged([*random.poisson(1000, 20), *random.poisson(3000, 20)], MONTHS[:40])
        assert set(steps[12:17]) == {"alert"} and set(steps[-10:]) == {"ok"}
    for change in (0.4, 2):
        counts = [[*random.poisson(1000 * random.gamma(100, 0.01, 24)), int(1000 * change)] for _ in range(100)]
        assert sum(judged(row, MONTHS[:25])[-1] != "ok" for row in counts) >= 97


# Rows that a table loses


def test_what_ages_out_is_no_finding_and_what_is_deleted_is_one(make_consumer):
    consumer = make_consumer(
        {"monitors": {"rows": {"relation": {"source": ["raw", "rows"]}, "time": "moment"}}}, name="ageing"
    )
    rows_of(consumer, "rows", [100] * 12, MONTHS)
    consumer.dbt("run", "--select", "+health_alerts")
    consumer.sql("""
        delete from raw.rows
        where moment < '2015-03-01' or moment >= '2015-06-01' and moment < '2015-07-01'
            or moment >= '2015-08-01' and moment < '2015-08-01 00:05:00' or moment >= '2015-09-01 00:10:00' and moment < '2015-10-01'
    """)
    consumer.dbt("run", "--select", "+health_alerts")
    volume = volume_of(consumer, "rows")
    found = {day.month: (row["period_status"], row["status"]) for day, row in volume.items() if row["status"] != "ok"}
    assert {month: found[month] for month in (6, 8, 9)} == {
        6: ("gone", "alert"),
        8: ("shrunk", "warn"),
        9: ("shrunk", "alert"),
    }
    assert {volume[day]["period_status"] for day in MONTHS[:2]} == {"gone"}
    assert not {1, 2} & {month for month, (_, status) in found.items() if status in ("warn", "alert")}
    assert volume[MONTHS[7]]["reason"] == "the table lost 5 of 100 rows"


# Findings and the tests that a team puts under its own table

ORDERS = "select order_id, moment, loaded_at, amount, shop from {{ source('raw', 'rows') }}"


def properties(*names, **options):
    """A properties file that puts these tests of the package under the model orders."""
    data_tests = []
    for name in names:
        extra = dict(options.get(name, {}))
        config = extra.pop("config", None)
        entry = ({"arguments": extra} if extra else {}) | ({"config": config} if config else {})
        data_tests.append({f"data_health.{name}": entry} if entry else f"data_health.{name}")
    return yaml.safe_dump({"version": 2, "models": [{"name": "orders", "data_tests": data_tests}]})


ALL = ("drift_below", "volume_expected", "fresh_within", "no_schema_change", "no_open_alerts")


@pytest.fixture
def orders(make_consumer):
    """A year of 100 orders a month, monitored by a monitor that is called like the model, and built."""
    monitor = {
        "relation": {"ref": "orders"},
        "time": "moment",
        "loaded_at": "loaded_at",
        "key": "order_id",
        "owner": "shop team",
        "volume": {"fresh_within": "36500 days"},
        "references": {"first": {"from": "2023-01-01", "to": "2023-04-01"}},
    }
    models = {"orders.sql": ORDERS, "orders.yml": properties(*ALL)}
    consumer = make_consumer(
        {"monitors": {"orders": monitor}, "acknowledgements": {"source": ["raw", "known"]}},
        models=models,
        sources=("rows", "known"),
    )
    consumer.sql("""
        create table raw.rows as
        select
            month * 1000 + number as order_id,
            date_trunc('month', timestamp '2023-01-01' + to_months(cast(month as integer))) + to_hours(cast(number * 7 as integer)) as moment,
            moment + interval 1 hour as loaded_at,
            cast((number * 37) % 100 as double) as amount,
            case number % 2 when 0 then 'north' else 'south' end as shop
        from range(12) as months (month), range(100) as numbers (number);
        create table raw.known (monitor varchar, finding varchar, column_name varchar, first_period varchar, acknowledged_until varchar, acknowledged_by varchar, note varchar)
    """)
    return consumer


def outcomes_of(consumer, *arguments, succeeds=True, command="test"):
    """Status and number of failures of each of the package's tests under the model."""
    consumer.dbt(command, *arguments, succeeds=succeeds)
    results = [result for result in consumer.run_results() if "data_health_" in result["unique_id"]]
    found = {}
    for result in results:
        for name in ALL:
            if f"data_health_{name}_" in result["unique_id"] and ".consumer." in result["unique_id"]:
                found[name] = (result["status"], result["failures"])
    return found


def stored_failures(consumer, name):
    (schema, table), *_ = consumer.sql(f"""
        select table_schema, table_name from information_schema.tables
        where table_schema like '%dbt_test__audit' and table_name like 'data_health_{name}%'
    """)
    return consumer.rows(f'select * from {schema}."{table}"')


def test_a_sound_table_passes_and_the_tests_hang_on_the_marts(orders):
    found = outcomes_of(
        orders, "--select", "+orders", "package:data_health", "--exclude", "test_type:unit", command="build"
    )
    assert found == dict.fromkeys(ALL, ("pass", 0))
    assert orders.sql("select * from health_alerts") == []
    assert set(orders.sql("select status from health_scorecard")) == {("ok",)}
    nodes = json.loads((orders.folder / "target" / "manifest.json").read_text())["nodes"]
    edges = {
        name: {parent.split(".")[-1] for parent in node["depends_on"]["nodes"]}
        for name in ALL
        for node in nodes.values()
        if node["resource_type"] == "test" and node["package_name"] == "consumer" and name in node["name"]
    }
    assert edges == {
        "drift_below": {"orders", "health_drift", "health_volume"},
        "volume_expected": {"orders", "health_volume"},
        "fresh_within": {"orders", "health_volume"},
        "no_schema_change": {"orders", "health_schema_changes", "health_volume", "monitored_columns"},
        "no_open_alerts": {"orders", "health_alerts", "findings", "health_monitors"},
    }


def test_a_table_with_faults_fails_says_why_and_can_be_acknowledged(orders):
    orders.build("--exclude", "test_type:unit")
    # the newest month came three times, and a column went
    orders.sql("""
        insert into raw.rows
        select order_id + 100000 * copy, moment, loaded_at + interval 1 minute, amount, shop
        from raw.rows, range(1, 3) as copies (copy) where moment >= '2023-12-01'
    """)
    (orders.folder / "models" / "orders.sql").write_text(
        "select order_id, moment, loaded_at, amount from {{ source('raw', 'rows') }}"
    )
    options = {"fresh_within": {"hours": 24}, "no_open_alerts": {"level": "warn", "config": {"severity": "error"}}}
    (orders.folder / "models" / "orders.yml").write_text(properties(*ALL, **options))
    orders.build("--exclude", "test_type:data", "test_type:unit")
    add_drift(orders)
    orders.dbt("run", "--select", "findings+")
    found = outcomes_of(orders, "--select", "orders", "--store-failures", succeeds=False)
    assert found == {
        "drift_below": ("warn", 1),
        "volume_expected": ("warn", 1),
        "fresh_within": ("warn", 1),
        "no_schema_change": ("warn", 1),
        "no_open_alerts": ("fail", 3),
    }
    (drift,) = stored_failures(orders, "drift_below")
    assert (drift["column_name"], drift["period_start"], drift["metric"]) == (
        "amount",
        date(2023, 12, 1),
        "kolmogorov_smirnov",
    )
    assert (drift["value"], drift["threshold"], drift["status"]) == (0.5, 0.2, "alert")
    (volume,) = stored_failures(orders, "volume_expected")
    assert (volume["row_count"], volume["expected_row_count"]) == (300, pytest.approx(100))
    assert volume["expected_upper"] < 300
    (fresh,) = stored_failures(orders, "fresh_within")
    assert fresh["threshold"] == 24 and fresh["hours_since_newest_row"] > 24 * 365
    (schema,) = stored_failures(orders, "no_schema_change")
    assert (schema["column_name"], schema["change"], schema["status"]) == ("shop", "dropped", "alert")
    alerts = {row["finding"]: row for row in orders.rows("select * from health_alerts")}
    assert set(alerts) == {"drift", "volume", "schema"}
    for row in alerts.values():
        assert (row["severity"], row["is_open"], row["is_acknowledged"]) == ("alert", True, False)
        assert (row["first_period"], row["owner"], row["relation"]) == (date(2023, 12, 1), "shop team", "ref orders")
    assert alerts["drift"]["evidence"] == (
        "kolmogorov_smirnov 0.500 against first (alert above 0.200), q below 0.0001, 300 rows"
    )
    card = orders.rows("select * from health_scorecard where is_latest")[0]
    assert (card["status"], card["alert_count"], card["acknowledged_count"]) == ("alert", 3, 0)

    orders.sql(
        """insert into raw.known values
        ('orders', '*', '', '', '2099-12-31', 'Ann', 'known'), ('orders', 'volume', '*', null, '2020-01-01', 'Bob', 'long ago'),
        ('', '', null, null, '2099-02-30', 'Cy', 'no such day'), ('', '', '', 'soon', '2099-12-31', 'Dee', 'no period'),
        ('', '', '', '', null, 'Eve', 'no date')"""
    )
    orders.dbt("run", "--select", "findings+")
    assert outcomes_of(orders, "--select", "orders")["no_open_alerts"] == ("pass", 0)
    assert set(orders.sql("select is_acknowledged, acknowledged_by, muted_until from health_alerts")) == {
        (True, "Ann", date(2099, 12, 31))
    }
    card = orders.rows("select * from health_scorecard where is_latest")[0]
    assert (card["status"], card["volume_status"], card["alert_count"], card["acknowledged_count"]) == (
        "ok",
        "alert",
        0,
        3,
    )


def add_drift(consumer):
    """One drifting column in the newest month, as health_drift tells it; with what the mart says itself replaced."""
    consumer.sql("""
        delete from health_drift where monitor = 'orders';
        insert into health_drift (monitor, period_start, period_end, is_latest, segment_column, segment_value, reference, column_name,
            metric, value, warn_threshold, alert_threshold, q_value, row_count, status, column_status, deciding_metric)
        select 'orders', date '2023-12-01', date '2024-01-01', true, '(all)', '(all)', reference, 'amount', metric, value, 0.1, 0.2,
            1e-9, 300, status, 'alert', 'kolmogorov_smirnov'
        from (values ('first', 'kolmogorov_smirnov', 0.5, 'alert'), ('first', 'population_stability_index', 0.05, 'ok'),
            ('(previous period)', 'kolmogorov_smirnov', 0.4, 'alert')) as told (reference, metric, value, status)
    """)


@pytest.mark.parametrize(
    ("arguments", "failures"),
    [
        ({}, 1),
        ({"columns": ["amount"]}, 1),
        ({"columns": ["shop"]}, 1),
        ({"reference": "(previous period)"}, 1),
        ({"reference": "other"}, 1),
        ({"metric": "population_stability_index"}, 0),
        ({"metric": "population_stability_index", "threshold": 0.04}, 1),
        ({"threshold": 0.06}, 0),
        ({"threshold": 0.04}, 1),
        ({"metric": "kolmogorov_smirnov", "level": "warn"}, 1),
    ],
)
def test_drift_below_looks_where_it_is_told(drifting, arguments, failures):
    (drifting.folder / "models" / "orders.yml").write_text(properties("drift_below", drift_below=arguments))
    found = outcomes_of(drifting, "--select", "orders")
    assert found == {"drift_below": ("warn" if failures else "pass", failures)}


@pytest.fixture(scope="module")
def drifting(tmp_path_factory):
    monitors = {"orders": {"relation": {"ref": "orders"}, "time": "moment"}}
    consumer = Consumer(
        tmp_path_factory.mktemp("drifting") / "project",
        {"monitors": monitors},
        models={"orders.sql": "select moment, value as amount from {{ source('raw', 'rows') }}"},
    )
    rows_of(consumer, "rows", [30], [date(2023, 12, 1)])
    consumer.dbt("run", "--select", "+health_alerts")
    add_drift(consumer)
    return consumer


def test_a_test_of_a_monitor_that_is_not_there_is_an_error(drifting):
    wrong = {"volume_expected": {"monitor": "ordres"}}
    (drifting.folder / "models" / "orders.yml").write_text(properties("volume_expected", **wrong))
    drifting.dbt("compile")
    result = drifting.dbt("test", "--select", "orders", succeeds=False)
    (message,) = {item.message for item in result.result}
    assert "monitor: found 'ordres'; did you mean 'orders'? Allowed: orders" in message


def test_the_tests_of_the_page_run(drifting):
    blocks = walkthrough.BLOCK.finditer((REPOSITORY / "docs" / "alerts.md").read_text())
    (properties_file,) = [block["text"] for block in blocks if "data_tests" in block["text"]]
    (drifting.folder / "models" / "orders.yml").write_text(properties_file)
    # the table has one month of 2023 only, which is too old, and no earlier one to compare with; nor has it a column `shop`
    assert outcomes_of(drifting, "--select", "orders", succeeds=False) == {
        "drift_below": ("pass", 0),
        "volume_expected": ("warn", 1),
        "fresh_within": ("fail", 1),
        "no_schema_change": ("warn", 1),
        "no_open_alerts": ("warn", 1),
    }
