"""The probabilities of drift_evidence against SciPy, over all sizes that a statistic can have."""

import numpy as np
import pytest
from consumer import Consumer
from scipy import stats

DEGREES = [1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100, 200, 500, 1000]
TAILS = [0.9, 0.5, 0.2, 0.1, 0.05, 0.01, 1e-3, 1e-4, 1e-6, 1e-10, 1e-20, 1e-50, 1e-100]
MONITOR = {"relation": {"source": ["raw", "rows"]}, "time": "at"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose measures are replaced by a grid of statistics."""
    project = Consumer(tmp_path_factory.mktemp("evidence") / "project", {"monitors": {"grid": MONITOR}})
    project.sql(
        "create table raw.rows as select timestamp '2024-01-01' + i * interval '1 day' as at, i as x from range(60) as t (i)"
    )
    project.build_up_to("drift_evidence")
    return project


def evidence(project, measures):
    """The rows of drift_evidence for a list of measures, one column each."""
    rows = [
        {"comparison_number": 1, "column_number": number + 1, "reference_row_count": 100, "row_count": 100} | row
        for number, row in enumerate(measures)
    ]
    names = sorted({name for row in rows for name in row})
    project.load("grid", {name: [row.get(name) for row in rows] for name in names})
    project.sql("delete from drift_measures")
    project.sql(f"insert into drift_measures ({', '.join(names)}) select {', '.join(names)} from raw.grid")
    # what is written by hand is not seen as a change
    project.dbt("run", "--select", "drift_evidence", "--full-refresh")
    return project.rows("select * from drift_evidence order by column_number")


def test_probabilities_over_a_grid(project):
    grid = [(df, tail) for df in DEGREES for tail in TAILS]
    chi_square = [{"pooled_chi_square": stats.chi2.isf(tail, df), "pooled_group_count": df + 1} for df, tail in grid]
    sizes = [0.31, 0.5, 0.8, 1, 1.358, 2, 3, 5, 10, 15]
    root = np.sqrt(500)
    functions = [
        {
            "kolmogorov_smirnov_lower": size / (root + 0.12 + 0.11 / root),
            "reference_finite_count": 1000.0,
            "finite_count": 1000.0,
        }
        for size in sizes
    ]
    shares = [{"category_squared_deviate": stats.chi2.isf(tail, 1), "category_test_count": 7} for tail in TAILS]
    nulls = [{"null_squared_deviate": stats.chi2.isf(tail, 1), "null_test_count": 1} for tail in TAILS]
    few = [{"null_exponent": exponent, "null_test_count": 1} for exponent in (0.0, 1.0, 50.0)]
    zero = [{"pooled_chi_square": 0.0, "pooled_group_count": df + 1} for df in DEGREES]
    rows = iter(evidence(project, chi_square + functions + shares + nulls + few + zero))

    p = np.array([next(rows)["distribution_p"] for _ in grid]).reshape(len(DEGREES), len(TAILS))
    error = np.abs(p / TAILS - 1)
    # closed forms for 1 and 2 degrees; the formula of Lugannani and Rice is 4 % off at most, with 3 degrees
    assert error[0].max() < 3e-7
    assert error[1].max() < 1e-9
    assert error[2:].max() < 0.041
    assert error[DEGREES.index(10) :].max() < 0.01
    assert (np.diff(p, axis=1) < 0).all()

    for size in sizes:
        assert next(rows)["distribution_p"] == pytest.approx(stats.kstwobign.sf(size), rel=1e-9 if size > 0.9 else 1e-3)
    for tail in TAILS:
        assert next(rows)["category_p"] == pytest.approx(min(1, 7 * tail), rel=3e-7)
    for tail in TAILS:
        assert next(rows)["null_p"] == pytest.approx(tail, rel=3e-7)
    for exponent in (0.0, 1.0, 50.0):
        assert next(rows)["null_p"] == pytest.approx(min(1, 2 * np.exp(-exponent)), rel=1e-12)
    assert [next(rows)["distribution_p"] for _ in zero] == pytest.approx([1] * len(zero))


def test_the_least_of_several_tests_counts_as_often_as_there_are_tests(project):
    (row,) = evidence(
        project,
        [
            {
                "pooled_chi_square": 2 * np.log(1000),
                "pooled_group_count": 3,
                "null_exponent": 0.1,
                "null_test_count": 1,
                "category_exponent": np.log(2e5),
                "category_test_count": 4,
            }
        ],
    )
    assert row["distribution_p"] == pytest.approx(1e-3)
    assert row["category_p"] == pytest.approx(4e-5)
    assert row["column_p"] == pytest.approx(3 * 4e-5)
    assert row["q_value"] == pytest.approx(20 * 3 * 4e-5)


def test_single_faults_have_a_tenth_of_the_error(project):
    """Two tests of single faults, three of the whole column: 2 · 4 · 1e-6 / .1 against 3 · 1e-3 / .9."""
    whole = {
        "pooled_chi_square": 2 * np.log(1000),
        "pooled_group_count": 3,
        "null_exponent": 0.1,
        "null_test_count": 1,
        "category_exponent": 0.1,
        "category_test_count": 2,
    }
    fault = {"bin_exponent": np.log(2e6), "bin_test_count": 4, "tail_exponent": 0.1, "tail_test_count": 2}
    faulty, other = evidence(project, [whole | fault, whole | fault | {"bin_exponent": 0.1}])
    assert (faulty["bin_p"], faulty["tail_p"]) == (pytest.approx(4e-6), 1)
    assert faulty["column_p"] == pytest.approx(2 * 4e-6 / 0.1)
    assert other["column_p"] == pytest.approx(3 * 1e-3 / 0.9)
