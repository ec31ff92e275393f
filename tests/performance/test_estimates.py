"""Performance without labels: how far estimates are from what the labels say later, and when they are withdrawn."""

import datetime

import numpy as np
import pyarrow as pa
import pytest
from consumer import SHARED_DATA, Consumer, needs_shared_data
from sklearn import metrics
from sklearn.isotonic import IsotonicRegression

ESTIMATED = ("+health_performance", "--exclude", "test_type:unit", "--indirect-selection", "cautious")
MONITOR = {
    "relation": {"source": ["raw", "rows"]},
    "key": "id",
    "time": "moment",
    "references": {"past": {"from": "2023-01-01", "to": "2024-01-01"}},
    "label": {"column": "label", "positive": "yes"},
    "prediction": {"score": "score", "label": "predicted", "version": "version"},
    "parts": {"drift": False, "coverage": False, "components": False},
}


def table(month, label, score, version="v1", threshold=0.5):
    """Rows of a month, as arrays; a label that is not a number is not known."""
    known = ~np.isnan(label)
    return {
        "moment": np.full(len(score), np.datetime64(month, "us")),
        "label": [
            ("yes" if value else "no") if is_known else None for value, is_known in zip(label, known, strict=True)
        ],
        "score": score,
        "predicted": np.where(score >= threshold, "yes", "no").tolist(),
        "version": [version] * len(score),
    }


def build(folder, tables, **settings):
    consumer = Consumer(folder / "project", {"monitors": {"rows": MONITOR | settings}})
    names = tables[0].keys()
    columns = {name: np.concatenate([np.asarray(part[name], object) for part in tables]) for name in names}
    types = {"moment": pa.timestamp("us"), "score": pa.float64()}
    consumer.load(
        "rows",
        {"id": np.arange(len(columns["score"]))}
        | {name: pa.array(list(values), types.get(name, pa.string())) for name, values in columns.items()},
    )
    consumer.build("--select", *ESTIMATED)
    return consumer


def estimates(consumer):
    rows = consumer.rows("select * from health_performance where dataset = 'production' and subgroup = '(all)'")
    return {(row["model_version"], row["period_start"], row["metric"]): row for row in rows}


def drawn(seed, count, shift=0.0, meaning=1.0):
    """Scores, and labels whose probability is the score to some power."""
    draw = np.random.default_rng(seed)
    score = 1 / (1 + np.exp(-(draw.normal(shift, 1.2, count))))
    return (draw.random(count) < score**meaning).astype(float), score


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    months = [table("2023-06-01", *drawn(1, 20000))]
    for number, (shift, meaning) in enumerate([(0, 1), (1.2, 1), (0, 3), (0, 3), (0, 1)], start=1):
        months.append(table(f"2024-0{number}-01", *drawn(number + 1, 8000, shift, meaning)))
    # labels of April are not there yet; in May the scores are of a range that the reference lacks
    months[4]["label"] = [None] * 8000
    months[5]["score"] = 0.999 + months[5]["score"] * 1e-3
    months[5]["predicted"] = ["yes"] * 8000
    return build(tmp_path_factory.mktemp("estimates"), months)


def test_estimates_are_those_of_an_isotonic_regression(made_up):
    """Every metric from the fit of scikit-learn over the same bins, which are told by the rows of one bin having one fit."""
    label, score = drawn(1, 20000)
    fit = IsotonicRegression(out_of_bounds="clip").fit(score, label)
    _, later = drawn(3, 8000, 1.2)
    chance, said = fit.predict(later), later >= 0.5
    tp, fp = (chance * said).sum(), ((1 - chance) * said).sum()
    fn, tn = (chance * ~said).sum(), ((1 - chance) * ~said).sum()
    expected = {
        "accuracy": (tp + tn) / 8000,
        "precision": tp / (tp + fp),
        "recall": tp / (tp + fn),
        "specificity": tn / (tn + fp),
        "f1": 2 * tp / (2 * tp + fp + fn),
        "roc_auc": metrics.roc_auc_score(
            np.repeat([1, 0], 8000), np.tile(later, 2), sample_weight=np.concatenate([chance, 1 - chance])
        ),
        "log_loss": -(chance * np.log(later) + (1 - chance) * np.log(1 - later)).mean(),
        "brier": (chance * (1 - later) ** 2 + (1 - chance) * later**2).mean(),
    }
    found = estimates(made_up)
    for metric, value in expected.items():
        row = found["v1", datetime.date(2024, 2, 1), metric]
        # bins join what a fit of single rows keeps apart
        assert row["estimated_value"] == pytest.approx(value, abs=0.004 if metric == "log_loss" else 0.002), metric
        assert row["estimate_status"] == "estimated"
        assert row["estimated_lower"] < row["value"] < row["estimated_upper"], metric


def test_other_scores_and_other_meaning_are_told_apart(made_up):
    found = estimates(made_up)
    for metric in ("accuracy", "roc_auc", "brier"):
        same, shifted, changed = (found["v1", datetime.date(2024, month, 1), metric] for month in (1, 2, 3))
        for row in (same, shifted, changed):
            total = row["difference_by_data"] + row["difference_by_concept"]
            assert total == pytest.approx(row["value"] - row["reference_value"], abs=1e-9)
        assert abs(same["difference_by_data"]) < 0.02 and abs(same["difference_by_concept"]) < 0.02
        # the order of the scores is much the same after a shift
        assert metric == "roc_auc" or abs(shifted["difference_by_data"]) > 0.01
        assert abs(shifted["difference_by_concept"]) < 0.02
        assert abs(changed["difference_by_data"]) < 0.02
    assert found["v1", datetime.date(2024, 3, 1), "precision"]["difference_by_concept"] < -0.1


def test_an_estimate_is_withdrawn_when_labels_contradict_it(made_up):
    found = estimates(made_up)
    statuses = [found["v1", datetime.date(2024, month, 1), "accuracy"]["estimate_status"] for month in (1, 2, 3, 4, 5)]
    assert statuses == ["estimated", "estimated", "not_valid", "not_valid", "not_supported"]
    # April has no labels; what is known of March counts
    april = found["v1", datetime.date(2024, 4, 1), "accuracy"]
    assert april["value"] is None and april["estimate_reason"].startswith("the labels of 2024-03-01 contradict")
    assert "outside of those of the reference" in found["v1", datetime.date(2024, 5, 1), "accuracy"]["estimate_reason"]
    average = found["v1", datetime.date(2024, 1, 1), "average_precision"]
    assert (average["estimated_value"], average["estimate_status"]) == (None, None)


def test_what_chance_leaves_out_of_a_small_reference_is_supported(tmp_path):
    """Twenty versions with 150 labelled rows and 300 rows a month of the same scores: nothing is out of reach, and nothing is contradicted."""
    tables = []
    for seed in range(20):
        label, score = drawn(100 + seed, 150)
        tables.append(table("2023-06-01", label, score, f"v{seed}"))
        for month in (1, 2, 3):
            tables.append(table(f"2024-0{month}-01", *drawn(1000 * month + seed, 300), f"v{seed}"))
        # a fifth of the scores is above all of the reference
        label, score = drawn(5000 + seed, 300)
        score[:60] = 1 - 1e-6 * np.arange(1, 61)
        tables.append(table("2024-04-01", label, score, f"v{seed}"))
    rows = [row for (_, _, metric), row in estimates(build(tmp_path, tables)).items() if metric == "accuracy"]
    of_month = {
        month: [row["estimate_status"] for row in rows if row["period_start"].month == month] for month in range(1, 5)
    }
    assert of_month[4] == ["not_supported"] * 20
    alike = [*of_month[1], *of_month[2], *of_month[3]]
    assert len(alike) == 60 and alike.count("estimated") >= 58, alike


@needs_shared_data
def test_adult_by_education(tmp_path):
    """Fitted on all, calibrated on the less educated half and estimated for the other, ten times: errors of accuracy, area and F1."""
    education, features, truth = adult()
    tables, expected = [], {}
    for seed in range(10):
        order = np.random.default_rng(seed).permutation(len(truth))
        score = fitted(features[order[: len(order) // 3]], truth[order[: len(order) // 3]], features)
        rest, version = order[len(order) // 3 :], f"v{seed}"
        low, high = (rest[education[rest] <= np.median(education)], rest[education[rest] > np.median(education)])
        tables += [
            table("2023-06-01", truth[low], score[low], version),
            table("2024-01-01", truth[high] * np.nan, score[high], version),
        ]
        said = score[high] >= 0.5
        expected[version] = {
            "accuracy": metrics.accuracy_score(truth[high], said),
            "roc_auc": metrics.roc_auc_score(truth[high], score[high]),
            "f1": metrics.f1_score(truth[high], said),
        }
    found = estimates(build(tmp_path, tables))
    for metric, most in (("accuracy", 0.01), ("roc_auc", 0.01), ("f1", 0.015)):
        rows = {version: found[version, datetime.date(2024, 1, 1), metric] for version in expected}
        assert {row["estimate_status"] for row in rows.values()} == {"estimated"}
        errors = [abs(row["estimated_value"] - expected[version][metric]) for version, row in rows.items()]
        assert np.mean(errors) <= most, (metric, errors)


@needs_shared_data
def test_the_last_tenths_of_bank(tmp_path):
    """Rows in the order of time; the label itself drifts. No estimate can see that, and labels that are complete say so at once."""
    truth, score = bank()
    tenths = np.array_split(np.arange(len(truth)), 10)
    tables = [table("2023-06-01", truth[part], score[part], threshold=0.1) for part in tenths[3:5]]
    for number, part in enumerate(tenths[7:], start=1):
        tables.append(table(f"2024-0{number}-01", truth[part], score[part], threshold=0.1))
    known = estimates(build(tmp_path / "known", tables))
    for part in tables[2:]:
        part["label"] = [None] * len(part["score"])
    unknown = estimates(build(tmp_path / "unknown", tables))
    month = datetime.date(2024, 3, 1)
    assert unknown["v1", month, "accuracy"]["estimate_status"] in ("estimated", "not_supported")
    statuses = {known["v1", datetime.date(2024, number, 1), "accuracy"]["estimate_status"] for number in (1, 2, 3)}
    assert "not_valid" in statuses, statuses
    row = known["v1", month, "accuracy"]
    assert abs(row["difference_by_concept"]) > 0.02, row


def adult():
    import duckdb

    files = ", ".join(f"'{SHARED_DATA / 'tables' / 'adult' / name}'" for name in ("adult.data", "adult.test"))
    rows = duckdb.sql(
        f"from read_csv([{files}], header = false, all_varchar = true) where column14 is not null"
    ).fetchall()
    numbers = [[float(row[place]) for row in rows] for place in (4, 0, 10, 11, 12)]
    codes = [np.unique([row[place] for row in rows], return_inverse=True)[1] for place in (1, 3, 5, 6, 7, 8, 9)]
    features = np.array([*numbers, *codes], float).T
    return features[:, 0], features, np.array([">50K" in row[14] for row in rows], float)


def bank():
    import duckdb

    file = SHARED_DATA / "tables" / "bank" / "bank-additional-full.csv"
    rows = duckdb.sql(f"""
        select y = 'yes', age::double, campaign::double, previous::double, hash(job) % 97, hash(marital) % 97, hash(education) % 97,
            hash(contact) % 97, hash("default") % 97
        from read_csv('{file}', delim = ';', all_varchar = true)
    """).fetchall()
    table = np.array(rows, float)
    size = 3 * len(table) // 10
    return table[:, 0], fitted(table[:size, 1:], table[:size, 0], table[:, 1:])


def fitted(features, truth, everything):
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(random_state=0).fit(features, truth).predict_proba(everything)[:, 1]
