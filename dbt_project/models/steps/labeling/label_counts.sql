{{ config(enabled='labeling' in data_health.parts_on() and data_health.engine_sql('runs_python')) }}
{%- set has_statistics = 'profile' in data_health.parts_on() %}
with labeling_rows as (

    select monitor, row_key, period_start, label
    from {{ ref('labeling_rows') }}
    where label is not null
        and period_start is not null

),

-- rows that were chosen because a model was not certain of them have rates of their own
chosen_rows as (

    select distinct monitor, row_key
    from {{ ref('labeling_history') }}
    where strategy not in ('audit', 'random', 'relabel')

),

annotated_monitors as (

    select monitor
    from {{ ref('monitor_settings') }}
    where part = 'labeling'

),

-- a monitor that has a label and no table of annotations: its labels are in the statistics of their column
label_columns as (

    select health_monitors.monitor, health_monitors.name as column_name, health_monitors.is_value_shown
    from {{ data_health.named_model('health_monitors') }}
    left join annotated_monitors
        on health_monitors.monitor = annotated_monitors.monitor
    where health_monitors.subject = 'column'
        and health_monitors.role = 'label'
        and annotated_monitors.monitor is null

),

grids as (

    select monitor, column_name, kind
    from {{ data_health.named_model('column_grids', has_statistics, {
        'monitor': 'varchar', 'column_name': 'varchar', 'kind': 'varchar'
    }) }}
    where kind in ('categorical', 'boolean', 'numeric')

),

label_statistics as (

    select statistics_key, monitor, column_name, period_start
    from {{ data_health.named_model('column_statistics', has_statistics, {
        'statistics_key': 'bigint', 'monitor': 'varchar', 'column_name': 'varchar', 'period_start': 'date', 'dataset': 'varchar',
        'segment_column': 'varchar'
    }) }}
    where dataset = 'production'
        and segment_column = '(all)'
        and period_start is not null

),

values_counted as (

    select statistics_key, category, minimum, maximum, row_count
    from {{ data_health.named_model('column_distributions', has_statistics, {
        'statistics_key': 'bigint', 'category': 'varchar', 'minimum': 'double precision', 'maximum': 'double precision',
        'row_count': 'bigint'
    }) }}

),

-- a number that stands in a bin of its own is a label; where several numbers are in one bin, they are no labels but a measure
column_values as (

    select
        label_statistics.monitor,
        label_statistics.period_start,
        label_columns.is_value_shown,
        case
            when values_counted.category is not null then values_counted.category
            when values_counted.minimum = floor(values_counted.minimum) and abs(values_counted.minimum) < 1e15
                then cast(cast(values_counted.minimum as bigint) as varchar)
            else coalesce(cast(values_counted.minimum as varchar), '(other)')
        end as label,
        values_counted.row_count,
        bool_or(grids.kind = 'numeric' and values_counted.minimum < values_counted.maximum) over (partition by label_statistics.monitor)
            as is_measure
    from label_statistics
    inner join label_columns
        on label_statistics.monitor = label_columns.monitor
        and lower(label_statistics.column_name) = lower(label_columns.column_name)
    inner join grids
        on label_statistics.monitor = grids.monitor
        and label_statistics.column_name = grids.column_name
    inner join values_counted
        on label_statistics.statistics_key = values_counted.statistics_key

),

named_values as (

    select
        monitor,
        period_start,
        case
            when is_value_shown then label
            else '(hidden ' || dense_rank() over (partition by monitor order by label nulls last) || ')'
        end as label,
        row_count
    from column_values
    where not is_measure

)

select
    labeling_rows.monitor,
    labeling_rows.period_start,
    labeling_rows.label,
    cast(count(*) as bigint) as row_count
from labeling_rows
left join chosen_rows
    on labeling_rows.monitor = chosen_rows.monitor
    and labeling_rows.row_key = chosen_rows.row_key
where chosen_rows.row_key is null
group by labeling_rows.monitor, labeling_rows.period_start, labeling_rows.label

union all

select
    monitor,
    period_start,
    label,
    cast(sum(row_count) as bigint) as row_count
from named_values
group by monitor, period_start, label
