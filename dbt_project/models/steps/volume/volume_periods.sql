{{ config(enabled=data_health.part_is_on('volume'), materialized='ephemeral') }}
{#- what each monitor asks for; a monitor that is not configured any more is judged by the defaults -#}
{%- set types = {
    'monitor': 'varchar', 'seasonality': 'varchar', 'fresh_within_days': 'integer', 'volume_warn': 'double precision',
    'volume_alert': 'double precision', 'share_warn': 'double precision', 'share_alert': 'double precision'
} %}
{%- set monitors = data_health.resolved_monitors().values() | list %}
with settings as (
{% if monitors %}
    select {{ types | join(', ') }}
    from (
        values
        {%- for monitor in monitors %}
            {%- set days = (monitor.volume.fresh_within or '').split(' ')[0] %}
            ({{ data_health.text_literal([monitor.name, monitor.volume.seasonality]) }}, cast({{ days or 'null' }} as integer)
            {%- for limit in monitor.thresholds.volume + monitor.thresholds.h %}, {{ data_health.double_literal(limit) }}{% endfor %})
            {{- ',' if not loop.last }}
        {%- endfor %}
    ) as settings ({{ types | join(', ') }})
{%- else %}
    {{ data_health.rows_as_table(types) }}
{%- endif %}

),

configured_periods as (

    select distinct monitor, stored_period_key, is_latest
    from {{ ref('dataset_periods') }}
    where dataset = 'production'

),

counted_periods as (

    select
        monitored_periods.monitor,
        monitored_periods.grain,
        monitored_periods.period_start,
        monitored_periods.period_end,
        monitored_periods.status,
        monitored_periods.row_count,
        monitored_periods.current_row_count,
        monitored_periods.first_row_count,
        monitored_periods.labelled_count,
        monitored_periods.late_row_count,
        monitored_periods.newest_event,
        monitored_periods.newest_load,
        configured_periods.is_latest
    -- under --empty dbt gives a relation an alias of its own, so that a second one needs these brackets
    from (select * from {{ ref('monitored_periods') }}) as monitored_periods
    inner join configured_periods
        on monitored_periods.period_key = configured_periods.stored_period_key

),

spans as (

    select monitor, grain, min(period_start) as first_period, max(period_start) as last_period
    from counted_periods
    -- a table without a time has a period on each build date only, so none is ever missing
    where newest_event is not null
    group by monitor, grain

),

numbers as (

    select generated_number - 1 as period_number
    from ({{ dbt.generate_series(8192) }}) as generated_numbers

),

expected_periods as (

    select
        spans.monitor,
        spans.grain,
        spans.last_period,
        cast(case spans.grain
            {%- for grain in ['day', 'week', 'month', 'quarter'] %}
            when '{{ grain }}' then {{ data_health.engine_sql(
                grain ~ 's_later', 'spans.first_period', 'cast(numbers.period_number as integer)'
            ) }}
            {%- endfor %}
        end as date) as period_start
    from spans
    cross join numbers

),

missing_periods as (

    select
        expected_periods.monitor,
        expected_periods.grain,
        expected_periods.period_start
    from expected_periods
    left join counted_periods
        on expected_periods.monitor = counted_periods.monitor
        and expected_periods.period_start = counted_periods.period_start
    where expected_periods.period_start <= expected_periods.last_period
        and counted_periods.monitor is null

),

all_periods as (

    select
        monitor,
        grain,
        period_start,
        period_end,
        case when status = 'production' then 'complete' else status end as period_status,
        row_count,
        current_row_count,
        first_row_count,
        labelled_count,
        late_row_count,
        newest_event,
        newest_load,
        is_latest
    from counted_periods

    union all

    select
        monitor,
        grain,
        period_start,
        case grain
            {%- for grain in ['day', 'week', 'month', 'quarter'] %}
            when '{{ grain }}' then {{ data_health.engine_sql(grain ~ 's_later', 'period_start', '1') }}
            {%- endfor %}
        end as period_end,
        'missing' as period_status,
        0 as row_count,
        0 as current_row_count,
        0 as first_row_count,
        cast(null as bigint) as labelled_count,
        cast(null as bigint) as late_row_count,
        cast(null as timestamp) as newest_event,
        cast(null as timestamp) as newest_load,
        false as is_latest
    from missing_periods

),

judged_by as (

    select
        all_periods.*,
        coalesce(settings.seasonality, 'none') as seasonality,
        settings.fresh_within_days,
        coalesce(settings.volume_warn, 0.2e0) as volume_warn,
        coalesce(settings.volume_alert, 0.5e0) as volume_alert,
        coalesce(settings.share_warn, 0.1e0) as share_warn,
        coalesce(settings.share_alert, 0.2e0) as share_alert
    from all_periods
    left join settings
        on all_periods.monitor = settings.monitor

)

select
    monitor,
    grain,
    period_start,
    period_end,
    period_status,
    cast(row_count as bigint) as row_count,
    cast(current_row_count as bigint) as current_row_count,
    cast(first_row_count as bigint) as first_row_count,
    labelled_count,
    late_row_count,
    newest_event,
    newest_load,
    is_latest,
    seasonality,
    cast(case when seasonality = 'weekday' then extract(isodow from period_start) else 0 end as integer) as season,
    cast(extract(month from period_start) as integer) as month_number,
    fresh_within_days,
    volume_warn,
    volume_alert,
    share_warn,
    share_alert
from judged_by
