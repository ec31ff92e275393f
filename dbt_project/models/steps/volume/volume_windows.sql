{{ config(enabled='volume' in data_health.parts_on(), materialized='ephemeral') }}
{#-
    The rows of the newest whole days together, against as many as the days before them have. It finds what is too little for one day: 12
    rows, and then 3. Outside means outside of chance and of what is worth a word, around the mean of the days before and around their
    trend.
#}
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
        cast(extract(isodow from periods.period_start) as integer) as weekday,
        periods.volume_warn,
        periods.volume_alert,
        cast(periods.row_count as double precision) as row_count,
        -- a period with a finding of its own is not found again in every window that holds it
        not coalesce(periods.row_count < expectations.warn_below or periods.row_count > expectations.warn_above, false) as is_counted,
        row_number() over (partition by periods.monitor order by periods.period_start desc nulls last) as age
    from (select * from {{ ref('volume_periods') }}) as periods
    left join expectations
        on periods.monitor = expectations.monitor
        and periods.period_start = expectations.period_start
    where periods.period_start is not null
        and periods.period_status not in ('implausible', 'partial', 'empty')
        -- windows of weeks and months are as long as seasons
        and periods.grain = 'day'

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

weekday_means as (

    select monitor, window_periods, weekday, avg(row_count) as weekday_mean
    from members
    where not is_in_window
    group by monitor, window_periods, weekday

),

compared_members as (

    select
        members.*,
        coalesce(weekday_means.weekday_mean, avg(case when not members.is_in_window then members.row_count end) over (
            partition by members.monitor, members.window_periods
        )) as expected
    from members
    left join weekday_means
        on members.monitor = weekday_means.monitor
        and members.window_periods = weekday_means.window_periods
        and members.weekday = weekday_means.weekday

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
        avg(case when not is_in_window and age > window_periods + baseline_periods / 2 then row_count end) as earlier_mean
    from compared_members
    group by monitor, window_periods

),

-- How the periods before vary: each day against the same weekday a week earlier, so that neither a week nor a trend counts as chance.
changes_in_a_week as (

    select
        later.monitor,
        later.window_periods,
        later.age,
        later.row_count + earlier.row_count as both_count,
        later.row_count - earlier.row_count - avg(later.row_count - earlier.row_count) over (
            partition by later.monitor, later.window_periods
        ) as change
    from members as later
    inner join members as earlier
        on later.monitor = earlier.monitor
        and later.window_periods = earlier.window_periods
        and later.age + 7 = earlier.age
    where not later.is_in_window

),

neighbouring_changes as (

    select
        changes_in_a_week.*,
        lag(change) over (partition by monitor, window_periods order by age) as next_change
    from changes_in_a_week

),

dispersions as (

    select
        monitor,
        window_periods,
        greatest(sum(power(change, 2)) / nullif(sum(both_count), 0) * count(*) / nullif(count(*) - 1, 0), 1e0) as dispersion,
        least(greatest(coalesce(sum(change * next_change) / nullif(sum(power(change, 2)), 0), 0e0), 0e0), 0.9e0) as correlation
    from neighbouring_changes
    group by monitor, window_periods

),

variances as (

    select
        sums.*,
        dispersions.dispersion * (1 + dispersions.correlation) / (1 - dispersions.correlation) as inflation
    from sums
    inner join dispersions
        on sums.monitor = dispersions.monitor
        and sums.window_periods = dispersions.window_periods
    where 2 * sums.judged_periods >= sums.window_periods
        and 2 * sums.baseline_count >= sums.baseline_periods
        and sums.expected > 0

),

-- a trend of the periods before that is more than chance goes on to the middle of the window
trends as (

    select
        variances.*,
        coalesce(
            abs(ln(nullif(later_mean, 0) / nullif(earlier_mean, 0))) > 1.2e0 * sqrt(4 * inflation / nullif(baseline_row_count, 0)), false
        ) as has_trend
    from variances

),

expectations_of_trends as (

    select
        trends.*,
        case when has_trend
            then expected * power(later_mean / earlier_mean, (baseline_periods + window_periods) / (1e0 * baseline_periods))
            else expected end as trend,
        case when has_trend then power((baseline_periods + window_periods) / (0.5e0 * baseline_periods), 2) else 0e0 end as trend_factor
    from trends

),

limits as (

    select
        expectations_of_trends.*,
        {%- for name, spread in spreads.items() %}
        {%- set chance = 'sqrt(inflation * (1 + expected / baseline_row_count))' %}
        {%- set chance_of_trend = 'sqrt(inflation * (1 + trend / baseline_row_count * (1 + trend_factor)))' %}
        least(
            power(greatest(0e0, sqrt(expected) - {{ spread }} / 2 * {{ chance }}), 2),
            expected / (1 + volume_{{ name }}),
            power(greatest(0e0, sqrt(trend) - {{ spread }} / 2 * {{ chance_of_trend }}), 2),
            trend / (1 + volume_{{ name }})
        ) as {{ name }}_below,
        greatest(
            power(sqrt(expected) + {{ spread }} / 2 * {{ chance }}, 2),
            expected * (1 + volume_{{ name }}),
            power(sqrt(trend) + {{ spread }} / 2 * {{ chance_of_trend }}, 2),
            trend * (1 + volume_{{ name }})
        ) as {{ name }}_above{{ ',' if not loop.last }}
        {%- endfor %}
    from expectations_of_trends

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
        ) as rank
    from judged_windows

)

select
    monitor,
    status,
    cast(cast(row_count as bigint) as varchar) || ' rows in ' || cast(judged_periods as varchar) || ' of the newest '
        || cast(window_periods as varchar) || ' whole days together; expected ' || cast(cast(ceil(warn_below) as bigint) as varchar)
        || ' to ' || cast(cast(floor(least(warn_above, 9e18)) as bigint) as varchar) as reason
from ranked_windows
where rank = 1
