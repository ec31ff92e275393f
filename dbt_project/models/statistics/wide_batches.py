def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    scans = dbt.ref("wide_scans")
    try:
        from data_health.components.scans import summed_batches
    except ModuleNotFoundError as missing:
        # a project that has only the dbt part installed: everything else of the package works there
        print(f"data_health: {missing}, so no products of wide tables; pip install the package beside dbt")
        return session.sql(
            "select "
            "cast(null as varchar) as period_key, cast(null as varchar) as monitor, cast(null as varchar) as dataset, "
            "cast(null as date) as period_start, cast(null as integer) as column_number, cast(null as varchar) as "
            "column_name, cast(null as varchar) as source_column, cast(null as integer) as grid_generation, "
            "cast(null as double) as centre, cast(null as double) as scale, cast(null as bigint) as row_count, "
            "cast(null as bigint) as value_count, cast(null as double) as own_sum, cast(null as double) as "
            "clipped_sum, cast(null as bigint) as clamped_count, cast(null as bigint) as other_length_count, "
            "cast(null as double) as minimum, cast(null as double) as maximum, cast(null as varchar) as weight_column, "
            "cast(null as double) as weight_sum, cast(null as double) as weight_square_sum, cast(null as bigint[]) as "
            "pair_counts, cast(null as double[]) as pair_weights, cast(null as double[]) as pair_sums, "
            "cast(null as double[]) as product_sums, "
            "cast(null as double[]) as clipped_product_sums, cast(null as varchar) as built_from, "
            "cast(null as timestamp) as built_at "
            "where false"
        )
    return summed_batches(session, scans)
