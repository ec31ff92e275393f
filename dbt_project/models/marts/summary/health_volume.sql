with configured_periods as (

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
            when '{{ grain }}' then {{ data_health.periods_later('spans.first_period', grain, 'cast(numbers.period_number as integer)') }}
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
            when '{{ grain }}' then {{ data_health.periods_later('period_start', grain) }}
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

compared_periods as (

    select
        all_periods.*,
        lag(row_count) over (partition by monitor order by period_start) as previous_row_count,
        max(newest_event) over (partition by monitor) as monitor_newest_event,
        max(newest_load) over (partition by monitor) as monitor_newest_load
    from all_periods

)

select
    monitor,
    period_start,
    period_end,
    grain,
    is_latest,
    period_status,
    cast(row_count as bigint) as row_count,
    cast(current_row_count as bigint) as current_row_count,
    case when period_start is not null then cast(previous_row_count as bigint) end as previous_row_count,
    case when period_start is not null then cast(row_count as double precision) / nullif(previous_row_count, 0) - 1 end as row_count_change,
    cast(row_count - first_row_count as bigint) as rows_added_later,
    late_row_count,
    cast(late_row_count as double precision) / nullif(row_count, 0) as late_share,
    labelled_count,
    cast(labelled_count as double precision) / nullif(row_count, 0) as labelled_share,
    newest_event,
    newest_load,
    case when is_latest then ({{ data_health.engine_sql('epoch_seconds', data_health.run_time()) }} - {{ data_health.engine_sql('epoch_seconds', 'monitor_newest_event') }}) / 3600e0 end as hours_since_newest_event,
    case when is_latest then ({{ data_health.engine_sql('epoch_seconds', data_health.run_time()) }} - {{ data_health.engine_sql('epoch_seconds', 'monitor_newest_load') }}) / 3600e0 end as hours_since_newest_load,
    {{ data_health.run_time() }} as built_at
from compared_periods
