def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    products, settings = dbt.ref("dataset_products"), dbt.ref("monitor_settings").filter("part = 'components'")
    wide_products = dbt.ref("dataset_wide_products")
    try:
        from data_health.components.tables import measures_table
    except ModuleNotFoundError as missing:
        # a project that has only the dbt part installed: everything else of the package works there
        print(f"data_health: {missing}, so no principal components; pip install the package beside dbt")
        return session.sql(
            "select "
            "cast(null as varchar) as monitor, cast(null as varchar) as reference, cast(null as date) as "
            "period_start, cast(null as varchar) as metric, cast(null as varchar) as column_name, cast(null as "
            "double) as value, cast(null as double) as reference_value, cast(null as double) as noise, cast(null "
            "as bigint) as component_count, cast(null as bigint) as column_count, cast(null as bigint) as "
            "row_count, cast(null as double) as effective_row_count, cast(null as double) as "
            "reference_effective_row_count "
            "where false"
        )
    return measures_table(products, settings, wide_products)
