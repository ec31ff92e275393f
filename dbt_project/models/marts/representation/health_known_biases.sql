{{ config(enabled='representation' in data_health.parts_on() and data_health.is_configured('known_biases')) }}
{%- do data_health.begin_model() %}
{#- of an interval with this z each end is a one-sided bound of 95 % -#}
{%- set z = '1.6448536269514722e0' %}
with checks as (

    select *
    from {{ ref('known_biases_checked') }}

),

gap_entries as (

    select
        entry_number, id, monitor, subgroup, group_value, metric, threshold, reference, version, owner, opened, expiry, on_inconclusive,
        problem, dataset, span,
        count(dataset_period_key) as period_count,
        min(period_start) as period_start,
        max(period_end) as period_end
    from {{ ref('known_bias_entries') }}
    where is_gap
    group by
        entry_number, id, monitor, subgroup, group_value, metric, threshold, reference, version, owner, opened, expiry, on_inconclusive,
        problem, dataset, span

),

gaps as (

    select *
    from {{ ref('known_bias_gaps') }}

),

-- 1. Wilson's interval of a share, over a number that is known; by the logarithm where it is a share of a sample itself
middles as (

    select
        checks.*,
        case when share = 0e0 then 0.5e0 else 0e0 end as added,
        {{ data_health.wilson('centre', 'share', 'share_count', z) }} as centre,
        {{ data_health.wilson('margin', 'share', 'share_count', z) }} as half_width
    from checks
    where gap_in_data is null
        and metric <> 'row_count'
        and share_count > 0e0

),

errors as (

    select
        middles.*,
        case when other_count is not null then
            {{ data_health.log_ratio_error(
                'share * share_count + added', 'share_count + added', 'other_share * other_count', 'other_count'
            ) }}
        end as log_error
    from middles

),

intervals as (

    select
        entry_number,
        reference,
        span,
        share / other_share as value,
        case when share = 0e0 then 0e0 when log_error is null then greatest(centre - half_width, 0e0) / other_share
            else share / other_share * exp(-{{ z }} * log_error) end as value_lower,
        case when log_error is null then least(centre + half_width, 1e0) / other_share
            else (share * share_count + added) / (share_count + added) / other_share * exp({{ z }} * log_error) end as value_upper
    from errors

    union all

    select
        entry_number,
        reference,
        span,
        cast(group_row_count as double precision) as value,
        cast(group_row_count as double precision) as value_lower,
        cast(group_row_count as double precision) as value_upper
    from checks
    where gap_in_data is null
        and metric = 'row_count'

),

-- 2. Values of a group, and gaps between it and the others: per version
measured as (

    select
        checks.entry_number, checks.id, checks.monitor, checks.subgroup, checks.group_value, checks.metric, checks.threshold,
        checks.is_upper_limit, checks.reference, cast(null as varchar) as model_version, checks.owner, checks.opened, checks.expiry,
        checks.on_inconclusive, checks.is_wrong, checks.span, checks.period_count, checks.period_start, checks.period_end,
        checks.base_row_count, checks.group_row_count, checks.share_count,
        case when checks.gap_in_data is null and intervals.value is null then 'too few rows' else checks.gap_in_data end as gap_in_data,
        intervals.value, intervals.value_lower, intervals.value_upper
    from checks
    left join intervals
        on checks.entry_number = intervals.entry_number
        and checks.reference = intervals.reference
        and checks.span = intervals.span

    union all

    select
        gap_entries.entry_number, gap_entries.id, gap_entries.monitor, gap_entries.subgroup, gap_entries.group_value, gap_entries.metric,
        gap_entries.threshold, true as is_upper_limit, coalesce(gap_entries.dataset, gap_entries.reference, '(none)') as reference,
        coalesce(gaps.model_version, gap_entries.version) as model_version, gap_entries.owner, gap_entries.opened, gap_entries.expiry,
        gap_entries.on_inconclusive, gap_entries.problem is not null or gap_entries.dataset is null as is_wrong, gap_entries.span,
        gap_entries.period_count, gap_entries.period_start, gap_entries.period_end,
        gaps.base_row_count, gaps.group_row_count, gaps.share_count,
        case when gap_entries.problem is not null then gap_entries.problem when gap_entries.dataset is null then 'no reference of this name'
            when gaps.entry_number is null then 'no row has a prediction' else gaps.gap_in_data end as gap_in_data,
        gaps.value, gaps.value_lower, gaps.value_upper
    from gap_entries
    left join gaps
        on gap_entries.entry_number = gaps.entry_number
        and gap_entries.dataset = gaps.dataset
        and gap_entries.span = gaps.span

),

-- 3. Where the bounds lie. Rows that would decide: so many that the value is as far from the threshold as two such bounds, which decides in
--    95 of 100 samples where the value is the true one.
judged_checks as (

    select
        measured.*,
        coalesce(expiry < cast('{{ run_started_at.strftime('%Y-%m-%d') }}' as date), false) as is_expired,
        case
            when gap_in_data is not null and is_wrong then 'inconclusive'
            when gap_in_data is not null then 'insufficient_data'
            when is_upper_limit and value_upper <= threshold then 'pass'
            when is_upper_limit and value_lower > threshold then 'fail'
            when not is_upper_limit and value_lower >= threshold then 'pass'
            when not is_upper_limit and value_upper < threshold then 'fail'
            else 'inconclusive'
        end as status,
        case when value <> threshold then
            2 * (case when value > threshold then value - value_lower else value_upper - value end) / abs(value - threshold)
        end as widths_needed
    from measured

),

-- the newest period decides where it can, and else up to twelve periods together
ranked_checks as (

    select
        judged_checks.*,
        case when status = 'inconclusive' and gap_in_data is null and widths_needed < 1e4
            then cast(ceil(share_count * power(widths_needed, 2)) as bigint) end as rows_to_decide,
        row_number() over (
            partition by entry_number, reference, model_version
            order by
                case when status in ('pass', 'fail') then span when value is not null then 100 - span else 200 + span end
        ) as span_rank
    from judged_checks

)

select
    monitor,
    reference,
    id,
    subgroup,
    group_value,
    metric,
    model_version,
    threshold,
    is_upper_limit,
    period_start,
    period_end,
    cast(period_count as bigint) as period_count,
    cast(base_row_count as bigint) as base_row_count,
    cast(group_row_count as bigint) as row_count,
    value,
    value_lower,
    value_upper,
    status,
    case when gap_in_data is not null then gap_in_data when status = 'inconclusive' then 'too few rows to tell' end as reason,
    rows_to_decide,
    on_inconclusive,
    status = 'fail' or is_wrong or (status <> 'pass' and on_inconclusive <> 'warn') as is_blocking,
    coalesce(subgroup, '(none)') || ' = ' || group_value || ': ' || coalesce(metric, '(none)')
        || case when model_version is not null then ' of version ' || model_version else '' end
        || case
            when value is not null then ' ' || {{ data_health.engine_sql('short_number', 'value') }} || ' ['
                || {{ data_health.engine_sql('short_number', 'value_lower') }} || ', '
                || {{ data_health.engine_sql('short_number', 'value_upper') }} || '], '
                || case when is_upper_limit then 'must be at most ' else 'must be at least ' end
                || {{ data_health.engine_sql('short_number', 'threshold') }}
                || ', ' || group_row_count || ' of ' || base_row_count || ' rows'
                || case when period_count > 1 then ' of ' || period_count || ' periods' else '' end
            else ''
        end
        || case
            when gap_in_data is not null then ': ' || gap_in_data
            when status = 'inconclusive' then ': too few rows to tell'
                || coalesce(', some ' || rows_to_decide || ' that count instead of ' || cast(round(share_count) as bigint)
                    || ' would decide', '')
            else ''
        end
        || case when is_expired then '; the entry expired on ' || cast(expiry as varchar) else '' end as evidence,
    owner,
    opened,
    expiry,
    is_expired,
    entry_number,
    {{ data_health.run_time() }} as built_at
from ranked_checks
where span_rank = 1
