{{ config(enabled='performance' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
{%- set z = '1.959963984540054e0' %}
{#- metrics that are judged by their difference: all of them are from 0 to 1 -#}
{%- set judged = ['accuracy', 'precision', 'recall', 'specificity', 'f1', 'roc_auc', 'average_precision', 'expected_calibration_error'] %}
{%- set estimated = ['accuracy', 'precision', 'recall', 'specificity', 'f1', 'roc_auc', 'log_loss', 'brier'] %}
with settings as (

    select monitor, warn_threshold, alert_threshold, matures_after_days
    from {{ ref('monitor_settings') }}
    where part = 'performance'
        and metric = 'performance'

),

default_references as (

    select monitor, value as reference
    from {{ ref('health_monitors') }}
    where subject = 'setting'
        and name = 'default_reference'

),

measures as (

    select
        performance_measures.*,
        coalesce(model_version, '(none)') as version_key
    from (select * from {{ ref('performance_measures') }}) as performance_measures

),

estimates as (

    select monitor, version_key, period_start, metric, estimate, estimate_lower, estimate_upper, status, reason
    from {{ ref('estimate_verdicts') }}

),

-- 1. What a version is compared with: the default reference, its rows of that version if it has any, else the version's first periods.
bases as (

    select
        measures.monitor,
        measures.version_key,
        measures.subgroup,
        measures.group_value,
        measures.metric,
        measures.dataset as reference,
        measures.period_start as reference_start,
        measures.period_end as reference_end,
        measures.value as reference_value,
        measures.lower as reference_lower,
        measures.upper as reference_upper,
        measures.labelled_count as reference_labelled_count,
        measures.dataset = '(first periods)' as is_first_periods
    from measures
    left join default_references
        on measures.monitor = default_references.monitor
    where measures.value is not null
        and (measures.dataset = '(first periods)' or measures.dataset = default_references.reference)

),

compared as (

    select
        measures.*,
        coalesce(of_version.reference, of_all.reference) as reference,
        coalesce(of_version.reference_start, of_all.reference_start) as reference_start,
        coalesce(of_version.reference_end, of_all.reference_end) as reference_end,
        coalesce(of_version.reference_value, of_all.reference_value) as reference_value,
        coalesce(of_version.reference_lower, of_all.reference_lower) as reference_lower,
        coalesce(of_version.reference_upper, of_all.reference_upper) as reference_upper,
        coalesce(of_version.reference_labelled_count, of_all.reference_labelled_count) as reference_labelled_count,
        case when measures.metric = 'expected_calibration_error' then -1 else 1 end as direction
    from measures
    left join bases as of_version
        on measures.dataset = 'production'
        and measures.monitor = of_version.monitor
        and measures.version_key = of_version.version_key
        and measures.subgroup = of_version.subgroup
        and measures.group_value = of_version.group_value
        and measures.metric = of_version.metric
    left join bases as of_all
        on measures.dataset = 'production'
        and of_version.monitor is null
        and measures.monitor = of_all.monitor
        and of_all.version_key = '(none)'
        and not of_all.is_first_periods
        and measures.subgroup = of_all.subgroup
        and measures.group_value = of_all.group_value
        and measures.metric = of_all.metric

),

-- 2. By how much it is worse, with an interval from those of both (square and add).
differences as (

    select
        compared.*,
        estimates.estimate,
        estimates.estimate_lower,
        estimates.estimate_upper,
        {%- for name, default in [
            ('status', 'insufficient_data'), ('reason', 'the reference has no labels with scores of this version')
        ] %}
        case
            when compared.dataset = 'production' and compared.subgroup = '(all)'
                and compared.metric in ({{ data_health.text_literal(estimated) }}) then coalesce(estimates.{{ name }}, '{{ default }}')
        end as estimate_{{ name }},
        {%- endfor %}
        settings.warn_threshold,
        settings.alert_threshold,
        settings.matures_after_days,
        compared.value - compared.reference_value as difference,
        compared.value - compared.reference_value
            - sqrt(power(compared.value - compared.lower, 2) + power(compared.reference_upper - compared.reference_value, 2))
            as difference_lower,
        compared.value - compared.reference_value
            + sqrt(power(compared.upper - compared.value, 2) + power(compared.reference_value - compared.reference_lower, 2))
            as difference_upper,
        case
            when compared.dataset <> 'production' then 'not judged'
            when compared.missing_reason is not null then compared.missing_reason
            when compared.metric not in ({{ data_health.text_literal(judged) }}) then 'not judged'
            when compared.positive_count + compared.negative_count < compared.minimum_rows
                then 'fewer than ' || compared.minimum_rows || ' rows with label and prediction'
            when not compared.is_mature and settings.matures_after_days = 0 then 'the period is not over'
            when not compared.is_mature then 'labels may arrive until ' || settings.matures_after_days || ' days after the period'
            when compared.reference_value is null then 'neither the default reference nor earlier periods have this metric'
            when compared.period_start >= compared.reference_start and compared.period_start < compared.reference_end
                then 'the period is part of what it would be compared with'
        end as reason
    from compared
    inner join settings
        on compared.monitor = settings.monitor
    left join estimates
        on compared.dataset = 'production'
        and compared.subgroup = '(all)'
        and compared.monitor = estimates.monitor
        and compared.version_key = estimates.version_key
        and compared.period_start = estimates.period_start
        and compared.metric = estimates.metric

),

deviates as (

    select
        differences.*,
        case when reason is null then -direction * difference end as loss,
        case when reason is null then case when direction = 1 then -difference_upper else difference_lower end end as loss_lower,
        case when reason is null and difference_upper > difference_lower
            then least(2 * {{ z }} * abs(difference) / (difference_upper - difference_lower), 38e0) end as deviate
    from differences

),

p_values as (

    select
        deviates.*,
        {{ data_health.two_sided_normal_tail('deviate', '(1 / (1 + deviate / 2.8284271247461903e0))') }} as p_value
    from deviates

),

ranked_p_values as (

    select
        p_values.*,
        count(p_value) over (partition by monitor, dataset, period_start, version_key) as family_size,
        row_number() over (
            partition by monitor, dataset, period_start, version_key order by p_value nulls last, metric, subgroup, group_value nulls last
        ) as p_rank
    from p_values

),

q_values as (

    select
        ranked_p_values.*,
        case when p_value is not null then
            {{ data_health.benjamini_hochberg('p_value', 'p_rank', 'family_size', 'monitor, dataset, period_start, version_key') }}
        end as q_value
    from ranked_p_values

),

{{ data_health.hidden_groups('q_values') }}

select
    monitor,
    dataset,
    period_start,
    period_end,
    is_latest,
    model_version,
    subgroup,
    shown_group as group_value,
    metric,
    definition,
    value,
    lower as value_lower,
    upper as value_upper,
    binned_lower,
    binned_upper,
    case
        when value is null then 'insufficient_data'
        when reason = 'not judged' then null
        when reason is not null then 'insufficient_data'
        when loss_lower > alert_threshold and coalesce(q_value, 0e0) <= 0.01 then 'alert'
        when loss_lower > warn_threshold and coalesce(q_value, 0e0) <= 0.05 then 'warn'
        when loss > warn_threshold then 'insufficient_data'
        else 'ok'
    end as status,
    case
        when missing_reason is not null then missing_reason
        when reason <> 'not judged' then reason
        when loss > warn_threshold and not (loss_lower > warn_threshold and coalesce(q_value, 0e0) <= 0.05) then 'too few rows to tell'
    end as reason,
    reference,
    reference_value,
    difference,
    difference_lower,
    difference_upper,
    p_value,
    q_value,
    case when metric in ({{ data_health.text_literal(judged) }}) then warn_threshold end as warn_threshold,
    case when metric in ({{ data_health.text_literal(judged) }}) then alert_threshold end as alert_threshold,
    estimate as estimated_value,
    estimate_lower as estimated_lower,
    estimate_upper as estimated_upper,
    estimate_status,
    estimate_reason,
    estimate - reference_value as difference_by_data,
    value - estimate as difference_by_concept,
    is_mature,
    row_count,
    labelled_count,
    cast(positive_count as bigint) as positive_count,
    cast(negative_count as bigint) as negative_count,
    reference_labelled_count,
    {{ data_health.run_time() }} as built_at
from named_groups
