{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='period_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('health_monitors') }}

{%- do data_health.begin_model(adds_to_this=true) %}
{%- set datasets = data_health.datasets_of_this_run() %}
{%- set tomorrow = (run_started_at + modules.datetime.timedelta(days=1)).strftime('%Y-%m-%d') %}
{%- set rebuilt, is_inside = data_health.rebuild_span() if execute else none, [] %}
{%- if rebuilt is string %}{% do exceptions.raise_compiler_error(rebuilt) %}{% endif %}
{%- if rebuilt and rebuilt['from'] %}{% do is_inside.append("period_end > cast('" ~ rebuilt['from'] ~ "' as date)") %}{% endif %}
{%- if rebuilt and rebuilt.to %}{% do is_inside.append("period_start < cast('" ~ rebuilt.to ~ "' as date)") %}{% endif %}
{%- set counting_starts = data_health.counting_starts(this, datasets) if execute else {} %}
{%- set previous_columns = {
    'period_key': 'varchar', 'monitor': 'varchar', 'dataset': 'varchar', 'grain': 'varchar', 'period_start': 'date',
    'period_end': 'date', 'status': 'varchar', 'row_count': 'bigint', 'current_row_count': 'bigint',
    'labelled_count': 'bigint', 'late_row_count': 'bigint', 'newest_event': 'timestamp', 'newest_load': 'timestamp',
    'high_water_mark': 'timestamp', 'first_row_count': 'bigint', 'first_counted_at': 'timestamp', 'recounted_at': 'timestamp',
    'changed_at': 'timestamp', 'fingerprint': 'varchar'
} %}

{% set new_rows %}
with counted as (
{% for dataset in datasets %}
{%- set monitor, reference, counted_from = dataset.monitor, dataset.reference, counting_starts.get(dataset.monitor.name) -%}
{%- set date_ranges = [{'from': counted_from, 'to': none}, {'from': none, 'to': none}] if counted_from else none -%}
{%- set with_labels = monitor.label is not none and not dataset.is_other_table -%}
{%- set label = data_health.quoted('data_health_label' if monitor.label.relation else monitor.label.column) if with_labels else none -%}
{#- the high-water mark is the newest load, or else event, in UTC where it knows its zone; later rows are left to the next run -#}
{%- set marking = 'loaded_at' if dataset.loaded_at else 'time' -%}
{%- set marking_time = '(' ~ dataset[marking] ~ " at time zone 'UTC')" if dataset[marking ~ '_has_zone'] else dataset[marking] %}
    select
        {{ data_health.text_literal(monitor.name) }} as monitor,
        {{ data_health.text_literal(dataset.name) }} as dataset,
        {{ data_health.text_literal(data_health.monitor_fingerprint(monitor, reference)) }} as fingerprint,
        {{ data_health.text_literal(monitor.grain if dataset.time or dataset.name != 'production' else 'day') }} as grain,
        {{ data_health.text_literal(monitor.on_missing_period) }} as on_missing_period,
        {{ data_health.row_period(dataset, has_timeless_rows=true) }} as period_start,
        cast({{ "'" ~ reference.to[:10] ~ "'" if reference and reference.kind == 'window' else 'null' }} as date) as window_end,
        count(*) as row_count,
        {{ 'count(monitored_rows.' ~ label ~ ')' if label else 'cast(null as bigint)' }} as labelled_count,
        {{ 'sum(case when ' ~ dataset.local_loaded_at ~ ' > '
                ~ dbt.dateadd('day', monitor.late_after_days, dataset.local_time) ~ ' then 1 else 0 end)'
            if dataset.loaded_at and dataset.time else 'cast(null as bigint)' }} as late_row_count,
        {{ 'max(cast(' ~ dataset.local_time ~ ' as timestamp))' if dataset.time else 'cast(null as timestamp)' }} as newest_event,
        {{ 'max(cast(' ~ dataset.local_loaded_at ~ ' as timestamp))' if dataset.loaded_at else 'cast(null as timestamp)' }} as newest_load,
        {{ 'max(cast(' ~ marking_time ~ ' as timestamp))' if dataset.loaded_at or dataset.time else 'cast(null as timestamp)' }}
            as high_water_mark
    from {{ data_health.scanned_rows(dataset, date_ranges, with_labels=with_labels and monitor.label.relation is not none) }}
    group by 6
    {{ 'union all' if not loop.last }}
{%- else %}
    {{ data_health.rows_as_table({
        'monitor': 'varchar', 'dataset': 'varchar', 'fingerprint': 'varchar', 'grain': 'varchar',
        'on_missing_period': 'varchar', 'period_start': 'date', 'window_end': 'date', 'row_count': 'bigint',
        'labelled_count': 'bigint', 'late_row_count': 'bigint', 'newest_event': 'timestamp', 'newest_load': 'timestamp',
        'high_water_mark': 'timestamp'
    }) }}
{%- endfor %}
),

counted_periods as (

    select
        monitor || '|' || dataset || '|' || grain || ' ' || coalesce(cast(period_start as varchar), 'none') as period_key,
        monitor,
        dataset,
        grain,
        period_start,
        coalesce(
            window_end,
            case grain
            {%- for grain in ['day', 'week', 'month', 'quarter'] %}
                when '{{ grain }}' then {{ data_health.engine_sql(grain ~ 's_later', 'period_start', '1') }}
            {%- endfor %}
            end
        ) as period_end,
        on_missing_period,
        fingerprint,
        row_count,
        labelled_count,
        late_row_count,
        newest_event,
        newest_load,
        high_water_mark,
        max(case when period_start <= cast('{{ tomorrow }}' as date) then period_start end) over (partition by monitor, dataset)
            as newest_period
    from counted
    where row_count > 0

),

current_periods as (

    select
        counted_periods.*,
        -- rows without a period belong to these days only when both sides are left out
        {% if not rebuilt -%} false
        {%- elif not (rebuilt['from'] or rebuilt.to) -%} true
        {%- else -%} coalesce({{ is_inside | join(' and ') }}, false)
        {%- endif %} as is_rebuilt
    from counted_periods

),

stored_periods as (
{{ data_health.past_rows(previous_columns) }}

),

-- where two builds at once wrote the same period, the newer row counts and both are written again
numbered_periods as (

    select
        stored_periods.*,
        row_number() over (partition by period_key order by changed_at desc nulls last) as version_number,
        count(*) over (partition by period_key) > 1 as is_doubled
    from stored_periods

),

previous_periods as (

    select
        {{ previous_columns | join(',\n        ') }},
        is_doubled
    from numbered_periods
    where version_number = 1

),

compared_periods as (

    select
        current_periods.*,
        previous_periods.row_count as previous_row_count,
        previous_periods.first_row_count as previous_first_row_count,
        previous_periods.first_counted_at as previous_first_counted_at,
        previous_periods.newest_load as previous_newest_load,
        previous_periods.labelled_count as previous_labelled_count,
        previous_periods.late_row_count as previous_late_row_count,
        previous_periods.recounted_at as previous_recounted_at,
        case
            when current_periods.dataset <> 'production' then 'reference'
            when current_periods.period_start = current_periods.newest_period
                and current_periods.period_end > cast('{{ run_started_at.strftime('%Y-%m-%d') }}' as date) then 'partial'
            when current_periods.row_count < previous_periods.row_count
                and current_periods.fingerprint = previous_periods.fingerprint
                and current_periods.on_missing_period = 'keep'
                and not current_periods.is_rebuilt then 'shrunk'
            else 'production'
        end as status
    from current_periods
    left join previous_periods
        on current_periods.period_key = previous_periods.period_key

),

present_periods as (

    select
        period_key,
        monitor,
        dataset,
        grain,
        period_start,
        period_end,
        status,
        case when status = 'shrunk' then previous_row_count else row_count end as row_count,
        row_count as current_row_count,
        case when status = 'shrunk' then previous_labelled_count else labelled_count end as labelled_count,
        case when status = 'shrunk' then previous_late_row_count else late_row_count end as late_row_count,
        newest_event,
        case when status = 'shrunk' then previous_newest_load else newest_load end as newest_load,
        high_water_mark,
        coalesce(previous_first_row_count, row_count) as first_row_count,
        coalesce(previous_first_counted_at, {{ data_health.run_time() }}) as first_counted_at,
        case when is_rebuilt then {{ data_health.run_time() }} else previous_recounted_at end as recounted_at,
        fingerprint
    from compared_periods

),

-- periods can vanish where rows have a time, from the first period on that is counted again
counting_scope as (
{% for dataset in datasets if dataset.name == 'production' and dataset.time %}
    select
        {{ data_health.text_literal(dataset.monitor.name) }} as monitor,
        '{{ dataset.monitor.grain }}' as grain,
        '{{ dataset.monitor.on_missing_period }}' as on_missing_period,
        cast('{{ counting_starts.get(dataset.monitor.name) or '0001-01-01' }}' as date) as counted_from
    {{ 'union all' if not loop.last }}
{%- else %}
    {{ data_health.rows_as_table({'monitor': 'varchar', 'grain': 'varchar', 'on_missing_period': 'varchar', 'counted_from': 'date'}) }}
{%- endfor %}

),

gone_periods as (

    select
        previous_periods.period_key,
        previous_periods.monitor,
        previous_periods.dataset,
        previous_periods.grain,
        previous_periods.period_start,
        previous_periods.period_end,
        'gone' as status,
        case when counting_scope.on_missing_period = 'keep' then previous_periods.row_count else 0 end as row_count,
        cast(0 as bigint) as current_row_count,
        previous_periods.labelled_count,
        previous_periods.late_row_count,
        previous_periods.newest_event,
        previous_periods.newest_load,
        previous_periods.high_water_mark,
        previous_periods.first_row_count,
        previous_periods.first_counted_at,
        previous_periods.recounted_at,
        previous_periods.fingerprint
    from previous_periods
    inner join counting_scope
        on previous_periods.monitor = counting_scope.monitor
        and previous_periods.dataset = 'production'
        and previous_periods.grain = counting_scope.grain
        and coalesce(previous_periods.period_start, counting_scope.counted_from) >= counting_scope.counted_from
    left join current_periods
        on previous_periods.period_key = current_periods.period_key
    where current_periods.period_key is null

),

all_periods as (

    select * from present_periods
    union all
    select * from gone_periods

)

select
    all_periods.period_key,
    all_periods.monitor,
    all_periods.dataset,
    all_periods.grain,
    all_periods.period_start,
    all_periods.period_end,
    all_periods.status,
    cast(all_periods.row_count as bigint) as row_count,
    cast(all_periods.current_row_count as bigint) as current_row_count,
    cast(all_periods.labelled_count as bigint) as labelled_count,
    cast(all_periods.late_row_count as bigint) as late_row_count,
    all_periods.newest_event,
    all_periods.newest_load,
    all_periods.high_water_mark,
    cast(all_periods.first_row_count as bigint) as first_row_count,
    all_periods.first_counted_at,
    all_periods.recounted_at,
    {{ data_health.run_time() }} as changed_at,
    all_periods.fingerprint
from all_periods
left join previous_periods
    on all_periods.period_key = previous_periods.period_key
-- a period of which nothing changed is not written again
where previous_periods.period_key is null
    or previous_periods.is_doubled
{%- for name in ['status', 'row_count', 'current_row_count', 'labelled_count', 'late_row_count', 'newest_event', 'newest_load',
    'high_water_mark', 'recounted_at', 'fingerprint'] %}
    or all_periods.{{ name }} is distinct from previous_periods.{{ name }}
{%- endfor %}
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
