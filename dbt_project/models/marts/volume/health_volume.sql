{{ config(enabled='volume' in data_health.parts_on()) }}
{%- set least_history, least_late_history = 8, 3 %}
{%- set warn_spreads, alert_spreads = '3.5e0', '5e0' %}
{#- an interval that is wider tells nothing; that of Poisson counts never is -#}
{%- set widest_ratio, fewest_rows = '30', 8 %}
with periods as (

    select
        monitor,
        period_key,
        grain,
        period_start,
        period_end,
        period_status,
        row_count,
        current_row_count,
        first_row_count,
        labelled_count,
        late_row_count,
        newest_event,
        newest_load,
        is_latest,
        period_status = 'implausible' as is_implausible,
        seasonality,
        season,
        fresh_within_days,
        volume_warn,
        volume_alert,
        share_warn,
        share_alert,
        case when {{ data_health.engine_sql('is_finite_time', 'newest_event') }}
            then {{ data_health.engine_sql('epoch_seconds', 'newest_event') }} / 3600e0 end as event_hour,
        case when {{ data_health.engine_sql('is_finite_time', 'newest_load') }}
            then {{ data_health.engine_sql('epoch_seconds', 'newest_load') }} / 3600e0 end as load_hour,
        {{ data_health.engine_sql('epoch_seconds', 'cast(period_end as timestamp)') }} / 3600e0 as end_hour,
        case grain when 'day' then 24e0 when 'week' then 168e0 when 'month' then 744e0 else 2208e0 end as grain_hours
    from {{ ref('volume_periods') }}

),

-- of rows that an earlier release counted nothing is known; what two builds at once counted is there twice
key_counts as (

    select period_key, max(key_null_count) as key_null_count, max(key_repeated_count) as key_repeated_count
    from {{ data_health.named_model('column_statistics', 'profile' in data_health.parts_on(), {
        'period_key': 'varchar', 'key_null_count': 'bigint', 'key_repeated_count': 'bigint'
    }) }}
    where key_null_count is not null
    group by period_key

),

expectations as (

    select
        monitor,
        period_start,
        comparable_period_count,
        expected_row_count,
        warn_below,
        warn_above,
        alert_below,
        alert_above
    from {{ ref('volume_expectations') }}

),

windows as (

    select monitor, status as window_status, reason as window_reason
    from {{ ref('volume_windows') }}

),

late_expectations as (

    select monitor, period_start, late_angle, usual_late_angle, late_spread, late_period_count
    from {{ ref('volume_late_expectations') }}

),

compared_periods as (

    select
        periods.*,
        key_counts.key_null_count,
        key_counts.key_repeated_count,
        coalesce(expectations.comparable_period_count, 0) as comparable_period_count,
        expectations.expected_row_count,
        expectations.warn_below,
        expectations.warn_above,
        expectations.alert_below,
        expectations.alert_above,
        case when periods.is_latest then windows.window_status end as window_status,
        case when periods.is_latest then windows.window_reason end as window_reason,
        late_expectations.late_angle,
        late_expectations.usual_late_angle,
        late_expectations.late_spread,
        late_expectations.late_period_count,
        lag(row_count) over (partition by periods.monitor, is_implausible order by periods.period_start nulls last) as previous_row_count,
        {%- set run_hour = '(' ~ data_health.engine_sql('epoch_seconds', data_health.run_time()) ~ ' / 3600e0)' %}
        case when is_latest then {{ run_hour }} - max(event_hour) over (partition by periods.monitor, is_implausible) end
            as hours_since_newest_event,
        case when is_latest then {{ run_hour }} - max(load_hour) over (partition by periods.monitor, is_implausible) end
            as hours_since_newest_load,
        min(case when current_row_count > 0 then periods.period_start end)
            over (partition by periods.monitor, is_implausible) as oldest_held_period,
        min(periods.period_start) over (partition by periods.monitor, is_implausible) as oldest_period,
        -- rows that the table has now, in the newest period and all before
        count(*) over (partition by periods.monitor) > 1 as has_other_rows,
        period_status = 'empty'
            or (is_latest and sum(current_row_count) over (partition by periods.monitor, is_implausible) = 0) as is_empty,
        warn_above > {{ widest_ratio }} * greatest(warn_below, 1) as is_wide,
        max(row_count) over (
            partition by periods.monitor, is_implausible
            order by periods.period_start nulls last rows between unbounded preceding and 1 preceding
        ) as most_rows_before,
        sum(case when row_count = 0 then 1 else 0 end) over earlier_ones as earlier_empty_count,
        count(*) over earlier_ones as earlier_period_count
    from periods
    left join expectations
        on periods.monitor = expectations.monitor
        and periods.period_start = expectations.period_start
    left join key_counts
        on periods.period_key = key_counts.period_key
    left join windows
        on periods.monitor = windows.monitor
    left join late_expectations
        on periods.monitor = late_expectations.monitor
        and periods.period_start = late_expectations.period_start
    window earlier_ones as (
        partition by periods.monitor, is_implausible, periods.season
        order by periods.period_start nulls last rows between {{ least_history }} preceding and 1 preceding
    )

),

newest_first as (

    select
        monitor,
        period_start,
        grain_hours,
        event_hour - lag(event_hour) over (partition by monitor order by period_start nulls last) as hours_between_events,
        end_hour - event_hour as hours_to_the_end,
        load_hour - event_hour as hours_to_load,
        row_number() over (partition by monitor order by period_start desc nulls last) as age
    from periods
    where period_start is not null
        and not is_implausible
        and row_count > 0

),

-- how often rows arrive, by the newest two dozen periods before the last
rhythms as (

    select
        monitor,
        count(hours_between_events) as gap_count,
        percentile_cont(0.9) within group (order by hours_between_events) as usual_gap,
        percentile_cont(0.9) within group (order by hours_to_the_end) as usual_end,
        percentile_cont(0.5) within group (order by hours_to_load) as usual_delay
    from newest_first
    where age between 2 and 25
    group by monitor

),

described_periods as (

    select
        compared_periods.*,
        case when is_latest then coalesce(
            24e0 * fresh_within_days,
            1.5e0 * case when gap_count >= {{ least_history }} then greatest(usual_gap, grain_hours) else grain_hours end
                + greatest(coalesce(usual_delay, 0), 0)
        ) end as fresh_within_hours,
        -- the newest period whose rows end long before it does, as those of a table that is not fed any more
        is_latest
            and newest_event is not null
            and gap_count >= {{ least_history }}
            and end_hour - event_hour > 1.5e0 * usual_end + 0.05e0 * grain_hours as ends_early,
        period_status = 'partial' and newest_event is not null as is_partial,
        earlier_empty_count > earlier_period_count / 2e0 and seasonality = 'weekday' as is_usually_empty,
        case when period_status in ('gone', 'shrunk')
            then cast(row_count as double precision) / nullif(current_row_count, 0) - 1 end as loss,
        -- a table that keeps its newest rows only loses the oldest ones first
        period_status = 'gone' and period_start < oldest_held_period
            or period_status = 'shrunk' and period_start = oldest_held_period and period_start > oldest_period as is_aged
    from compared_periods
    left join rhythms
        on compared_periods.monitor = rhythms.monitor

),

judged_periods as (

    select
        described_periods.*,
        case
            when period_start is null or is_implausible then 'insufficient_data'
            when period_status = 'empty' then 'alert'
            when row_count = 0 and is_usually_empty then 'ok'
            when row_count = 0 and comparable_period_count < {{ least_history }}
                then case when most_rows_before >= {{ fewest_rows }} then 'warn' else 'insufficient_data' end
            when comparable_period_count < {{ least_history }} then 'insufficient_data'
            when row_count > alert_above then 'alert'
            when row_count > warn_above then 'warn'
            when is_partial or ends_early then 'insufficient_data'
            -- of few expected rows none come by chance
            when row_count < alert_below and (row_count > 0 or alert_below >= 1) then 'alert'
            when row_count < warn_below and (row_count > 0 or warn_below >= 1) then 'warn'
            when is_wide then 'insufficient_data'
            else 'ok'
        end as count_status,
        case
            when period_status not in ('gone', 'shrunk') or period_start is null or is_aged then 'ok'
            when loss <= volume_alert then 'warn'
            else 'alert'
        end as loss_status,
        case
            when late_angle is null or is_implausible then null
            when late_period_count < {{ least_late_history }} then 'insufficient_data'
            {%- for status, spreads, limit in [('alert', alert_spreads, 'share_alert'), ('warn', warn_spreads, 'share_warn')] %}
            when late_angle - usual_late_angle
                > greatest({{ limit }}, {{ spreads }} * sqrt(1e0 / row_count + late_spread * late_spread)) then '{{ status }}'
            {%- endfor %}
            else 'ok'
        end as late_status,
        greatest(hours_since_newest_event, hours_since_newest_load) as hours_since_newest_row
    from described_periods

)

select
    monitor,
    period_start,
    period_end,
    grain,
    is_latest,
    period_status,
    row_count,
    current_row_count,
    case when period_start is not null then cast(previous_row_count as bigint) end as previous_row_count,
    case when period_start is not null then cast(row_count as double precision) / nullif(previous_row_count, 0) - 1 end as row_count_change,
    comparable_period_count,
    expected_row_count,
    case when expected_row_count is not null then warn_below end as expected_lower,
    warn_above as expected_upper,
    case when loss_status = 'ok' or count_status = 'alert' then count_status else loss_status end as status,
    case
        when period_start is null then 'rows without a time are not judged'
        when is_implausible and period_start > cast({{ data_health.run_time() }} as date) then 'rows of the future are not judged'
        when is_implausible then 'a few rows, years before all others, are not judged'
        when period_status = 'empty' then 'the table has no row' || case when has_other_rows then ' with a usable time' else '' end
        when loss_status <> 'ok' then 'the table lost ' || cast(row_count - current_row_count as varchar)
            || ' of ' || cast(row_count as varchar) || ' rows'
        when period_status = 'gone' and count_status = 'ok' then 'the table keeps only its newest rows; the statistics keep this period'
        when row_count = 0 and is_usually_empty then 'no row, as usual on this weekday'
        when comparable_period_count < {{ least_history }} then
            case when row_count = 0 then 'no row, between the first and the last period; ' else '' end
            || 'only ' || cast(comparable_period_count as varchar) || ' comparable periods before it; {{ least_history }} are needed'
        else case row_count when 0 then 'no row' when 1 then '1 row' else cast(row_count as varchar) || ' rows' end
            || '; expected ' || cast(cast(ceil(warn_below) as bigint) as varchar)
            || ' to ' || cast(cast(floor(least(warn_above, 9e18)) as bigint) as varchar)
            || case
                when count_status = 'insufficient_data' and is_wide then '; this range is too wide to judge'
                when count_status = 'insufficient_data' and is_partial then '; the period is not over yet'
                when count_status = 'insufficient_data' then '; the newest row is of ' || cast(cast(newest_event as date) as varchar)
                else ''
            end
    end as reason,
    window_status,
    window_reason,
    cast(row_count - first_row_count as bigint) as rows_added_later,
    late_row_count,
    cast(late_row_count as double precision) / nullif(row_count, 0) as late_share,
    power(sin(usual_late_angle / 2), 2) as usual_late_share,
    late_status,
    key_null_count,
    key_repeated_count,
    case
        when is_implausible or row_count = 0 or key_null_count is null then null
        when key_null_count + key_repeated_count >= 0.01e0 * row_count then 'alert'
        when key_null_count + key_repeated_count > 0 then 'warn'
        else 'ok'
    end as key_status,
    labelled_count,
    cast(labelled_count as double precision) / nullif(row_count, 0) as labelled_share,
    newest_event,
    newest_load,
    hours_since_newest_event,
    hours_since_newest_load,
    case when hours_since_newest_row is not null or (is_empty and fresh_within_days is not null) then fresh_within_hours
        end as fresh_within_hours,
    case
        when is_empty and fresh_within_days is not null then 'alert'
        when hours_since_newest_row > 2e0 * fresh_within_hours then 'alert'
        when hours_since_newest_row > fresh_within_hours then 'warn'
        when hours_since_newest_row is not null then 'ok'
    end as fresh_status,
    {{ data_health.run_time() }} as built_at
from judged_periods
