{{ config(
    enabled='components' in data_health.parts_on(),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='period_column_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('monitored_periods') }}
-- depends_on: {{ ref('column_grids') }}
-- depends_on: {{ ref('column_statistics') }}

{%- set counted_from = [ref('monitored_periods'), ref('column_grids'), ref('column_statistics')] %}
{%- if data_health.is_configured('components.one_hot') %}{% do counted_from.append(ref('one_hot_levels')) %}{% endif %}
{%- do data_health.begin_model(counted_from, adds_to_this=true) %}
{%- set monitored = data_health.product_columns(data_health.datasets_of_this_run()) %}
{%- set scans = data_health.pending_scans(this, monitored) %}
{%- set tiles, weights, known, alone = [], {}, {}, [] %}
{%- for column in monitored if scans %}{% do alone.append(dict(column, counted_with=none)) %}{% endfor %}
{#- what column_statistics tells of the values: where it has counted them all, sums that can only say what is known are left out -#}
{%- if scans %}
    {%- set query %}
with wanted as ({{ data_health.wanted_statistics(alone) }})

select
    wanted.column_id,
    cast(max(column_grids.scale) as varchar) as scale,
    min(case
        when column_statistics.built_from = wanted.built_from
            and column_statistics.null_count
            + coalesce(column_statistics.nan_count, 0)
            + coalesce(column_statistics.positive_infinity_count, 0)
            + coalesce(column_statistics.negative_infinity_count, 0) = 0
            then 1
        else 0
    end) as is_complete,
    cast(max(case
        when column_statistics.built_from = wanted.built_from
            then greatest(abs(column_statistics.minimum - wanted.centre), abs(column_statistics.maximum - wanted.centre))
    end) as varchar) as largest_deviation,
    min(case when column_statistics.built_from = wanted.built_from then 1 else 0 end) as is_known
from wanted
inner join {{ data_health.named_model('column_grids') }}
    on wanted.monitor = column_grids.monitor
    and wanted.grid_name = column_grids.column_name
left join {{ data_health.named_model('column_statistics', load_relation(ref('column_statistics')) is not none, {
    'period_column_key': 'varchar', 'segment_column': 'varchar', 'built_from': 'varchar', 'null_count': 'bigint', 'nan_count': 'bigint',
    'positive_infinity_count': 'bigint', 'negative_infinity_count': 'bigint', 'minimum': 'double precision', 'maximum': 'double precision'
}) }}
    on wanted.period_key || '|' || wanted.grid_name = column_statistics.period_column_key
    and column_statistics.segment_column = '(all)'
group by wanted.column_id
    {%- endset %}
    {%- for row in run_query(query).rows %}{% do known.update({row['column_id']: row}) %}{% endfor %}
{%- endif %}
{#- `width` is the part of a column of a tile: a tile of some 300 sums is fastest -#}
{%- for scan in scans %}
    {%- for column in scan.columns %}
        {%- set row = known[column.id] %}
        {%- set is_boolean, scale = column.kind == 'boolean', row['scale'] or '1' %}
        {%- set size = (row['largest_deviation'] or 0) | float / scale | float if row['is_known'] == 1 else 1e300 %}
        {%- set is_complete, is_clipped = row['is_complete'] == 1 and row['is_known'] == 1, size > 10 and not is_boolean %}
        {%- do column.update({
            'centre': data_health.double_literal(column.grid.centre or '0'), 'scale': data_health.double_literal(scale),
            'is_complete': is_complete, 'is_clamped': size > 1e49 and not is_boolean, 'is_clipped': is_clipped,
            'width': 1 + (0 if is_complete else 0.4) + (0.35 if is_clipped else 0)
        }) %}
    {%- endfor %}
{%- endfor %}
{%- for column in monitored %}{% do weights.update({column.monitor.name: column.weight_column}) %}{% endfor %}
{#- each block of columns is multiplied with itself and with every later one; warehouses are slow where sums are too many -#}
{%- for scan in scans %}
    {%- set blocks, state = [], namespace(room=0) %}
    {%- for column in scan.columns %}
        {%- if column.width > state.room %}
            {%- do blocks.append([]) %}
            {%- set state.room = 14 %}
        {%- endif %}
        {%- do blocks[-1].append(column) %}
        {%- set state.room = state.room - column.width %}
    {%- endfor %}
    {%- for rows in blocks %}
        {%- for columns in blocks[loop.index0:] %}
            {%- set pairs = [] %}
            {%- for a in rows %}
                {%- for b in columns if a.id <= b.id %}{% do pairs.append((a, b)) %}{% endfor %}
            {%- endfor %}
            {%- set part = {'scan': scan, 'columns': rows if loop.first else rows + columns, 'pairs': pairs} %}
            {%- do tiles.append(data_health.summed_products(part)) %}
        {%- endfor %}
    {%- endfor %}
{%- endfor %}
{% set new_rows %}
{%- if tiles %}
with wanted as (

{{ data_health.wanted_statistics(monitored) }}

),

scales as (

    select monitor, column_name, coalesce(scale, 1e0) as scale
    from {{ ref('column_grids') }}

),

weights as (
{{ data_health.rows_as_table({'monitor': 'varchar', 'weight_column': 'varchar'}, weights.items() | list) }}

),

factors as (

    select
        wanted.period_key,
        wanted.monitor,
        wanted.dataset,
        wanted.period_start,
        wanted.column_id,
        wanted.column_name,
        wanted.built_from,
        wanted.grid_generation,
        weights.weight_column,
        coalesce(wanted.centre, 0e0) as centre,
        scales.scale
    from wanted
    inner join scales
        on wanted.monitor = scales.monitor
        and wanted.grid_name = scales.column_name
    left join weights
        on wanted.monitor = weights.monitor

),

products as (
{{ data_health.united(tiles, 'products') }}

)

select
    factors_a.period_key || '|' || factors_a.column_name as period_column_key,
    factors_a.period_key,
    factors_a.monitor,
    factors_a.dataset,
    factors_a.period_start,
    factors_a.column_name as column_a,
    factors_b.column_name as column_b,
    factors_a.grid_generation as grid_generation_a,
    factors_b.grid_generation as grid_generation_b,
    factors_a.centre as centre_a,
    factors_b.centre as centre_b,
    factors_a.scale as scale_a,
    factors_b.scale as scale_b,
    cast(products.row_count as bigint) as row_count,
    cast(products.pair_count as bigint) as pair_count,
    factors_a.weight_column,
    products.weight_sum,
    products.weight_square_sum,
    products.pair_weight,
    products.sum_a,
    products.sum_b,
    products.product_sum,
    products.clipped_product_sum,
    products.clipped_sum,
    cast(products.clamped_count as bigint) as clamped_count,
    factors_a.built_from,
    {{ data_health.run_time() }} as built_at
from products
inner join factors as factors_a
    on products.column_a_id = factors_a.column_id
    and coalesce(products.period_start, cast('0001-01-01' as date)) = coalesce(factors_a.period_start, cast('0001-01-01' as date))
    and (products.period_start is null) = (factors_a.period_start is null)
inner join factors as factors_b
    on products.column_b_id = factors_b.column_id
    and factors_a.period_key = factors_b.period_key
{% else %}
{{ data_health.rows_as_table({
    'period_column_key': 'varchar', 'period_key': 'varchar', 'monitor': 'varchar', 'dataset': 'varchar', 'period_start': 'date',
    'column_a': 'varchar', 'column_b': 'varchar', 'grid_generation_a': 'integer', 'grid_generation_b': 'integer',
    'centre_a': 'double precision', 'centre_b': 'double precision', 'scale_a': 'double precision', 'scale_b': 'double precision',
    'row_count': 'bigint', 'pair_count': 'bigint', 'weight_column': 'varchar', 'weight_sum': 'double precision',
    'weight_square_sum': 'double precision', 'pair_weight': 'double precision', 'sum_a': 'double precision', 'sum_b': 'double precision',
    'product_sum': 'double precision', 'clipped_product_sum': 'double precision', 'clipped_sum': 'double precision',
    'clamped_count': 'bigint', 'built_from': 'varchar', 'built_at': 'timestamp'
}) }}
{% endif %}
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
