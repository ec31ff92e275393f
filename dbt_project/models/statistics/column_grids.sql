{{ config(
    enabled=data_health.part_is_on('profile'),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='grid_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('monitored_periods') }}

{%- do data_health.begin_model([ref('monitored_periods')], adds_to_this=true) %}
{%- set samples = data_health.grid_samples(data_health.datasets_of_this_run() | sum(attribute='watched', start=[])) %}
{%- set sampled_count = 'coalesce(column_totals.value_count, sampled_texts.value_count, 0)' %}
{#- in 4096ths: every 32nd part, and ever smaller ones towards both ends #}
{%- set knot_numerators = [1, 2, 4, 8, 16, 32, 64] + range(128, 4096, 128) | list + [4032, 4064, 4080, 4088, 4092, 4094, 4095] %}
{#- of many columns the sample is kept, and some at a time are drawn from it, since all their values in order take a gigabyte per hundred #}
{%- set most, column_count = 100, samples | sum(attribute='columns', start=[]) | length %}
{%- set is_staged = column_count > most and flags.WHICH in ['run', 'build', 'retry'] %}
{%- set parts, drawn = [], [] %}
{%- for sample in samples %}
    {#- the same rows at every run: those with the smallest hashes of key and time, or of all sampled columns where there is no key; the
        largest of these hashes is found first, so that only the sample is sorted with all its columns -#}
    {%- set hashed = [] %}
    {%- for key in sample.monitor.key if not sample.dataset.is_other_table %}
        {%- do hashed.append('monitored_rows.' ~ data_health.quoted(key)) %}
    {%- endfor %}
    {%- if hashed and sample.dataset.time %}{% do hashed.append(sample.dataset.time) %}{% endif %}
    {%- set row_hash = data_health.row_hash(hashed or sample.columns | map(attribute='value') | list) %}
    {%- set scanned_rows = data_health.scanned_rows(sample.dataset, sample.stretches, with_labels=sample.from_labels) %}
    {%- set rows %}
    select
        {%- for column in sample.columns %}
        {{ column.value }} as value_{{ column.id }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ scanned_rows }}
        and {{ row_hash }} <= (
            select max(row_hash)
            from (
                select {{ row_hash }} as row_hash
                from {{ scanned_rows }}
                order by row_hash
                limit 20000
            ) as smallest_hashes
        )
    order by {{ row_hash }}
    limit 20000
    {%- endset %}
    {%- do sample.update({'table': 'sample_' ~ loop.index, 'rows': rows}) %}
    {%- if is_staged %}
        {%- do sample.update({'table': 'data_health_sample_' ~ loop.index ~ '_' ~ invocation_id[:8]}) %}
        {%- do run_query('create temporary table ' ~ sample.table ~ ' as ' ~ rows) %}
        {%- for columns in sample.columns | batch(most) %}{% do parts.append([{'table': sample.table, 'columns': columns}]) %}{% endfor %}
    {%- endif %}
{%- endfor %}
{%- if samples and not is_staged %}{% do parts.append(samples) %}{% endif %}
{%- for part in parts %}
    {%- set rows = [] %}
    {%- for column in part | sum(attribute='columns', start=[]) %}
        {%- do rows.append([
            column.id, column.monitor.name, column.name, column.family, column.data_type, column.kind or none, column.generation,
            column.row_count, column.reason
        ]) %}
    {%- endfor %}
    {%- set grids_of_part %}
with
{% for sample in part if not is_staged %}
{{ sample.table }} as (

{{ sample.rows }}

),
{% endfor %}
-- 1. The columns, and what their sampled values look like.
drawn_columns as (
{{ data_health.rows_as_table({
    'column_id': 'integer', 'monitor': 'varchar', 'column_name': 'varchar', 'family': 'varchar', 'data_type': 'varchar',
    'declared_kind': 'varchar', 'generation': 'integer', 'row_count_when_drawn': 'bigint', 'reason': 'varchar'
}, rows) }}

),

-- One list per row and not one select per column: with hundreds of columns that takes a fraction of the memory.
{%- for name, data_type, is_number in [('text_values', 'varchar', false), ('number_values', 'double precision', true)] %}
{{ name }} as (

    {{ data_health.rows_as_table({'column_id': 'integer', 'x': data_type}) }}
    {%- for sample in part %}
        {%- set ids, values = [], [] %}
        {%- for column in sample.columns if is_number == (column.kind in ['numeric', 'timestamp']) %}
            {%- do ids.append(column.id) %}
            {%- do values.append(data_health.engine_sql('deviation', 'value_' ~ column.id, '0e0') if is_number
                else 'cast(value_' ~ column.id ~ ' as varchar)') %}
        {%- endfor %}
        {%- if ids %}

    union all

    select
        unnest(array[{{ ids | join(', ') }}]) as column_id,
        unnest(array[{{ values | join(', ') }}]) as x
    from {{ sample.table }}
        {%- endif %}
    {%- endfor %}

),
{% endfor %}
text_counts as (

    select column_id, x, count(*) as n
    from text_values
    where x is not null
    group by column_id, x

),

sampled_texts as (

    select
        column_id,
        sum(n) as value_count,
        count(*) as distinct_count,
        sum(cast(n * length(x) as double precision)) / sum(n) as mean_length
    from text_counts
    group by column_id

),

value_counts as (

    select column_id, x, count(*) as n
    from number_values
    where x between -1e50 and 1e50
    group by column_id, x

),

value_totals as (

    select
        column_id,
        sum(n) as value_count,
        count(*) as distinct_count,
        min(x) as minimum,
        max(case when x = floor(x) then 0 else 1 end) = 0 as is_whole
    from value_counts
    group by column_id

),

-- 2. Atoms: single values so frequent that they get bins of their own. All ranks come from one pass over the sorted values.
marked_values as (

    select
        value_counts.column_id,
        value_counts.x,
        value_counts.n,
        value_totals.value_count,
        value_counts.n >= 4 and value_counts.n * 256 >= value_totals.value_count as is_atom
    from value_counts
    inner join value_totals
        on value_counts.column_id = value_totals.column_id

),

cumulative_values as (

    select
        column_id,
        x,
        n,
        value_count,
        is_atom,
        case when is_atom then 0 else n end as unsettled_count,
        sum(n) over (partition by column_id order by x rows unbounded preceding) as cumulative_count,
        sum(case when is_atom then 0 else n end) over (partition by column_id order by x rows unbounded preceding)
            as cumulative_unsettled_count
    from marked_values

),

value_spreads as (

    select
        column_id,
        min(case when 2 * cumulative_count >= value_count then x end) as centre,
        min(case when 100 * cumulative_count >= 99 * value_count then x end)
            - min(case when 100 * cumulative_count >= value_count then x end) as inner_range,
        sum(unsettled_count) as unsettled_count
    from cumulative_values
    group by column_id

),

column_totals as (

    select
        value_totals.column_id,
        value_totals.value_count,
        value_totals.distinct_count,
        value_totals.minimum,
        value_totals.is_whole,
        value_spreads.centre,
        -- whole numbers of a small range: every one of them gets a bin of its own
        value_totals.is_whole and value_spreads.inner_range < 512 as is_counted_singly,
        -- the bins are laid over all values but the atoms, unless hardly anything is left
        (value_totals.is_whole and value_spreads.inner_range < 512)
            or value_spreads.unsettled_count * 50 < value_totals.value_count as is_laid_over_atoms,
        value_spreads.unsettled_count
    from value_totals
    inner join value_spreads
        on value_totals.column_id = value_spreads.column_id

),

-- The size of a usual deviation from the centre; of values that hardly ever deviate, the median among those that do.
departures as (

    select
        cumulative_values.column_id,
        abs(cumulative_values.x - column_totals.centre) as size,
        2 * sum(cumulative_values.n) over (
            partition by cumulative_values.column_id
            order by abs(cumulative_values.x - column_totals.centre), cumulative_values.x rows unbounded preceding
        ) >= sum(cumulative_values.n) over (partition by cumulative_values.column_id) as is_upper_half
    from cumulative_values
    inner join column_totals
        on cumulative_values.column_id = column_totals.column_id
    inner join value_spreads
        on cumulative_values.column_id = value_spreads.column_id
    where value_spreads.inner_range = 0
        and cumulative_values.x <> column_totals.centre

),

typical_departures as (

    select column_id, min(size) as size
    from departures
    where is_upper_half
    group by column_id

),

scales as (

    select
        value_spreads.column_id,
        -- a normal distribution has 4.65 standard deviations between its percentiles 1 and 99; beyond these sizes products are no doubles
        least(1e50, greatest(1e-50, case
            when value_spreads.inner_range > 0 then greatest(value_spreads.inner_range, 1e-49) / 4.65e0
            else coalesce(typical_departures.size, greatest(abs(value_spreads.centre), 1e0))
        end)) as scale
    from value_spreads
    left join typical_departures
        on value_spreads.column_id = typical_departures.column_id

),

base_values as (

    select
        cumulative_values.column_id,
        cumulative_values.x,
        cumulative_values.n,
        cumulative_values.value_count,
        cumulative_values.unsettled_count,
        case when column_totals.is_laid_over_atoms then cumulative_values.cumulative_count
            else cumulative_values.cumulative_unsettled_count end as cumulative_count,
        case when column_totals.is_laid_over_atoms then column_totals.value_count else column_totals.unsettled_count end as base_count
    from cumulative_values
    inner join column_totals
        on cumulative_values.column_id = column_totals.column_id
    where column_totals.is_laid_over_atoms or not cumulative_values.is_atom

),

-- 3. Quantiles in steps of 1/4096, kept as numerators.
quantile_levels as (

    select
        column_id,
        floor(4096.0 * cumulative_count / base_count) as level,
        min(x) as x
    from base_values
    group by 1, 2

),

spans as (

    select
        quantile_levels.column_id,
        column_totals.is_whole,
        column_totals.is_counted_singly,
        column_totals.minimum,
        min(case when level >= 41 then x end) as percentile_1,
        min(case when level >= 4055 then x end) as percentile_99
    from quantile_levels
    inner join column_totals
        on quantile_levels.column_id = column_totals.column_id
    group by 1, 2, 3, 4

),

-- 4. First candidate: equal bins, with whole edges for whole numbers.
linear_spans as (

    select
        column_id,
        is_whole,
        is_counted_singly,
        percentile_1,
        percentile_99,
        case
            when is_whole then percentile_1
            when percentile_99 > percentile_1 then percentile_1
            else percentile_1 - 0.256e0 * greatest(abs(percentile_1), 1e0)
        end as lower_edge,
        case
            when is_whole then greatest(1e0, ceil((percentile_99 + 1 - percentile_1) / 512))
            when percentile_99 > percentile_1 then (percentile_99 - percentile_1) / 512
            else 0.001e0 * greatest(abs(percentile_1), 1e0)
        end as step,
        case when is_whole then 0 else 512 end as fixed_bin_count
    from spans

),

linear_grids as (

    select
        linear_spans.*,
        case when is_whole then ceil((percentile_99 + 1 - percentile_1) / step) else fixed_bin_count end as bin_count
    from linear_spans

),

-- 5. Second candidate, for positive values: equal bins of the logarithm.
logarithmic_grids as (

    select
        column_id,
        ln(percentile_1) as lower_edge,
        (ln(percentile_99) - ln(percentile_1)) / 512 as step
    from spans
    where minimum > 0
        and percentile_99 > percentile_1

),

-- A grid is even when no bin holds more than .008 of the rows, with some allowance for chance where the sample is small.
{% for method, value, bin_count in [('linear', 'base_values.x', 'linear_grids.bin_count'), ('logarithmic', 'ln(base_values.x)', '512')] %}
{%- set lower, step = method ~ '_grids.lower_edge', method ~ '_grids.step' -%}
{{ method }}_bins as (

    select
        base_values.column_id,
        {{ data_health.linear_bin(value, lower, '(' ~ lower ~ ' + ' ~ bin_count ~ ' * ' ~ step ~ ')', step, bin_count) }} as bin,
        sum(base_values.unsettled_count) as row_count,
        max(base_values.value_count) as sampled_count
    from base_values
    inner join {{ method }}_grids
        on base_values.column_id = {{ method }}_grids.column_id
    group by 1, 2

),

{{ method }}_shares as (

    select
        column_id,
        max(case
            when row_count <= 0.008 * sampled_count then 0
            when sampled_count < 10000 and row_count <= 0.008 * sampled_count + 3 * sqrt(0.008 * sampled_count) + 3 then 0
            else 1
        end) = 0 as is_even
    from {{ method }}_bins
    group by column_id

),

{% endfor -%}
methods as (

    select
        linear_grids.column_id,
        case
            when linear_grids.is_counted_singly or linear_shares.is_even or linear_grids.percentile_99 <= linear_grids.percentile_1
                then 'linear'
            when logarithmic_shares.is_even then 'logarithmic'
            else 'knots'
        end as method
    from linear_grids
    inner join linear_shares
        on linear_grids.column_id = linear_shares.column_id
    left join logarithmic_shares
        on linear_grids.column_id = logarithmic_shares.column_id

),

-- 6. Third candidate: knots at quantiles, with eight equal bins between neighbours.
knot_stretches as (

    select
        quantile_levels.column_id,
        floor(quantile_levels.level / 128) as stretch,
        min(quantile_levels.x) as stretch_start
    from quantile_levels
    inner join methods
        on quantile_levels.column_id = methods.column_id
    where methods.method = 'knots'
    group by 1, 2

),

bounded_stretches as (

    select
        column_id,
        stretch,
        stretch_start,
        lead(stretch_start) over (partition by column_id order by stretch) as stretch_end
    from knot_stretches

),

stretch_bins as (

    select
        base_values.column_id,
        bounded_stretches.stretch,
        floor(8 * (base_values.x - bounded_stretches.stretch_start) / (bounded_stretches.stretch_end - bounded_stretches.stretch_start))
            as eighth,
        sum(base_values.n) * 1e0 / max(base_values.base_count) as row_share
    from base_values
    inner join bounded_stretches
        on base_values.column_id = bounded_stretches.column_id
        and floor(32.0 * base_values.cumulative_count / base_values.base_count) = bounded_stretches.stretch
    where bounded_stretches.stretch_end > bounded_stretches.stretch_start
    group by 1, 2, 3

),

heavy_stretches as (

    select
        column_id,
        stretch,
        row_number() over (partition by column_id order by max(row_share) desc nulls last, stretch) as heaviness
    from stretch_bins
    group by column_id, stretch
    having max(row_share) > 0.008

),

knot_levels as (

    select knot_stretches.column_id, knot_numerators.level
    from (select distinct column_id from knot_stretches) as knot_stretches
    cross join (
        values
        {%- for level in knot_numerators %} ({{ level }}){{ ',' if not loop.last }}{% endfor %}
    ) as knot_numerators (level)

    union

    -- stretches with a heavy bin are split in four
    select heavy_stretches.column_id, 128 * heavy_stretches.stretch + quarters.numerator
    from heavy_stretches
    cross join (values (32), (64), (96)) as quarters (numerator)
    where heavy_stretches.heaviness <= 17

),

knots as (

    select
        column_id,
        {{ dbt.listagg('cast(x as varchar)', "';'", 'order by x') }} as knots
    from (
        select distinct knot_levels.column_id, min(quantile_levels.x) as x
        from knot_levels
        inner join quantile_levels
            on knot_levels.column_id = quantile_levels.column_id
            and knot_levels.level <= quantile_levels.level
        group by knot_levels.column_id, knot_levels.level
    ) as distinct_knots
    group by column_id
    having count(*) >= 4

),

-- 7. Atoms that are not already alone in a bin of one whole number.
atoms as (

    select
        marked_values.column_id,
        {{ dbt.listagg('cast(marked_values.x as varchar)', "';'", 'order by marked_values.x') }} as atoms
    from marked_values
    inner join linear_grids
        on marked_values.column_id = linear_grids.column_id
    where marked_values.is_atom
        and not (
            linear_grids.is_whole
            and linear_grids.step = 1
            and marked_values.x >= linear_grids.lower_edge
            and marked_values.x < linear_grids.lower_edge + linear_grids.bin_count
        )
    group by marked_values.column_id

)

select
    drawn_columns.monitor || '|' || drawn_columns.column_name as grid_key,
    drawn_columns.monitor,
    drawn_columns.column_name,
    case when drawn_columns.reason = 'first values' and {{ sampled_count }} = 0 then drawn_columns.generation - 1
        else drawn_columns.generation end as generation,
    drawn_columns.family,
    drawn_columns.data_type,
    coalesce(
        drawn_columns.declared_kind,
        case
            when sampled_texts.mean_length > 200 then 'text'
            when sampled_texts.distinct_count > 50 and sampled_texts.distinct_count * 2 > sampled_texts.value_count then 'text'
            else 'categorical'
        end
    ) as kind,
    case when drawn_columns.declared_kind in ('numeric', 'timestamp')
        then coalesce(case when knots.knots is null and methods.method = 'knots' then 'linear' end, methods.method, 'linear') end as method,
    -- before the first value is seen nothing is known about the column: unit bins around zero, until its grid is drawn
    case when drawn_columns.declared_kind in ('numeric', 'timestamp') then coalesce(column_totals.centre, 0e0) end as centre,
    case when drawn_columns.declared_kind in ('numeric', 'timestamp') then coalesce(scales.scale, 1e0) end as scale,
    case when drawn_columns.declared_kind in ('numeric', 'timestamp')
        then coalesce(case when methods.method = 'logarithmic' then logarithmic_grids.lower_edge else linear_grids.lower_edge end, -256e0)
            end as lower_edge,
    case when drawn_columns.declared_kind in ('numeric', 'timestamp')
        then coalesce(
            case when methods.method = 'logarithmic' then logarithmic_grids.lower_edge + 512 * logarithmic_grids.step
                else linear_grids.lower_edge + linear_grids.bin_count * linear_grids.step end,
            256e0) end as upper_edge,
    case when drawn_columns.declared_kind in ('numeric', 'timestamp')
        then coalesce(case when methods.method = 'logarithmic' then logarithmic_grids.step else linear_grids.step end, 1e0) end as step,
    case when drawn_columns.declared_kind in ('numeric', 'timestamp')
        then cast(coalesce(case when methods.method = 'logarithmic' then 512 else linear_grids.bin_count end, 512) as integer)
            end as bin_count,
    atoms.atoms,
    case when methods.method = 'knots' then knots.knots end as knots,
    coalesce(column_totals.distinct_count <= 512 and column_totals.value_count >= 20 * column_totals.distinct_count, false) as is_discrete,
    cast({{ sampled_count }} as bigint) as sampled_value_count,
    cast(coalesce(column_totals.distinct_count, sampled_texts.distinct_count, 0) as bigint) as sampled_distinct_count,
    drawn_columns.row_count_when_drawn,
    {{ data_health.run_time() }} as drawn_at
from drawn_columns
left join sampled_texts
    on drawn_columns.column_id = sampled_texts.column_id
left join column_totals
    on drawn_columns.column_id = column_totals.column_id
left join scales
    on drawn_columns.column_id = scales.column_id
left join methods
    on drawn_columns.column_id = methods.column_id
left join linear_grids
    on drawn_columns.column_id = linear_grids.column_id
left join logarithmic_grids
    on drawn_columns.column_id = logarithmic_grids.column_id
left join knots
    on drawn_columns.column_id = knots.column_id
left join atoms
    on drawn_columns.column_id = atoms.column_id
-- a column that lost all its values keeps the grid it has; one that still has none is remembered as looked at
where drawn_columns.reason in ('new', 'first values')
    or {{ sampled_count }} > 0
    {%- endset %}
    {%- do drawn.append(grids_of_part) %}
{%- endfor %}
{% set new_rows %}
{%- if is_staged %}
    {%- for grids_of_part in drawn %}
        {%- set table = 'data_health_grids_' ~ loop.index ~ '_' ~ invocation_id[:8] %}
        {%- do run_query('create temporary table ' ~ table ~ ' as ' ~ grids_of_part) %}
select * from {{ table }}
{{ 'union all' if not loop.last }}
    {%- endfor %}
{% elif samples %}
{{ drawn[0] }}
{% else %}
{{ data_health.rows_as_table({
    'grid_key': 'varchar', 'monitor': 'varchar', 'column_name': 'varchar', 'generation': 'integer', 'family': 'varchar',
    'data_type': 'varchar', 'kind': 'varchar', 'method': 'varchar', 'centre': 'double precision', 'scale': 'double precision',
        'lower_edge': 'double precision',
    'upper_edge': 'double precision', 'step': 'double precision', 'bin_count': 'integer', 'atoms': 'varchar', 'knots': 'varchar',
    'is_discrete': 'boolean', 'sampled_value_count': 'bigint', 'sampled_distinct_count': 'bigint',
    'row_count_when_drawn': 'bigint', 'drawn_at': 'timestamp'
}) }}
{% endif %}
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
