def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    try:
        from data_health.labeling.learner_scores import table
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"data_health: labeling needs Python that is not installed beside dbt ({missing}): "
            "pip install 'data-health[labeling]', or switch the part labeling off"
        ) from None
    return table(session, dbt.ref("labeling_scans"), dbt.ref("label_consensus"), dbt.ref("learner_fits"))
