def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    scans, dataset_periods = dbt.ref("wide_scans"), dbt.ref("dataset_periods")
    settings = dbt.ref("monitor_settings").filter("part = 'components'")
    try:
        from data_health.components.wide_batches import wide_batches
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"data_health: principal components need Python that is not installed beside dbt ({missing}): "
            "pip install data-health, or switch the part components off"
        ) from None
    return wide_batches(session, scans, dataset_periods, settings, str(dbt.this))
