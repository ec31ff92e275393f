def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    scans = dbt.ref("labeling_scans")
    labels = dbt.ref("health_labels")
    if scans.limit(1).fetchall():
        try:
            from data_health.labeling.fits import fits_table
        except ModuleNotFoundError as missing:
            # a project that has only the dbt part installed, or not the extra for labeling
            print(f"data_health: {missing}, so nothing is learnt from labels; pip install 'data-health[labeling]'")
        else:
            return fits_table(session, scans, labels)
    return session.sql(
        "select "
        "cast(null as varchar) as monitor, cast(null as varchar) as learner_version, "
        "cast(null as integer) as class_number, cast(null as varchar) as label, "
        "cast(null as integer) as term_number, cast(null as integer) as feature_number, "
        "cast(null as varchar) as column_name, cast(null as varchar) as term, cast(null as varchar) as level, "
        "cast(null as double) as centre, cast(null as double) as scale, cast(null as double) as coefficient, "
        "cast(null as varchar) as row_key, cast(null as varchar) as given_label, "
        "cast(null as double) as probability "
        "where false"
    )
