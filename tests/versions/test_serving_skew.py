"""Served features against recomputed ones, by brute force; what is read again; what is judged, found and tested."""

import datetime
from math import sqrt

import pytest
from consumer import Consumer
from skew_project import (
    CONFIGURATION,
    MONITOR,
    SERVED,
    SOURCES,
    START,
    VISITS,
    expected,
    insert,
    load,
    recomputed_rows,
    served_rows,
)

SKEW = ("+health_serving_skew", "+health_alerts", "--exclude", "test_type:unit", "--indirect-selection", "cautious")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    consumer = Consumer(tmp_path_factory.mktemp("skew") / "project", CONFIGURATION, sources=SOURCES)
    load(consumer)
    consumer.build("--select", *SKEW)
    return consumer


def counted(project):
    """The counts of the store, in the shape of the oracle."""
    features = project.sql("""
        select period_start, model_version, feature, pair_count, equal_count, near_count, logged_null_count, recomputed_null_count
        from serving_comparisons where feature <> '(keys)'
    """)
    keys = project.sql("""
        select period_start, model_version, logged_key_count, logged_row_count, logged_match_count, recomputed_key_count,
            recomputed_row_count, recomputed_match_count
        from serving_comparisons where feature = '(keys)'
    """)
    names = ("pairs", "equal", "near", "logged_null", "recomputed_null")
    of_keys = (
        "logged_keys",
        "logged_rows",
        "logged_matches",
        "recomputed_keys",
        "recomputed_rows",
        "recomputed_matches",
    )
    return (
        {row[:3]: {name: int(count) for name, count in zip(names, row[3:], strict=True) if count} for row in features},
        {row[:2]: {name: int(count) for name, count in zip(of_keys, row[2:], strict=True) if count} for row in keys},
    )


def agrees(project, visits, served):
    counts, keys = expected(visits, served)
    wanted = {
        place: {name: count for name, count in found.items() if name != "other" and count}
        for place, found in counts.items()
    }
    said, said_of_keys = counted(project)
    assert said == wanted
    assert said_of_keys == {
        place: {name: count for name, count in found.items() if count} for place, found in keys.items()
    }
    # every way to agree and to differ is among them, for more than one feature
    for name in ("equal", "near", "logged_null", "recomputed_null", "other"):
        assert len({place[2] for place, found in counts.items() if found[name]}) > 1, name


def test_every_count_is_that_of_brute_force(project):
    agrees(project, recomputed_rows(), served_rows())


def wilson(share, count, sign, z=1.959963984540054):
    centre = (share + z * z / 2 / count) / (1 + z * z / count)
    return centre + sign * z * sqrt(share * (1 - share) / count + z * z / 4 / count / count) / (1 + z * z / count)


def test_shares_intervals_and_means(project):
    counts, _ = expected(recomputed_rows(), served_rows())
    rows = project.sql("""
        select period_start, model_version, feature, row_count, equal_share, within_tolerance_share, logged_null_share,
            recomputed_null_share, skew_share, skew_lower, skew_upper
        from health_serving_skew where feature <> '(keys)' and row_count is not null
    """)
    assert len(rows) == len(counts)
    for period, version, feature, count, *shares in rows:
        found = counts[period, version, feature]
        agreeing = found["equal"] + found["near"]
        skew = (count - agreeing) / count
        wanted = [found["equal"], agreeing, found["logged_null"], found["recomputed_null"], count - agreeing]
        assert shares[:5] == pytest.approx([part / count for part in wanted], abs=1e-12), (period, version, feature)
        bounds = [max(wilson(skew, count, -1), 0) if skew else 0, min(wilson(skew, count, 1), 1)]
        assert shares[5:] == pytest.approx(bounds, abs=1e-9)
    ((logged, recomputed),) = project.sql("""
        select logged_mean, recomputed_mean from health_serving_skew
        where feature = 'BMI' and model_version = 'v2' and period_start = date '2024-02-05'
    """)
    assert logged == pytest.approx(1.2 * recomputed, rel=1e-9)


def test_a_feature_that_one_side_lacks_is_said_for_the_versions_that_need_it(project):
    rows = project.sql("select distinct model_version, status, reason from health_serving_skew where feature = 'hba1c'")
    reason = "the log and the recomputed rows do not both have a column of this name"
    assert rows == [("v2", "insufficient_data", reason)]
    # an excluded column is no feature
    assert not project.sql("select 1 from health_serving_skew where feature in ('note', 'served_at')")


def test_a_redefined_feature_is_found_from_the_week_in_which_it_was_served(project):
    rows = project.sql("""
        select column_name, severity, first_period, evidence from health_alerts
        where finding = 'serving_skew' and column_name like '%BMI'
    """)
    by_name = {row[0]: row[1:] for row in rows}
    severity, first, evidence = by_name["version v2, BMI"]
    assert (severity, first) == ("alert", datetime.date(2024, 1, 22))
    assert "rows were served with another value" in evidence
    assert "served and" in evidence and "recomputed" in evidence
    since = project.sql("""
        select distinct skewed_since from health_serving_skew where feature = 'BMI' and model_version = 'v2'
    """)
    assert since == [(datetime.date(2024, 1, 22),)]


def test_values_of_rows_appear_only_where_they_are_allowed(project):
    shown = project.sql("select distinct feature from health_serving_skew where example is not null")
    assert shown == [("sex",)]
    assert project.sql("select count(*) from health_serving_skew where example like '_ served, _ recomputed'") > [(0,)]
    assert "for example" in project.sql("select max(evidence) from health_alerts where column_name like '%sex'")[0][0]
    assert not project.sql("""
        select 1 from health_alerts where evidence like '%for example%' and finding = 'serving_skew' and column_name not like '%sex'
    """)


def test_types_of_both_sides_are_named(project):
    rows = project.sql("select distinct logged_type, recomputed_type from health_serving_skew where feature = 'age'")
    assert rows in ([("double", "bigint")], [("double precision", "bigint")])


def stamps(project):
    return dict(project.sql("select period_key, max(built_at) from serving_comparisons group by period_key"))


def later_rows():
    """A late prediction of the second week, a row of the third that is loaded again, and a new week of both."""
    visits, served = recomputed_rows(2450)[len(recomputed_rows()) :], served_rows(2450)
    served = [row for row in served if row["visit"] and row["visit"].isdigit() and int(row["visit"]) >= 2100]
    late = served_rows()[:700]
    missing = next(row for row in recomputed_rows() if row["id"] and row["id"] % 20 == 3 and week_number(row) == 1)
    served.append(
        late[0] | {"visit": str(missing["id"]), "model": "v1", "served_at": START + datetime.timedelta(days=9)}
    )
    again = next(row for row in recomputed_rows() if row["id"] and row["id"] % 20 == 5 and week_number(row) == 2)
    visits.append(again | {"loaded": START + datetime.timedelta(days=60), "age": 99})
    return visits, served


def week_number(row):
    return (row["at"] - START).days // 7


def test_only_periods_with_other_rows_are_read_again(project, tmp_path):
    twin = project.copy(tmp_path / "twin")
    before = stamps(twin)
    twin.build("--select", "+serving_comparisons", "--exclude", "test_type:unit", "--indirect-selection", "cautious")
    assert stamps(twin) == before
    visits, served = later_rows()
    insert(twin, "visits", VISITS, visits)
    insert(twin, "served", SERVED, served)
    twin.build("--select", "+serving_comparisons", "--exclude", "test_type:unit", "--indirect-selection", "cautious")
    changed = {key for key, stamp in stamps(twin).items() if before.get(key) != stamp}
    assert changed == {f"visits|2024-{day}" for day in ("01-08", "01-15", "02-12")}
    agrees(twin, recomputed_rows() + visits, served_rows() + served)
    # what is gone from the table stays in the store
    twin.sql("delete from raw.visits where \"at\" < '2024-01-15'")
    stored = counted(twin)
    twin.build("--select", "+serving_comparisons", "--exclude", "test_type:unit", "--indirect-selection", "cautious")
    assert counted(twin) == stored


def test_another_relation_can_hold_the_recomputed_features(project, tmp_path):
    twin = project.copy(tmp_path / "other")
    twin.sql(
        "create table raw.other as select * replace (case when BMI > 0 then BMI * 1.2 end as BMI) from raw.visits where not is_test"
    )
    served = MONITOR["versions"]["served"] | {"recomputed": {"source": ["raw", "other"]}}
    twin.configure({"monitors": {"visits": MONITOR | {"versions": MONITOR["versions"] | {"served": served}}}})
    twin.write(
        "models/sources.yml",
        {"sources": [{"name": "raw", "schema": "raw", "tables": [{"name": n} for n in (*SOURCES, "other")]}]},
    )
    twin.build("--select", *SKEW)
    rows = [
        row | {"BMI": row["BMI"] * 1.2 if row["BMI"] is not None and not row["BMI"] <= 0 else None}
        for row in recomputed_rows()
    ]
    agrees(twin, rows, served_rows())
    shares = twin.sql("""
        select model_version, min(skew_share) > 0.5 from health_serving_skew
        where feature = 'BMI' and period_start between '2024-01-22' and '2024-02-04' group by all order by all
    """)
    assert shares == [("v1", True), ("v2", False)]


def test_without_times_one_row_of_a_key_counts_and_no_period_is_guessed(project, tmp_path):
    twin = project.copy(tmp_path / "timeless")
    served = {name: value for name, value in MONITOR["versions"]["served"].items() if name not in ("time", "version")}
    monitor = {name: value for name, value in MONITOR.items() if name != "loaded_at"}
    twin.configure({"monitors": {"visits": monitor | {"versions": MONITOR["versions"] | {"served": served}}}})
    twin.build("--select", *SKEW)
    keys, rows = {row["visit"] for row in served_rows()}, recomputed_rows()
    known = {(str(row["id"]), week_number(row)) for row in rows if row["id"] is not None and not row["is_test"]}
    pairs = sum(key in keys for key, _ in known)
    counts = twin.sql("""
        select model_version, min(status), sum(row_count) from health_serving_skew where feature = 'order' group by model_version
    """)
    assert [(version, int(count)) for version, _, count in counts] == [("(all)", pairs)]
    # keys of the log without a recomputed row, and that without a key
    alone = len([key for key in keys if key is None or key not in {known_key for known_key, _ in known}])
    of_no_period = twin.sql("""
        select feature, status, reason, logged_key_count from health_serving_skew where period_start is null
    """)
    reason = "these keys and rows have no time, so they belong to no period"
    assert of_no_period == [("(keys)", "insufficient_data", reason, alone)]
    # of no period, so of no finding
    assert not twin.sql("select 1 from health_alerts where finding = 'serving_skew' and column_name like '%(keys)%'")


# name -> (arguments, how many failures)
USER_TESTS = {
    "of_version_two": ({"versions": "v2", "features": ["BMI", "sex"]}, 1),
    "of_a_wide_bound": ({"versions": "v2", "features": "sex", "maximum": 0.2}, 0),
    "of_what_is_not_there": ({"versions": "v2", "features": "hba1c"}, 1),
    "misspelt": ({"features": "BIM"}, 1),
    "of_a_version_that_does_not_serve": ({"versions": "v7"}, 1),
    "uncertain": ({"versions": "v2", "features": ["hba1c", "BMI"], "certain": False}, 2),
}


def test_the_test_for_users(project, tmp_path):
    twin = project.copy(tmp_path / "tests")
    tests = [
        {
            "data_health.train_serve_skew_below": {
                "arguments": {"monitor": "visits"} | given,
                "config": {"alias": f"said_{name}", "store_failures": True},
            }
        }
        for name, (given, _) in USER_TESTS.items()
    ]
    (twin.folder / "models/rows.sql").write_text("select * from {{ source('raw', 'visits') }}")
    twin.write("models/rows.yml", {"models": [{"name": "rows", "data_tests": tests}]})
    result = twin.dbt("build", "--select", "rows", "--indirect-selection", "eager")
    failures = {item.node.alias: item.failures for item in result.result if item.node.resource_type == "test"}
    assert failures == {f"said_{name}": number for name, (_, number) in USER_TESTS.items()}
    ((reason,),) = twin.sql("select reason from main_dbt_test__audit.said_misspelt")
    assert reason.startswith("nothing was compared: no feature is called BIM; there are: BMI")


def test_without_the_key_there_is_no_node_more(project, tmp_path):
    twin = project.copy(tmp_path / "plain")
    versions = {key: value for key, value in MONITOR["versions"].items() if key != "served"}
    twin.configure({"monitors": {"visits": MONITOR | {"versions": versions}}})
    result = twin.dbt("ls", "--resource-type", "model", "--no-partial-parse")
    names = {name.split(".")[-1] for name in result.result}
    assert "health_feature_contract" in names and not names & {"health_serving_skew", "serving_comparisons"}


def test_a_log_that_is_gone_or_lost_a_column_leaves_the_rest(project, tmp_path):
    twin = project.copy(tmp_path / "gone")
    stored = counted(twin)
    twin.sql("drop table raw.served")
    twin.build("--select", *SKEW)
    assert counted(twin) == stored
