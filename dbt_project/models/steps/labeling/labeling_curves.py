def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    scans = dbt.ref("labeling_scans")
    labels = dbt.ref("health_labels")
    candidates = dbt.ref("health_labeling_candidates")
    if scans.limit(1).fetchall():
        try:
            from data_health.labeling.progress_tables import curves_table
        except ModuleNotFoundError as missing:
            # a project that has only the dbt part installed, or not the extra for labeling
            print(f"data_health: {missing}, so no learning curves; pip install 'data-health[labeling]'")
        else:
            return curves_table(session, scans, labels, candidates)
    return session.sql(
        "select "
        "cast(null as varchar) as monitor, cast(null as bigint) as batch, cast(null as bigint) as label_count, "
        "cast(null as double) as score, cast(null as double) as score_error, cast(null as varchar) as status, "
        "cast(null as varchar) as reason, cast(null as double) as gain, cast(null as double) as gain_error "
        "where false"
    )
