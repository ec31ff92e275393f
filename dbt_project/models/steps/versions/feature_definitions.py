def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    features = dbt.ref("registered_features")
    try:
        from data_health.versions.feature_definitions import feature_definitions
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"data_health: the part versions needs Python packages that are not installed beside dbt ({missing}); "
            "run: pip install data-health, or write parts: {versions: false}"
        ) from None
    return feature_definitions(features)
