{{ config(enabled='performance' in data_health.parts_on() and data_health.is_configured('subgroups'), materialized='ephemeral') }}
{#- a share of rows: what is counted, and among what -#}
{%- set shares = {
    'selection_rate': [['selected'], ['selected', 'unselected']],
    'true_positive_rate': [['true_positive'], ['true_positive', 'false_negative']],
    'false_positive_rate': [['false_positive'], ['false_positive', 'true_negative']],
    'precision': [['true_positive'], ['true_positive', 'false_positive']],
    'false_omission_rate': [['false_negative'], ['false_negative', 'true_negative']],
    'accuracy': [['true_positive', 'true_negative'], ['true_positive', 'true_negative', 'false_positive', 'false_negative']]
} %}
with settings as (

    select monitor, minimum_rows, is_labelled, has_score, has_predicted_label
    from {{ ref('monitor_settings') }}
    where part = 'performance'
        and metric = 'fairness'

),

groups as (

    select
        performance_groups.*,
        scored_positive_weight + scored_negative_weight as scored_weight,
        scored_positive_squares + scored_negative_squares as scored_squares,
        power(scored_positive_weight, 2) / nullif(scored_positive_squares, 0e0) as scored_positives,
        power(scored_negative_weight, 2) / nullif(scored_negative_squares, 0e0) as scored_negatives,
        (scored_positive_weight - score_sum) / nullif(scored_positive_weight + scored_negative_weight, 0e0) as calibration_gap
    from {{ data_health.named_model('performance_groups') }}
    where dataset <> '(first periods)'

),

-- 1. Every rate of every group: a share is `hits` of `weight`, any other value has a variance.
rates as (
{%- for name, parts in shares.items() %}

    select
        monitor, dataset, period_start, period_end, is_latest, is_mature, model_version, subgroup, group_value, row_count, labelled_count,
        '{{ name }}' as metric,
        {{ parts[0] | join('_weight + ') }}_weight as hits,
        {{ parts[1] | join('_weight + ') }}_weight as weight,
        {{ parts[1] | join('_squares + ') }}_squares as squares,
        cast(null as double precision) as value,
        cast(null as double precision) as variance,
        {{ 'selected_count + unselected_count' if name == 'selection_rate' else 'true_positive_count + false_negative_count' }}
            as positive_count,
        {{ '0' if name == 'selection_rate' else 'false_positive_count + true_negative_count' }} as negative_count,
        0 as outside_count
    from groups

    union all
{%- endfor %}

    select
        monitor, dataset, period_start, period_end, is_latest, is_mature, model_version, subgroup, group_value, row_count, labelled_count,
        'roc_auc' as metric,
        cast(null as double precision) as hits,
        scored_weight as weight,
        scored_squares as squares,
        roc_auc as value,
        greatest(positive_squares - roc_auc * roc_auc, 0e0) / nullif(scored_positives - 1, 0e0)
            + greatest(negative_squares - roc_auc * roc_auc, 0e0) / nullif(scored_negatives - 1, 0e0) as variance,
        scored_positive_count as positive_count,
        scored_negative_count as negative_count,
        0 as outside_count
    from groups

    union all

    select
        monitor, dataset, period_start, period_end, is_latest, is_mature, model_version, subgroup, group_value, row_count, labelled_count,
        'calibration_gap' as metric,
        cast(null as double precision) as hits,
        scored_weight as weight,
        scored_squares as squares,
        calibration_gap as value,
        greatest(squared_error_sum / nullif(scored_weight, 0e0) - calibration_gap * calibration_gap, 0e0)
            * scored_squares / nullif(scored_weight * scored_weight, 0e0) as variance,
        scored_positive_count as positive_count,
        scored_negative_count as negative_count,
        outside_count
    from groups

),

-- too few rows of either kind are no measurement
known_rates as (

    select
        rates.*,
        settings.minimum_rows,
        coalesce(rates.value, rates.hits / nullif(rates.weight, 0e0)) as share,
        rates.weight * rates.weight / nullif(rates.squares, 0e0) as effective_count,
        case
            when rates.metric <> 'selection_rate' and not settings.is_labelled then 'no label is configured'
            when rates.metric in ('roc_auc', 'calibration_gap') and not settings.has_score then 'no score is configured'
            when rates.metric not in ('roc_auc', 'calibration_gap') and not settings.has_predicted_label
                then 'neither a predicted label nor a threshold is configured'
            when rates.metric = 'selection_rate' and rates.positive_count < settings.minimum_rows
                then 'fewer than ' || settings.minimum_rows || ' rows with a prediction'
            when rates.metric <> 'selection_rate' and rates.labelled_count = 0 then 'no row has a label that is positive or negative'
            when rates.metric <> 'selection_rate' and rates.positive_count < 10 then 'fewer than 10 positives'
            when rates.metric <> 'selection_rate' and rates.negative_count < 10 then 'fewer than 10 negatives'
            when rates.outside_count > 0 then 'there are scores outside of 0 to 1'
            when rates.weight = 0e0 then 'no row counts for this rate'
        end as missing_reason
    from rates
    inner join settings
        on rates.monitor = settings.monitor

)

-- 2. Of a group that is measured, the value and what of it is chance
select
    monitor, dataset, period_start, period_end, is_latest, is_mature, model_version, subgroup, group_value, row_count, labelled_count,
    metric, minimum_rows, missing_reason, positive_count, negative_count, hits, weight, squares,
    case when missing_reason is null then share end as value,
    case when missing_reason is null then effective_count end as effective_count,
    case when missing_reason is null then coalesce(variance, share * (1 - share) / effective_count) end as variance
from known_rates
