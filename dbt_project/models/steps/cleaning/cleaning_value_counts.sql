{{ config(enabled=data_health.cleaning_asks_for('suggest'), materialized='view') }}
-- depends_on: {{ ref('health_monitors') }}
{#- a monitor counts the rows of a cleaning set where both read the same relation through the same filter -#}
{%- set pairs = [] %}
{%- for name, cleaning in data_health.cleaning_sets().items() if cleaning.suggest and cleaning.relation %}
    {%- set monitors = [] %}
    {%- for monitor in data_health.resolved_monitors().values() if monitor.relation == cleaning.relation
        and monitor.where == cleaning.where %}
        {%- do monitors.append(monitor) %}
    {%- endfor %}
    {%- if monitors %}{% do pairs.append([name, monitors[0].name, monitors[0].time is not none]) %}{% endif %}
{%- endfor %}

with counting_monitors as (
{{ data_health.rows_as_table({'cleaning': 'varchar', 'monitor': 'varchar', 'has_time': 'boolean'}, pairs) }}

),

distributions as (

    select
        monitor,
        period_key,
        column_name,
        grid_generation,
        bin_type,
        bin,
        category,
        row_count,
        minimum,
        maximum
    from {{ data_health.named_model('named_distributions', 'profile' in data_health.parts_on(), {
        'monitor': 'varchar', 'dataset': 'varchar', 'period_key': 'varchar', 'column_name': 'varchar', 'segment_column': 'varchar',
        'grid_generation': 'integer', 'bin_type': 'varchar', 'bin': 'bigint', 'category': 'varchar', 'row_count': 'bigint',
        'minimum': 'double precision', 'maximum': 'double precision'
    }) }}
    where dataset = 'production'
        and segment_column = '(all)'
        and bin_type not in ('length', 'pattern')

),

present_periods as (

    select
        period_key,
        -- a table without a time is counted as a whole on every day
        row_number() over (partition by monitor order by period_start desc nulls last) as age
    from {{ ref('monitored_periods') }}
    where dataset = 'production'
        and status <> 'gone'

),

raw_columns as (

    select monitor, column_name, kind
    from {{ data_health.named_model('column_grids', 'profile' in data_health.parts_on(), {
        'monitor': 'varchar', 'column_name': 'varchar', 'kind': 'varchar'
    }) }}
    where kind in ('numeric', 'categorical', 'boolean')

)

select
    counting_monitors.cleaning,
    counting_monitors.monitor,
    distributions.column_name,
    distributions.bin_type,
    distributions.category,
    min(distributions.minimum) as minimum,
    max(distributions.maximum) as maximum,
    cast(sum(distributions.row_count) as bigint) as row_count
from counting_monitors
inner join distributions
    on counting_monitors.monitor = distributions.monitor
inner join present_periods
    on distributions.period_key = present_periods.period_key
    and (counting_monitors.has_time or present_periods.age = 1)
inner join raw_columns
    on distributions.monitor = raw_columns.monitor
    and distributions.column_name = raw_columns.column_name
group by
    counting_monitors.cleaning,
    counting_monitors.monitor,
    distributions.column_name,
    distributions.bin_type,
    distributions.category,
    distributions.grid_generation,
    distributions.bin
