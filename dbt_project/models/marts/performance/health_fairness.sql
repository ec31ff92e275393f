{{ config(enabled='performance' in data_health.parts_on() and data_health.is_configured('subgroups')) }}
{%- do data_health.begin_model() %}
{%- set z, unknown_columns = '1.959963984540054e0', [] %}
{#- what only the comparison of one rate has -#}
{%- for name in [
    'value_lower', 'value_upper', 'difference_lower', 'difference_upper', 'ratio_lower', 'ratio_upper', 'p_value', 'q_value',
    'warn_threshold', 'alert_threshold'
] %}
    {%- do unknown_columns.append('cast(null as double precision) as ' ~ name) %}
{%- endfor %}
{%- set unknown = unknown_columns | join(',\n        ') %}
with settings as (

    select monitor, warn_threshold, alert_threshold, matures_after_days
    from {{ ref('monitor_settings') }}
    where part = 'performance'
        and metric = 'fairness'

),

comparisons as (

    select
        fairness_comparisons.*,
        settings.warn_threshold,
        settings.alert_threshold,
        coalesce(fairness_comparisons.model_version, '(none)') as version_key,
        case
            when fairness_comparisons.dataset <> 'production' or fairness_comparisons.reference = '(best group)' then 'not judged'
            when fairness_comparisons.missing_reason is not null then fairness_comparisons.missing_reason
            when fairness_comparisons.metric <> 'selection_rate' and not fairness_comparisons.is_mature
                then case when settings.matures_after_days = 0 then 'the period is not over'
                    else 'labels may arrive until ' || settings.matures_after_days || ' days after the period' end
            when fairness_comparisons.named_group_count = 0 and fairness_comparisons.reference = '(reference group)'
                then 'no row has the reference group that the configuration names'
            when fairness_comparisons.difference is null then 'the group has nothing to be compared with'
        end as gap_in_data
    from (select * from {{ ref('fairness_comparisons') }}) as fairness_comparisons
    inner join settings
        on fairness_comparisons.monitor = settings.monitor

),

-- 1. The evidence: q over all groups and rates of a version and period
p_values as (

    select
        comparisons.*,
        {{ data_health.two_sided_normal_tail('deviate', '(1 / (1 + deviate / 2.8284271247461903e0))') }} as p_value
    from (
        select
            comparisons.*,
            case when gap_in_data is null and difference_upper > difference_lower
                then least(2 * {{ z }} * abs(difference) / (difference_upper - difference_lower), 38e0) end as deviate
        from comparisons
    ) as comparisons

),

ranked_p_values as (

    select
        p_values.*,
        count(p_value) over (partition by monitor, dataset, period_start, version_key, reference) as family_size,
        row_number() over (
            partition by monitor, dataset, period_start, version_key, reference
            order by p_value nulls last, metric, subgroup, group_value nulls last
        ) as p_rank
    from p_values

),

judged as (

    select
        q_values.*,
        case when difference < 0e0 then -difference_upper else difference_lower end as gap_lower
    from (
        select
            ranked_p_values.*,
            case when p_value is not null then
                {{ data_health.benjamini_hochberg('p_value', 'p_rank', 'family_size',
                    'monitor, dataset, period_start, version_key, reference') }}
            end as q_value
        from ranked_p_values
    ) as q_values

),

statuses as (

    select
        judged.*,
        case
            when value is null then 'insufficient_data'
            when gap_in_data = 'not judged' then null
            when gap_in_data is not null then 'insufficient_data'
            when gap_lower > alert_threshold and coalesce(q_value, 0e0) <= 0.01 then 'alert'
            when gap_lower > warn_threshold and coalesce(q_value, 0e0) <= 0.05 then 'warn'
            when abs(difference) > warn_threshold then 'insufficient_data'
            else 'ok'
        end as status
    from judged

),

-- 2. Equalized odds: the larger gap of the rates of true and of false positives. Between groups: the largest rate and the smallest.
odds as (

    select
        monitor, dataset, period_start, period_end, is_latest, model_version, subgroup, group_value, reference, is_mature,
        max(row_count) as row_count,
        max(labelled_count) as labelled_count,
        max(positive_count) as positive_count,
        max(negative_count) as negative_count,
        case when count(difference) = 2 then max(abs(difference)) end as difference,
        case when count(difference) = 2 then min(ratio) end as ratio,
        max(case status when 'alert' then 4 when 'warn' then 3 when 'insufficient_data' then 2 when 'ok' then 1 end) as severity,
        max(missing_reason) as missing_reason
    from statuses
    where metric in ('true_positive_rate', 'false_positive_rate')
    group by monitor, dataset, period_start, period_end, is_latest, model_version, subgroup, group_value, reference, is_mature

),

spans as (

    select
        monitor, dataset, period_start, period_end, is_latest, model_version, subgroup, metric, is_mature,
        sum(row_count) as row_count,
        sum(labelled_count) as labelled_count,
        sum(positive_count) as positive_count,
        sum(negative_count) as negative_count,
        max(value) as value,
        min(value) as reference_value,
        count(value) as group_count
    from statuses
    where reference = '(all)'
    group by monitor, dataset, period_start, period_end, is_latest, model_version, subgroup, metric, is_mature

),

all_rows as (

    select
        monitor, dataset, period_start, period_end, is_latest, model_version, subgroup, group_value, metric, reference, status,
        case
            when missing_reason is not null then missing_reason
            when gap_in_data <> 'not judged' then gap_in_data
            when status = 'insufficient_data' then 'too few rows to tell'
        end as reason,
        is_mature, row_count, labelled_count, positive_count, negative_count, difference, ratio,
        case when metric = 'selection_rate' and reference = '(best group)' then ratio < 0.8e0 end as is_below_four_fifths,
        reference_value,
        value,
        case when is_share then greatest(value_lower, 0e0) else value_lower end as value_lower,
        case when is_share then least(value_upper, 1e0) else value_upper end as value_upper,
        difference_lower,
        difference_upper,
        ratio * exp(-{{ z }} * least(log_ratio_error, 300e0)) as ratio_lower,
        ratio * exp({{ z }} * least(log_ratio_error, 300e0)) as ratio_upper,
        p_value,
        q_value,
        warn_threshold,
        alert_threshold
    from statuses

    union all

    select
        monitor, dataset, period_start, period_end, is_latest, model_version, subgroup, group_value, 'equalized_odds' as metric, reference,
        case severity when 4 then 'alert' when 3 then 'warn' when 2 then 'insufficient_data' when 1 then 'ok' end as status,
        case when severity = 2 then coalesce(missing_reason, 'one of the two rates is not judged') end as reason,
        is_mature, row_count, labelled_count, positive_count, negative_count, difference, ratio,
        cast(null as boolean) as is_below_four_fifths,
        cast(null as double precision) as reference_value,
        cast(null as double precision) as value,
        {{ unknown }}
    from odds

    union all

    select
        monitor, dataset, period_start, period_end, is_latest, model_version, subgroup, '(all groups)' as group_value, metric,
        '(between groups)' as reference,
        case when group_count < 2 then 'insufficient_data' end as status,
        case when group_count < 2 then 'fewer than two groups have this rate' end as reason,
        is_mature, row_count, labelled_count, positive_count, negative_count,
        value - reference_value as difference,
        case when metric <> 'calibration_gap' then reference_value / nullif(value, 0e0) end as ratio,
        case when metric = 'selection_rate' then reference_value < 0.8e0 * value end as is_below_four_fifths,
        reference_value,
        value,
        {{ unknown }}
    from spans

    union all

    select
        monitor, dataset, period_start, period_end, is_latest, model_version, subgroup, '(all groups)' as group_value,
        'equalized_odds' as metric, '(between groups)' as reference,
        case when min(group_count) < 2 then 'insufficient_data' end as status,
        case when min(group_count) < 2 then 'fewer than two groups have this rate' end as reason,
        is_mature, max(row_count) as row_count, max(labelled_count) as labelled_count, max(positive_count) as positive_count,
        max(negative_count) as negative_count,
        max(value - reference_value) as difference,
        min(reference_value / nullif(value, 0e0)) as ratio,
        cast(null as boolean) as is_below_four_fifths,
        cast(null as double precision) as reference_value,
        cast(null as double precision) as value,
        {{ unknown }}
    from spans
    where metric in ('true_positive_rate', 'false_positive_rate')
    group by monitor, dataset, period_start, period_end, is_latest, model_version, subgroup, is_mature

),

{{ data_health.hidden_groups('all_rows') }}

select
    monitor,
    dataset,
    period_start,
    period_end,
    is_latest,
    model_version,
    subgroup,
    case when group_value = '(all groups)' then group_value else shown_group end as group_value,
    metric,
    reference,
    status,
    reason,
    value,
    value_lower,
    value_upper,
    reference_value,
    difference,
    difference_lower,
    difference_upper,
    ratio,
    ratio_lower,
    ratio_upper,
    is_below_four_fifths,
    p_value,
    q_value,
    warn_threshold,
    alert_threshold,
    is_mature,
    cast(row_count as bigint) as row_count,
    cast(labelled_count as bigint) as labelled_count,
    cast(positive_count as bigint) as positive_count,
    cast(negative_count as bigint) as negative_count,
    {{ data_health.run_time() }} as built_at
from named_groups
