def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    scans, dataset_periods = dbt.ref("wide_scans"), dbt.ref("dataset_periods")
    settings = dbt.ref("monitor_settings").filter("part = 'components'")
    try:
        from data_health.components.wide_batches import wide_batches
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"data_health: the part components needs Python packages that are not installed beside dbt ({missing}); "
            "run: pip install data-health, or write parts: {components: false}"
        ) from None
    return wide_batches(session, scans, dataset_periods, settings, str(dbt.this))
