def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    try:
        from data_health.cleaning.repair_rules import table
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"data_health: the part cleaning needs Python packages that are not installed beside dbt ({missing}); "
            "run: pip install data-health, or write parts: {cleaning: false}"
        ) from None
    return table(dbt.ref("cleaning_sample"), dbt.ref("cleaning_sample_columns"))
