def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    counts = dbt.ref("label_counts")
    if counts.limit(1).fetchall():
        try:
            from data_health.labeling.quality_tables import rates_table
        except ModuleNotFoundError as missing:
            # a project that has only the dbt part installed, or not the extra for labeling
            print(f"data_health: {missing}, so rates of labels are not judged; pip install 'data-health[labeling]'")
        else:
            return rates_table(counts)
    return session.sql(
        "select "
        "cast(null as varchar) as monitor, cast(null as varchar) as label, cast(null as date) as period_start, "
        "cast(null as varchar) as status, cast(null as double) as rate, cast(null as double) as earlier_rate, "
        "cast(null as double) as p_value "
        "where false"
    )
