{{ config(enabled=data_health.part_is_on('representation')) }}
{%- do data_health.begin_model() %}
with comparisons as (

    select comparison_number, monitor, dataset, period_start, period_end, is_latest, reference
    from {{ ref('representation_comparisons') }}

),

groups as (

    select
        comparison_number,
        subgroup_number,
        subgroup,
        group_value,
        row_count,
        weight_sum,
        reference_row_count,
        labelled_count,
        positive_count,
        predicted_count,
        judged_positive_count,
        judged_count - judged_positive_count as judged_negative_count
    from {{ ref('representation_groups') }}

),

ratios as (

    select
        comparison_number,
        subgroup_number,
        group_value,
        base_row_count,
        base_labelled_count,
        reference_base_row_count,
        effective_count,
        share,
        share_lower,
        share_upper,
        reference_share,
        ratio,
        ratio_lower,
        ratio_upper,
        p_value,
        q_value,
        representation,
        warn_ratio,
        alert_ratio,
        status,
        reason,
        rows_to_support,
        rows_to_ratio
    from {{ ref('representation_ratios') }}

),

rates as (

    select
        comparison_number,
        subgroup_number,
        group_value,
        label_coverage,
        label_coverage_lower,
        label_coverage_upper,
        label_rate,
        label_rate_lower,
        label_rate_upper,
        selection_rate,
        selection_rate_lower,
        selection_rate_upper,
        true_positive_rate,
        true_positive_rate_lower,
        true_positive_rate_upper,
        false_positive_rate,
        false_positive_rate_lower,
        false_positive_rate_upper,
        missing_share,
        missing_share_lower,
        missing_share_upper,
        selection_ratio,
        selection_ratio_lower,
        selection_ratio_upper,
        best_group,
        selection_status
    from {{ ref('representation_rates') }}

),

declared_columns as (

    select monitor, subgroup_number, column_name
    from {{ ref('declared_subgroups') }}

),

shown_columns as (

    select monitor, name as column_name
    from {{ ref('health_monitors') }}
    where subject = 'column'
        and is_value_shown

),

hidden_subgroups as (

    select distinct declared_columns.monitor, declared_columns.subgroup_number
    from declared_columns
    left join shown_columns
        on declared_columns.monitor = shown_columns.monitor
        and declared_columns.column_name = shown_columns.column_name
    where shown_columns.column_name is null

)

select
    comparisons.monitor,
    comparisons.dataset,
    comparisons.period_start,
    comparisons.period_end,
    comparisons.is_latest,
    groups.subgroup,
    case when hidden_subgroups.monitor is null then groups.group_value
        else '(hidden ' || dense_rank() over (partition by comparisons.monitor, groups.subgroup_number order by groups.group_value) || ')' end as group_value,
    comparisons.reference,
    groups.row_count,
    ratios.base_row_count,
    groups.weight_sum,
    ratios.effective_count as effective_row_count,
    ratios.share,
    ratios.share_lower,
    ratios.share_upper,
    case when comparisons.reference not in ('(population)', '(none)') then groups.reference_row_count end as reference_row_count,
    case when comparisons.reference not in ('(population)', '(none)') then ratios.reference_base_row_count end as reference_base_row_count,
    ratios.reference_share,
    ratios.ratio,
    ratios.ratio_lower,
    ratios.ratio_upper,
    ratios.p_value,
    ratios.q_value,
    ratios.representation,
    ratios.warn_ratio,
    ratios.alert_ratio,
    ratios.status,
    ratios.reason,
    ratios.rows_to_support,
    ratios.rows_to_ratio,
    groups.labelled_count,
    rates.label_coverage,
    rates.label_coverage_lower,
    rates.label_coverage_upper,
    rates.label_coverage / nullif(ratios.base_labelled_count / nullif(ratios.base_row_count, 0), 0e0) as label_coverage_ratio,
    groups.positive_count,
    rates.label_rate,
    rates.label_rate_lower,
    rates.label_rate_upper,
    groups.predicted_count,
    rates.selection_rate,
    rates.selection_rate_lower,
    rates.selection_rate_upper,
    case when hidden_subgroups.monitor is null then rates.best_group end as most_selected_group,
    rates.selection_ratio,
    rates.selection_ratio_lower,
    rates.selection_ratio_upper,
    rates.selection_status,
    groups.judged_positive_count,
    rates.true_positive_rate,
    rates.true_positive_rate_lower,
    rates.true_positive_rate_upper,
    groups.judged_negative_count,
    rates.false_positive_rate,
    rates.false_positive_rate_lower,
    rates.false_positive_rate_upper,
    rates.missing_share,
    rates.missing_share_lower,
    rates.missing_share_upper,
    {{ data_health.run_time() }} as built_at
from groups
inner join comparisons
    on groups.comparison_number = comparisons.comparison_number
inner join ratios
    on groups.comparison_number = ratios.comparison_number
    and groups.subgroup_number = ratios.subgroup_number
    and groups.group_value = ratios.group_value
inner join rates
    on groups.comparison_number = rates.comparison_number
    and groups.subgroup_number = rates.subgroup_number
    and groups.group_value = rates.group_value
left join hidden_subgroups
    on comparisons.monitor = hidden_subgroups.monitor
    and groups.subgroup_number = hidden_subgroups.subgroup_number
