"""Whether two definitions of a feature say the same: what is no change, what is one, and what cannot be read."""

import pytest
from data_health.versions.columns_read import columns_read
from data_health.versions.definitions import UnreadableDefinitionError, difference, is_same

pytestmark = pytest.mark.quick

# definition, definition, dialect
EQUAL = [
    ("select a+b from t", "SELECT  b + a\nFROM t -- c", None),
    ("age >= 18 and sex in ('m','f')", "sex IN ('f', 'm') AND 18 <= age", None),
    ("select t.age from visits t", "select v.age from visits as v", None),
    ("select age from visits", "select v.age as my_age from visits v", None),
    (
        "with x as (select id, sum(a) as s from t group by id) select s from x",
        "with yy as (select id, sum(a) as total from t group by 1) select total from yy",
        None,
    ),
    (
        "with x as (select id, sum(a) as s from t group by id) select s from x",
        "select q.s2 from (select sum(a) s2, id from t group by id) q",
        None,
    ),
    ("a::int", "cast(a as integer)", "postgres"),
    ("coalesce(a, 0)", "ifnull(a, 0)", "duckdb"),
    ("nvl(a, 0)", "coalesce(a,0)", "snowflake"),
    ('"age" * 2', "2 * age", "postgres"),
    ('"AGE" * 2', "2 * age", "snowflake"),
    ("`age` * 2", "2 * age", "bigquery"),
    ("`age` * 2", "2 * AGE", "spark"),
    ('"Age" * 2', "2 * age", "duckdb"),
    (
        "case when sex = 'm' then 1 when sex='f' then 0 end",
        "case sex when 'm' then 1 when 'f' then 0 else null end",
        None,
    ),
    ("if(a > 1, 2, 3)", "case when 1 < a then 2 else 3 end", "bigquery"),
    ("iff(a > 1, 2, 3)", "case when a > 1 then 2 else 3 end", "snowflake"),
    ("a between 1 and 3", "a >= 1 and a <= 3", None),
    ("a != 3", "not (a = 3)", None),
    ("count(1)", "count(*)", None),
    (
        "select sum(x.a) from t x join u y on x.id = y.id where y.b > 3",
        "select sum(p.a) from u q inner join t p on q.id = p.id where 3 < q.b",
        None,
    ),
    ("select a from t left outer join u on t.id = u.id", "select a from t left join u on u.id = t.id", None),
    ("avg(a) over (partition by x, y order by d)", "AVG(a) OVER (PARTITION BY y, x ORDER BY d)", None),
    ("((a + b)) + c", "c + (a + b)", None),
    ("a = 1 or (b = 2 or c = 3)", "(c = 3 or a = 1) or b = 2", None),
    ("cast(a as double precision)", "a::float8", "postgres"),
    ("cast(a as text)", "cast(a as varchar)", "duckdb"),
    ("lower(trim(name))", "LOWER( TRIM(name) )", None),
    ("my_udf(a, b)", "MY_UDF(a,b)", None),
    (
        "select date_trunc('month', d) as m, count(*) as n from t group by m",
        "select date_trunc('month', d) as m, count(*) as n from t group by date_trunc('month', d)",
        None,
    ),
    ("select a /* old */ from t", "select a from t;", None),
    ("date '2024-01-01'", "cast('2024-01-01' as date)", "duckdb"),
]
DIFFERENT = [
    ("a >= 18", "a >= 21", None),
    ("a > 18", "a >= 18", None),
    ("a - b", "b - a", None),
    ("a / b", "b / a", None),
    ("coalesce(a, b)", "coalesce(b, a)", None),
    ("coalesce(a, 0)", "coalesce(a, -1)", None),
    ("cast(a as int)", "cast(a as bigint)", None),
    ("cast(a as int)", "try_cast(a as int)", "duckdb"),
    ("select a from t join u on t.id=u.id", "select a from t left join u on t.id=u.id", None),
    ("select a from t where b", "select a from t", None),
    ("avg(a)", "median(a)", None),
    ("sum(a)", "sum(distinct a)", None),
    ("case when a then 1 when b then 2 end", "case when b then 2 when a then 1 end", None),
    ("a in (1,2)", "a in (1,2,3)", None),
    ("a in (1,2)", "a not in (1,2)", None),
    ("(a + b) * c", "a + b * c", None),
    ("a and (b or c)", "(a and b) or c", None),
    ("select v.a from t v join u w on v.id=w.id", "select w.a from t v join u w on v.id=w.id", None),
    ("avg(a) over (partition by x order by d)", "avg(a) over (partition by x order by d desc)", None),
    (
        "avg(a) over (order by d rows between 6 preceding and current row)",
        "avg(a) over (order by d rows between 29 preceding and current row)",
        None,
    ),
    (
        "with x as (select id, sum(a) as s from t group by id) select s from x",
        "with x as (select id, sum(b) as s from t group by id) select s from x",
        None,
    ),
    ("select a from raw.t", "select a from clean.t", None),
    ("lower(a)", "upper(a)", None),
    ("a is null", "a is not null", None),
    ("round(a, 1)", "round(a, 2)", None),
    ("'Yes'", "'yes'", None),
    ('"Age"', "age", "postgres"),
    ("date_trunc('month', d)", "date_trunc('week', d)", None),
    ("select a from t where d > date '2024-01-01'", "select a from t where d > date '2024-02-01'", None),
    ("nullif(a, 0)", "nullif(a, 1)", None),
    ("a like 'x%'", "a ilike 'x%'", "postgres"),
    ("select max(a) from t group by id", "select max(a) from t group by id, d", None),
    (
        "select x.a, x.b from (select p as a, q as b from t) x",
        "select x.a, x.b from (select q as a, p as b from t) x",
        None,
    ),
    ("extract(year from d)", "extract(month from d)", None),
    ("select a from t union all select a from u", "select a from t union select a from u", None),
]


@pytest.mark.parametrize(("definition", "other", "dialect"), EQUAL)
def test_another_way_to_write_it_is_no_change(definition, other, dialect):
    assert is_same(definition, other, dialect)
    assert is_same(other, definition, dialect)
    assert difference(definition, other, dialect) == ""


@pytest.mark.parametrize(("definition", "other", "dialect"), DIFFERENT)
def test_another_meaning_is_a_change(definition, other, dialect):
    assert not is_same(definition, other, dialect)
    shown = difference(definition, other, dialect)
    assert shown.startswith("- ") and "\n+ " in shown


def test_a_change_is_shown_in_short():
    assert difference("age >= 18", "age >= 21") == "- 18 <= age\n+ 21 <= age"
    assert difference("w / (h * h)", "w / h") == "- w / (h * h)\n+ w / h"
    long = "select sum(amount) as total from payments where paid_at >= date '2024-01-01' and country in ('ES', 'FR') {} group by customer"
    changed = difference(long.format("and status = 'ok'"), long.format("and status = 'paid'"))
    assert "'ok'" in changed and "'paid'" in changed and "country" not in changed


@pytest.mark.parametrize(
    "definition", ["", "select from", "select 1; select 2", "((a)", "drop table", "case when a then"]
)
def test_what_is_no_sql_is_said(definition):
    with pytest.raises(UnreadableDefinitionError):
        is_same(definition, "a")


def test_the_columns_that_a_definition_reads():
    assert columns_read("bmi * 2") == {("", "bmi")}
    assert columns_read("select v.a + w.b from visits v join (select * from raw.weights) w on v.id = w.id") == {
        ("visits", "a"),
        ("visits", "id"),
        ("raw.weights", "b"),
        ("raw.weights", "id"),
    }
    nested = "with sums as (select id, sum(amount) as total from raw.payments group by id) select total / 2 from sums"
    assert columns_read(nested) == {("raw.payments", "amount"), ("raw.payments", "id")}
