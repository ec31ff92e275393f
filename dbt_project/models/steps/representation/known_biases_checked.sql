{{ config(
    enabled='representation' in data_health.parts_on() and data_health.is_configured('known_biases'),
    materialized='ephemeral'
) }}
{%- set counts = [
    'labelled_count', 'positive_count', 'predicted_count', 'predicted_positive_count', 'judged_count', 'judged_positive_count',
    'true_positive_count', 'false_positive_count', 'missing_count', 'feature_value_count'
] %}
with checks as (

    select
        entry_number, id, monitor, subgroup, group_value, metric, threshold, reference, owner, opened, expiry, minimum_rows,
        subgroup_number, naming, population_share, problem, dataset, dataset_period_key, period_start, period_end
    from {{ ref('known_bias_entries') }}

),

groups as (

    select
        monitor,
        dataset,
        dataset_period_key,
        subgroup_number,
        naming,
        group_value,
        row_count,
        labelled_count,
        positive_count,
        predicted_count,
        predicted_positive_count,
        judged_count,
        judged_positive_count,
        true_positive_count,
        false_positive_count,
        missing_count,
        feature_value_count,
        weight_sum,
        squared_weight_sum
    from {{ ref('subgroup_periods') }}

),

unseen_positives as (

    select monitor, dataset, outcome, reason
    from {{ ref('unseen_positives') }}

),

-- 1. The group, all others, and the group that is selected most often.
totals as (

    select
        checks.entry_number,
        checks.dataset,
        coalesce(sum(groups.row_count), 0) as base_row_count,
        sum(groups.weight_sum) as base_weight_sum,
        sum(groups.weight_sum) * sum(groups.weight_sum) / nullif(sum(groups.squared_weight_sum), 0e0) as effective_count,
        sum(case when groups.group_value = checks.group_value then groups.row_count else 0 end) as row_count,
        sum(case when groups.group_value = checks.group_value then groups.weight_sum else 0e0 end) as weight_sum,
        {%- for name in counts %}
        cast(sum(case when groups.group_value = checks.group_value then groups.{{ name }} end) as double precision) as {{ name }},
        {%- endfor %}
        {%- for name in ['labelled_count', 'positive_count'] %}
        cast(sum(case when groups.group_value <> checks.group_value then groups.{{ name }} end) as double precision) as other_{{ name }},
        {%- endfor %}
        max(case when groups.predicted_count >= checks.minimum_rows
            then cast(groups.predicted_positive_count as double precision) / groups.predicted_count end) as best_rate
    from checks
    inner join groups
        on checks.dataset_period_key = groups.dataset_period_key
        and checks.subgroup_number = groups.subgroup_number
        and checks.naming = groups.naming
    group by checks.entry_number, checks.dataset

),

best_groups as (

    select
        checks.entry_number,
        checks.dataset,
        max(groups.predicted_count) as best_count
    from checks
    inner join totals
        on checks.entry_number = totals.entry_number
        and checks.dataset = totals.dataset
    inner join groups
        on checks.dataset_period_key = groups.dataset_period_key
        and checks.subgroup_number = groups.subgroup_number
        and checks.naming = groups.naming
    where groups.predicted_count >= checks.minimum_rows
        and cast(groups.predicted_positive_count as double precision) / groups.predicted_count = totals.best_rate
    group by checks.entry_number, checks.dataset

),

-- 2. Every metric as a share of rows, over what it is divided by: itself a share of `other_count` rows where that is of a sample.
parts as (

    select
        checks.*,
        totals.base_row_count,
        totals.row_count as group_row_count,
        case checks.metric
            when 'share_ratio' then totals.weight_sum / nullif(totals.base_weight_sum, 0e0)
            when 'share' then totals.weight_sum / nullif(totals.base_weight_sum, 0e0)
            when 'label_rate_ratio' then totals.positive_count / nullif(totals.labelled_count, 0e0)
            when 'selection_ratio' then totals.predicted_positive_count / nullif(totals.predicted_count, 0e0)
            when 'true_positive_rate' then totals.true_positive_count / nullif(totals.judged_positive_count, 0e0)
            when 'false_positive_rate' then totals.false_positive_count / nullif(totals.judged_count - totals.judged_positive_count, 0e0)
            when 'missing_share' then totals.missing_count / nullif(totals.feature_value_count, 0e0)
            when 'label_coverage' then totals.labelled_count / nullif(cast(totals.row_count as double precision), 0e0)
        end as share,
        case checks.metric
            when 'share_ratio' then totals.effective_count
            when 'share' then totals.effective_count
            when 'label_rate_ratio' then totals.labelled_count
            when 'selection_ratio' then totals.predicted_count
            when 'true_positive_rate' then totals.judged_positive_count
            when 'false_positive_rate' then totals.judged_count - totals.judged_positive_count
            else cast(totals.row_count as double precision)
        end as share_count,
        case checks.metric
            when 'share_ratio' then checks.population_share
            when 'label_rate_ratio' then totals.other_positive_count / nullif(totals.other_labelled_count, 0e0)
            when 'selection_ratio' then totals.best_rate
            else 1e0
        end as other_share,
        case checks.metric
            when 'label_rate_ratio' then totals.other_labelled_count
            when 'selection_ratio' then cast(best_groups.best_count as double precision)
        end as other_count,
        case
            when checks.problem is not null then checks.problem
            when checks.dataset is null then 'no reference of this name'
            when totals.entry_number is null then 'no row'
            when checks.metric in ('label_rate_ratio', 'true_positive_rate', 'false_positive_rate') and unseen_labels.reason is not null
                then unseen_labels.reason
            when checks.metric in ('selection_ratio', 'true_positive_rate', 'false_positive_rate')
                and unseen_predictions.reason is not null then unseen_predictions.reason
            when checks.metric in ('share_ratio', 'share') and totals.base_row_count < checks.minimum_rows then 'too few rows'
            when checks.metric = 'share_ratio'
                and greatest(totals.row_count, totals.base_row_count * checks.population_share) < checks.minimum_rows then 'too few rows'
            when checks.metric in ('missing_share', 'label_coverage') and totals.row_count < checks.minimum_rows then 'too few rows'
            when checks.metric = 'missing_share' and coalesce(totals.feature_value_count, 0e0) = 0e0 then 'no feature is monitored'
            when checks.metric = 'label_rate_ratio' and totals.labelled_count > 0e0 and totals.positive_count is null
                then 'label.positive is not set'
            when checks.metric = 'label_rate_ratio' and (
                coalesce(totals.labelled_count, 0e0) < checks.minimum_rows
                or coalesce(totals.other_labelled_count, 0e0) < checks.minimum_rows
                or coalesce(totals.other_positive_count, 0e0) < 10 or totals.other_labelled_count - totals.other_positive_count < 10
            ) then 'too few labels'
            when checks.metric = 'selection_ratio'
                and (coalesce(totals.predicted_count, 0e0) < checks.minimum_rows or coalesce(totals.best_rate, 0e0) = 0e0)
                then 'too few predictions'
            when checks.metric = 'true_positive_rate' and coalesce(totals.judged_positive_count, 0e0) < 10
                then 'too few rows with a positive label and a prediction'
            when checks.metric = 'false_positive_rate' and coalesce(totals.judged_count - totals.judged_positive_count, 0e0) < 10
                then 'too few rows with a negative label and a prediction'
        end as gap_in_data
    from checks
    left join totals
        on checks.entry_number = totals.entry_number
        and checks.dataset = totals.dataset
    left join best_groups
        on checks.entry_number = best_groups.entry_number
        and checks.dataset = best_groups.dataset
    left join unseen_positives as unseen_labels
        on checks.monitor = unseen_labels.monitor
        and checks.dataset = unseen_labels.dataset
        and unseen_labels.outcome = 'label'
    left join unseen_positives as unseen_predictions
        on checks.monitor = unseen_predictions.monitor
        and checks.dataset = unseen_predictions.dataset
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
