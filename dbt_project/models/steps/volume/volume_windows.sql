{{ config(enabled=data_health.part_is_on('volume'), materialized='ephemeral') }}
{#-
    The rows of the newest whole periods together, against as many as the periods before them have. It finds what is too little for one
    period: 12 rows a day, and then 3. Outside means outside of four intervals: of chance and of what is worth a word, around the mean of
    the periods before and around their trend. The variance of chance is that of the periods before: how much more than Poisson counts
    they vary, and how much each goes with the one before.
-#}
{%- set spreads = {'warn': '3.5e0', 'alert': '5e0'} %}
with windows as (

    select
        monitor,
        window_periods,
        max(window_periods) over (partition by monitor) as baseline_periods
    from {{ ref('monitor_settings') }}
    where part = 'windows'

),

expectations as (

    select monitor, period_start, warn_below, warn_above
    from {{ ref('volume_expectations') }}

),

periods as (

    select
        periods.monitor,
        periods.period_start,
        periods.season,
        periods.volume_warn,
        periods.volume_alert,
        cast(periods.row_count as double precision) as row_count,
        -- a period that alarms alone is not found again in every window that holds it
        not coalesce(periods.row_count < expectations.warn_below or periods.row_count > expectations.warn_above, false) as is_counted,
        row_number() over (partition by periods.monitor order by periods.period_start desc nulls last) as age
    from (select * from {{ ref('volume_periods') }}) as periods
    left join expectations
        on periods.monitor = expectations.monitor
        and periods.period_start = expectations.period_start
    where periods.period_start is not null
        and periods.period_status not in ('implausible', 'partial', 'empty')
        -- a month is compared with its like in earlier years
        and periods.seasonality <> 'month'

),

members as (

    select
        periods.*,
        windows.window_periods,
        windows.baseline_periods,
        periods.age <= windows.window_periods as is_in_window
    from periods
    inner join windows
        on periods.monitor = windows.monitor
        and periods.age <= windows.window_periods + windows.baseline_periods
    where periods.is_counted

),

season_means as (

    select monitor, window_periods, season, avg(row_count) as season_mean
    from members
    where not is_in_window
    group by monitor, window_periods, season

),

compared_members as (

    select
        members.*,
        coalesce(season_means.season_mean, avg(case when not members.is_in_window then members.row_count end) over (
            partition by members.monitor, members.window_periods
        )) as expected,
        lag(members.row_count - season_means.season_mean) over (
            partition by members.monitor, members.window_periods, members.is_in_window order by members.age nulls last
        ) as next_deviation
    from members
    left join season_means
        on members.monitor = season_means.monitor
        and members.window_periods = season_means.window_periods
        and coalesce(members.season, 0) = coalesce(season_means.season, 0)

),

sums as (

    select
        monitor,
        window_periods,
        max(baseline_periods) as baseline_periods,
        max(volume_warn) as volume_warn,
        max(volume_alert) as volume_alert,
        count(case when is_in_window then 1 end) as judged_periods,
        sum(case when is_in_window then row_count else 0 end) as row_count,
        sum(case when is_in_window then expected else 0 end) as expected,
        count(case when not is_in_window then 1 end) as baseline_count,
        sum(case when not is_in_window then row_count else 0 end) as baseline_row_count,
        avg(case when not is_in_window and age <= window_periods + baseline_periods / 2 then row_count end) as later_mean,
        avg(case when not is_in_window and age > window_periods + baseline_periods / 2 then row_count end) as earlier_mean,
        sum(case when not is_in_window and expected > 0 then power(row_count - expected, 2) / expected end)
            / nullif(count(case when not is_in_window and expected > 0 then 1 end) - count(distinct season), 0) as dispersion,
        sum(case when not is_in_window then (row_count - expected) * next_deviation end)
            / nullif(sum(case when not is_in_window then power(row_count - expected, 2) end), 0) as correlation
    from compared_members
    group by monitor, window_periods

),

-- the trend of the periods before goes on to the middle of the window
variances as (

    select
        sums.*,
        case when earlier_mean > 0 and later_mean > 0
            then expected * power(later_mean / earlier_mean, (baseline_periods + window_periods) / (1e0 * baseline_periods)) end as trend,
        power((baseline_periods + window_periods) / (0.5e0 * baseline_periods), 2) as trend_factor,
        greatest(coalesce(dispersion, 1e0), 1e0) * (1 + least(greatest(coalesce(correlation, 0e0), 0e0), 0.9e0))
            / (1 - least(greatest(coalesce(correlation, 0e0), 0e0), 0.9e0)) as inflation
    from sums
    where 2 * judged_periods >= window_periods
        and 2 * baseline_count >= baseline_periods
        and expected > 0

),

limits as (

    select
        variances.*,
        {%- for name, spread in spreads.items() %}
        {%- set chance = 'sqrt(inflation * (1 + expected / baseline_row_count))' %}
        {%- set chance_of_trend = 'sqrt(inflation * (1 + coalesce(trend, expected) / baseline_row_count * (1 + trend_factor)))' %}
        least(
            power(greatest(0e0, sqrt(expected) - {{ spread }} / 2 * {{ chance }}), 2),
            expected / (1 + volume_{{ name }}),
            power(greatest(0e0, sqrt(coalesce(trend, expected)) - {{ spread }} / 2 * {{ chance_of_trend }}), 2),
            coalesce(trend, expected) / (1 + volume_{{ name }})
        ) as {{ name }}_below,
        greatest(
            power(sqrt(expected) + {{ spread }} / 2 * {{ chance }}, 2),
            expected * (1 + volume_{{ name }}),
            power(sqrt(coalesce(trend, expected)) + {{ spread }} / 2 * {{ chance_of_trend }}, 2),
            coalesce(trend, expected) * (1 + volume_{{ name }})
        ) as {{ name }}_above{{ ',' if not loop.last }}
        {%- endfor %}
    from variances

),

judged_windows as (

    select
        limits.*,
        case
            when row_count < alert_below or row_count > alert_above then 'alert'
            when row_count < warn_below or row_count > warn_above then 'warn'
            else 'ok'
        end as status
    from limits

),

ranked_windows as (

    select
        judged_windows.*,
        row_number() over (
            partition by monitor order by case status when 'alert' then 1 when 'warn' then 2 else 3 end, window_periods
        ) as place
    from judged_windows

)

select
    monitor,
    status,
    cast(cast(row_count as bigint) as varchar) || ' rows in ' || cast(judged_periods as varchar) || ' of the newest '
        || cast(window_periods as varchar) || ' whole periods together; expected ' || cast(cast(ceil(warn_below) as bigint) as varchar)
        || ' to ' || cast(cast(floor(least(warn_above, 9e18)) as bigint) as varchar) as reason
from ranked_windows
where place = 1
