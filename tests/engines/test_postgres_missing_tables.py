"""On PostgreSQL too a table that is gone is a finding of its monitor, and the others are built."""

import pytest
from postgres_server import PostgresConsumer

pytestmark = pytest.mark.slow

ROWS = """
    select i as id, timestamp '2024-01-01' + interval '1 day' * cast(floor(i / 40.0) as integer) as t, i % 7 + 0.5 as v, i % 5 as "Größe"
    from generate_series(0, 1999) as numbers (i)
"""
NAMES = ("sound", "dropped", "narrowed")


def test_a_table_that_is_gone_is_told(postgres, tmp_path):
    monitor = {"time": "t", "key": "id", "grain": "week", "segments": ["Größe"]}
    monitors = {name: monitor | {"relation": {"source": ["raw", name]}} for name in NAMES}
    consumer = PostgresConsumer(postgres, tmp_path / "project", {"monitors": monitors}, sources=NAMES)
    for name in NAMES:
        consumer.sql(f"create table raw.{name} as {ROWS}; select 1")
    consumer.build_up_to("health_alerts")
    drift = "select monitor, count(*) from health_drift where monitor <> 'sound' group by 1 order by 1"
    before = consumer.sql(drift)
    consumer.sql('drop table raw.dropped; alter table raw.narrowed drop column "Größe"; select 1')
    consumer.build_up_to("health_alerts")
    found = consumer.sql(
        "select monitor, severity, evidence from health_alerts where finding = 'relation_missing' order by 1"
    )
    stay = "; nothing is counted, and the statistics stay as they were"
    assert [tuple(row) for row in found] == [
        ("dropped", "alert", "the table raw.dropped does not exist" + stay),
        ("narrowed", "alert", "the table raw.narrowed has no column Größe" + stay),
    ]
    assert consumer.sql(drift) == before and len(before) == 2
