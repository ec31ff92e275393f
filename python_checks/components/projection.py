"""Rows on the components of a reference, a matrix product per Arrow batch: for tables too wide for SQL.

The numbers are those of project_components(). In a model of one's own:

    def model(dbt, session):
        from data_health.components.projection import projected

        rows, loadings = dbt.ref("wide_rows"), dbt.ref("data_health", "component_fits")
        return projected(rows, loadings, "my_monitor", "training", k=100, keys=["id"])
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from data_health.components.components import LEAST_EIGENVALUE, Matrix

ROWS_OF_A_BATCH = 8192
LARGEST_DEVIATION = 1e50


@dataclass(frozen=True)
class Loadings:
    """The first k components of d columns: `mean` and `scale` (d), `vectors` (d × k), `eigenvalues` (k).

    `with_variance` (k) tells which eigenvalues are more than rounding error.
    """

    reference: str
    version: str
    names: tuple[str, ...]
    mean: Matrix
    scale: Matrix
    vectors: Matrix
    eigenvalues: Matrix
    with_variance: np.ndarray

    @classmethod
    def read(
        cls,
        loadings: duckdb.DuckDBPyRelation,
        monitor: str,
        reference: str,
        k: int | None = None,
        version: str | None = None,
    ) -> "Loadings":
        """Those of a reference in component_fits; without `k` the advised ones.

        ValueError: there are none, or fewer than `k`, or they have another version than the one asked for.
        """
        stored = loadings.filter(duckdb.ColumnExpression("monitor") == duckdb.ConstantExpression(monitor)).filter(
            duckdb.ColumnExpression("reference") == duckdb.ConstantExpression(reference)
        )
        wanted = "is_kept" if k is None else f"component <= {int(k)}"
        table = (
            stored.filter(f"values_used = 'all' and {wanted}")
            .project("component, column_name, loading, eigenvalue, explained_share, mean, scale, loadings_version")
            .order("component, column_name")
            .fetchnumpy()
        )
        components = int(table["component"].max()) if len(table["component"]) else 0
        if components < (k or 1):
            raise ValueError(
                f"monitor {monitor!r}, reference {reference!r}: {k or 1} components asked for, {components} stored"
            )
        found = str(table["loadings_version"][0])
        if version not in (None, found):
            raise ValueError(
                f"monitor {monitor!r}, reference {reference!r}: version {version} asked for, {found} stored"
            )
        columns = len(table["component"]) // components
        numbers = {
            name: np.ma.filled(table[name], np.nan).reshape(components, columns)
            for name in ("loading", "eigenvalue", "explained_share", "mean", "scale")
        }
        eigenvalues, shares = numbers["eigenvalue"][:, 0], numbers["explained_share"][:, 0]
        return cls(
            reference,
            found,
            tuple(str(name) for name in table["column_name"][:columns]),
            numbers["mean"][0],
            numbers["scale"][0],
            numbers["loading"].T.copy(),
            eigenvalues,
            # the mean eigenvalue is the total over the number of columns
            eigenvalues * columns * shares.sum() > LEAST_EIGENVALUE * eigenvalues.sum(),
        )

    def deviations(self, values: Matrix) -> Matrix:
        """Distances from the mean in scales of values (n × d); 0 where one is NaN, which is missing, or infinite."""
        z = (values - self.mean) / self.scale
        z = np.where(np.isfinite(values), z, 0)
        return np.clip(z, -LARGEST_DEVIATION, LARGEST_DEVIATION, out=z)

    def scores(self, values: Matrix) -> tuple[Matrix, Matrix, Matrix]:
        """Scores (n × k), Hotelling's T² (n) and squared distances from the components (n) of values (n × d)."""
        z = self.deviations(values)
        scores = z @ self.vectors
        used = self.with_variance
        distances = np.sum(scores[:, used] ** 2 / self.eigenvalues[used], axis=1)
        errors = np.maximum(np.einsum("nd,nd->n", z, z) - np.einsum("nk,nk->n", scores, scores), 0)
        return scores, distances, errors

    def values(self, scores: Matrix) -> Matrix:
        """Columns (n × d) as far as scores (n × k) tell them."""
        return self.mean + self.scale * (scores @ self.vectors.T)


def projected(
    rows: duckdb.DuckDBPyRelation,
    loadings: duckdb.DuckDBPyRelation,
    monitor: str,
    reference: str,
    k: int | None = None,
    keys: Sequence[str] = (),
    version: str | None = None,
) -> pa.Table:
    """The rows as project_components() gives them, T² and reconstruction error included.

    Memory: one batch of rows as doubles, and the result. ValueError: as Loadings.read(), or a column is not in `rows`.
    """
    if not loadings.limit(1).fetchall() and not rows.limit(1).fetchall():
        # dbt --empty
        return result_schema(rows.limit(0), keys, k or 0).empty_table()
    fit = Loadings.read(loadings, monitor, reference, k, version)
    missing = sorted(set(fit.names) - set(rows.columns))
    if missing:
        raise ValueError(f"the components need columns that the rows do not have: {', '.join(missing)}")
    schema = result_schema(rows.limit(0), keys, fit.vectors.shape[1])
    batches = reader(rows, [*keys, *fit.names])
    return pa.Table.from_batches(scored_batches(batches, fit, keys, schema), schema)


def reader(rows: duckdb.DuckDBPyRelation, names: Sequence[str]) -> pa.RecordBatchReader:
    """The columns of these names, in batches."""
    wanted = rows.project(", ".join(quoted(name) for name in dict.fromkeys(names)))
    # DuckDB 1 knows it by the other name, which DuckDB 2 warns of
    read = wanted.to_arrow_reader if hasattr(wanted, "to_arrow_reader") else wanted.fetch_record_batch
    return read(ROWS_OF_A_BATCH)


def result_schema(rows: duckdb.DuckDBPyRelation, keys: Sequence[str], components: int) -> pa.Schema:
    """The columns that project_components() gives."""
    fields = list(reader(rows, keys).schema) if keys else []
    fields += [(f"component_{number + 1}", pa.float64()) for number in range(components)]
    fields += [("hotelling_t2", pa.float64()), ("reconstruction_error", pa.float64())]
    fields += [("reference", pa.string()), ("component_count", pa.int64()), ("loadings_version", pa.string())]
    return pa.schema(fields)


def scored_batches(
    batches: pa.RecordBatchReader, fit: Loadings, keys: Sequence[str], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """One batch of results per batch of rows."""
    for batch in batches:
        scores, distances, errors = fit.scores(matrix_of(batch, fit.names))
        n = batch.num_rows
        arrays = [batch.column(name) for name in keys]
        arrays += [pa.array(np.ascontiguousarray(score)) for score in scores.T]
        arrays += [pa.array(distances), pa.array(errors), pa.array([fit.reference] * n, pa.string())]
        arrays += [pa.array([scores.shape[1]] * n, pa.int64()), pa.array([fit.version] * n, pa.string())]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def matrix_of(batch: pa.RecordBatch, names: Sequence[str]) -> Matrix:
    """Numbers and booleans of these columns as doubles (n × d), NaN where there is none."""
    result = np.empty((batch.num_rows, len(names)))
    for number, name in enumerate(names):
        column = batch.column(name)
        column = column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
        result[:, number] = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return result


def quoted(name: str) -> str:
    """A column name in SQL."""
    return '"' + name.replace('"', '""') + '"'
