{{ config(enabled='performance' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
{#- the harmonic number of x - 1/2 is ln x + 1/(24 x²) - 7/(960 x⁴) + Euler's constant, which falls out of a difference -#}
{%- set no_rows = '-0.5772156649015329e0' %}
{%- set cells = {
    'true_positive': 'predicted = 1 and label = 1', 'false_positive': 'predicted = 1 and label = 0',
    'false_negative': 'predicted = 0 and label = 1', 'true_negative': 'predicted = 0 and label = 0',
    'selected': 'predicted = 1', 'unselected': 'predicted = 0',
    'scored_positive': 'is_scored and label = 1', 'scored_negative': 'is_scored and label = 0'
} %}
with member_rows as (

    select *
    from {{ ref('performance_rows') }}

),

-- 1. Sums of every group.
groups as (

    select
        group_id, monitor, dataset, period_start, period_end, is_latest, is_mature, model_version, subgroup, group_value,
        sum(row_count) as row_count,
        sum(case when label is not null then row_count else 0 end) as labelled_count,
        sum(case when label = 1 then row_count else 0 end) as positive_count,
        sum(case when is_scored and label is not null then outside_count else 0 end) as outside_count,
        {%- for name, condition in cells.items() %}
        sum(case when {{ condition }} then row_count else 0 end) as {{ name }}_count,
        sum(case when {{ condition }} then weight_sum else 0e0 end) as {{ name }}_weight,
        sum(case when {{ condition }} then squared_weight_sum else 0e0 end) as {{ name }}_squares,
        {%- endfor %}
        sum(case when label is not null then score_sum end) as score_sum,
        sum(case when label = 1 then squared_score_sum - 2 * score_sum + weight_sum when label = 0 then squared_score_sum end)
            as squared_error_sum,
        sum(case when label = 1 then -log_score_sum when label = 0 then -log_complement_sum end) as log_loss_sum
    from member_rows
    group by group_id, monitor, dataset, period_start, period_end, is_latest, is_mature, model_version, subgroup, group_value

),

-- 2. The bins of every group, in the order of their scores; 4,096 divides the number of a bin all of whose rows have one score.
bins as (

    select
        group_id,
        score_bin,
        mod(score_bin, 4096) = 0 as is_value,
        cast(sum(row_count) as double precision) as row_count,
        sum(case when label = 1 then weight_sum else 0e0 end) as positives,
        sum(case when label = 0 then weight_sum else 0e0 end) as negatives,
        sum(score_sum) as score_sum,
        sum(case when label = 1 then squared_score_sum - 2 * score_sum + weight_sum end) as positive_error,
        sum(case when label = 0 then squared_score_sum end) as negative_error,
        sum(case when label = 1 then log_score_sum end) as positive_log,
        sum(case when label = 0 then log_complement_sum end) as negative_log
    from member_rows
    where label is not null
        and score_bin is not null
    group by group_id, score_bin

),

-- weights are scaled so that a row weighs 1 on average: precision is counted in rows
scaled_bins as (

    select
        group_id,
        score_bin,
        is_value,
        {%- for name in ['positives', 'negatives', 'score_sum', 'positive_error', 'negative_error', 'positive_log', 'negative_log'] %}
        {{ name }} * scale as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            bins.*,
            sum(row_count) over (partition by group_id) / sum(positives + negatives) over (partition by group_id) as scale
        from bins
    ) as bins_of_weights

),

ranked_bins as (

    select
        scaled_bins.*,
        positives + negatives as weight,
        sum(positives) over (partition by group_id) as all_positives,
        sum(negatives) over (partition by group_id) as all_negatives,
        sum(positives) over from_above - positives as positives_above,
        sum(positives + negatives) over from_above - positives - negatives as weight_above
    from scaled_bins
    window from_above as (partition by group_id order by score_bin desc nulls last rows unbounded preceding)

),

-- a positive is above the share of the negatives below its bin, and half of those in it
placed_bins as (

    select
        ranked_bins.*,
        all_positives + all_negatives as all_weight,
        (all_negatives - (weight_above - positives_above) - negatives / 2) / nullif(all_negatives, 0e0) as negatives_below_share,
        (positives_above + positives / 2) / nullif(all_positives, 0e0) as positives_above_share,
        greatest(least(0.1e0 * (all_positives + all_negatives) - weight_above, weight), 0e0) as weight_in_tenth,
        -- inside of a bin every order is as likely; a positive adds so much to the precision of the next
        case when weight >= 2e0 and not is_value then greatest(positives - 1, 0e0) / (weight - 1) end as slope,
        {%- for name, rows in {
            'above': 'weight_above', 'here': 'weight_above + weight', 'first': 'weight_above + positives',
            'last': 'weight_above + negatives'
        }.items() %}
        case when {{ rows }} > 0.5e0
            then ln({{ rows }} + 0.5e0) + 1 / (24 * power({{ rows }} + 0.5e0, 2)) - 7 / (960 * power({{ rows }} + 0.5e0, 4))
            else {{ no_rows }} end as harmonic_{{ name }}
            {{- ',' if not loop.last }}
        {%- endfor %}
    from ranked_bins

),

curves as (

    select
        group_id,
        sum(positives * negatives_below_share) / nullif(max(all_positives), 0e0) as roc_auc,
        sum(positives * negatives_below_share * negatives_below_share) / nullif(max(all_positives), 0e0) as positive_squares,
        sum(negatives * positives_above_share * positives_above_share) / nullif(max(all_negatives), 0e0) as negative_squares,
        sum(case when is_value then 0e0 else positives * negatives end) / nullif(2 * max(all_positives) * max(all_negatives), 0e0)
            as roc_auc_bound,
        sum(positives * case
            when slope is null then (positives_above + positives) / nullif(weight_above + weight, 0e0)
            else slope + (positives_above + 1 - slope - slope * weight_above) / weight * (harmonic_here - harmonic_above)
        end) / nullif(max(all_positives), 0e0) as average_precision,
        sum(case
            when is_value then positives * (positives_above + positives) / nullif(weight_above + weight, 0e0)
            else positives - (weight_above + negatives - positives_above) * (harmonic_here - harmonic_last)
        end) / nullif(max(all_positives), 0e0) as average_precision_from,
        sum(case
            when is_value then positives * (positives_above + positives) / nullif(weight_above + weight, 0e0)
            else positives - (weight_above - positives_above) * (harmonic_first - harmonic_above)
        end) / nullif(max(all_positives), 0e0) as average_precision_to,
        sum(positives * weight_in_tenth / nullif(weight, 0e0)) / nullif(0.1e0 * max(all_weight), 0e0) as top_rate,
        sum(case when is_value then positives * weight_in_tenth / nullif(weight, 0e0) else greatest(weight_in_tenth - negatives, 0e0) end)
            / nullif(0.1e0 * max(all_weight), 0e0) as top_rate_from,
        sum(case when is_value then positives * weight_in_tenth / nullif(weight, 0e0) else least(weight_in_tenth, positives) end)
            / nullif(0.1e0 * max(all_weight), 0e0) as top_rate_to,
        max(all_positives) / nullif(max(all_weight), 0e0) as base_rate,
        sum(coalesce(power(positive_error, 2) / nullif(positives, 0e0), 0e0)
            + coalesce(power(negative_error, 2) / nullif(negatives, 0e0), 0e0)) / nullif(max(all_weight), 0e0) as mean_squared_error_square,
        sum(coalesce(power(positive_log, 2) / nullif(positives, 0e0), 0e0)
            + coalesce(power(negative_log, 2) / nullif(negatives, 0e0), 0e0)) / nullif(max(all_weight), 0e0) as mean_squared_log_loss
    from placed_bins
    group by group_id

),

-- 3. Calibration, over scores from 0 to 0.1, from 0.1 to 0.2 …; no bin reaches over a tenth
tenths as (

    select
        group_id,
        least(floor(10 * score_sum / weight + 1e-9), 9) as score_tenth,
        sum(positives) as positives,
        sum(weight) as weight,
        sum(score_sum) as score_sum
    from placed_bins
    group by 1, 2

),

calibrations as (

    select
        group_id,
        sum(abs(positives - score_sum)) / sum(weight) as calibration_error,
        sum(positives * (1 - positives / weight)) / sum(weight) as calibration_variance
    from tenths
    group by group_id

)

select
    groups.monitor, groups.dataset, groups.period_start, groups.period_end, groups.is_latest, groups.is_mature, groups.model_version,
    groups.subgroup, groups.group_value,
    {%- for name in ['row', 'labelled', 'positive', 'outside'] %}
    cast(groups.{{ name }}_count as bigint) as {{ name }}_count,
    {%- endfor %}
    {%- for name in cells %}
    cast(groups.{{ name }}_count as bigint) as {{ name }}_count,
    groups.{{ name }}_weight,
    groups.{{ name }}_squares,
    {%- endfor %}
    groups.score_sum, groups.squared_error_sum, groups.log_loss_sum,
    {%- for name in [
        'roc_auc', 'positive_squares', 'negative_squares', 'roc_auc_bound', 'average_precision', 'average_precision_from',
        'average_precision_to', 'top_rate', 'top_rate_from', 'top_rate_to', 'base_rate', 'mean_squared_error_square',
        'mean_squared_log_loss'
    ] %}
    curves.{{ name }},
    {%- endfor %}
    calibrations.calibration_error,
    calibrations.calibration_variance
from groups
left join curves
    on groups.group_id = curves.group_id
left join calibrations
    on groups.group_id = calibrations.group_id
