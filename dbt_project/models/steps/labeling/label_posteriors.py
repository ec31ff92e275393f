def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    try:
        from data_health.labeling.label_posteriors import table
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(f"{missing}: pip install data-health") from None
    return table(dbt.ref("label_answers"))
