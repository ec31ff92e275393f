"""Between dbt's Python models and the matrices: sums come in long, components and measures go out as Arrow tables."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import duckdb
import numpy as np
import pyarrow as pa
from data_health.components.batches import one_blas_thread
from data_health.components.components import MOST_COMPONENTS, Basis, Sums, principal_components
from data_health.components.limits import error_limit, hotelling_limit, noise_eigenvalues
from data_health.components.periods import Period, periods
from data_health.components.subspaces import Measure, Subspace, columns_that_moved

LOADINGS = pa.schema(
    [
        ("monitor", pa.string()),
        ("reference", pa.string()),
        ("values_used", pa.string()),
        ("component", pa.int64()),
        ("column_name", pa.string()),
        ("loading", pa.float64()),
        ("eigenvalue", pa.float64()),
        ("explained_share", pa.float64()),
        ("is_kept", pa.bool_()),
        ("mean", pa.float64()),
        ("standard_deviation", pa.float64()),
        ("scale", pa.float64()),
        ("row_count", pa.int64()),
        ("reason_left_out", pa.string()),
        ("loadings_version", pa.string()),
    ]
)
EIGENVALUES = pa.schema(
    [
        ("monitor", pa.string()),
        ("reference", pa.string()),
        ("loadings_version", pa.string()),
        ("component", pa.int64()),
        ("eigenvalue", pa.float64()),
        ("noise_eigenvalue", pa.float64()),
        ("has_variance", pa.bool_()),
        ("hotelling_t2_limit_95", pa.float64()),
        ("hotelling_t2_limit_99", pa.float64()),
        ("reconstruction_error_limit_95", pa.float64()),
        ("reconstruction_error_limit_99", pa.float64()),
        ("row_count", pa.int64()),
        ("effective_row_count", pa.float64()),
        ("column_count", pa.int64()),
        ("moved_columns", pa.string()),
    ]
)
MEASURES = pa.schema(
    [
        ("monitor", pa.string()),
        ("reference", pa.string()),
        ("period_start", pa.date32()),
        ("metric", pa.string()),
        ("column_name", pa.string()),
        ("value", pa.float64()),
        ("reference_value", pa.float64()),
        ("noise", pa.float64()),
        ("component_count", pa.int64()),
        ("column_count", pa.int64()),
        ("row_count", pa.int64()),
        ("effective_row_count", pa.float64()),
        ("reference_effective_row_count", pa.float64()),
    ]
)
REFERENCES, PRODUCTION = "dataset <> 'production'", "dataset = 'production'"
VALUES_USED = {"all": "", "clipped": "clipped_"}


@dataclass(frozen=True)
class Fit:
    """The components of one reference, of all values or of clipped ones."""

    monitor: str
    reference: str
    values_used: str
    sums: Sums
    basis: Basis
    grid: dict[str, tuple[float, float]]

    @cached_property
    def subspace(self) -> Subspace:
        """The components that periods are compared with."""
        return Subspace.of(self.basis)

    @cached_property
    def own_measures(self) -> list[Measure]:
        """The measures of the reference itself, as it is: of that the rows are no sample."""
        return self.subspace.measures(self.sums)


def fits(
    every_period: Iterable[Period], settings: duckdb.DuckDBPyRelation, columns: dict[str, set[str]] | None = None
) -> Iterator[Fit]:
    """The components of every reference of every monitor, with the share of the variance that its settings ask for.

    `columns`, by monitor, are those to use; all where it is not given.
    """
    rules = {
        monitor: (variance, is_standardised)
        for monitor, variance, is_standardised in settings.project("monitor, variance, is_standardised").fetchall()
    }
    for period in every_period:
        if period.dataset != "production" and period.monitor in rules:
            variance, is_standardised = rules[period.monitor]
            # where nothing is missing or clipped both are the same
            known = None
            for values_used, every_column in period.sums.items():
                wanted = columns.get(period.monitor, set()) if columns is not None else set(every_column.names)
                sums = every_column.of(tuple(name for name in every_column.names if name in wanted))
                if known is None or not known[0].equals(sums):
                    # one unit of a column is that many scales of its grid
                    unit = None if is_standardised else np.array([1 / period.grid[name][1] for name in sums.names])
                    known = sums, principal_components(sums, variance, unit)
                basis = known[1]
                yield Fit(period.monitor, period.dataset, values_used, sums, basis, period.grid)


def loadings_table(
    products: duckdb.DuckDBPyRelation,
    settings: duckdb.DuckDBPyRelation,
    wide_products: duckdb.DuckDBPyRelation | None = None,
    randomized: duckdb.DuckDBPyRelation | None = None,
) -> pa.Table:
    """What the model component_loadings holds: a row per component and column, and one per column that is left out."""
    tables, fitted = [LOADINGS.empty_table()], set()
    with one_blas_thread():
        for fit in fits(periods(products, wide_products, REFERENCES), settings):
            tables.append(loadings_of(fit))
            fitted.add((fit.monitor, fit.reference))
    if randomized is not None:
        names = ", ".join(LOADINGS.names)
        for monitor, reference in randomized.project("monitor, reference").distinct().order("all").fetchall():
            # a table that has become narrower has sums now
            if (monitor, reference) not in fitted:
                of_monitor = duckdb.ColumnExpression("monitor") == duckdb.ConstantExpression(monitor)
                of_reference = duckdb.ColumnExpression("reference") == duckdb.ConstantExpression(reference)
                found = randomized.filter(of_monitor & of_reference).project(names)
                tables.append(found.to_arrow_table().cast(LOADINGS))
    return pa.concat_tables(tables)


def loadings_of(fit: Fit) -> pa.Table:
    """The rows of one fit, component by component; of more than 300 components the first."""
    basis = fit.basis
    columns, components = len(basis.names), min(len(basis.names), MOST_COMPONENTS)
    grid = np.array([fit.grid[name] for name in basis.names]).reshape(columns, 2)
    left_out = len(basis.excluded)
    values = {
        "component": np.repeat(np.arange(1, components + 1), columns),
        "column_name": np.tile(np.array(basis.names, dtype=object), components),
        "loading": basis.vectors[:, :components].T.ravel(),
        "eigenvalue": np.repeat(basis.eigenvalues[:components], columns),
        "explained_share": np.repeat(basis.eigenvalues[:components] / (basis.variance or 1), columns),
        "is_kept": np.repeat(np.arange(components) < basis.kept, columns),
        "mean": np.tile(grid[:, 0] + grid[:, 1] * basis.centre, components),
        "standard_deviation": np.tile(grid[:, 1] * basis.deviation, components),
        "scale": np.tile(grid[:, 1] * basis.scale, components),
    }
    count = components * columns
    arrays = {
        name: pa.concat_arrays(
            [pa.array(array, LOADINGS.field(name).type), pa.nulls(left_out, LOADINGS.field(name).type)]
        )
        for name, array in values.items()
    }
    arrays["column_name"] = pa.array([*values["column_name"], *basis.excluded], pa.string())
    arrays["reason_left_out"] = pa.concat_arrays(
        [pa.nulls(count, pa.string()), pa.array(basis.excluded.values(), pa.string())]
    )
    shared = {
        "monitor": fit.monitor,
        "reference": fit.reference,
        "values_used": fit.values_used,
        "row_count": basis.rows,
        "loadings_version": basis.identity,
    }
    for name, value in shared.items():
        arrays[name] = pa.array([value] * (count + left_out), LOADINGS.field(name).type)
    return pa.table([arrays[name] for name in LOADINGS.names], LOADINGS)


def eigenvalues_table(
    products: duckdb.DuckDBPyRelation,
    settings: duckdb.DuckDBPyRelation,
    wide_products: duckdb.DuckDBPyRelation | None = None,
) -> pa.Table:
    """What the model component_eigenvalues holds: a row per component of each reference, of all its values."""
    rows = []
    with one_blas_thread():
        every_fit = [
            fit for fit in fits(periods(products, wide_products, REFERENCES), settings) if fit.values_used == "all"
        ]
    for fit in every_fit:
        basis = fit.basis
        for number, noise_eigenvalue in enumerate(noise_eigenvalues(basis)):
            k, dropped = number + 1, basis.eigenvalues[number + 1 :]
            has_variance = k <= basis.with_variance
            limits = {}
            for percent in (95, 99) if k <= MOST_COMPONENTS else ():
                reach = hotelling_limit(k, basis.effective_rows, percent / 100) if has_variance else None
                limits[f"hotelling_t2_limit_{percent}"] = reach
                limits[f"reconstruction_error_limit_{percent}"] = error_limit(dropped, percent / 100)
            rows.append(
                limits
                | {
                    "monitor": fit.monitor,
                    "reference": fit.reference,
                    "loadings_version": basis.identity,
                    "component": k,
                    "eigenvalue": basis.eigenvalues[number],
                    "noise_eigenvalue": noise_eigenvalue,
                    "has_variance": has_variance,
                    "row_count": basis.rows,
                    "effective_row_count": basis.effective_rows,
                    "column_count": len(basis.names),
                    "moved_columns": ", ".join(basis.moved) or None,
                }
            )
    # a number that cannot be said is null, as SQL compares NaN in its own way
    rows = [{name: None if value != value else value for name, value in row.items()} for row in rows]
    return pa.Table.from_pylist(rows, EIGENVALUES)


def measures_table(
    products: duckdb.DuckDBPyRelation,
    settings: duckdb.DuckDBPyRelation,
    wide_products: duckdb.DuckDBPyRelation | None = None,
) -> pa.Table:
    """What the model subspace_measures holds: every production period against every reference of its monitor."""
    # of a column that only the reference has nothing can be said
    columns: dict[str, set[str]] = {}
    names = [products.filter(PRODUCTION).project("monitor, column_a as column_name")]
    if wide_products is not None:
        names.append(wide_products.filter(f"{PRODUCTION} and is_watched").project("monitor, column_name"))
    for monitor, name in [row for relation in names for row in relation.distinct().fetchall()]:
        columns.setdefault(monitor, set()).add(name)
    fits_of: dict[str, list[Fit]] = {}
    rows: dict[str, list] = {name: [] for name in MEASURES.names}
    with one_blas_thread():
        for fit in fits(periods(products, wide_products, REFERENCES), settings, columns):
            fits_of.setdefault(fit.monitor, []).append(fit)
        for period in periods(products, wide_products, PRODUCTION):
            for fit in fits_of.get(period.monitor, []):
                if fit.values_used in period.sums:
                    for lines in measured(fit, period):
                        for name, values in lines.items():
                            rows[name] += values if isinstance(values, list) else [values] * len(lines["column_name"])
    return pa.table(rows, MEASURES)


def measured(fit: Fit, period: Period) -> Iterator[dict]:
    """Rows of subspace_measures by column: each measure of a period, and below it the part of each column."""
    sums = period.sums[fit.values_used]
    shared = {
        "monitor": fit.monitor,
        "reference": fit.reference,
        "period_start": period.start,
        "component_count": fit.subspace.components,
        "column_count": len(fit.basis.names),
        "row_count": sums.rows,
        "effective_row_count": sums.effective_rows,
        "reference_effective_row_count": fit.basis.effective_rows,
    }
    for own, measure in zip(fit.own_measures, fit.subspace.measures(sums), strict=True):
        yield shared | {
            "metric": VALUES_USED[fit.values_used] + measure.metric,
            "column_name": ["(all)", *fit.basis.names],
            "value": [measure.value, *measure.parts.tolist()],
            "reference_value": [own.value, *own.parts.tolist()],
            "noise": [measure.noise, *[None] * len(measure.parts)],
        }
    if fit.values_used == "all":
        moved = columns_that_moved(fit.basis, fit.sums, sums)
        yield shared | {
            "metric": "constant_columns",
            "column_name": ["(all)", *fit.basis.excluded],
            "value": [float(moved.sum()), *moved.astype(float).tolist()],
            "reference_value": 0.0,
            "noise": None,
        }
