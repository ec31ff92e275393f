"""A computation that comes to no end: it is off for its monitor with a reason, and everything else is built."""

import numpy as np
import pytest
from consumer import Consumer
from data_health.components import components
from data_health.labeling import consensus, learner

N, LEVELS = 1200, 40
REASON = "list fewer features, or choose labeling: {learner: boosting}"


def monitor(name):
    return {
        "relation": {"source": ["raw", name]},
        "key": "id",
        "time": "at",
        "label": {"column": "label"},
        "references": {"january": {"from": "2025-01-01", "to": "2025-02-01"}},
        "labeling": {"annotations": {"source": ["raw", f"answers_of_{name}"]}, "budget": 20},
        "components": {},
    }


def table(many):
    """Labels that a flag decides now and then; with `many`, levels of a text and numbers beside it."""
    draw = np.random.default_rng(3)
    flag = draw.integers(0, 2, N)
    label = np.where(draw.random(N) < 0.2 + 0.6 * flag, "yes", "no").astype(object)
    label[draw.random(N) < 0.3] = None
    columns = {
        "id": np.arange(N),
        "at": np.datetime64("2025-01-01", "us") + np.arange(N) * np.timedelta64(7200, "s"),
        "label": label,
        "flag": flag.astype(float),
        "size": draw.normal(size=N),
    }
    if many:
        columns["town"] = np.array([f"town {number}" for number in draw.integers(0, LEVELS, N)])
        columns |= {f"x{number}": draw.normal(size=N) for number in range(3)}
    return columns


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Consumer(
        tmp_path_factory.mktemp("convergence") / "project",
        {"monitors": {name: monitor(name) for name in ("many", "few")}},
        sources=("many", "few", "answers_of_many", "answers_of_few"),
    )
    for name in ("many", "few"):
        project.load(name, table(name == "many"))
    project.sql("""
        create table raw.answers_of_many as
        select i as id, case when (i + j) % 3 = 0 then 'yes' else 'no' end as label, 'annotator ' || j as annotator,
            timestamp '2025-06-01' as labelled_at
        from range(30) as rows (i), range(3) as annotators (j)
    """)
    found = np.linalg.eigh

    def eigenvalues(matrix):
        if len(matrix) == 5:
            raise np.linalg.LinAlgError("Eigenvalues did not converge")
        return found(matrix)

    with pytest.MonkeyPatch.context() as patch:
        # so few that the flag is learnt and forty towns are not
        patch.setattr(learner, "MOST_ITERATIONS", 30)
        patch.setattr(consensus, "MOST_ITERATIONS", 1)
        patch.setattr(components.np.linalg, "eigh", eigenvalues)
        project.build("--exclude", "test_type:unit")
    return project


def test_everything_is_built(project):
    assert project.sql("select distinct monitor from health_drift order by 1") == [("few",), ("many",)]
    assert project.sql("select distinct monitor from health_scorecard order by 1") == [("few",), ("many",)]


def test_the_learner_is_off_with_a_reason_and_a_remedy(project):
    status, reason = project.sql(
        "select status, reason from health_labeling_progress where monitor = 'many' and batch is null"
    )[0]
    assert status == "no_convergence"
    assert (
        reason.startswith("the learner is off: ") and "did not converge in 30 iterations" in reason and REASON in reason
    )
    assert project.sql("select count(confidence) from labeling_rows where monitor = 'many'") == [(0,)]
    assert project.sql("select count(*) from health_labeling_candidates where monitor = 'many'") == [(20,)]


def test_the_others_learner_is_on(project):
    assert project.sql(
        "select count(*) from health_labeling_progress where monitor = 'few' and status = 'no_convergence'"
    ) == [(0,)]
    assert project.sql("select count(confidence) from labeling_rows where monitor = 'few'") == [(N,)]


def test_the_majority_decides_where_there_is_no_consensus(project):
    assert project.sql("select distinct monitor, method from health_labels") == [("many", "majority")]
    assert project.sql("select count(*) from health_labels where label is null") == [(0,)]


def test_components_are_missing_with_a_reason(project):
    summary = project.sql("select monitor, status, column_count, left_out_count from health_pca_summary order by 1")
    assert summary == [("few", "ok", 2, 0), ("many", "warn", 0, 0)]
    reasons = project.sql("select distinct reason from health_pca_summary where monitor = 'many'")
    assert reasons == [("no components were found: Eigenvalues did not converge",)]


def test_each_is_a_finding_of_its_monitor(project):
    findings = project.rows("""
        select monitor, column_name, reference_list, severity, is_open, mart
        from health_alerts where finding = 'no_convergence' order by column_name
    """)
    shared = {"monitor": "many", "severity": "warn", "is_open": True}
    assert findings == [
        shared | {"column_name": name, "reference_list": reference, "mart": mart}
        for name, reference, mart in [
            ("components", "january", "health_pca_summary"),
            ("consensus", None, "health_labels"),
            ("learner", None, "health_labeling_progress"),
        ]
    ]
    cards = project.sql("select monitor, no_convergence_status from health_scorecard where is_latest order by 1")
    assert cards == [("few", "ok"), ("many", "warn")]


def test_it_is_over_when_it_comes_to_an_end(project):
    project.build("--exclude", "test_type:unit")
    assert project.sql("select count(*) from health_alerts where finding = 'no_convergence'") == [(0,)]
    assert project.sql("select count(confidence) from labeling_rows where monitor = 'many'") == [(N,)]
    assert project.sql("select distinct method from health_labels") == [("dawid_skene",)]


def test_an_error_of_the_program_is_not_caught(project, tmp_path):
    twin = project.copy(tmp_path / "project")

    def broken(matrix):
        raise ValueError("a bug")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(components.np.linalg, "eigh", broken)
        twin.build("--select", "component_fits", succeeds=False)
