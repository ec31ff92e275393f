{{ config(enabled='representation' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
with compared_groups as (

    select
        monitor, dataset, period_start, period_end, is_latest, reference, subgroup_number, subgroup, group_value,
        row_count, base_row_count, weight_sum, effective_count, share, share_lower, share_upper,
        case when reference not in ('(population)', '(none)') then reference_row_count end as reference_row_count,
        case when reference not in ('(population)', '(none)') then reference_base_row_count end as reference_base_row_count,
        reference_share, ratio, ratio_lower, ratio_upper, p_value, q_value, representation, warn_ratio, alert_ratio, status, reason,
        rows_to_support, rows_to_ratio, labelled_count, base_labelled_count, label_coverage, label_coverage_lower, label_coverage_upper,
        positive_count, label_rate, label_rate_lower, label_rate_upper,
        predicted_count, selection_rate, selection_rate_lower, selection_rate_upper,
        best_group, selection_ratio, selection_ratio_lower, selection_ratio_upper, selection_status,
        judged_positive_count, true_positive_rate, true_positive_rate_lower, true_positive_rate_upper,
        judged_negative_count, false_positive_rate, false_positive_rate_lower, false_positive_rate_upper,
        missing_share, missing_share_lower, missing_share_upper, label_reason, prediction_reason
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
    compared_groups.monitor,
    compared_groups.dataset,
    compared_groups.period_start,
    compared_groups.period_end,
    compared_groups.is_latest,
    compared_groups.subgroup,
    case
        when hidden_subgroups.monitor is null then compared_groups.group_value
        else '(hidden '
            || dense_rank() over (
                partition by compared_groups.monitor, compared_groups.subgroup_number
                order by compared_groups.group_value nulls last
            ) || ')'
    end as group_value,
    compared_groups.reference,
    compared_groups.status,
    compared_groups.representation,
    compared_groups.reason,
    compared_groups.row_count,
    compared_groups.share,
    compared_groups.reference_share,
    compared_groups.ratio,
    compared_groups.ratio_lower,
    compared_groups.ratio_upper,
    compared_groups.rows_to_ratio,
    compared_groups.label_rate,
    compared_groups.selection_rate,
    compared_groups.selection_ratio,
    compared_groups.selection_status,
    compared_groups.true_positive_rate,
    compared_groups.false_positive_rate,
    compared_groups.base_row_count,
    compared_groups.weight_sum,
    compared_groups.effective_count as effective_row_count,
    compared_groups.share_lower,
    compared_groups.share_upper,
    compared_groups.reference_row_count,
    compared_groups.reference_base_row_count,
    compared_groups.p_value,
    compared_groups.q_value,
    compared_groups.warn_ratio,
    compared_groups.alert_ratio,
    compared_groups.rows_to_support,
    compared_groups.labelled_count,
    compared_groups.label_coverage,
    compared_groups.label_coverage_lower,
    compared_groups.label_coverage_upper,
    compared_groups.label_coverage / nullif(
        compared_groups.base_labelled_count / nullif(compared_groups.base_row_count, 0), 0e0
    ) as label_coverage_ratio,
    compared_groups.positive_count,
    compared_groups.label_rate_lower,
    compared_groups.label_rate_upper,
    compared_groups.predicted_count,
    compared_groups.selection_rate_lower,
    compared_groups.selection_rate_upper,
    case when hidden_subgroups.monitor is null then compared_groups.best_group end as most_selected_group,
    compared_groups.selection_ratio_lower,
    compared_groups.selection_ratio_upper,
    case when compared_groups.label_reason is null then compared_groups.judged_positive_count end as judged_positive_count,
    compared_groups.true_positive_rate_lower,
    compared_groups.true_positive_rate_upper,
    case when compared_groups.label_reason is null then compared_groups.judged_negative_count end as judged_negative_count,
    compared_groups.false_positive_rate_lower,
    compared_groups.false_positive_rate_upper,
    compared_groups.missing_share,
    compared_groups.missing_share_lower,
    compared_groups.missing_share_upper,
    compared_groups.label_reason,
    compared_groups.prediction_reason,
    {{ data_health.run_time() }} as built_at
from compared_groups
left join hidden_subgroups
    on compared_groups.monitor = hidden_subgroups.monitor
    and compared_groups.subgroup_number = hidden_subgroups.subgroup_number
