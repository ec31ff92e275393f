{{ config(enabled='representation' in data_health.parts_on(), materialized='ephemeral') }}
{#- a share, its numerator and its denominator -#}
{%- set rates = [
    ('label_coverage', 'labels', 'group_rows'),
    ('label_rate', 'positive_labels', 'labels'),
    ('selection_rate', 'selected_count', 'predictions'),
    ('true_positive_rate', 'true_positives', 'positives'),
    ('false_positive_rate', 'false_positives', 'negatives')
] %}
{%- set z = '1.959963984540054e0' %}
with ratios as (

    select *
    from {{ ref('representation_ratios') }}

),

unseen_positives as (

    select monitor, dataset, outcome, reason
    from {{ ref('unseen_positives') }}

),

-- what is not understood is neither positive nor negative
groups as (

    select
        ratios.*,
        unseen_labels.reason as label_reason,
        unseen_predictions.reason as prediction_reason
    from ratios
    left join unseen_positives as unseen_labels
        on ratios.monitor = unseen_labels.monitor
        and ratios.dataset = unseen_labels.dataset
        and unseen_labels.outcome = 'label'
    left join unseen_positives as unseen_predictions
        on ratios.monitor = unseen_predictions.monitor
        and ratios.dataset = unseen_predictions.dataset
        and unseen_predictions.outcome = 'prediction'

),

-- 1. The group's own rates, none of them without rows enough to be one.
supported_counts as (

    select
        groups.*,
        cast(row_count as double precision) as group_rows,
        cast(labelled_count as double precision) as labels,
        cast(case when label_reason is null then positive_count end as double precision) as positive_labels,
        cast(predicted_count as double precision) as predictions,
        cast(case when prediction_reason is null then predicted_positive_count end as double precision) as selected_count,
        cast(case when label_reason is null and judged_positive_count >= 10 then judged_positive_count end as double precision)
            as positives,
        cast(case when label_reason is null and judged_negative_count >= 10 then judged_negative_count end as double precision)
            as negatives,
        cast(case when prediction_reason is null then coalesce(true_positive_count, 0) end as double precision) as true_positives,
        cast(case when prediction_reason is null then coalesce(false_positive_count, 0) end as double precision) as false_positives,
        -- one row is one observation, however many features it has: their gaps come together
        cast(missing_count as double precision) / nullif(feature_value_count, 0) as missing_share
    from groups

),

rates as (

    select
        supported_counts.*,
        {%- for name, part, whole in rates %}
        {{ part }} / nullif({{ whole }}, 0e0) as {{ name }},
        {%- endfor %}
        {%- for name, part, whole in rates + [('missing_share', 'missing_share * group_rows', 'group_rows')] %}
        {%- set share, rows = '(' ~ part ~ ' / nullif(' ~ whole ~ ', 0e0))', 'nullif(' ~ whole ~ ', 0e0)' %}
        {{ data_health.wilson('lower', share, rows) }} as {{ name }}_lower,
        {{ data_health.wilson('upper', share, rows) }} as {{ name }}_upper{{ ',' if not loop.last }}
        {%- endfor %}
    from supported_counts

),

-- 2. Four fifths: each group's selection rate against that of the group which is selected most often
ranked_groups as (

    select
        rates.*,
        row_number() over (
            partition by comparison_number, subgroup_number
            order by case when predicted_count >= minimum_rows then selection_rate else -1e0 end desc nulls last, group_value nulls last
        ) as selection_rank
    from rates

),

best_groups as (

    select
        ranked_groups.*,
        {%- for name, value in [
            ('best_group', 'group_value'), ('best_count', 'predictions'), ('best_selected_count', 'selected_count'),
            ('best_rate', 'selection_rate')
        ] %}
        max(case when selection_rank = 1 and predicted_count >= minimum_rows and selected_count > 0 then {{ value }} end)
            over (partition by comparison_number, subgroup_number) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from ranked_groups

),

selection_ratios as (

    select
        best_groups.*,
        selection_rate / best_rate as selection_ratio,
        case when selection_rank > 1 then
            (selected_count + case when selected_count = 0 then 0.5e0 else 0e0 end)
                / (predicted_count + case when selected_count = 0 then 0.5e0 else 0e0 end) / best_rate
        end as compared_ratio,
        case when selection_rank > 1 then
            {{ data_health.log_ratio_error(
                'greatest(selected_count, 0.5e0)', 'nullif(predictions, 0e0)', 'best_selected_count', 'best_count'
            ) }}
        end as selection_error
    from best_groups

),

selection_intervals as (

    select
        selection_ratios.*,
        case
            when selection_ratio > 0e0 then compared_ratio * exp(-{{ z }} * selection_error)
            when selection_ratio = 0e0 then 0e0
        end as selection_ratio_lower,
        compared_ratio * exp({{ z }} * selection_error) as selection_ratio_upper
    from selection_ratios

)

select
    selection_intervals.*,
    case
        when selection_rate is null then null
        when predicted_count < minimum_rows or selection_ratio is null then 'insufficient_data'
        when selection_ratio_upper < 0.8e0 then 'warn'
        when selection_ratio < 0.8e0 then 'insufficient_data'
        else 'ok'
    end as selection_status
from selection_intervals
