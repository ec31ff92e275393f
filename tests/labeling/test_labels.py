"""What people answered, as tables: labels and annotators, against truth and the krippendorff package."""

import math

import krippendorff
import numpy as np
import pytest
from consumer import SHARED_DATA, Consumer, needs_shared_data
from scipy.stats import binomtest

MARTS = ("health_labels", "health_annotators")


def monitor(relation, answers, **settings):
    return {
        "relation": {"source": ["raw", relation]},
        "labeling": {"annotations": {"source": ["raw", answers]}},
        **settings,
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Monitors of a table with an awkward key, of answers with hardly any column, of none, of no table, and of the ducks."""
    monitors = {
        "odd": monitor("rows", "odd answers", key=["a b", "order"]),
        "plain": monitor("rows", "plain", key="a b"),
        "nobody": monitor("rows", "nobody", key="a b"),
        "not yet": monitor("rows", "no such table", key="a b"),
        "off": monitor("rows", "plain", key="a b", marts={"labeling": False}),
        "ids": monitor("rows", "ids", key="a b"),
        "numbers": monitor("rows", "numbers", key="a b"),
    }
    sources = ["rows", "odd answers", "plain", "nobody", "no such table", "ids", "numbers"]
    if SHARED_DATA.exists():
        monitors["ducks"] = monitor("pictures", "ducks", key="question")
        sources += ["pictures", "ducks"]
    consumer = Consumer(tmp_path_factory.mktemp("labels") / "project", {"monitors": monitors}, sources=sources)
    consumer.sql("""
        create table raw.rows as select 'k' || i as "a b", i as "order", i * 1.5 as x from range(100) t(i);
        create table raw."odd answers" (
            "A B" varchar, "order" integer, "Label" varchar, annotator varchar, labelled_at timestamp, seconds integer, is_gold boolean
        );
        insert into raw."odd answers" values
            ('k1', 1, 'O''Hara', 'ann', '2024-01-01', 3, false), ('k1', 1, 'O''Hara', 'bob', '2024-01-01', 4, null),
            ('k2', 2, 'yes', 'ann', '2024-01-01', 3, false), ('k2', 2, 'Größe', 'ann', '2024-01-02', 5, false),
            ('k3', 3, 'yes', 'ann', '2024-01-01', 3, false), ('k3', 3, 'skip', 'ann', '2024-01-02', 5, false),
            ('k4', null, '', 'ann', '2024-01-01', null, false), ('k4', null, 'yes', null, '2024-01-01', null, false),
            ('k5', 5, 'no', 'ann', '2024-01-01', null, false), ('k5', 5, 'yes', 'truth', '2024-01-03', null, true),
            ('k5', 5, 'no', 'truth of before', '2024-01-02', null, true);
        create table raw.plain as
            select 'k' || i % 50 as "a b", i % 2 = 0 as label, 'w' || i % 3 as annotator, date '2024-01-01' as labelled_at from range(90) t(i);
        create table raw.nobody as select * from raw.plain where false;
        create table raw.numbers as
            select 'k' || i as "a b", i + step as label, who as annotator, date '2024-01-01' as labelled_at
            from range(40) t(i), (values ('ann', 0), ('bob', 1), ('cyd', 2)) people (who, step);
        create table raw.ids (
            "a b" varchar, label varchar, annotator varchar, labelled_at timestamp, annotation_id varchar, is_withdrawn boolean, imported_at timestamp
        );
        insert into raw.ids values
            ('k1', 'yes', 'ann', '2024-01-01', '1', null, null), ('k1', 'yes', null, '2024-01-01', '1', null, null),
            ('k2', 'yes', 'ann', '2024-01-01', '2', false, '2024-02-01'), ('k2', 'no', 'ann', '2023-01-01', '2', false, '2024-02-02'),
            ('k3', 'yes', 'ann', '2024-01-01', '3', false, '2024-02-01'), ('k3', null, 'ann', '2024-02-02', '3', true, '2024-02-02'),
            ('k4', 'yes', 'ann', '2024-01-01', '4', false, '2024-02-01'), ('k4', 'no', 'ann', '2024-01-02', '5', false, '2024-02-01'),
            ('k4', null, 'ann', '2024-02-02', '5', true, '2024-02-02'),
            ('k5', 'yes', 'ann', '2024-01-01', '9', false, '2024-02-01'), ('k5', 'no', 'ann', '2024-01-01', '10', false, '2024-02-01'),
            ('k6', 'yes', 'ann', '2999-01-01', null, null, null), ('k6', 'no', 'ann', '2024-01-01', null, null, null),
            ('k7', 'yes', 'ann', '2024-01-01', '7', false, '2024-02-01'), ('k7', null, 'ann', '2024-02-02', '7', true, '2024-02-02'),
            ('k7', 'yes', 'ann', '2024-01-01', '7', false, '2024-02-03');
    """)
    if SHARED_DATA.exists():
        folder = SHARED_DATA / "labels"
        consumer.sql(f"""
            create table raw.pictures as select question, cast(truth as varchar) as truth from read_csv('{folder}/d_Duck_Identification_truth.csv');
            create table raw.ducks as
                select question, worker as annotator, cast(answer as varchar) as label, timestamp '2024-01-01' as labelled_at
                from read_csv('{folder}/d_Duck_Identification_answer.csv');
        """)
    consumer.build_up_to(*MARTS)
    return consumer


def test_the_newest_answer_counts_and_what_is_known_before_it(built):
    rows = built.sql(
        "select row_key, label, method, annotation_count, skip_count, seconds from health_labels where monitor = 'odd' order by row_key"
    )
    assert rows == [
        ("k1|1", "O'Hara", "dawid_skene", 2, 0, 7),
        ("k2|2", "Größe", "dawid_skene", 1, 0, 5),
        ("k3|3", None, "none", 0, 1, 5),
        ("k4|(null)", "yes", "dawid_skene", 1, 1, None),
        ("k5|5", "yes", "gold", 1, 0, None),
    ]
    annotators = built.sql(
        "select annotator, annotation_count, skip_count, judged_count, gold_count, gold_accuracy from health_annotators where monitor = 'odd' order by 1"
    )
    assert annotators == [
        ("(all)", 5, 2, 3, 1, 0),
        ("(unknown)", 1, 0, 0, 0, None),
        ("ann", 3, 2, 2, 1, 0),
        ("bob", 1, 0, 1, 0, None),
    ]


def test_labels_that_are_no_texts_and_monitors_without_answers(built):
    assert built.sql("select distinct label from health_labels where monitor = 'plain' order by 1") == [
        ("false",),
        ("true",),
    ]
    assert built.sql("select distinct monitor from label_annotations order by 1")[-2:] == [("odd",), ("plain",)]
    assert built.sql("select count(*) from health_annotators where monitor in ('nobody', 'not yet', 'off')") == [(0,)]


def test_numbers_have_a_mean_and_agree_by_their_distance(built):
    """ann says i, bob i + 1, cyd i + 2; the number i + 1 is what they say together, once their biases are known."""
    found = built.sql("""
        select row_key, cast(label as double precision), method, probability, probability_basis, label_error, is_tie, annotation_count
        from health_labels
        where monitor = 'numbers'
    """)
    values = {key: value for key, value, *_ in found}
    assert [values[f"k{i}"] for i in range(40)] == pytest.approx([i + 1 for i in range(40)], abs=1e-4)
    assert {tuple(row[2:5]) + tuple(row[6:]) for row in found} == {("robust_mean", None, None, False, 3)}
    assert all(0 < row[5] < 1 for row in found)
    answers = np.array([[i + step for i in range(40)] for step in range(3)], float)
    alpha = krippendorff.alpha(reliability_data=answers, level_of_measurement="interval")
    assert built.sql("""
        select annotation_count, judged_count, accuracy, krippendorff_alpha
        from health_annotators
        where monitor = 'numbers' and annotator = '(all)'
    """) == [(120, 120, None, pytest.approx(alpha, abs=1e-9))]


def test_every_answer_is_kept(built):
    assert built.sql("select count(*) from label_annotations where monitor = 'odd'") == [(11,)]
    assert built.sql("select count(*), sum(is_latest::int) from label_annotations where monitor = 'plain'") == [
        (90, 90)
    ]


def test_the_last_state_of_an_annotation_counts(built):
    """Imported under two names; changed; withdrawn; withdrawn, so that an older one counts; the higher id of one time;
    a time that is still to come; withdrawn and back again."""
    assert built.sql("""
        select row_key, annotator, label, annotation_id from label_annotations where monitor = 'ids' and is_latest order by 1
    """) == [
        ("k1", "ann", "yes", "1"),
        ("k2", "ann", "no", "2"),
        ("k4", "ann", "yes", "4"),
        ("k5", "ann", "no", "10"),
        ("k6", "ann", "no", None),
        ("k7", "ann", "yes", "7"),
    ]
    assert built.sql("""
        select label, method, annotation_count, skip_count from health_labels where monitor = 'ids' and row_key in ('k1', 'k3')
    """) == [("yes", "dawid_skene", 1, 0)]


@needs_shared_data
def test_ducks(built):
    """39 people said of 108 pictures whether they show a duck; the majority is right on 75.9 %."""
    right, majority = built.sql("""
        select avg((label = truth)::int), avg(coalesce(majority_label = truth, false)::int)
        from health_labels
        inner join raw.pictures on row_key = cast(question as varchar)
        where monitor = 'ducks'
    """)[0]
    assert majority == pytest.approx(0.759, abs=5e-4)
    assert right >= 0.89
    answers = built.sql("select annotator, question, label from raw.ducks")
    workers, questions = ({value: i for i, value in enumerate(sorted({row[n] for row in answers}))} for n in (0, 1))
    matrix = np.full((len(workers), len(questions)), np.nan)
    for worker, question, label in answers:
        matrix[workers[worker], questions[question]] = float(label)
    ((alpha,),) = built.sql(
        "select krippendorff_alpha from health_annotators where monitor = 'ducks' and annotator = '(all)'"
    )
    assert alpha == pytest.approx(krippendorff.alpha(matrix, level_of_measurement="nominal"), abs=1e-12)


@needs_shared_data
def test_the_accuracy_of_people_is_about_the_true_one(built):
    """On nine workers in ten the true accuracy lies in the interval, or nearly: the consensus errs in a tenth of the pictures."""
    rows = built.sql("""
        select health_annotators.annotator, judged_count, accuracy, accuracy_lower, accuracy_upper, avg((ducks.label = truth)::int) as true_accuracy
        from health_annotators
        inner join raw.ducks as ducks on health_annotators.annotator = cast(ducks.annotator as varchar)
        inner join raw.pictures using (question)
        where monitor = 'ducks'
        group by all
    """)
    assert len(rows) == 39
    assert np.mean([lower - 0.1 <= truth <= upper + 0.1 for *_, lower, upper, truth in rows]) > 0.9
    for _, count, accuracy, lower, upper, _ in rows:
        squared, share = 1.959963984540054**2, accuracy
        centre = (share + squared / (2 * count)) / (1 + squared / count)
        margin = math.sqrt(squared * (share * (1 - share) / count + squared / (4 * count**2))) / (1 + squared / count)
        assert (lower, upper) == pytest.approx((max(centre - margin, 0), min(centre + margin, 1)), abs=1e-12)
    # whole numbers of right answers, as SciPy takes
    whole = binomtest(7, 10).proportion_ci(method="wilson")
    squared = 1.959963984540054**2
    centre = (0.7 + squared / 20) / (1 + squared / 10)
    assert whole.low + whole.high == pytest.approx(2 * centre, abs=1e-9)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "they join the table with labeling.annotations"),
        ({"key": "x"}, "a column of"),
    ],
)
def test_answers_that_cannot_be_joined_stop_the_build(tmp_path, settings, message):
    consumer = Consumer(
        tmp_path / "project", {"monitors": {"m": monitor("rows", "plain", **settings)}}, sources=["rows", "plain"]
    )
    consumer.sql(
        "create table raw.rows as select 1 as x; create table raw.plain as select 1 as y, 'a' as label, 'b' as annotator, date '2024-01-01' as labelled_at"
    )
    result = consumer.build_up_to("health_labels", succeeds=False)
    text = " ".join(str(node.message) for node in result.result.results if node.node.name == "health_monitors")
    assert message in text, text


def test_the_same_answers_in_any_order_and_any_run_give_the_same_labels(built, tmp_path):
    columns = "monitor, row_key, label, probability"
    before = built.sql(f"select {columns} from health_labels order by all")
    twin = built.copy(tmp_path / "twin")
    twin.sql("create or replace table raw.plain as select * from raw.plain order by random()")
    twin.build_up_to(*MARTS)
    assert twin.sql(f"select {columns} from health_labels order by all") == before
