"""Components of the references of tables with too many columns for products, from passes over their rows."""

import hashlib
from collections.abc import Iterator
from datetime import date

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute
from data_health.components.batches import NO_PERIOD, Matrix, Standardiser, StandardRows
from data_health.components.component_fits import LOADINGS_SCHEMA, NO_END, Fit, loadings_of, no_loadings
from data_health.components.components import Sums
from data_health.components.randomized import randomized_basis, rows_of_periods
from data_health.components.scans import (
    FIRST_DAY,
    MOST_COLUMNS,
    Scan,
    WideTableError,
    batches_of,
    factor_of,
    names_of,
)
from data_health.solvers import SOLVER_ERRORS

RANDOMIZED_LOADINGS = LOADINGS_SCHEMA.append(pa.field("built_from", pa.string()))
# raise this when other numbers come out of the same rows
VERSION = "1"
UNSTANDARDISED = "components of covariances are computed of up to 2,000 columns"
ROWS_GONE = "rows of the reference are no longer in the table, and so many columns have no sums"


def loadings_of_references(
    session: duckdb.DuckDBPyConnection,
    scans: list[Scan],
    dataset_periods: duckdb.DuckDBPyRelation,
    settings: duckdb.DuckDBPyRelation,
    previous: duckdb.DuckDBPyRelation | None,
) -> pa.Table:
    """The components of every reference with more than MOST_COLUMNS columns; those of unchanged rows as they were."""
    known = previous_loadings(previous)
    wide = wide_scans_of(session, scans)
    rules = settings.project("monitor, variance, is_standardised").fetchall()
    variances = {monitor: variance for monitor, variance, _ in rules}
    unstandardised = {monitor for monitor, _, is_standardised in rules if not is_standardised}
    tables = [RANDOMIZED_LOADINGS.empty_table()]
    for (monitor, reference), keys in references_of(dataset_periods).items():
        here = [scan for scan in wide if scan[0].monitor == monitor and keys & keys_of(scan[0])]
        if monitor not in variances:
            continue
        if not here:
            # nothing of it is read in this run
            tables += [table for key, table in known.items() if key == (monitor, reference)]
            continue
        built_from = built_from_of(keys, here, 0 if monitor in unstandardised else variances[monitor])
        stored = known.get((monitor, reference))
        gone = keys - {key for scan, _ in here for key in keys_of(scan)}
        if stored is not None and (gone or stored["built_from"][0].as_py() == built_from):
            tables.append(stored)
            continue
        if gone or monitor in unstandardised:
            why = ROWS_GONE if gone else UNSTANDARDISED
            found = no_loadings(monitor, reference, why)
        else:
            try:
                found = loadings_of(fit_of(session, monitor, reference, here, keys, variances[monitor]))
            except SOLVER_ERRORS as error:
                found = no_loadings(monitor, reference, f"{NO_END}: {error}")
        tables.append(found.append_column("built_from", pa.repeat(built_from, found.num_rows)))
    return pa.concat_tables(tables)


def previous_loadings(previous: duckdb.DuckDBPyRelation | None) -> dict[tuple[str, str], pa.Table]:
    """What is stored, by monitor and reference."""
    if previous is None:
        return {}
    table = previous.to_arrow_table().cast(RANDOMIZED_LOADINGS)
    result = {}
    for monitor, reference in previous.project("monitor, reference").distinct().order("all").fetchall():
        is_of = pa.compute.and_(
            pa.compute.equal(table["monitor"], monitor), pa.compute.equal(table["reference"], reference)
        )
        result[monitor, reference] = table.filter(is_of)
    return result


def wide_scans_of(session: duckdb.DuckDBPyConnection, scans: list[Scan]) -> list[tuple[Scan, Standardiser]]:
    """The scans of more than MOST_COLUMNS columns; all of a monitor on the same grid."""
    grids: dict[tuple[str, str], tuple[Matrix, Matrix]] = {}
    result = []
    for scan in scans:
        factors = [factor_of(session, scan, column, grids) for column in scan.columns]
        standardiser = Standardiser(factors, scan.weight_sql is not None)
        if standardiser.width > MOST_COLUMNS:
            result.append((scan, standardiser))
    return result


def references_of(dataset_periods: duckdb.DuckDBPyRelation) -> dict[tuple[str, str], set[str]]:
    """The stored periods that each reference is made of."""
    result: dict[tuple[str, str], set[str]] = {}
    rows = dataset_periods.filter("dataset <> 'production'").project("monitor, dataset, stored_period_key")
    for monitor, reference, key in rows.order("all").fetchall():
        result.setdefault((monitor, reference), set()).add(key)
    return result


def keys_of(scan: Scan) -> set[str]:
    """The keys of the periods of a scan."""
    return {key for key, _ in scan.periods.values()}


def built_from_of(keys: set[str], scans: list[tuple[Scan, Standardiser]], variance: float) -> str:
    """What components are built from: rows, configuration and grids of every period, and the share that is wanted."""
    parts = sorted(f"{key} {built}" for scan, _ in scans for key, built in scan.periods.values() if key in keys)
    return hashlib.md5("\n".join([VERSION, str(variance), *sorted(keys), *parts]).encode()).hexdigest()


def code_of(day: date | None) -> int:
    """A first day as days since 1970."""
    return int(NO_PERIOD) if day is None else (day - FIRST_DAY).days


def fit_of(
    session: duckdb.DuckDBPyConnection,
    monitor: str,
    reference: str,
    scans: list[tuple[Scan, Standardiser]],
    keys: set[str],
    variance: float,
) -> Fit:
    """The components of one reference; every pass reads its rows again."""
    names = names_of(scans[0][0], scans[0][1].factors)
    if any(names_of(scan, standardiser.factors) != names for scan, standardiser in scans[1:]):
        raise WideTableError(f"data_health: monitor {monitor}: not all periods of {reference} have the same columns")

    def rows() -> Iterator[StandardRows]:
        for scan, standardiser in scans:
            codes = {code_of(day) for day, (key, _) in scan.periods.items() if key in keys}
            yield from rows_of_periods(batches_of(session, scan, standardiser.width), standardiser, codes)

    basis = randomized_basis(names, rows, variance)
    grid = dict(zip(names, zip(scans[0][1].centre, scans[0][1].scale, strict=True), strict=True))
    nothing = np.zeros((0, 0))
    return Fit(monitor, reference, "all", Sums(names, basis.rows, *[nothing] * 5), basis, grid)
