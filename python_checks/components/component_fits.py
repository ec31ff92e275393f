"""The model component_fits: the components of every reference, and how far every period is from them.

Sums come in long, and go out as rows of three kinds: loadings, eigenvalues, and measures of the periods.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import inf

import duckdb
import numpy as np
import pyarrow as pa
from data_health.components.batches import one_blas_thread
from data_health.components.components import MOST_COMPONENTS, Basis, Matrix, Sums, principal_components
from data_health.components.limits import error_limit, hotelling_limit, noise_eigenvalues
from data_health.components.periods import PRODUCTION, Period, columns_of_production, periods
from data_health.components.subspaces import Measure, Subspace, columns_that_moved
from data_health.output_schema import arrow_schema, of_kind
from data_health.solvers import SOLVER_ERRORS

# what the rows of each kind have
LOADINGS = {
    "monitor": "varchar",
    "reference": "varchar",
    "values_used": "varchar",
    "component": "bigint",
    "column_name": "varchar",
    "loading": "double precision",
    "eigenvalue": "double precision",
    "explained_share": "double precision",
    "is_kept": "boolean",
    "mean": "double precision",
    "standard_deviation": "double precision",
    "scale": "double precision",
    "row_count": "bigint",
    "reason_left_out": "varchar",
    "loadings_version": "varchar",
}
EIGENVALUES = {
    "monitor": "varchar",
    "reference": "varchar",
    "loadings_version": "varchar",
    "component": "bigint",
    "eigenvalue": "double precision",
    "noise_eigenvalue": "double precision",
    "has_variance": "boolean",
    "hotelling_t2_limit_95": "double precision",
    "hotelling_t2_limit_99": "double precision",
    "reconstruction_error_limit_95": "double precision",
    "reconstruction_error_limit_99": "double precision",
    "row_count": "bigint",
    "effective_row_count": "double precision",
    "column_count": "bigint",
    "moved_columns": "varchar",
}
MEASURES = {
    "monitor": "varchar",
    "reference": "varchar",
    "period_start": "date",
    "metric": "varchar",
    "column_name": "varchar",
    "value": "double precision",
    "reference_value": "double precision",
    "noise": "double precision",
    "component_count": "bigint",
    "column_count": "bigint",
    "row_count": "bigint",
    "effective_row_count": "double precision",
    "reference_effective_row_count": "double precision",
}
COLUMNS = {"kind": "varchar"} | LOADINGS | EIGENVALUES | MEASURES
SCHEMA, LOADINGS_SCHEMA = arrow_schema(COLUMNS), arrow_schema(LOADINGS)
REFERENCES = "dataset <> 'production'"
# how the reason begins where the eigenvalues of a matrix are not found; health_pca_summary knows it
NO_END = "no components were found"
# how the name of a metric ends
VALUES_USED = {"all": "", "clipped": "_of_clipped_values"}
# of more columns than that, components are fitted again without so many periods of the reference and not without each
MOST_COLUMNS_FITTED_AGAIN, PERIODS_LEFT_OUT = 300, 12


@dataclass(frozen=True)
class Fit:
    """The components of one reference, of all values or of clipped ones."""

    monitor: str
    reference: str
    values_used: str
    sums: Sums
    basis: Basis
    grid: dict[str, tuple[float, float]]
    # of a window of the production table its first day and the day after its last
    window: tuple[date, date] | None = None
    unit: Matrix | None = None

    @cached_property
    def subspace(self) -> Subspace:
        """The components that periods are compared with."""
        return Subspace.of(self.basis)

    def holds(self, period: Period) -> bool:
        """Do the rows of the period belong to the reference?"""
        if self.window is None or period.start is None or period.end is None:
            return False
        return self.window[0] <= period.start and period.end <= self.window[1]

    @property
    def most_left_out(self) -> float:
        """Without how many of its periods components are fitted again: a fit costs the third power of the columns."""
        return PERIODS_LEFT_OUT if len(self.basis.names) > MOST_COLUMNS_FITTED_AGAIN else inf

    def subspace_for(self, period: Period) -> Subspace | None:
        """As many components, of the other rows of the reference where the period's rows are among them.

        None where these tell nothing of some column. The distance of rows from components that were fitted on them is
        too small: by 13 % where 1,000 rows of 145 columns are a twentieth of the reference.
        """
        if not self.holds(period):
            return self.subspace
        basis = principal_components(self.sums.without(period.sums[self.values_used]), 1.0, self.unit)
        if basis.names != self.basis.names:
            return None
        return Subspace(basis, min(self.subspace.components, basis.with_variance))

    def has_only(self, columns: set[str]) -> bool:
        """Are all columns of the reference among these?"""
        return columns.issuperset(self.sums.names)

    @cached_property
    def own_measures(self) -> list[Measure]:
        """The measures of the reference itself, as it is: of that the rows are no sample."""
        return self.subspace.measures(self.sums)


def component_fits(
    products: duckdb.DuckDBPyRelation,
    settings: duckdb.DuckDBPyRelation,
    wide_products: duckdb.DuckDBPyRelation,
    wide_batches: duckdb.DuckDBPyRelation,
) -> pa.RecordBatchReader:
    """What the model component_fits holds; `wide_batches` has the loadings of references without sums."""
    names = columns_of_production(products, wide_products)
    loadings: list[pa.Table] = []
    eigenvalues: list[pa.Table] = []
    seen: set[tuple[str, str]] = set()
    compared: dict[str, list[Fit]] = {}
    measures: list[dict] = []
    with one_blas_thread():
        for reference, rule in references(periods(products, wide_products, REFERENCES), settings):
            seen.add((reference.monitor, reference.dataset))
            # of a column that only the reference has nothing can be said
            common = names.get(reference.monitor, set())
            try:
                every_fit = list(fits(reference, rule))
                narrowed = every_fit if every_fit[0].has_only(common) else list(fits(reference, rule, common))
                found = [eigenvalues_of(fit) for fit in every_fit if fit.values_used == "all"]
            except SOLVER_ERRORS as error:
                loadings.append(no_loadings(reference.monitor, reference.dataset, f"{NO_END}: {error}"))
                continue
            loadings += [loadings_of(fit) for fit in every_fit]
            eigenvalues += found
            compared.setdefault(reference.monitor, []).extend(narrowed)
        left_out: Counter[int] = Counter()
        for period in periods(products, wide_products, PRODUCTION):
            for fit in compared.get(period.monitor, []):
                left_out[id(fit)] += fit.holds(period)
                is_one_too_many = fit.holds(period) and left_out[id(fit)] > fit.most_left_out
                if fit.values_used in period.sums and not is_one_too_many:
                    try:
                        measures += measured(fit, period)
                    except SOLVER_ERRORS as error:
                        why = f"{NO_END}: {error} in the period {period.start or 'without time'}"
                        loadings.append(no_loadings(fit.monitor, fit.reference, why))
    loadings += randomized_loadings(wide_batches, seen)
    kinds = {"loading": loadings, "eigenvalue": eigenvalues, "measure": [measures_table(measures)]}
    tables = [(kind, table) for kind, tables in kinds.items() for table in tables]
    # one table at a time is as wide as all kinds
    batches = (batch for kind, table in tables for batch in of_kind(kind, table, SCHEMA).to_batches())
    return pa.RecordBatchReader.from_batches(SCHEMA, batches)


def references(
    every_reference: Iterable[Period], settings: duckdb.DuckDBPyRelation
) -> Iterator[tuple[Period, tuple[float, bool]]]:
    """Every reference of a monitor that has components, with the share of the variance wanted; standardised or not."""
    rules = {
        monitor: (variance, is_standardised)
        for monitor, variance, is_standardised in settings.project("monitor, variance, is_standardised").fetchall()
    }
    for period in every_reference:
        if period.monitor in rules:
            yield period, rules[period.monitor]


def fits(reference: Period, rule: tuple[float, bool], columns: set[str] | None = None) -> Iterator[Fit]:
    """The components of a reference, of all values and of clipped ones, with `columns` where not with all it has."""
    variance, is_standardised = rule
    # where nothing is missing or clipped both are the same
    known = None
    unit = None
    for values_used, every_column in reference.sums.items():
        wanted = set(every_column.names) if columns is None else columns
        sums = every_column.of(tuple(name for name in every_column.names if name in wanted))
        if known is None or not known[0].equals(sums):
            # one unit of a column is that many scales of its grid
            unit = None if is_standardised else np.array([1 / reference.grid[name][1] for name in sums.names])
            known = sums, principal_components(sums, variance, unit)
        window = None if reference.start is None or reference.end is None else (reference.start, reference.end)
        yield Fit(reference.monitor, reference.dataset, values_used, sums, known[1], reference.grid, window, unit)


def randomized_loadings(wide_batches: duckdb.DuckDBPyRelation, fitted: set[tuple[str, str]]) -> Iterator[pa.Table]:
    """Loadings of references with too many columns for sums; of a table that has become narrower there are some now."""
    found = wide_batches.filter("kind = 'loading'")
    for monitor, reference in found.project("monitor, reference").distinct().order("all").fetchall():
        if (monitor, reference) not in fitted:
            of_monitor = duckdb.ColumnExpression("monitor") == duckdb.ConstantExpression(monitor)
            of_reference = duckdb.ColumnExpression("reference") == duckdb.ConstantExpression(reference)
            rows = found.filter(of_monitor & of_reference).project(", ".join(LOADINGS))
            yield rows.to_arrow_table().cast(LOADINGS_SCHEMA)


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
            [pa.array(array, LOADINGS_SCHEMA.field(name).type), pa.nulls(left_out, LOADINGS_SCHEMA.field(name).type)]
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
        arrays[name] = pa.array([value] * (count + left_out), LOADINGS_SCHEMA.field(name).type)
    return pa.table([arrays[name] for name in LOADINGS], LOADINGS_SCHEMA)


def no_loadings(monitor: str, reference: str, why: str) -> pa.Table:
    """The row that says why there are no components of a reference, or nothing of them in some period."""
    row = {"monitor": monitor, "reference": reference, "values_used": "all", "column_name": "(all)"}
    return pa.Table.from_pylist([row | {"reason_left_out": why}], LOADINGS_SCHEMA)


def eigenvalues_of(fit: Fit) -> pa.Table:
    """A row per component of a fit."""
    basis, rows = fit.basis, []
    for number, noise_eigenvalue in enumerate(noise_eigenvalues(basis)):
        k, dropped = number + 1, basis.eigenvalues[number + 1 :]
        has_variance = k <= basis.with_variance
        limits = {}
        for percent in (95, 99) if k <= MOST_COMPONENTS else ():
            reach = hotelling_limit(k, basis.effective_rows, percent / 100) if has_variance else None
            limits[f"hotelling_t2_limit_{percent}"] = reach
            limits[f"reconstruction_error_limit_{percent}"] = error_limit(dropped, percent / 100, basis.variance)
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
    return pa.Table.from_pylist(rows, arrow_schema(EIGENVALUES))


def measures_table(measures: list[dict]) -> pa.Table:
    """The measures of every period, one row after another."""
    rows: dict[str, list] = {name: [] for name in MEASURES}
    for lines in measures:
        for name, values in lines.items():
            rows[name] += values if isinstance(values, list) else [values] * len(lines["column_name"])
    return pa.table(rows, arrow_schema(MEASURES))


def measured(fit: Fit, period: Period) -> Iterator[dict]:
    """Rows by column of the table: each measure of a period, and below it the part of each column."""
    sums, subspace = period.sums[fit.values_used], fit.subspace_for(period)
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
    measures = [] if subspace is None else subspace.measures(sums)
    for own, measure in zip(fit.own_measures, measures, strict=bool(measures)):
        yield shared | {
            "metric": measure.metric + VALUES_USED[fit.values_used],
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
