def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    audited = dbt.ref("audited_rows")
    groups = dbt.ref("labeling_groups")
    settings = dbt.ref("monitor_settings").filter("part = 'labeling'")
    if settings.limit(1).fetchall():
        try:
            from data_health.labeling.gate_tables import gates_table
        except ModuleNotFoundError as missing:
            # a project that has only the dbt part installed, or not the extra for labeling
            print(f"data_health: {missing}, so nothing is labelled automatically; pip install 'data-health[labeling]'")
        else:
            return gates_table(audited, groups, settings)
    return session.sql(
        "select "
        "cast(null as varchar) as monitor, cast(null as varchar) as subgroup, cast(null as varchar) as group_key, "
        "cast(null as varchar) as group_value, cast(null as varchar) as predicted_label, "
        "cast(null as double) as target_precision, cast(null as double) as threshold, "
        "cast(null as bigint) as audited_count, cast(null as bigint) as tested_count, "
        "cast(null as bigint) as right_count, cast(null as double) as precision_lower, "
        "cast(null as bigint) as label_count, cast(null as bigint) as lost_count, "
        "cast(null as double) as lost_share, cast(null as double) as lost_share_upper "
        "where false"
    )
