{{ config(enabled='drift' in data_health.parts_on() and data_health.is_configured('exact')) }}
-- depends_on: {{ ref('monitored_periods') }}
{%- do data_health.begin_model() %}
{#- what is sorted: every number of every scanned dataset of the monitors that ask for it, and of each of their segments #}
{%- set selects, marks = [], {} %}
{%- set asking = data_health.selected_monitors().values() | selectattr('exact') | selectattr('parts.drift') | list %}
{%- for dataset in (data_health.datasets_of_this_run() if asking else []) if dataset.monitor.exact and dataset.monitor.parts.drift %}
    {%- if not marks %}
        {%- for row in run_query(data_health.high_water_marks()).rows %}
            {%- do marks.update({row['monitor'] ~ '|' ~ row['dataset']: row['first_moment_outside']}) %}
        {%- endfor %}
    {%- endif %}
    {%- set date_ranges = [{'from': '0001-01-01', 'to': '9999-12-31'}] %}
    {%- set first_outside = marks.get(dataset.monitor.name ~ '|' ~ dataset.name) %}
    {%- for column in dataset.columns if column.kind in ['numeric', 'timestamp'] and not column.left_out %}
        {%- for segmentation in dataset.segmentations if segmentation.column != column.name %}
            {%- set is_whole = segmentation.column == '(all)' %}
            {%- set value_select %}
    select
        {{ data_health.text_literal(dataset.monitor.name) }} as monitor,
        {{ data_health.text_literal(dataset.name) }} as dataset,
        {{ data_health.text_literal(column.name) }} as column_name,
        {{ data_health.text_literal(segmentation.column) }} as segment_column,
        {{ "cast('(all)' as varchar)" if is_whole else 'segment_value' }} as segment_value,
        period_start,
        x,
        count(*) as row_count
    from (
        select
            {{ data_health.row_period(dataset, false) }} as period_start,
            {{ segmentation.value ~ ' as segment_value,' if not is_whole }}
            {{ column.value }} as x
        from {{ data_health.scanned_rows(dataset, date_ranges, first_outside, column.from_labels) }}
            {{ data_health.engine_sql('compute_once') }}
    ) as column_rows
    where {{ 'x is not null' if column.is_exact_number else data_health.engine_sql('is_finite', 'x') }}
    group by period_start, x{{ ', segment_value' if not is_whole }}
            {%- endset %}
            {%- do selects.append(value_select) %}
        {%- endfor %}
    {%- endfor %}
{%- endfor %}
{% if selects %}
with counted_values as (
{{ data_health.united(selects, 'values') }}

),

-- where bins were compared, the values themselves can be
compared_columns as (

    select distinct
        quantile_groups.comparison_number,
        quantile_groups.column_number,
        drift_comparisons.period_number,
        drift_comparisons.reference_number
    from (select * from {{ ref('drift_quantile_groups') }}) as quantile_groups
    inner join (select * from {{ ref('drift_comparisons') }}) as drift_comparisons
        on quantile_groups.comparison_number = drift_comparisons.comparison_number
    where drift_comparisons.window_periods is null
        and not quantile_groups.is_of_few

),

numbered_periods as (

    select dataset_period_key, period_number from {{ ref('drift_comparisons') }}
    union
    select reference_period_key as dataset_period_key, reference_number as period_number from {{ ref('drift_comparisons') }}

),

-- a period of which the table has lost rows is compared by its stored bins only
stored_periods as (

    select
        numbered_periods.period_number,
        monitored_periods.monitor,
        monitored_periods.dataset,
        coalesce(monitored_periods.period_start, cast('0001-01-01' as date)) as period_start,
        count(case when monitored_periods.status in ('gone', 'shrunk') then 1 end) over (
            partition by numbered_periods.period_number
        ) as lost_count
    from numbered_periods
    inner join (select * from {{ ref('dataset_periods') }}) as dataset_periods
        on numbered_periods.dataset_period_key = dataset_periods.dataset_period_key
    inner join (select * from {{ ref('monitored_periods') }}) as monitored_periods
        on dataset_periods.stored_period_key = monitored_periods.period_key

),

values_of_periods as (

    select
        drift_columns.column_number,
        stored_periods.period_number,
        counted_values.x,
        cast(sum(counted_values.row_count) as double precision) as row_count
    from counted_values
    inner join stored_periods
        on counted_values.monitor = stored_periods.monitor
        and counted_values.dataset = stored_periods.dataset
        and coalesce(counted_values.period_start, cast('0001-01-01' as date)) = stored_periods.period_start
    inner join (select * from {{ ref('drift_columns') }}) as drift_columns
        on counted_values.monitor = drift_columns.monitor
        and counted_values.segment_column = drift_columns.segment_column
        and coalesce(counted_values.segment_value, '(null)') = coalesce(drift_columns.segment_value, '(null)')
        and counted_values.column_name = drift_columns.column_name
    where stored_periods.lost_count = 0
    group by 1, 2, 3

),

values_of_both as (

    select
        compared_columns.comparison_number,
        compared_columns.column_number,
        values_of_periods.x,
        values_of_periods.row_count as reference_count,
        0e0 as row_count
    from compared_columns
    inner join values_of_periods
        on compared_columns.column_number = values_of_periods.column_number
        and compared_columns.reference_number = values_of_periods.period_number

    union all

    select
        compared_columns.comparison_number,
        compared_columns.column_number,
        values_of_periods.x,
        0e0 as reference_count,
        values_of_periods.row_count
    from compared_columns
    inner join values_of_periods
        on compared_columns.column_number = values_of_periods.column_number
        and compared_columns.period_number = values_of_periods.period_number

),

merged_values as (

    select comparison_number, column_number, x, sum(reference_count) as reference_count, sum(row_count) as row_count
    from values_of_both
    group by comparison_number, column_number, x

),

distribution_functions as (

    select
        comparison_number,
        column_number,
        reference_count,
        row_count,
        sum(reference_count) over in_order as reference_rank,
        sum(row_count) over in_order as current_rank,
        sum(reference_count) over (partition by comparison_number, column_number) as reference_total,
        sum(row_count) over (partition by comparison_number, column_number) as total,
        least(greatest(lead(x) over (partition by comparison_number, column_number order by x), -1e50), 1e50)
            - least(greatest(x, -1e50), 1e50) as width
    from merged_values
    window in_order as (partition by comparison_number, column_number order by x rows unbounded preceding)

)

-- by the tenth of the reference in which a value begins
select
    comparison_number,
    column_number,
    cast(least(floor(10 * ((reference_rank - reference_count) / reference_total)), 9) as bigint) as group_number,
    sum(reference_count) as reference_count,
    sum(row_count) as row_count,
    max(abs(reference_rank / reference_total - current_rank / total)) as kolmogorov_smirnov,
    coalesce(sum(abs(reference_rank / reference_total - current_rank / total) * width), 0e0) as wasserstein
from distribution_functions
where reference_total > 0
    and total > 0
group by 1, 2, 3
{% else %}
{#- what is read, for the lineage of a run that asks for nothing exact #}
-- depends_on: {{ ref('drift_quantile_groups') }}
-- depends_on: {{ ref('drift_comparisons') }}
-- depends_on: {{ ref('drift_columns') }}
-- depends_on: {{ ref('dataset_periods') }}
{{ data_health.rows_as_table({
    'comparison_number': 'integer', 'column_number': 'integer', 'group_number': 'bigint', 'reference_count': 'double precision',
    'row_count': 'double precision', 'kolmogorov_smirnov': 'double precision', 'wasserstein': 'double precision'
}) }}
{% endif %}
