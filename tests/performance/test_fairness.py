"""Fairness: every rate, difference and ratio as sums over rows give them, when a gap is judged, and the tests for users."""

import numpy as np
import performance_oracle
import pytest
import yaml
from performance_project import COMPAS, PERFORMANCE, SUBGROUPS, arrays, spelled
from test_performance import ROWS, project  # noqa: F401

NAMES = [", ".join(names) if isinstance(names, tuple) else names for names in SUBGROUPS]


def of_version(month, version):
    return [row for row in ROWS if row["at"].date().replace(day=1) == month and row["version"] == version]


def rates_of(rows):
    label, score, predicted, _ = arrays(rows)
    said = [row["predicted"] == "yes" for row in rows if row["predicted"] is not None]
    return performance_oracle.rates(label, score, predicted) | {"selection_rate": np.mean(said)}


def found_rows(project, monitor="rows", where="dataset = 'production'"):  # noqa: F811
    rows = project.rows(f"select * from health_fairness where monitor = '{monitor}' and {where}")
    names = ("period_start", "model_version", "subgroup", "group_value", "metric", "reference")
    found = {tuple(row[name] for name in names): row for row in rows}
    assert len(found) == len(rows)
    return found


def test_every_rate_against_all_rows_a_group_and_the_best(project):  # noqa: F811
    found = found_rows(project)
    checked = set()
    for month, version in {key[:2] for key in found}:
        everybody = of_version(month, version)
        whole = rates_of(everybody)
        for subgroup in NAMES:
            groups = {}
            for row in everybody:
                groups.setdefault(spelled(row, subgroup), []).append(row)
            rates = {group: rates_of(rows) for group, rows in groups.items()}
            chosen = {"sex": "f", "age band, sex": "young, f"}.get(subgroup)
            for metric, total in whole.items():
                best = {
                    "false_positive_rate": min,
                    "false_omission_rate": min,
                    "calibration_gap": lambda values: min(values, key=abs),
                }.get(metric, max)(rate[metric] for rate in rates.values())
                for group, rate in rates.items():
                    references = {"(all)": total, "(best group)": best}
                    if chosen:
                        references["(reference group)"] = rates[chosen][metric]
                    for reference, other in references.items():
                        row = found.get((month, version, subgroup, group, metric, reference))
                        if row is None:
                            # nobody is compared with himself
                            assert rate[metric] == other
                            continue
                        checked.add((metric, reference))
                        assert row["value"] == pytest.approx(rate[metric], abs=1e-9)
                        assert row["reference_value"] == pytest.approx(other, abs=1e-9)
                        assert row["difference"] == pytest.approx(rate[metric] - other, abs=1e-9)
                        assert row["difference_lower"] <= row["difference"] <= row["difference_upper"]
                        if metric != "calibration_gap":
                            assert row["ratio"] == pytest.approx(rate[metric] / other, abs=1e-9)
                            assert row["ratio_lower"] <= row["ratio"] <= row["ratio_upper"]
                span = found[(month, version, subgroup, "(all groups)", metric, "(between groups)")]
                values = [rate[metric] for rate in rates.values()]
                assert span["difference"] == pytest.approx(max(values) - min(values), abs=1e-9)
                if metric != "calibration_gap":
                    assert span["ratio"] == pytest.approx(min(values) / max(values), abs=1e-9)
            odds = found[(month, version, subgroup, "(all groups)", "equalized_odds", "(between groups)")]
            spans = [
                [rate[metric] for rate in rates.values()] for metric in ("true_positive_rate", "false_positive_rate")
            ]
            assert odds["difference"] == pytest.approx(max(max(span) - min(span) for span in spans), abs=1e-9)
            assert odds["ratio"] == pytest.approx(min(min(span) / max(span) for span in spans), abs=1e-9)
    assert len(checked) == 7 * 3


def test_a_reference_group_that_no_row_has_is_said(project):  # noqa: F811
    found = [row for key, row in found_rows(project, "weighted").items() if key[5] == "(reference group)"]
    assert {row["group_value"] for row in found} == {"f", "m"} and {row["subgroup"] for row in found} == {"sex"}
    assert {row["status"] for row in found} == {"insufficient_data"}
    reasons = {row["reason"] for row in found if row["is_mature"] and row["metric"] == "true_positive_rate"}
    assert reasons == {"no row has the reference group that the configuration names"}
    assert {(row["reference_value"], row["difference"]) for row in found} == {(None, None)}


def test_equal_groups_are_not_found(project):  # noqa: F811
    """Groups are drawn at random, so that no gap is one: 18 groups of nine months and versions."""
    statuses = {row["status"] for row in found_rows(project).values()}
    assert statuses <= {"ok", "insufficient_data", None}
    assert "ok" in statuses


def test_a_gap_is_found_that_nobody_registered(project):  # noqa: F811
    """COMPAS: of those who were not arrested again, .448 of the black and .235 of the white were called dangerous."""
    found = found_rows(project, "compas")
    for race, cells in COMPAS.items():
        row = next(row for key, row in found.items() if key[3:] == (race, "false_positive_rate", "(all)"))
        assert row["value"] == pytest.approx(cells[(1, 0)] / (cells[(1, 0)] + cells[(0, 0)]), abs=1e-12)
        assert row["status"] in ("warn", "alert"), row
        assert row["q_value"] < 1e-6
    best = next(
        row for key, row in found.items() if key[3:] == ("African-American", "false_positive_rate", "(best group)")
    )
    assert (round(best["value"], 3), round(best["reference_value"], 3), best["status"]) == (0.448, 0.235, None)
    four_fifths = next(row for key, row in found.items() if key[3:] == ("Caucasian", "selection_rate", "(best group)"))
    assert four_fifths["is_below_four_fifths"]


def test_groups_are_hidden_where_values_must_not_be_shown(project):  # noqa: F811
    groups = {(key[2], key[3]) for key in found_rows(project, "hidden")}
    assert ("sex", "f") in groups
    assert {group for subgroup, group in groups if subgroup == "age band"} == {
        "(all groups)",
        "(hidden 1)",
        "(hidden 2)",
        "(hidden 3)",
    }
    shown = project.sql(
        "select distinct group_value from health_performance where monitor = 'hidden' and subgroup <> 'sex'"
    )
    assert not {group for (group,) in shown if "young" in group}


# name -> (test, arguments, whether it passes)
USER_TESTS = {
    "recall": ("performance_at_least", {"metric": "recall", "minimum": 0.6, "versions": "v1"}, True),
    "recall_of_v2": ("performance_at_least", {"metric": "recall", "minimum": 0.6, "versions": ["v2"]}, False),
    "loss": ("performance_at_least", {"metric": "log_loss", "maximum": 0.6, "versions": "v1"}, True),
    "loss_of_v2": ("performance_at_least", {"metric": "log_loss", "maximum": 0.6}, False),
    "of_groups": (
        "performance_at_least",
        {"metric": "recall", "minimum": 0.6, "versions": "v1", "subgroups": "sex", "groups": "f"},
        True,
    ),
    "misspelt": ("performance_at_least", {"metric": "recalled", "minimum": 0.1}, False),
    "nothing": ("performance_at_least", {"metric": "recall", "minimum": 0.1, "monitor": "unlabelled"}, False),
    "no_bound": ("performance_at_least", {"metric": "recall"}, None),
    "gap": ("fairness_gap_below", {"maximum": 0.2, "versions": "v1"}, True),
    "gap_of_races": ("fairness_gap_below", {"maximum": 0.05, "monitor": "compas"}, False),
    "gap_of_no_subgroup": ("fairness_gap_below", {"maximum": 0.5, "subgroups": "colour"}, False),
    "gap_of_nothing": ("fairness_gap_below", {"maximum": 0.5, "monitor": "unlabelled"}, False),
}


def test_the_tests_for_users(project, tmp_path):  # noqa: F811
    twin = project.copy(tmp_path / "twin")
    tests = [
        {f"data_health.{kind}": {"arguments": {"monitor": "rows"} | given, "config": {"alias": f"said_{name}"}}}
        for name, (kind, given, _) in USER_TESTS.items()
    ]
    (twin.folder / "models/rows.sql").write_text("select * from {{ source('raw', 'rows') }}")
    properties = {"version": 2, "models": [{"name": "rows", "data_tests": tests}]}
    (twin.folder / "models/rows.yml").write_text(yaml.safe_dump(properties))
    # a test without any bound cannot be meant
    result = twin.dbt("build", "--select", "rows", "--indirect-selection", "eager", succeeds=False)
    outcomes = {item.node.alias: item.status for item in result.result}
    for name, (_, _, passes) in USER_TESTS.items():
        assert outcomes[f"said_{name}"] == {True: "pass", False: "warn", None: "error"}[passes], name


def test_findings_are_in_the_alerts(project, tmp_path):  # noqa: F811
    twin = project.copy(tmp_path / "twin")
    twin.build("--select", *PERFORMANCE[:2], "+health_alerts", *PERFORMANCE[2:])
    found = twin.rows("select * from health_alerts where finding in ('performance', 'fairness')")
    of_races = {row["column_name"]: row["evidence"] for row in found if row["monitor"] == "compas"}
    for race, rate in (("African-American", "0.448"), ("Caucasian", "0.235")):
        evidence = of_races[f"predictions, race: {race}, false_positive_rate"]
        assert evidence.startswith(f"false_positive_rate {rate}, 0.352 in (all)")
    assert ("values", "performance") in {(row["monitor"], row["finding"]) for row in found}
