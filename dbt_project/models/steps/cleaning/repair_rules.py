def model(dbt, session):  # noqa: ANN001, ANN201
    from data_health.cleaning.tables import repair_rules_table

    dbt.config(materialized="table")
    return repair_rules_table(dbt.ref("cleaning_sample"), dbt.ref("cleaning_sample_columns"))
