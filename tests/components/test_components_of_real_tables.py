"""Components of a window of real tables, built, against scikit-learn."""

import numpy as np
import pytest
from component_rows import standardised
from consumer import SHARED_DATA, Consumer, needs_shared_data
from sklearn.decomposition import PCA

TABLES = SHARED_DATA / "tables"


def real_table(consumer, name):
    if name == "elec2":
        query = f"""
            select row_number() over () as id, * from read_csv('{TABLES}/elec2/elec2_with_ts.csv')
        """
    else:
        query = f"""
            select row_number() over () as id, timestamp '2024-01-01' + to_days(cast((row_number() over () - 1) // 200 as integer)) as called_at, *
            from read_csv('{TABLES}/bank/bank-additional-full.csv')
        """
    consumer.sql(f"create table raw.rows as {query}")


@needs_shared_data
@pytest.mark.parametrize("name", ["elec2", "bank"])
def test_components_of_real_tables_are_those_of_scikit_learn(tmp_path, name):
    time = {"elec2": "ts_reconstructed", "bank": "called_at"}[name]
    window = {"elec2": ("1996-07-01", "1997-07-01"), "bank": ("2024-01-01", "2024-05-01")}[name]
    monitor = {
        "relation": {"source": ["raw", "rows"]},
        "key": "id",
        "time": time,
        "references": {"window": {"from": window[0], "to": window[1]}},
    }
    consumer = Consumer(tmp_path / "project", {"monitors": {"m": monitor}})
    real_table(consumer, name)
    consumer.build_components()
    names = [
        name
        for (name,) in consumer.sql(
            "select distinct column_name from component_fits where values_used = 'all' and component is not null order by 1"
        )
    ]
    assert len(names) >= 4
    quoted = ", ".join(f'cast("{name}" as double)' for name in names)
    rows = np.array(
        consumer.sql(f"select {quoted} from raw.rows where {time} >= '{window[0]}' and {time} < '{window[1]}'"),
        dtype=float,
    )
    theirs = PCA(svd_solver="full").fit(standardised(rows).transform(rows))
    eigenvalues = [
        value
        for (value,) in consumer.sql(
            "select distinct on (component) eigenvalue from component_fits where values_used = 'all' and component is not null order by component"
        )
    ]
    assert eigenvalues == pytest.approx(theirs.explained_variance_ * (len(rows) - 1) / len(rows), rel=1e-9)
    loadings = consumer.sql(
        "select component, column_name, loading, mean, standard_deviation from component_fits where values_used = 'all' and component is not null order by 1, 2"
    )
    for number, component in enumerate(theirs.components_):
        ours = np.array([loading for index, _, loading, _, _ in loadings if index == number + 1])
        assert ours * np.sign(ours @ component) == pytest.approx(component, abs=1e-8)
    means = {column: mean for _, column, _, mean, _ in loadings}
    assert [means[name] for name in names] == pytest.approx(rows.mean(axis=0), rel=1e-9)
