"""The demo clinic: this package as the root project, built into a folder of its own, and rows of its marts by key."""

import pytest
from consumer import REPOSITORY, Consumer


class Demo(Consumer):
    """The package as the root project; all that dbt writes goes into `folder`."""

    def __init__(self, folder, database="demo.duckdb"):
        self.folder, self.database, self.output = REPOSITORY, folder / database, folder

    def dbt(self, *arguments, **options):
        paths = [
            "--profiles-dir",
            self.folder,
            "--target-path",
            self.output / "target",
            "--log-path",
            self.output / "logs",
        ]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATA_HEALTH_DUCKDB", str(self.database))
            return super().dbt(*arguments, *map(str, paths), **options)

    def written(self):
        """When each row of the statistics was written."""
        keys = "period_column_key, segment_column, segment_value"
        return self.sql(f"select {keys}, built_at from column_statistics order by all")

    def profile(self, column, monitor="screenings", segment=("(all)", "(all)")):
        """Period -> row of the production rows of a column."""
        rows = self.rows(f"""
            select * from health_profile
            where monitor = '{monitor}' and dataset = 'production' and column_name = '{column}'
                and (segment_column, segment_value) = {segment}
            order by period_start
        """)
        return {row["period_start"]: row for row in rows}

    def findings(self, finding):
        """(monitor, column or rule, first and last period) -> row of health_alerts."""
        rows = self.rows(f"select * from health_alerts where finding = '{finding}'")
        names = ("monitor", "column_name", "first_period", "last_period")
        return {tuple(row[name] for name in names): row for row in rows}

    def volume(self, monitor):
        return {
            row["period_start"]: row for row in self.rows(f"select * from health_volume where monitor = '{monitor}'")
        }

    def coverage(self, column):
        """(reference, period) -> row of health_coverage."""
        rows = self.rows(f"select * from health_coverage where segment_column = '(all)' and column_name = '{column}'")
        return {(row["reference"], row["period_start"]): row for row in rows}

    def outcomes(self, rule, count):
        """Period -> rows that a rule failed or changed, where there are any."""
        rows = self.rows(
            f"select period_start, {count} from health_rule_outcomes where rule = '{rule}' and {count} > 0"
        )
        return {row["period_start"]: row[count] for row in rows}

    def gaps(self, mart, dataset):
        """Pattern -> row of the gaps of a dataset of the monitor screenings."""
        rows = self.rows(f"select * from {mart} where monitor = 'screenings' and dataset = '{dataset}'")
        return {row["pattern"]: row for row in rows}
