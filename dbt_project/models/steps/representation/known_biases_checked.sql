{{ config(
    enabled='representation' in data_health.parts_on() and data_health.is_configured('known_biases'),
    materialized='ephemeral'
) }}
{%- set counts = [
    'labelled_count', 'positive_count', 'predicted_count', 'predicted_positive_count', 'judged_count', 'judged_positive_count',
    'true_positive_count', 'false_positive_count', 'missing_count', 'feature_value_count'
] %}
with checks as (

    select *
    from {{ ref('known_bias_entries') }}
    where not is_gap

),

-- the periods of a span are added up
spans as (

    select
        entry_number, id, monitor, subgroup, group_value, metric, threshold, reference, owner, opened, expiry, on_inconclusive,
        minimum_rows, subgroup_number, naming, population_share, problem, dataset, span,
        count(dataset_period_key) as period_count,
        min(period_start) as period_start,
        max(period_end) as period_end
    from checks
    group by
        entry_number, id, monitor, subgroup, group_value, metric, threshold, reference, owner, opened, expiry, on_inconclusive,
        minimum_rows, subgroup_number, naming, population_share, problem, dataset, span

),

groups as (

    select
        checks.entry_number,
        checks.dataset,
        checks.span,
        checks.minimum_rows,
        subgroup_periods.group_value,
        max(case when subgroup_periods.group_value = checks.group_value then 1 else 0 end) as is_group,
        {%- for name in ['row_count'] + counts + ['weight_sum', 'squared_weight_sum'] %}
        sum(subgroup_periods.{{ name }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from checks
    inner join {{ data_health.named_model('subgroup_periods') }}
        on checks.dataset_period_key = subgroup_periods.dataset_period_key
        and checks.subgroup_number = subgroup_periods.subgroup_number
        and checks.naming = subgroup_periods.naming
    group by checks.entry_number, checks.dataset, checks.span, checks.minimum_rows, subgroup_periods.group_value

),

unseen_positives as (

    select monitor, dataset, outcome, reason
    from {{ ref('unseen_positives') }}

),

-- 1. The group, all others, and the group that is selected most often.
totals as (

    select
        entry_number,
        dataset,
        span,
        sum(row_count) as base_row_count,
        sum(weight_sum) as base_weight_sum,
        sum(weight_sum) * sum(weight_sum) / nullif(sum(squared_weight_sum), 0e0) as effective_count,
        sum(is_group * row_count) as row_count,
        sum(is_group * weight_sum) as weight_sum,
        {%- for name in counts %}
        cast(sum(case when is_group = 1 then {{ name }} end) as double precision) as {{ name }},
        {%- endfor %}
        {%- for name in ['labelled_count', 'positive_count'] %}
        cast(sum(case when is_group = 0 then {{ name }} end) as double precision) as other_{{ name }},
        {%- endfor %}
        max(case when predicted_count >= minimum_rows
            then cast(predicted_positive_count as double precision) / predicted_count end) as best_rate
    from groups
    group by entry_number, dataset, span

),

best_groups as (

    select groups.entry_number, groups.dataset, groups.span, max(groups.predicted_count) as best_count
    from groups
    inner join totals
        on groups.entry_number = totals.entry_number
        and groups.dataset = totals.dataset
        and groups.span = totals.span
    where groups.predicted_count >= groups.minimum_rows
        and cast(groups.predicted_positive_count as double precision) / groups.predicted_count = totals.best_rate
    group by groups.entry_number, groups.dataset, groups.span

),

-- 2. Every metric as a share of rows, over what it is divided by: itself a share of `other_count` rows where that is of a sample.
parts as (

    select
        spans.*,
        totals.base_row_count,
        totals.row_count as group_row_count,
        case spans.metric
            when 'share_ratio' then totals.weight_sum / nullif(totals.base_weight_sum, 0e0)
            when 'share' then totals.weight_sum / nullif(totals.base_weight_sum, 0e0)
            when 'label_rate_ratio' then totals.positive_count / nullif(totals.labelled_count, 0e0)
            when 'selection_ratio' then totals.predicted_positive_count / nullif(totals.predicted_count, 0e0)
            when 'true_positive_rate' then totals.true_positive_count / nullif(totals.judged_positive_count, 0e0)
            when 'false_positive_rate' then totals.false_positive_count / nullif(totals.judged_count - totals.judged_positive_count, 0e0)
            when 'missing_share' then totals.missing_count / nullif(totals.feature_value_count, 0e0)
            when 'label_coverage' then totals.labelled_count / nullif(cast(totals.row_count as double precision), 0e0)
        end as share,
        case spans.metric
            when 'share_ratio' then totals.effective_count
            when 'share' then totals.effective_count
            when 'label_rate_ratio' then totals.labelled_count
            when 'selection_ratio' then totals.predicted_count
            when 'true_positive_rate' then totals.judged_positive_count
            when 'false_positive_rate' then totals.judged_count - totals.judged_positive_count
            else cast(totals.row_count as double precision)
        end as share_count,
        case spans.metric
            when 'share_ratio' then spans.population_share
            when 'label_rate_ratio' then totals.other_positive_count / nullif(totals.other_labelled_count, 0e0)
            when 'selection_ratio' then totals.best_rate
            else 1e0
        end as other_share,
        case spans.metric
            when 'label_rate_ratio' then totals.other_labelled_count
            when 'selection_ratio' then cast(best_groups.best_count as double precision)
        end as other_count,
        case
            when spans.problem is not null then spans.problem
            when spans.dataset is null then 'no reference of this name'
            when totals.entry_number is null then 'no row'
            when spans.metric in ('label_rate_ratio', 'true_positive_rate', 'false_positive_rate') and unseen_labels.reason is not null
                then unseen_labels.reason
            when spans.metric in ('selection_ratio', 'true_positive_rate', 'false_positive_rate')
                and unseen_predictions.reason is not null then unseen_predictions.reason
            when spans.metric in ('share_ratio', 'share') and totals.base_row_count < spans.minimum_rows then 'too few rows'
            when spans.metric = 'share_ratio'
                and greatest(totals.row_count, totals.base_row_count * spans.population_share) < spans.minimum_rows then 'too few rows'
            when spans.metric in ('missing_share', 'label_coverage') and totals.row_count < spans.minimum_rows then 'too few rows'
            when spans.metric = 'missing_share' and coalesce(totals.feature_value_count, 0e0) = 0e0 then 'no feature is monitored'
            when spans.metric = 'label_rate_ratio' and totals.labelled_count > 0e0 and totals.positive_count is null
                then 'label.positive is not set'
            when spans.metric = 'label_rate_ratio' and (
                coalesce(totals.labelled_count, 0e0) < spans.minimum_rows
                or coalesce(totals.other_labelled_count, 0e0) < spans.minimum_rows
                or coalesce(totals.other_positive_count, 0e0) < 10 or totals.other_labelled_count - totals.other_positive_count < 10
            ) then 'too few labels'
            when spans.metric = 'selection_ratio'
                and (coalesce(totals.predicted_count, 0e0) < spans.minimum_rows or coalesce(totals.best_rate, 0e0) = 0e0)
                then 'too few predictions'
            when spans.metric in ('true_positive_rate', 'false_positive_rate') and coalesce(totals.judged_positive_count, 0e0) < 10
                then 'fewer than 10 rows with a positive label and a prediction'
            when spans.metric in ('true_positive_rate', 'false_positive_rate')
                and coalesce(totals.judged_count - totals.judged_positive_count, 0e0) < 10
                then 'fewer than 10 rows with a negative label and a prediction'
        end as gap_in_data
    from spans
    left join totals
        on spans.entry_number = totals.entry_number
        and spans.dataset = totals.dataset
        and spans.span = totals.span
    left join best_groups
        on spans.entry_number = best_groups.entry_number
        and spans.dataset = best_groups.dataset
        and spans.span = best_groups.span
    left join unseen_positives as unseen_labels
        on spans.monitor = unseen_labels.monitor
        and spans.dataset = unseen_labels.dataset
        and unseen_labels.outcome = 'label'
    left join unseen_positives as unseen_predictions
        on spans.monitor = unseen_predictions.monitor
        and spans.dataset = unseen_predictions.dataset
        and unseen_predictions.outcome = 'prediction'

)

select
    entry_number,
    id,
    monitor,
    subgroup,
    group_value,
    metric,
    threshold,
    metric in ('false_positive_rate', 'missing_share') as is_upper_limit,
    coalesce(dataset, reference, '(none)') as reference,
    owner,
    opened,
    expiry,
    on_inconclusive,
    problem is not null or dataset is null as is_wrong,
    span,
    cast(period_count as bigint) as period_count,
    period_start,
    period_end,
    cast(base_row_count as bigint) as base_row_count,
    cast(group_row_count as bigint) as group_row_count,
    case when metric = 'row_count' then null else share end as share,
    share_count,
    other_share,
    other_count,
    gap_in_data
from parts
