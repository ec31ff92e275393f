def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    scans = dbt.ref("labeling_scans")
    labels = dbt.ref("health_labels")
    shortlist = dbt.ref("labeling_shortlist")
    if shortlist.limit(1).fetchall():
        try:
            from data_health.labeling.batch import batch_table
        except ModuleNotFoundError as missing:
            # a project that has only the dbt part installed, or not the extra for labeling
            print(f"data_health: {missing}, so the least certain rows are asked for, like or unlike")
        else:
            return batch_table(session, scans, labels, shortlist)
    return session.sql(
        "select "
        "cast(null as varchar) as monitor, cast(null as varchar) as row_key, "
        "cast(null as bigint) as place, cast(null as bigint) as cluster "
        "where false"
    )
