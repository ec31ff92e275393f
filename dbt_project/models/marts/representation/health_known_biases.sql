{{ config(enabled='representation' in data_health.parts_on() and data_health.is_configured('known_biases')) }}
{%- do data_health.begin_model() %}
{%- set z = '1.959963984540054e0' %}
with checks as (

    select
        entry_number,
        id,
        monitor,
        subgroup,
        group_value,
        metric,
        threshold,
        is_upper_limit,
        reference,
        owner,
        opened,
        expiry,
        period_start,
        period_end,
        base_row_count,
        group_row_count,
        share,
        share_count,
        other_share,
        other_count,
        gap_in_data
    from {{ ref('known_biases_checked') }}

),

-- Wilson's interval of a share, over a number that is known; by the logarithm where it is a share of a sample itself
middles as (

    select
        checks.*,
        case when share = 0e0 then 0.5e0 else 0e0 end as added,
        {{ data_health.wilson('centre', 'share', 'share_count') }} as centre,
        {{ data_health.wilson('margin', 'share', 'share_count') }} as half_width
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
        cast(group_row_count as double precision) as value,
        cast(group_row_count as double precision) as value_lower,
        cast(group_row_count as double precision) as value_upper
    from checks
    where gap_in_data is null
        and metric = 'row_count'

),

judged_checks as (

    select
        checks.*,
        intervals.value,
        intervals.value_lower,
        intervals.value_upper,
        coalesce(checks.expiry < cast('{{ run_started_at.strftime('%Y-%m-%d') }}' as date), false) as is_expired,
        case
            when checks.gap_in_data is not null or intervals.value is null then 'inconclusive'
            when checks.is_upper_limit and intervals.value <= checks.threshold then 'pass'
            when checks.is_upper_limit and intervals.value_lower > checks.threshold then 'fail'
            when not checks.is_upper_limit and intervals.value >= checks.threshold then 'pass'
            when not checks.is_upper_limit and intervals.value_upper < checks.threshold then 'fail'
            else 'inconclusive'
        end as status
    from checks
    left join intervals
        on checks.entry_number = intervals.entry_number
        and checks.reference = intervals.reference

)

select
    monitor,
    reference,
    id,
    subgroup,
    group_value,
    metric,
    threshold,
    is_upper_limit,
    period_start,
    period_end,
    base_row_count,
    group_row_count as row_count,
    value,
    value_lower,
    value_upper,
    status,
    case
        when gap_in_data is not null then gap_in_data
        when value is null then 'too few rows'
        when status = 'inconclusive' then 'too few rows to tell'
    end as reason,
    coalesce(subgroup, '(none)') || ' = ' || group_value || ': ' || coalesce(metric, '(none)')
        || case
            when value is not null then ' ' || {{ data_health.engine_sql('short_number', 'value') }} || ' ['
                || {{ data_health.engine_sql('short_number', 'value_lower') }} || ', '
                || {{ data_health.engine_sql('short_number', 'value_upper') }} || '], '
                || case when is_upper_limit then 'must be at most ' else 'must be at least ' end
                || {{ data_health.engine_sql('short_number', 'threshold') }}
                || ', ' || group_row_count || ' of ' || base_row_count || ' rows'
            else ''
        end
        || case
            when gap_in_data is not null then ': ' || gap_in_data
            when value is null then ': too few rows'
            when status = 'inconclusive' then ': too few rows to tell'
            else ''
        end
        || case when is_expired then '; the entry expired on ' || cast(expiry as varchar) else '' end as evidence,
    owner,
    opened,
    expiry,
    is_expired,
    entry_number,
    {{ data_health.run_time() }} as built_at
from judged_checks
