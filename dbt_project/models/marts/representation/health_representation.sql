{{ config(enabled='representation' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
with groups as (

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
    groups.monitor,
    groups.dataset,
    groups.period_start,
    groups.period_end,
    groups.is_latest,
    groups.subgroup,
    case
        when hidden_subgroups.monitor is null then groups.group_value
        else '(hidden '
            || dense_rank() over (partition by groups.monitor, groups.subgroup_number order by (groups.group_value) nulls last) || ')'
    end as group_value,
    groups.reference,
    groups.row_count,
    groups.base_row_count,
    groups.weight_sum,
    groups.effective_count as effective_row_count,
    groups.share,
    groups.share_lower,
    groups.share_upper,
    groups.reference_row_count,
    groups.reference_base_row_count,
    groups.reference_share,
    groups.ratio,
    groups.ratio_lower,
    groups.ratio_upper,
    groups.p_value,
    groups.q_value,
    groups.representation,
    groups.warn_ratio,
    groups.alert_ratio,
    groups.status,
    groups.reason,
    groups.rows_to_support,
    groups.rows_to_ratio,
    groups.labelled_count,
    groups.label_coverage,
    groups.label_coverage_lower,
    groups.label_coverage_upper,
    groups.label_coverage / nullif(groups.base_labelled_count / nullif(groups.base_row_count, 0), 0e0) as label_coverage_ratio,
    groups.positive_count,
    groups.label_rate,
    groups.label_rate_lower,
    groups.label_rate_upper,
    groups.predicted_count,
    groups.selection_rate,
    groups.selection_rate_lower,
    groups.selection_rate_upper,
    case when hidden_subgroups.monitor is null then groups.best_group end as most_selected_group,
    groups.selection_ratio,
    groups.selection_ratio_lower,
    groups.selection_ratio_upper,
    groups.selection_status,
    case when groups.label_reason is null then groups.judged_positive_count end as judged_positive_count,
    groups.true_positive_rate,
    groups.true_positive_rate_lower,
    groups.true_positive_rate_upper,
    case when groups.label_reason is null then groups.judged_negative_count end as judged_negative_count,
    groups.false_positive_rate,
    groups.false_positive_rate_lower,
    groups.false_positive_rate_upper,
    groups.missing_share,
    groups.missing_share_lower,
    groups.missing_share_upper,
    groups.label_reason,
    groups.prediction_reason,
    {{ data_health.run_time() }} as built_at
from groups
left join hidden_subgroups
    on groups.monitor = hidden_subgroups.monitor
    and groups.subgroup_number = hidden_subgroups.subgroup_number
