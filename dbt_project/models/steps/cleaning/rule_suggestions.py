def model(dbt, session):  # noqa: ANN001, ANN201
    from data_health.cleaning.tables import suggested_rules_table

    dbt.config(materialized="table")
    sample, columns = dbt.ref("cleaning_sample"), dbt.ref("cleaning_sample_columns")
    return suggested_rules_table(sample, columns, dbt.ref("cleaning_value_counts"))
