def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    try:
        from data_health.cleaning.rule_suggestions import table
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"data_health: cleaning needs Python that is not installed beside dbt ({missing}): "
            "pip install data-health, or switch the part cleaning off"
        ) from None
    return table(dbt.ref("cleaning_sample"), dbt.ref("cleaning_sample_columns"), dbt.ref("cleaning_value_counts"))
