def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    scans, dataset_periods = dbt.ref("wide_scans"), dbt.ref("dataset_periods")
    settings = dbt.ref("monitor_settings").filter("part = 'components'")
    try:
        from data_health.components.scans import relation_of
        from data_health.components.wide_references import randomized_loadings
    except ModuleNotFoundError as missing:
        # a project that has only the dbt part installed: everything else of the package works there
        print(f"data_health: {missing}, so no components of wide tables; pip install the package beside dbt")
        return session.sql(
            "select "
            "cast(null as varchar) as monitor, cast(null as varchar) as reference, cast(null as varchar) as "
            "values_used, cast(null as bigint) as component, cast(null as varchar) as column_name, cast(null as "
            "double) as loading, cast(null as double) as eigenvalue, cast(null as double) as explained_share, "
            "cast(null as boolean) as is_kept, cast(null as double) as mean, cast(null as double) as "
            "standard_deviation, cast(null as double) as scale, cast(null as bigint) as row_count, cast(null as "
            "varchar) as reason_left_out, cast(null as varchar) as loadings_version, cast(null as varchar) as "
            "built_from "
            "where false"
        )
    return randomized_loadings(session, scans, dataset_periods, settings, relation_of(session, str(dbt.this)))
