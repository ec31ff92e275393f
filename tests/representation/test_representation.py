"""Representation and known biases: every number as SciPy and a count of the rows give it, and no group dropped."""

from collections import defaultdict

import pytest
from consumer import Consumer
from representation_oracle import (
    ONE_SIDED,
    deviate_of_share,
    grouped,
    interval_of_ratio,
    missing_share,
    p_value_of_ratio,
    rates,
    weight_of,
    wilson,
    wilson_of_share,
)
from representation_project import (
    CONFIGURATION,
    MONITOR,
    MONTHS,
    POPULATION,
    PRODUCTION,
    REGISTER,
    REPRESENTATION,
    SOURCES,
    SUBGROUPS,
    TRAINING,
    checks,
    gate,
    load_tables,
    names_of,
    of,
    sides,
)
from scipy import stats


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    consumer = Consumer(tmp_path_factory.mktemp("representation") / "project", CONFIGURATION, sources=SOURCES)
    load_tables(consumer)
    consumer.build("--select", *REPRESENTATION)
    return consumer


def test_wilson_of_counts_is_that_of_scipy():
    for successes, count in ((0, 5), (3, 40), (40, 40), (123, 456)):
        assert wilson_of_share(successes / count, count) == pytest.approx(wilson(successes, count), abs=1e-12)


@pytest.mark.parametrize("is_weighted", (False, True))
def test_no_group_is_dropped_and_shares_are_those_of_the_rows(project, is_weighted):
    rows = of(project, "weighted" if is_weighted else "visits")
    expected = set()
    for reference in ("(population)", "(previous period)", "january", "training", "few"):
        now, then = sides(reference)
        for columns in SUBGROUPS:
            names = names_of(columns) if reference == "(population)" else ()
            groups, others = grouped(now, columns, names), grouped(then or (), columns)
            if reference == "training":
                others = grouped([row | {"Größe": None} for row in then], columns)
            subgroup = ", ".join(columns)
            shares = {value: share for name, value, share in POPULATION if name == subgroup}
            everything = groups.keys() | others.keys() | (shares.keys() if reference == "(population)" else set())
            total = sum(weight_of(row, is_weighted) for row in now)
            squares = sum(weight_of(row, is_weighted) ** 2 for row in now)
            for value in everything:
                expected.add((reference, subgroup, value))
                row = rows[reference, subgroup, value]
                members = groups.get(value, [])
                share = sum(weight_of(member, is_weighted) for member in members) / total
                assert (row["row_count"], row["base_row_count"]) == (len(members), len(now))
                assert row["share"] == pytest.approx(share, abs=1e-12)
                assert row["effective_row_count"] == pytest.approx(total**2 / squares)
                interval = wilson_of_share(share, total**2 / squares)
                assert (row["share_lower"], row["share_upper"]) == pytest.approx(interval, abs=1e-12)
                if not is_weighted:
                    assert (row["share_lower"], row["share_upper"]) == pytest.approx(
                        wilson(len(members), len(now)), abs=1e-12
                    )
                if then is not None:
                    assert row["reference_row_count"] == len(others.get(value, []))
                    assert row["reference_base_row_count"] == len(then)
    assert set(rows) == expected
    assert (
        rows["january", "age band", '"(null)"']["row_count"] > 0
        and rows["january", "age band", "(null)"]["row_count"] > 0
    )
    assert rows["(population)", "order", "nobody came"]["row_count"] == 0
    assert rows["(population)", "order, age band", "f, young"]["reference_share"] == 0.2


def judged(rows, reference):
    return [row for key, row in rows.items() if key[0] == reference and row["p_value"] is not None]


def test_against_a_population(project):
    rows = of(project)
    population = {(subgroup, value): share for subgroup, value, share in POPULATION}
    now = PRODUCTION[MONTHS[1]]
    for row in (row for key, row in rows.items() if key[0] == "(population)"):
        share = population.get((row["subgroup"], row["group_value"]))
        if share is None or share > 1:
            assert (row["ratio"], row["status"], row["reason"]) == (None, "insufficient_data", "no population share")
            continue
        assert row["ratio"] == pytest.approx(row["share"] / share)
        assert (row["ratio_lower"], row["ratio_upper"]) == pytest.approx(
            (row["share_lower"] / share, row["share_upper"] / share)
        )
        unknown = sum(any(member[column] is None for column in row["subgroup"].split(", ")) for member in now)
        known = len(now) - unknown
        if row["p_value"] is None:
            assert max(row["row_count"], share * len(now)) < 30 and row["reason"] == "too few rows in the group"
            continue
        deviate = deviate_of_share(share, row["row_count"], known, len(now))
        if deviate is None:
            assert (row["p_value"], row["representation"], row["status"]) == (1, "as expected", "ok")
            continue
        assert row["p_value"] == pytest.approx(2 * stats.norm.sf(deviate), rel=1e-6)
        is_under = wilson(row["row_count"], known)[1] < 0.8 * share
        assert (row["representation"] == "under") == is_under
        assert (row["representation"] == "over") == (row["ratio_lower"] > 1.25)
    found = judged(rows, "(population)")
    assert [row["q_value"] for row in found] == pytest.approx(
        stats.false_discovery_control([row["p_value"] for row in found])
    )
    oldest = rows["(population)", "age band", "oldest"]
    assert (oldest["row_count"], oldest["representation"], oldest["status"]) == (0, "under", "alert")
    assert rows["(population)", "order", "nobody came"]["reason"] == "too few rows in the group"


def test_against_a_sample(project):
    rows = of(project)
    for reference in ("training", "january", "(previous period)"):
        now, then = sides(reference)
        for row in judged(rows, reference):
            counts = row["row_count"], len(now), row["reference_row_count"], len(then)
            if row["row_count"] and row["reference_row_count"]:
                assert (row["ratio_lower"], row["ratio_upper"]) == pytest.approx(interval_of_ratio(*counts))
            assert row["p_value"] == pytest.approx(p_value_of_ratio(*counts), rel=1e-6)
        found = judged(rows, reference)
        assert [row["q_value"] for row in found] == pytest.approx(
            stats.false_discovery_control([row["p_value"] for row in found])
        )
    assert {row["reason"] for key, row in rows.items() if key[0] == "few"} <= {
        "too few rows in the reference",
        "column not in the reference",
    }
    assert {row["reason"] for key, row in rows.items() if key[0] == "training" and "Größe" in key[1]} == {
        "column not in the reference"
    }
    assert (
        rows["training", "order", "m"]["representation"] == "over" and rows["training", "order", "f"]["status"] != "ok"
    )


def share_and_interval(row, name):
    return row[name], row[f"{name}_lower"], row[f"{name}_upper"]


def test_rates_of_groups(project):
    now = PRODUCTION[MONTHS[1]]
    coverage = sum(row["label"] is not None for row in now) / len(now)
    seen = set()
    for (reference, subgroup, value), row in of(project).items():
        columns = subgroup.split(", ")
        members = grouped(now, columns, names_of(columns) if reference == "(population)" else ()).get(value, [])
        for name, expected in rates(members).items():
            if expected is None:
                assert share_and_interval(row, name) == (None, None, None)
            else:
                assert share_and_interval(row, name) == pytest.approx(expected, abs=1e-12), name
                seen.add(name)
        if members:
            missing = missing_share(members)
            assert share_and_interval(row, "missing_share") == pytest.approx(
                (missing, *wilson_of_share(missing, len(members))), abs=1e-12
            )
            labelled = sum(member["label"] is not None for member in members)
            assert row["label_coverage_ratio"] == pytest.approx(labelled / len(members) / coverage)
        else:
            assert share_and_interval(row, "missing_share") == (None, None, None)
    assert len(seen) == 5


@pytest.mark.parametrize("subgroup", ("order", "order, age band"))
def test_four_fifths_of_the_group_that_is_chosen_most(project, subgroup):
    rows = [row for key, row in of(project).items() if key[:2] == ("january", subgroup)]
    rates = {row["group_value"]: row["selection_rate"] for row in rows if row["predicted_count"] >= 30}
    best = max(rates, key=rates.get)
    (first,) = (row for row in rows if row["group_value"] == best)
    assert {row["most_selected_group"] for row in rows} == {best}
    for row in rows:
        n, m = row["predicted_count"], first["predicted_count"]
        if not n or row is first:
            assert row["selection_ratio_upper"] is None
            continue
        p, pi = row["selection_rate"], first["selection_rate"]
        assert row["selection_ratio"] == pytest.approx(p / pi)
        if p:
            assert row["selection_ratio_upper"] == pytest.approx(interval_of_ratio(p * n, n, pi * m, m)[1])
        expected = (
            "insufficient_data"
            if n < 30 or (p / pi < 0.8 and row["selection_ratio_upper"] >= 0.8)
            else "warn"
            if row["selection_ratio_upper"] < 0.8
            else "ok"
        )
        assert row["selection_status"] == expected
    assert ("warn" if subgroup == "order" else "insufficient_data") in {row["selection_status"] for row in rows}


def test_rows_to_collect(project):
    for row in of(project).values():
        assert row["rows_to_support"] == max(0, 30 - row["row_count"])
        if row["reference_share"]:
            wanted, k = 0.8 * row["reference_share"], 0
            while (row["row_count"] + k) / (row["base_row_count"] + k) < wanted - 1e-12:
                k += 1
            assert row["rows_to_ratio"] == k


def test_settings(project):
    strict, visits = of(project, "strict"), of(project)
    assert strict.keys() == visits.keys()
    assert {row["warn_ratio"] for row in strict.values()} == {0.99}
    assert sum(row["status"] == "alert" for row in strict.values()) > sum(
        row["status"] == "alert" for row in visits.values()
    )
    assert not of(project, "without")
    for table in ("subgroup_cells", "declared_subgroups"):
        assert ("without",) not in project.sql(f"select distinct monitor from {table}")
    hidden = of(project, "hidden")
    assert {value for _, subgroup, value in hidden if subgroup == "order"} == {"(hidden 1)", "(hidden 2)", "(hidden 3)"}
    assert "18-34" in {value for _, subgroup, value in hidden if subgroup == "age band"}
    first = of(project, "hidden", MONTHS[0])
    assert {key[0] for key in first} == {"(none)"} and {row["status"] for row in first.values()} == {
        "insufficient_data"
    }
    (day,) = project.sql("select distinct period_start from health_representation where monitor = 'nothing'")
    nothing = of(project, "nothing", day[0])
    assert sum(row["row_count"] for key, row in nothing.items() if key[1] == "Größe") == 1500
    assert (
        {row["label_rate"] for row in nothing.values()} == {row["selection_rate"] for row in nothing.values()} == {None}
    )


def test_references_are_compared_with_the_population(project):
    rows = of(project, dataset="training", month=None)
    assert {key[0] for key in rows} == {"(population)"}
    women = sum(row["order"] == "f" for row in TRAINING)
    found = rows["(population)", "order", "f"]
    assert (found["row_count"], found["ratio"]) == (women, pytest.approx(women / 800 / 0.51))
    assert {row["reason"] for key, row in rows.items() if "Größe" in key[1]} == {"column not in the reference"}
    january = of(project, dataset="january", month=MONTHS[0])
    assert january["(population)", "order", "m"]["row_count"] == sum(
        row["order"] == "m" for row in PRODUCTION[MONTHS[0]]
    )


def test_every_entry_of_the_register_is_checked(project):
    found = checks(project)
    everywhere = ("production", "training", "few", "january")
    expected = {(name, reference) for name in ("rare", "kept") for reference in everywhere}
    expected |= {(row[0], row[6]) for row in REGISTER if row[6]} | {("no monitor", "(none)")}
    assert set(found) == expected
    march = PRODUCTION[MONTHS[2]]
    women, men = ([row for row in march if row["order"] == sex] for sex in "fm")
    rare = found["rare", "production"]
    assert (rare["period_start"], rare["row_count"], rare["base_row_count"]) == (MONTHS[2], len(men), 500)
    assert (rare["value_lower"], rare["value_upper"]) == pytest.approx(wilson(len(men), 500, ONE_SIDED))
    assert (rare["status"], found["rare", "training"]["status"]) == ("fail", "fail")
    assert (found["rare", "few"]["reason"], found["rare", "few"]["status"]) == ("too few rows", "insufficient_data")
    rows = found["rows", "production"]
    assert (rows["group_value"], rows["value"], rows["status"]) == (
        "(null)",
        sum(row["Größe"] is None for row in march),
        "pass",
    )

    def positives(members):
        labels = [row["label"] for row in members if row["label"]]
        return labels.count("yes"), len(labels)

    (a, n), (b, m) = positives(men), positives([row for row in march if row["order"] != "m"])
    labels = found["labels", "production"]
    assert labels["value"] == pytest.approx(a / n / (b / m))
    assert labels["value_upper"] == pytest.approx(interval_of_ratio(a, n, b, m, ONE_SIDED)[1])
    selected = defaultdict(list)
    for row in march:
        if row["predicted"] is not None:
            selected[row["age band"]].append(row["predicted"])
    best = max(sum(values) / len(values) for values in selected.values() if len(values) >= 30)
    young = selected["18-34"]
    assert found["chosen", "production"]["value"] == pytest.approx(sum(young) / len(young) / best)
    judged = [row for row in women if row["label"] and row["predicted"] is not None]
    for name, label in (("found", "yes"), ("accused", "no")):
        outcomes = [row["predicted"] for row in judged if row["label"] == label]
        interval = wilson(sum(outcomes), len(outcomes), ONE_SIDED)
        assert (found[name, "production"]["value_lower"], found[name, "production"]["value_upper"]) == pytest.approx(
            interval
        )
        assert found[name, "production"]["status"] == "fail"
    gaps = found["gaps", "production"]
    assert gaps["value"] == pytest.approx(missing_share(women)) and gaps["status"] == "pass"
    covered = sum(row["label"] is not None for row in women)
    assert found["answers", "production"]["value"] == pytest.approx(covered / len(women))


def test_what_cannot_be_checked_is_never_a_pass(project):
    found = checks(project)
    reasons = {
        name: (row["status"], row["reason"])
        for (name, _), row in found.items()
        if name.startswith("no ") or name == "tiny"
    }
    # what is wrong in the register stays undecided, whatever data come
    lacking = {"no labels", "tiny"}
    assert {name: status for name, (status, _) in reasons.items()} == {
        name: "insufficient_data" if name in lacking else "inconclusive" for name in reasons
    }
    assert {name: reason for name, (_, reason) in reasons.items()} == {
        "no group": "no row has ever been of this group",
        "no metric": "no metric of this name",
        "no subgroup": "not a subgroup of the monitor",
        "no threshold": "no threshold",
        "no reference": "no reference of this name; the nearest is training",
        "no monitor": "no monitor of this name; the nearest is visits",
        "no population": "the population has no share of this group",
        "no labels": "too few labels",
        "tiny": "too few rows",
    }
    assert all(row["reason"] in row["evidence"] for row in found.values() if row["reason"])


def test_the_gate_says_why(project):
    gates = gate(project)
    assert set(gates) == {"production", "training", "few", "january", "traning"}
    assert {name: row["status"] for name, row in gates.items()} == {
        "production": "fail",
        "training": "fail",
        "few": "inconclusive",
        "january": gates["january"]["status"],
        "traning": "inconclusive",
    }
    assert gate(project, "visit")["(none)"]["status"] == "inconclusive"
    training = gates["training"]
    men = sum(row["order"] == "m" for row in TRAINING)
    assert (
        f"rare fail: order = m: share {men / 800:.3f}" in training["evidence"]
        and f"{men} of 800 rows" in training["evidence"]
    )
    assert training["evidence"].startswith("rare fail")
    # an entry past its day is checked all the same, and named
    assert (training["expired_count"], "kept pass" in training["evidence"]) == (1, True)
    assert "the entry expired on 2020-01-01" in training["evidence"]
    counts = training["fail_count"] + training["inconclusive_count"] + training["pass_count"]
    assert counts == training["entry_count"] == sum(1 for _, reference in checks(project) if reference == "training")


def test_labels_that_come_late_are_counted(project, tmp_path):
    """Only the period of the new label is read again, and the result is that of a build from nothing."""
    twin = project.copy(tmp_path / "twin")
    written = dict(
        twin.sql("select period_column_key, max(built_at) from subgroup_cells where monitor = 'visits' group by 1")
    )
    late = next(row for row in PRODUCTION[MONTHS[0]] if not row["label"])
    twin.sql(f"insert into raw.answers values ({late['id']}, 'yes')")
    twin.build("--select", *REPRESENTATION, only="visits")
    again = dict(
        twin.sql("select period_column_key, max(built_at) from subgroup_cells where monitor = 'visits' group by 1")
    )
    changed = {key for key, moment in again.items() if moment != written[key]}
    assert changed == {"visits|production|month 2024-01-01|(subgroups)"}
    count = sum(row["label"] is not None for row in PRODUCTION[MONTHS[0]]) + 1
    assert twin.sql(
        "select sum(labelled_count) from subgroup_cells where monitor = 'visits' and period_start = date '2024-01-01'"
    ) == [(count,)]
    cells = "select * exclude (built_at) from subgroup_cells where monitor = 'visits' order by all"
    kept = twin.sql(cells)
    twin.sql("drop table subgroup_cells")
    twin.build("--select", "subgroup_cells", only="visits")
    assert twin.sql(cells) == kept


def test_other_subgroups_count_every_period_again(project, tmp_path):
    twin = project.copy(tmp_path / "twin")
    swapped = MONITOR | {"subgroups": ["Größe", "order"]}
    twin.configure({"monitors": {"visits": swapped}, "known_biases": {"source": ["raw", "register"]}})
    # what is gone keeps cells whose values are those of other columns: they are of no group
    gone = "delete from raw.visits where \"at\" < date '2024-02-01'"
    twin.sql(gone)
    twin.build("--select", *REPRESENTATION)
    rows = of(twin)
    assert {key[1] for key in rows} == {"Größe", "order"}
    for value, members in grouped(PRODUCTION[MONTHS[1]], ("Größe",)).items():
        assert rows["training", "Größe", value]["row_count"] == len(members)
    assert not of(twin, month=MONTHS[0])
    assert twin.sql("select count(*) > 0 from subgroup_cells where period_start = date '2024-01-01'") == [(True,)]
