def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    products, settings = dbt.ref("dataset_products"), dbt.ref("monitor_settings").filter("part = 'components'")
    wide_products = dbt.ref("dataset_wide_products")
    try:
        from data_health.components.tables import eigenvalues_table
    except ModuleNotFoundError as missing:
        # a project that has only the dbt part installed: everything else of the package works there
        print(f"data_health: {missing}, so no principal components; pip install the package beside dbt")
        return session.sql(
            "select cast(null as varchar) as monitor, cast(null as varchar) as reference, cast(null as varchar) "
            "as loadings_version, cast(null as bigint) as component, cast(null as double) as eigenvalue, "
            "cast(null as double) as noise_eigenvalue, cast(null as boolean) as has_variance, cast(null as "
            "double) as hotelling_t2_limit_95, cast(null as double) as hotelling_t2_limit_99, cast(null as "
            "double) as reconstruction_error_limit_95, cast(null as double) as reconstruction_error_limit_99, "
            "cast(null as bigint) as row_count, cast(null as double) as effective_row_count, cast(null as bigint) as "
            "column_count, cast(null as varchar) as moved_columns where false"
        )
    return eigenvalues_table(products, settings, wide_products)
