def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    try:
        from data_health.labeling.label_posteriors import table
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"data_health: labeling needs Python that is not installed beside dbt ({missing}): "
            "pip install data-health, or switch the part labeling off"
        ) from None
    return table(dbt.ref("label_annotations"))
