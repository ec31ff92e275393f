{{ config(enabled='volume' in data_health.parts_on(), materialized='ephemeral') }}
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
            {%- set limits = monitor.thresholds.volume + monitor.thresholds.cohens_h %}
            {%- for limit in limits %}, {{ data_health.double_literal(limit) }}{% endfor %})
            {{- ',' if not loop.last }}
        {%- endfor %}
    ) as settings ({{ types | join(', ') }})
{%- else %}
    {{ data_health.rows_as_table(types) }}
{%- endif %}

),

-- of monitors that were built already
production_datasets as (

    select configured_datasets.monitor, configured_datasets.grain
    from (select * from {{ ref('configured_datasets') }}) as configured_datasets
    inner join (select * from {{ ref('health_monitors') }}) as built_monitors
        on configured_datasets.monitor = built_monitors.monitor
    where configured_datasets.dataset = 'production'
        and built_monitors.subject = 'monitor'

),

judged_periods as (

    select distinct monitor, stored_period_key, is_latest
    from {{ ref('dataset_periods') }}
    where dataset = 'production'

),

counted_periods as (

    select
        monitored_periods.monitor,
        monitored_periods.period_key,
        monitored_periods.grain,
        monitored_periods.period_start,
        monitored_periods.period_end,
        -- what is in the table and in no period of the monitor has an odd time
        case
            when judged_periods.monitor is null then 'implausible'
            when monitored_periods.status = 'production' then 'complete'
            else monitored_periods.status
        end as period_status,
        monitored_periods.row_count,
        monitored_periods.current_row_count,
        monitored_periods.first_row_count,
        monitored_periods.labelled_count,
        monitored_periods.late_row_count,
        monitored_periods.newest_event,
        monitored_periods.newest_load,
        coalesce(judged_periods.is_latest, false) as is_latest
    -- under --empty dbt gives a relation an alias of its own, so that a second one needs these brackets
    from (select * from {{ ref('monitored_periods') }}) as monitored_periods
    inner join production_datasets
        on monitored_periods.monitor = production_datasets.monitor
        and monitored_periods.grain = production_datasets.grain
    left join judged_periods
        on monitored_periods.period_key = judged_periods.stored_period_key
    where monitored_periods.dataset = 'production'
        and monitored_periods.row_count > 0

),

judged_tables as (

    select distinct monitor
    from counted_periods
    where period_start is not null
        and period_status <> 'implausible'

),

-- gaps are between neighbouring periods that hold data; a table without a time has a period on each build date only, so none is missing
neighbouring_periods as (

    select
        monitor,
        grain,
        period_start,
        lead(period_start) over (partition by monitor order by period_start nulls last) as next_period
    from counted_periods
    where newest_event is not null
        and period_start is not null
        and period_status <> 'implausible'

),

period_numbers as (

    select cast(generated_number as integer) as period_number
    from ({{ dbt.generate_series(8192) }}) as generated_numbers

),

following_periods as (

    select
        neighbouring_periods.monitor,
        neighbouring_periods.grain,
        neighbouring_periods.next_period,
        cast(case neighbouring_periods.grain
            {%- for grain in ['day', 'week', 'month', 'quarter'] %}
            when '{{ grain }}' then {{ data_health.engine_sql(
                grain ~ 's_later', 'neighbouring_periods.period_start', 'period_numbers.period_number'
            ) }}
            {%- endfor %}
        end as date) as period_start
    from neighbouring_periods
    -- of the shortest grain, so many at most
    inner join period_numbers
        on period_numbers.period_number < {{ dbt.datediff(
            'neighbouring_periods.period_start', 'neighbouring_periods.next_period', 'day') }}

),

missing_periods as (

    select monitor, grain, period_start, 'missing' as period_status
    from following_periods
    where period_start < next_period

    union all

    -- a table that was looked at and has no row with a usable time
    select
        production_datasets.monitor,
        production_datasets.grain,
        case production_datasets.grain
            {%- for grain in ['day', 'week', 'month', 'quarter'] %}
            when '{{ grain }}' then {{ data_health.engine_sql('period_start_' ~ grain, data_health.run_time()) }}
            {%- endfor %}
        end as period_start,
        'empty' as period_status
    from production_datasets
    left join judged_tables
        on production_datasets.monitor = judged_tables.monitor
    where judged_tables.monitor is null

),

all_periods as (

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
        is_latest
    from counted_periods

    union all

    select
        monitor,
        cast(null as varchar) as period_key,
        grain,
        period_start,
        case grain
            {%- for grain in ['day', 'week', 'month', 'quarter'] %}
            when '{{ grain }}' then {{ data_health.engine_sql(grain ~ 's_later', 'period_start', '1') }}
            {%- endfor %}
        end as period_end,
        period_status,
        0 as row_count,
        0 as current_row_count,
        0 as first_row_count,
        cast(null as bigint) as labelled_count,
        cast(null as bigint) as late_row_count,
        cast(null as timestamp) as newest_event,
        cast(null as timestamp) as newest_load,
        period_status = 'empty' as is_latest
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
    period_key,
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
