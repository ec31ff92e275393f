def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    scans = dbt.ref("labeling_scans")
    labels = dbt.ref("health_labels")
    fits = dbt.ref("learner_fits")
    if scans.filter("learner = 'boosting'").limit(1).fetchall() and fits.limit(1).fetchall():
        # whoever has fits has the extra for labeling, so a module that is missing is an error
        from data_health.labeling.scores import scored_batches

        return scored_batches(session, scans, labels, fits)
    return session.sql(
        "select "
        "cast(null as varchar) as monitor, cast(null as varchar) as learner_version, "
        "cast(null as varchar) as row_key, cast(null as ubigint) as feature_hash, "
        "cast(null as double[]) as probabilities "
        "where false"
    )
