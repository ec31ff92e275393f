def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    products, settings = dbt.ref("dataset_products"), dbt.ref("monitor_settings").filter("part = 'components'")
    wide_products, wide_batches = dbt.ref("dataset_wide_products"), dbt.ref("wide_batches")
    try:
        from data_health.components.component_fits import component_fits
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"data_health: the part components needs Python packages that are not installed beside dbt ({missing}); "
            "run: pip install data-health, or write parts: {components: false}"
        ) from None
    return component_fits(products, settings, wide_products, wide_batches)
