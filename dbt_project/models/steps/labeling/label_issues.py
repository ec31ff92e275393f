def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    try:
        from data_health.labeling.label_issues import table
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"data_health: the part labeling needs Python packages that are not installed beside dbt ({missing}); "
            "run: pip install 'data-health[labeling]', or write parts: {labeling: false}"
        ) from None
    return table(dbt.ref("label_probabilities"), dbt.ref("label_verdicts"))
