def model(dbt, session):  # noqa: ANN001, ANN201
    dbt.config(materialized="table")
    probabilities = dbt.ref("label_probabilities")
    verdicts = dbt.ref("label_verdicts")
    if probabilities.limit(1).fetchall():
        try:
            from data_health.labeling.quality_tables import issues_table
        except ModuleNotFoundError as missing:
            # a project that has only the dbt part installed, or not the extra for labeling
            print(f"data_health: {missing}, so labels are not doubted; pip install 'data-health[labeling]'")
        else:
            return issues_table(probabilities, verdicts)
    return session.sql(
        "select "
        "cast(null as varchar) as monitor, cast(null as varchar) as row_key, cast(null as bigint) as rank, "
        "cast(null as varchar) as given_label, cast(null as varchar) as suggested_label, "
        "cast(null as double) as given_probability, cast(null as boolean) as is_issue, "
        "cast(null as double) as expected_precision, cast(null as double) as expected_precision_lower, "
        "cast(null as double) as expected_precision_upper "
        "where false"
    )
