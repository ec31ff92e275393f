"""What counting scores costs, beside one `group by` of the same columns written by hand.

    python benchmarks/performance_cost.py --rows 1000000

Twenty versions of a model over 36 months, three at a time, and 30 groups of four subgroups (five with all rows). The `group by` counts
rows by month, version, the subgroup columns, predicted label and label, and adds up weights and scores; it needs no bins. Seconds of
models are those that dbt reports; statements by hand run in a process of their own (medians).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import duckdb
from measure import duckdb_process, machine, markdown
from project import SCHEMA, Project

MODELS = ("score_bins", "score_distributions", "performance_groups", "health_performance", "health_fairness")
BLOCK = {
    "monitors": {
        "bench": {
            "relation": {"source": ["raw", "bench"]},
            "key": "id",
            "time": "happened_at",
            "subgroups": ["sex", "age_band", "site", ["sex", "age_band"]],
            "label": {"column": "label", "positive": "yes"},
            "prediction": {"score": "score", "label": "predicted", "version": "version"},
            "parts": dict.fromkeys(("drift", "coverage", "components", "combinations", "representation"), False),
        }
    }
}
TABLE = """
create table bench as
select i as id, timestamp '2021-01-01' + to_months(month) + to_seconds(cast(hash(i, 1) % 2400000 as bigint)) as happened_at,
    case when hash(i, 2) % 2 = 0 then 'f' else 'm' end as sex, 'age ' || hash(i, 3) % 5 as age_band, 'site ' || hash(i, 4) % 13 as site,
    'v' || (month / 2 + hash(i, 5) % 3)::integer as version,
    case when label then 'yes' else 'no' end as label, score, case when score >= 0.5 then 'yes' else 'no' end as predicted
from (
    select i, (i * 36 // {rows})::integer as month, hash(i, 6) % 10 < 3 as label,
        1 / (1 + exp(-(sqrt(-2 * ln((hash(i, 7) >> 11) * 2e0 ** -53 + 1e-12)) * cos(6.283185307 * ((hash(i, 8) >> 11) * 2e0 ** -53))
            + case when hash(i, 6) % 10 < 3 then 0.5 else -1 end))) as score
    from range({rows}) as numbers (i)
)
"""
BY_HAND = """
create or replace table by_hand as
select date_trunc('month', happened_at) as period_start, version, sex, age_band, site, predicted, label, count(*) as row_count,
    sum(score) as score_sum, sum(score * score) as squares
from bench
group by all
"""


def main() -> None:
    """Generate, build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the project here")
    options = parser.parse_args()
    print(machine() + "\n")
    with tempfile.TemporaryDirectory() as temporary:
        project = Project(options.folder or Path(temporary), block=BLOCK)
        project.database.unlink(missing_ok=True)
        with duckdb.connect(project.database) as connection:
            connection.execute(TABLE.format(rows=options.rows))
        project.prepare()
        by_hand = [duckdb_process("by hand", project.database, BY_HAND) for _ in range(options.runs)]
        seconds = {"by hand": statistics.median(run.seconds for run in by_hand)}
        built = []
        for _ in range(options.runs):
            project.forget()
            built.append(
                project.build("dbt build", "--select", *(f"+{name}" for name in MODELS), "--exclude", "test_type:unit")
            )
        for name in MODELS:
            seconds[name] = statistics.median(build.model_seconds[name] for build in built)
        with duckdb.connect(project.database) as connection:
            (stored,) = connection.execute(f"select count(*) from {SCHEMA}.score_distributions").fetchone()
    rows = [(name, f"{value:.2f} s", f"{value / seconds['by hand']:.1f}") for name, value in seconds.items()]
    print(markdown(["statement", "time", "x by hand"], rows))
    print(f"\n{stored:,} stored rows of {options.rows:,}")


if __name__ == "__main__":
    main()
