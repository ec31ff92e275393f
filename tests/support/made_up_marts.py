"""The marts that the page reads, as tables of DuckDB with made-up rows: their columns are those of the contracts."""

import duckdb
import yaml
from consumer import REPOSITORY
from data_health.report import distributions
from data_health.report.blocks import BLOCKS
from data_health.report.reading import content_of

OF_ALL = ("population_stability_index", "jensen_shannon_distance", "cramers_v", "null_share_cohens_h")
OF_NUMBERS = (
    "kolmogorov_smirnov",
    "wasserstein_normed",
    "bin_share_cohens_h",
    "tail_share_cohens_h",
    "decimals_share_cohens_h",
    "sentinel_share_cohens_h",
)
METRICS = {"numeric": OF_ALL + OF_NUMBERS, "categorical": (*OF_ALL, "category_share_cohens_h")}
NEEDED = (*dict.fromkeys(block.mart for block in BLOCKS), *distributions.TABLES)
# a name that would end a script, an attribute or a cell if it were taken for more than a name
ODD = "</script><script>alert(1)</script> \"quoted\" 'it' <b>&amp; 🐘"


def declared():
    """Table -> name -> type of its columns, by the properties of the models."""
    found = {}
    for file in (REPOSITORY / "dbt_project" / "models").glob("**/_*_models.yml"):
        for model in yaml.safe_load(file.read_text())["models"]:
            if model["name"] in NEEDED:
                found[model["name"]] = {column["name"]: column["data_type"] for column in model["columns"]}
    return found


class MadeUp:
    """A database with all marts, and rows of `monitors` monitors with `columns` columns in `periods` months.

    The first column is `names[0]` of monitor `monitors[0]`; each third column is a category.
    """

    def __init__(self, monitors=("orders",), columns=4, periods=6, references=2, without=()):
        self.connection = duckdb.connect()
        self.monitors, self.without = monitors, without
        self.types = declared()
        for name, types in self.types.items():
            listed = ", ".join(f'"{column}" {data_type}' for column, data_type in types.items())
            self.connection.execute(f"create table {name} ({listed})")
        self.connection.execute("create table monitors as select unnest(?) as monitor", [list(monitors)])
        self.connection.execute(f"""
            create table months as select cast(date '2022-01-01' + to_months(cast(range as integer)) as date) as period_start,
                range as month, range = {periods - 1} as is_latest from range({periods});
            create table names as select 'column_' || range as column_name, range as number,
                case when range % 3 = 2 then 'categorical' else 'numeric' end as kind from range({columns});
            create table reference_names as select 'training_' || range as reference from range({references});
            select setseed(0.5);
        """)
        self.fill(periods)

    def insert(self, table, query):
        """Rows by their names; the columns that a query does not have are null, and all were built at the same time."""
        self.connection.execute(f"insert into {table} by name {query}")
        if "built_at" in self.types[table]:
            self.connection.execute(f"update {table} set built_at = timestamp '2026-01-01 10:00'")

    def fill(self, periods):
        self.insert(
            "health_monitors",
            """
            select monitor, 'column' as subject, column_name as name, 'feature' as role, 'DOUBLE' as data_type,
                true as is_monitored, number = 2 as is_value_shown from monitors, names
        """,
        )
        self.insert(
            "health_scorecard",
            """
            select monitor, period_start, is_latest, case when month % 5 = 4 then 'alert' else 'ok' end as status,
                'complete' as period_status, 1000 + month as row_count, 'the team' as owner from monitors, months
        """,
        )
        self.insert(
            "health_volume",
            """
            select monitor, period_start, is_latest, 1000 + month as row_count, 900.5 as expected_lower,
                1100.5 as expected_upper, 'ok' as status, random() / 50 as late_share, .01 as usual_late_share
            from monitors, months
        """,
        )
        quantiles = ", ".join(
            f"case when kind = 'numeric' then {place} + random() end as {name}"
            for place, name in enumerate(("p05", "p25", "p50", "p75", "p95"))
        )
        self.insert(
            "health_profile",
            f"""
            select monitor, column_name, 'production' as dataset, period_start, is_latest, '(all)' as segment_column, kind,
                1000 as row_count, random() / 20 as null_share, 900 as distinct_count, random() as top_share,
                case when kind = 'numeric' then random() end as mean,
                case when kind = 'numeric' then random() end as standard_deviation, 0.0 as p01, 20.0 as p99, {quantiles} from monitors, names, months
        """,
        )
        metrics = ", ".join(f"('{kind}', '{metric}')" for kind, some in METRICS.items() for metric in some)
        self.insert(
            "health_drift",
            f"""
            select monitor, column_name, reference, metric, period_start, '(all)' as segment_column, random() / 5 as value,
                random() / 10 as noise_floor, .1 as warn_threshold, .2 as alert_threshold, 'ok' as status,
                case when month % 7 = number % 7 then 'alert' else 'ok' end as column_status, metric as deciding_metric
            from monitors, names inner join (values {metrics}) as metrics (kind, metric) using (kind), months, reference_names
        """,
        )
        self.insert(
            "health_coverage",
            """
            select monitor, column_name, reference, period_start, '(all)' as segment_column, random() / 50 as unseen_share,
                random() / 40 as expected_unseen_share_upper, random() / 90 as out_of_range_share, 'ok' as status
            from monitors, names, months, reference_names
        """,
        )
        self.insert(
            "health_incidents",
            """
            select monitor, row_number() over (order by monitor, column_name) as incident_rank,
                left(md5(monitor || column_name), 12) as incident_id, 'one column' as incident_kind, 'alert' as severity,
                true as is_open, false as is_acknowledged, date '2022-03-01' as first_period, date '2022-05-01' as last_period,
                'Since 2022-03-01, the mean of ' || column_name || ' is higher.' as sentence, column_name as leading_column,
                column_name as column_list, 3 as finding_count, 5.0 as risk, 'the team' as owner
            from monitors, names where number < 3
        """,
        )
        self.insert(
            "health_alerts",
            """
            select monitor, 'alert' as severity, true as is_open, 'drift' as finding, column_name, '(all)' as segment_value,
                'training_0' as reference_list, date '2022-03-01' as first_period, date '2022-05-01' as last_period,
                'a metric is higher' as evidence, left(md5(monitor || column_name), 12) as incident_id
            from monitors, names where number < 3
        """,
        )
        self.fill_counts(periods)
        self.fill_models()

    def fill_counts(self, periods):
        """Stored counts of the newest period and the one before."""
        self.insert(
            "column_grids",
            """
            select monitor, column_name, kind, 'linear' as method, false as is_discrete from monitors, names
        """,
        )
        self.insert(
            "dataset_periods",
            f"""
            select monitor, 'production' as dataset, period_start, is_latest, monitor || month as stored_period_key
            from monitors, months where month >= {periods - 2}
        """,
        )
        self.insert(
            "column_statistics",
            f"""
            select monitor, column_name, 'production' as dataset, period_start, monitor || month as period_key,
                '(all)' as segment_column, row_number() over (order by monitor, column_name, month) as statistics_key
            from monitors, names, months where month >= {periods - 2}
        """,
        )
        self.insert(
            "column_distributions",
            """
            select statistics_key, bin, bin as minimum, bin + .5 as maximum, 1 + bin as row_count
            from column_statistics inner join column_grids using (monitor, column_name), (select range as bin from range(40))
            where kind = 'numeric'
        """,
        )
        self.insert(
            "column_distributions",
            """
            select statistics_key, category, 10 as row_count
            from column_statistics inner join column_grids using (monitor, column_name),
                (select unnest(['red', 'green', 'blue']) as category)
            where kind = 'categorical'
        """,
        )

    def fill_models(self):
        """Groups, components, labels, models and rules, two or three of each."""
        self.insert(
            "health_representation",
            """
            select monitor, 'production' as dataset, true as is_latest, 'age' as subgroup, group_value, reference,
                100 as row_count, .2 as share, .15 as share_lower, .25 as share_upper, .3 as reference_share, .7 as ratio,
                'warn' as status, .4 as label_rate, .3 as selection_rate, .1 as missing_share
            from monitors, (select unnest(['young', 'old']) as group_value),
                (select unnest(['(population)', '(previous period)']) as reference)
        """,
        )
        self.insert(
            "health_pca_components",
            """
            select monitor, 'training_0' as reference, component, 3.0 / component as eigenvalue, .3 as explained_share,
                1.0 as noise_eigenvalue, 1.2 as marchenko_pastur_edge, component < 3 as is_advised
            from monitors, (select unnest([1, 2, 3]) as component)
        """,
        )
        self.insert(
            "health_pca_loadings",
            """
            select monitor, 'training_0' as reference, component, column_name, random() - .5 as loading, true as is_advised
            from monitors, names, (select unnest([1, 2]) as component)
        """,
        )
        self.insert(
            "health_multivariate_drift",
            """
            select monitor, 'training_0' as reference, 'reconstruction_error' as metric, period_start, 1 + random() as value,
                .8 as expected_lower, 2.1 as expected_upper, 'ok' as status from monitors, months
        """,
        )
        self.insert(
            "health_labeling_candidates",
            """
            select monitor, strategy, 'open' as status from monitors, (select unnest(['audit', 'drift', 'audit']) as strategy)
        """,
        )
        self.insert(
            "health_labeling_progress",
            """
            select monitor, batch, batch * 100 as label_count, .6 + batch / 20.0 as score, .02 as score_error
            from monitors, (select unnest([1, 2, 3]) as batch)
        """,
        )
        self.insert(
            "health_annotators",
            """
            select monitor, annotator, .9 as accuracy, .85 as accuracy_lower, .95 as accuracy_upper
            from monitors, (select unnest(['ana', 'ben']) as annotator)
        """,
        )
        self.insert(
            "health_performance",
            """
            select monitor, 'v1' as model_version, 'accuracy' as metric, 'production' as dataset, '(all)' as subgroup, period_start,
                .8 + random() / 10 as value, .75 as value_lower, .95 as value_upper, '(first periods)' as reference, 'ok' as status
            from monitors, months
        """,
        )
        self.insert(
            "health_fairness",
            """
            select monitor, 'v1' as model_version, 'true_positive_rate' as metric, 'age' as subgroup, group_value,
                '(all)' as reference, .6 as value, .5 as value_lower, .7 as value_upper, .65 as reference_value,
                'production' as dataset, true as is_latest, 'ok' as status
            from monitors, (select unnest(['young', 'old']) as group_value)
        """,
        )
        self.insert(
            "health_rule_outcomes",
            """
            select monitor as cleaning, rule, 'age' as column_name, 'range' as kind, period_start, 100 as row_count,
                100 as tested_count, month as failed_count, 0 as changed_count, month / 100.0 as failed_share
            from monitors, months, (select unnest(['age.range', 'age.cast']) as rule)
        """,
        )

    def rows(self, statement):
        """As Warehouse does."""
        return self.connection.execute(statement).fetchall()

    def content(self, periods=60):
        """What the page shows of it."""
        found = {name: {"is_on": True, "relation": name} for name in NEEDED}
        for name in self.without:
            found[name] = {"is_on": False, "relation": None}
        return content_of(found, self, periods)
