"""The number of rows of a period against what the periods before it let expect, and rows that a table loses."""

import numpy as np
import pytest
from consumer import Consumer
from rows_per_period import DAYS, MONTHS, NORMAL, daily, rows_of, yearly
from volume_oracle import expectations, judged

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
