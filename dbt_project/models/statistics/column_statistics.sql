{{ config(
    enabled='profile' in data_health.parts_on(),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='period_column_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('monitored_periods') }}
-- depends_on: {{ ref('column_grids') }}

{%- do data_health.begin_model([ref('monitored_periods'), ref('column_grids')], adds_to_this=true) %}
{%- set monitored = data_health.datasets_of_this_run() | sum(attribute='monitored', start=[]) %}
{%- set scans = data_health.pending_scans(this, monitored) %}
{%- set types = {
    'row_count': 'bigint', 'null_count': 'bigint', 'nan_count': 'bigint', 'positive_infinity_count': 'bigint',
    'negative_infinity_count': 'bigint', 'extreme_count': 'bigint', 'zero_count': 'bigint', 'negative_count': 'bigint',
    'empty_count': 'bigint', 'minimum': 'double precision', 'maximum': 'double precision',
    'sum_1': 'double precision', 'sum_2': 'double precision', 'sum_3': 'double precision', 'sum_4': 'double precision',
    'length_sum': 'bigint', 'length_minimum': 'bigint', 'length_maximum': 'bigint', 'distinct_count': 'bigint',
    'key_null_count': 'bigint', 'key_repeated_count': 'bigint', 'sentinel_count': 'bigint', 'whole_count': 'bigint',
    'tenths_count': 'bigint'
} %}
{%- set value_count = '(measured.row_count - measured.null_count - coalesce(measured.nan_count, 0)'
    ~ ' - coalesce(measured.positive_infinity_count, 0) - coalesce(measured.negative_infinity_count, 0))' %}
{%- set known_zeros = ['nan_count', 'positive_infinity_count', 'negative_infinity_count'] %}
{#- what stands for "unknown": -1, and nines; of times the first and last days that programs know, in seconds from 1970-01-01 -#}
{%- set sentinels = {
    'numeric': '-1, -9, -99, -999, -9999, -99999, -999999, 9, 99, 999, 9999, 99999, 999999',
    'timestamp': '-62135596800, -6847804800, -2208988800, 253402214400, 253402300799, 4102358400, 4102444799'
} %}
{#- per scan, chunk of twelve columns and segmentation one wide aggregate, turned into rows of the long table; columns of labels apart -#}
{%- set measured = [] %}
{%- for scan in scans %}
    {%- set scan_number, chunks = loop.index, [] %}
    {%- set key = scan.dataset.monitor.key if scan.dataset.name == 'production' else [] %}
    {#- statistic -> SQL over the value of the column; sums of (x - c)^n leave out values further than 1e50 from the centre, whose fourth
        power no double can hold: they are counted -#}
    {%- for column in scan.columns %}
        {%- set value, deviation = 'value_' ~ column.id, 'deviation_' ~ column.id %}
        {%- set measures = {'null_count': 'count(*) - count(' ~ value ~ ')'} %}
        {%- if column.grid_kind in ['numeric', 'timestamp'] %}
            {%- set square = deviation ~ ' * ' ~ deviation %}
            {%- do measures.update({
                'zero_count': data_health.engine_sql('count_where', value ~ ' = 0'),
                'negative_count': data_health.engine_sql('count_where', value ~ ' < 0'),
                'minimum': 'min(finite_' ~ value ~ ')', 'maximum': 'max(finite_' ~ value ~ ')',
                'extreme_count': 'count(finite_' ~ value ~ ') - count(' ~ deviation ~ ')',
                'sum_1': 'sum(' ~ deviation ~ ')', 'sum_2': 'sum(' ~ square ~ ')', 'sum_3': 'sum(' ~ square ~ ' * ' ~ deviation ~ ')',
                'sum_4': 'sum((' ~ square ~ ') * (' ~ square ~ '))'
            }) %}
            {#- where each value is counted, these are known; of a time that is told by its distance from the event, none is counted -#}
            {%- if column.grid.method != 'values' or column.grid_kind == 'timestamp' %}
                {%- set finite, whole = 'finite_' ~ value, 'case when finite_' ~ value ~ ' = floor(finite_' ~ value ~ ') then ' %}
                {%- do measures.update({'sentinel_count':
                    'count(' ~ whole ~ 'case when ' ~ finite ~ ' in (' ~ sentinels[column.grid_kind] ~ ') then 1 end end)'}) %}
                {%- if column.grid_kind == 'numeric' and 'int' not in column.data_type | lower %}
                    {#- a number of single precision is a tenth to seven digits; ten times a number can be more than a double holds -#}
                    {%- set half = '4e-3' if column.data_type | lower in ['float', 'real', 'float4'] else '1e-6' %}
                    {%- set moved = '(10 * ' ~ finite ~ ' + ' ~ half ~ ')' %}
                    {%- do measures.update({
                        'whole_count': 'count(' ~ whole ~ '1 end)',
                        'tenths_count': 'count(case when ' ~ finite ~ ' between -1e15 and 1e15 then case when '
                            ~ moved ~ ' - floor' ~ moved ~ ' < 2 * ' ~ half ~ ' then 1 end end)'
                    }) %}
                {%- endif %}
            {%- endif %}
            {%- if not column.is_exact_number %}
                {%- do measures.update({
                    'nan_count': data_health.engine_sql('count_where', data_health.engine_sql('is_nan', value)),
                    'positive_infinity_count': data_health.engine_sql('count_where', value ~ " = cast('Infinity' as double precision)"),
                    'negative_infinity_count': data_health.engine_sql('count_where', value ~ " = cast('-Infinity' as double precision)")
                }) %}
            {%- endif %}
        {%- elif column.family == 'string' %}
            {%- do measures.update({
                'empty_count': data_health.engine_sql('count_where', value ~ " = ''"), 'length_sum': 'sum(length(' ~ value ~ '))',
                'length_minimum': 'min(length(' ~ value ~ '))', 'length_maximum': 'max(length(' ~ value ~ '))'
            }) %}
        {%- endif %}
        {#- of whole numbers and decimals that no double can hold, different ones are told apart all the same -#}
        {%- set has_exact_value = column.grid_kind == 'numeric' and column.has_more_digits %}
        {%- do measures.update({'distinct_count':
            data_health.engine_sql('distinct_count', 'exact_value_' ~ column.id if has_exact_value else value)}) %}
        {#- rows whose key stands in another row of the period: of all keys, or of every n-th so that a million are told apart at a time -#}
        {%- set holds_key = key and column.name == key[0] and not column.is_derived %}
        {%- if holds_key %}
            {%- set n = [(column.grid.row_count_when_drawn or 0) // 1000000, 1] | max %}
            {%- set sampled = 'key_hash' if n == 1 else 'case when mod(key_hash, ' ~ n ~ ') = 0 then key_hash end' %}
            {%- do measures.update({
                'key_null_count': 'count(*) - count(key_hash)',
                'key_repeated_count': n ~ ' * (count(' ~ sampled ~ ') - count(distinct ' ~ sampled ~ '))'
            }) %}
        {%- endif %}
        {%- do column.update({'measures': measures, 'has_exact_value': has_exact_value, 'holds_key': holds_key}) %}
    {%- endfor %}
    {%- for from_labels in [false, true] %}
        {%- do chunks.extend(scan.columns | selectattr('from_labels', 'equalto', from_labels) | batch(12)) %}
    {%- endfor %}
    {%- for columns in chunks %}
        {%- set chunk_number = loop.index %}
        {%- for segmentation in scan.dataset.segmentations %}
            {%- set name = 'scan_' ~ scan_number ~ '_chunk_' ~ chunk_number ~ '_segmentation_' ~ loop.index %}
            {%- set is_of_all = segmentation.column == '(all)' %}
            {%- set measured_rows %}
    select * from (

    with {{ name }} as (

    select
        period_start,
        segment_value,
        count(*) as row_count
        {%- for column in columns %}
            {%- for statistic, expression in column.measures.items() if is_of_all or not statistic.startswith('key_') %},
        {{ expression }} as {{ statistic }}_{{ column.id }}
            {%- endfor %}
        {%- endfor %}
    from (
        select
            period_start,
            segment_value
            {%- for column in columns %},
            value_{{ column.id }}
                {%- if column.has_exact_value %},
            exact_value_{{ column.id }}
                {%- endif %}
                {%- if column.holds_key %},
            key_hash
                {%- endif %}
                {%- if column.grid_kind in ['numeric', 'timestamp'] %},
            {{ 'value_' ~ column.id if column.is_exact_number
                else data_health.engine_sql('finite_or_null', 'value_' ~ column.id) }} as finite_value_{{ column.id }},
            case when value_{{ column.id }} between -1e50 and 1e50
                then {{ data_health.engine_sql('deviation', 'value_' ~ column.id, data_health.double_literal(column.grid.centre)) }}
                end as deviation_{{ column.id }}
                {%- endif %}
            {%- endfor %}
        from (
            select
                {{ data_health.row_period(scan.dataset, scan.has_timeless_rows) }} as period_start,
                {{ segmentation.value }} as segment_value
                {%- for column in columns %},
                {{ column.value }} as value_{{ column.id }}
                    {%- if column.has_exact_value %},
                {{ column.identifier }} as exact_value_{{ column.id }}
                    {%- endif %}
                    {%- if column.holds_key %}
                        {%- set keys = [] %}
                        {%- for name in key %}{% do keys.append('monitored_rows.' ~ data_health.quoted(name)) %}{% endfor %},
                case when {{ keys | join(' is not null and ') }} is not null
                    then {{ data_health.row_hash(keys, 'row_hash_key') }} end as key_hash
                    {%- endif %}
                {%- endfor %}
            from {{ data_health.scanned_rows(scan.dataset, scan.date_ranges, scan.first_moment_outside, columns[0].from_labels) }}
                {{ data_health.engine_sql('compute_once') }}
        ) as rows_of_chunk {{ data_health.engine_sql('compute_once') }}
    ) as deviations_of_chunk
    group by period_start, segment_value

    )
    {% for column in columns %}
    {%- set is_first = loop.first %}
    select
        {{ column.id }} as column_id, period_start, {{ data_health.text_literal(segmentation.column) }} as segment_column,
            segment_value
        {%- for statistic, data_type in types.items() %},
        {{ 'row_count' if statistic == 'row_count'
            else statistic ~ '_' ~ column.id
                if statistic in column.measures and (is_of_all or not statistic.startswith('key_'))
            else '0' if column.is_exact_number and statistic in known_zeros
            else 'cast(null as ' ~ data_type ~ ')' }}{{ ' as ' ~ statistic if is_first }}
        {%- endfor %}
    from {{ name }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

    ) as rows_of_{{ name }}
            {%- endset %}
            {%- do measured.append(measured_rows) %}
        {%- endfor %}
    {%- endfor %}
{%- endfor %}
{% set new_rows %}
{%- if measured %}
with wanted as (

{{ data_health.wanted_statistics(monitored) }}

),

measured as (
{{ data_health.united(measured, 'measured') }}

)

select
    wanted.period_key || '|' || wanted.column_name as period_column_key,
    {{ data_health.row_hash([
        'wanted.period_key', 'wanted.column_name', 'measured.segment_column', 'measured.segment_value', data_health.run_time()
    ], 'row_hash_key') }} as statistics_key,
    wanted.period_key,
    wanted.monitor,
    wanted.dataset,
    wanted.period_start,
    wanted.column_name,
    measured.segment_column,
    measured.segment_value,
    wanted.grid_generation,
    wanted.centre,
    -- at most 2·√n bins, or 32, of the 120, or of the different values, that a column has: a power of two of neighbours is kept as one
    case
        when wanted.grid_method is null or wanted.grid_method = 'values' or {{ value_count }} >= 4096 then 1
        when wanted.grid_method = 'decimals' then cast(power(2e0, greatest(0e0, ceil(
            ln(wanted.grid_distinct_count / greatest(32e0, 2e0 * sqrt({{ value_count }}))) / ln(2e0) - 1e-9
        ))) as integer)
        when {{ value_count }} >= 1024 then 2
        else 4
    end as bin_width,
    {%- for statistic, data_type in types.items() %}
    cast(measured.{{ statistic }} as {{ data_type }}) as {{ statistic }},
    {%- endfor %}
    wanted.built_from,
    {{ data_health.run_time() }} as built_at
from measured
inner join wanted
    on measured.column_id = wanted.column_id
    and coalesce(measured.period_start, cast('0001-01-01' as date)) = coalesce(wanted.period_start, cast('0001-01-01' as date))
    and (measured.period_start is null) = (wanted.period_start is null)
{% else %}
{%- set columns = {
    'period_column_key': 'varchar', 'statistics_key': 'bigint', 'period_key': 'varchar', 'monitor': 'varchar', 'dataset': 'varchar',
    'period_start': 'date', 'column_name': 'varchar', 'segment_column': 'varchar', 'segment_value': 'varchar', 'grid_generation': 'integer',
    'centre': 'double precision', 'bin_width': 'integer'
} %}
{%- do columns.update(types) %}
{%- do columns.update({'built_from': 'varchar', 'built_at': 'timestamp'}) %}
{{ data_health.rows_as_table(columns) }}
{% endif %}
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
