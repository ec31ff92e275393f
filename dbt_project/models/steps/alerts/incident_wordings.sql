{{ config(materialized='ephemeral') }}
with leads as (

    select
        incident_id,
        monitor,
        finding,
        column_name,
        is_value_shown,
        segment_column,
        case reference when '(previous period)' then 'the period before' else reference end as reference,
        metric,
        evidence,
        last_period,
        kind,
        missing_share,
        mean,
        standard_deviation,
        missing_share_before,
        mean_before,
        standard_deviation_before
    from {{ ref('incident_leads') }}

),

categories as (

    select monitor, column_name, reference, period_start, category, share_before, share, recoded_count, recoded_from, recoded_to
    from {{ ref('category_changes') }}

),

-- 1. The numbers as text, what is now and what was before.
numbers as (

    select
        leads.*,
        categories.share,
        categories.recoded_count,
        case when leads.is_value_shown then categories.category else 'one value' end as category,
        case when leads.is_value_shown then categories.recoded_from || ' is gone, and ' || categories.recoded_to || ' came with its share'
            else 'one value is gone, and another came with its share' end as recoding,
        {{ data_health.engine_sql('percentage', 'leads.missing_share') }} as missing_now,
        {{ data_health.engine_sql('percentage', 'leads.missing_share_before') }} as missing_then,
        {{ data_health.engine_sql('percentage', 'categories.share') }} as share_now,
        {{ data_health.engine_sql('percentage', 'categories.share_before') }} as share_then,
        {{ data_health.engine_sql('readable_number', 'leads.mean') }} as mean_now,
        {{ data_health.engine_sql('readable_number', 'leads.mean_before') }} as mean_then,
        {{ data_health.engine_sql('readable_number', 'leads.standard_deviation') }} as spread_now,
        {{ data_health.engine_sql('readable_number', 'leads.standard_deviation_before') }} as spread_then,
        -- quotients of extreme numbers are no doubles
        case when leads.mean between 1e-100 and 1e100 and leads.mean_before between 1e-100 and 1e100
            then case when leads.mean / leads.mean_before between 1e-3 and 1e3
                then cast(cast(abs(100 * leads.mean / leads.mean_before - 100) as decimal(18, 0)) as varchar)
                    || case when leads.mean > leads.mean_before then ' % higher' else ' % lower' end
            end
        end as mean_change,
        case when abs(leads.mean) < 1e100 and abs(leads.mean_before) < 1e100 and leads.standard_deviation_before between 1e-100 and 1e100
            then abs(leads.mean - leads.mean_before) / leads.standard_deviation_before
            when leads.mean <> leads.mean_before then 1
        end as mean_shift,
        case when leads.standard_deviation between 1e-100 and 1e100 and leads.standard_deviation_before between 1e-100 and 1e100
            then abs(leads.standard_deviation / leads.standard_deviation_before - 1)
        end as spread_shift
    from leads
    left join categories
        on leads.finding = 'drift'
        and leads.segment_column = '(all)'
        and leads.monitor = categories.monitor
        and leads.column_name = categories.column_name
        and leads.reference = case categories.reference when '(previous period)' then 'the period before' else categories.reference end
        and leads.last_period = categories.period_start

),

-- 2. What changed: the first of these that is so.
changes as (

    select
        numbers.*,
        case
            when finding not in ('drift', 'window_drift', 'coverage') or kind is null then 'other'
            when abs(missing_share - missing_share_before) >= 0.1 or metric like 'null%' then 'missing values'
            when recoded_count > 0 then 'recoding'
            when kind in ('numeric', 'boolean') and standard_deviation_before = 0 and standard_deviation > 0 then 'constant before'
            when kind = 'numeric' and mean_shift >= 0.1 then 'mean'
            when kind = 'numeric' and spread_shift >= 0.1 then 'spread'
            when share is not null then 'category'
            else 'other'
        end as change
    from numbers

)

select
    incident_id,
    change,
    coalesce(case change
        when 'missing values' then
            column_name || ' is missing in ' || missing_now || ' of the rows (' || missing_then || ' in ' || reference || ')'
        when 'recoding' then
            column_name || ' seems to be written differently: ' || recoding
                || case when recoded_count > 1 then '; the same holds for ' || cast(recoded_count - 1 as varchar) || ' more' else '' end
        when 'constant before' then column_name || ' varies; in ' || reference || ' it was always ' || mean_then
        when 'mean' then
            'the mean of ' || column_name || ' is ' || mean_now || coalesce(', ' || mean_change, '')
                || ' (' || mean_then || ' in ' || reference || ')'
        when 'spread' then
            column_name || ' has another spread: its standard deviation is ' || spread_now
                || ' (' || spread_then || ' in ' || reference || ')'
        when 'category' then
            'the share of ' || category || ' in ' || column_name || ' is ' || share_now || ' (' || share_then || ' in ' || reference || ')'
    end, coalesce(column_name || ': ', '') || evidence) as change_in_words
from changes
