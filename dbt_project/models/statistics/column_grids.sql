{{ config(
    enabled='profile' in data_health.parts_on(),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='grid_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('monitored_periods') }}

{%- do data_health.begin_model([ref('monitored_periods')], adds_to_this=true) %}
{%- do data_health.upgrade_stores() %}
{%- set samples = data_health.grid_samples(data_health.datasets_of_this_run() | sum(attribute='monitored', start=[])) %}
{%- set units = {'tenths': '10e0', 'hundredths': '100e0', 'thousandths': '1000e0'} %}
{%- set sampled_count = 'coalesce(column_totals.value_count, sampled_texts.value_count, 0)' %}
{#- of many columns the sample is kept, and some at a time are fitted to it, since all their values in order take a gigabyte per hundred #}
{%- set sampled_columns, most = samples | sum(attribute='columns', start=[]), 100 %}
{%- set is_staged = sampled_columns | length > most and flags.WHICH in ['run', 'build', 'retry'] %}
{%- set parts, fitted = [], [] %}
{%- for sample in samples %}
    {#- the same rows at every run: those with the smallest hashes of key and time, or of all sampled columns where there is no key; the
        largest of these hashes is found first, so that only the sample is sorted with all its columns -#}
    {%- set hashed = [] %}
    {%- for key in sample.monitor.key if not sample.dataset.is_other_table %}
        {%- do hashed.append('monitored_rows.' ~ data_health.quoted(key)) %}
    {%- endfor %}
    {%- if hashed and sample.dataset.time %}{% do hashed.append(sample.dataset.time) %}{% endif %}
    {%- set row_hash = data_health.row_hash(hashed or sample.columns | map(attribute='value') | list) %}
    {%- set scanned_rows = data_health.scanned_rows(sample.dataset, sample.date_ranges, with_labels=sample.from_labels) %}
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
    {%- endif %}
{%- endfor %}
{#- a column is fitted together with itself in the references -#}
{%- for ids in sampled_columns | map(attribute='grid_id') | unique | batch(most if is_staged else [sampled_columns | length, 1] | max) %}
    {%- set part = [] %}
    {%- for sample in samples %}
        {%- set columns = sample.columns | selectattr('grid_id', 'in', ids) | list %}
        {%- if columns %}{% do part.append(dict(sample, columns=columns)) %}{% endif %}
    {%- endfor %}
    {%- do parts.append(part) %}
{%- endfor %}
{%- for part in parts %}
    {%- set numbers_of, sample_numbers = {}, [1] %}
    {%- for sample in part %}
        {%- set number = numbers_of.get(sample.monitor.name, 0) + 1 %}
        {%- do numbers_of.update({sample.monitor.name: number}) %}
        {%- do sample.update({'number': number}) %}
        {%- if number not in sample_numbers %}{% do sample_numbers.append(number) %}{% endif %}
    {%- endfor %}
    {%- set rows = [] %}
    {%- for column in part | sum(attribute='columns', start=[]) if column.id == column.grid_id %}
        {%- do rows.append([
            column.id, column.monitor.name, column.name, column.family, column.data_type, column.kind or none,
            column.monitor.max_categories, column.generation, column.row_count, column.reason
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
fitted_columns as (
{{ data_health.rows_as_table({
    'column_id': 'integer', 'monitor': 'varchar', 'column_name': 'varchar', 'family': 'varchar', 'data_type': 'varchar',
    'declared_kind': 'varchar', 'max_categories': 'integer', 'generation': 'integer', 'row_count_when_drawn': 'bigint',
    'reason': 'varchar'
}, rows) }}

),

-- One list per row and not one select per column: with hundreds of columns that takes a fraction of the memory.
{%- for name, data_type, is_number in [('text_values', 'varchar', false), ('number_values', 'double precision', true)] %}
{{ name }} as (

    {{ data_health.rows_as_table({'column_id': 'integer', 'sample_number': 'integer', 'x': data_type}) }}
    {%- for sample in part %}
        {%- set ids, values = [], [] %}
        {%- for column in sample.columns if is_number == (column.kind in ['numeric', 'timestamp']) %}
            {%- do ids.append(column.grid_id) %}
            {%- do values.append(data_health.engine_sql('deviation', 'value_' ~ column.id, '0e0') if is_number
                else 'cast(value_' ~ column.id ~ ' as varchar)') %}
        {%- endfor %}
        {%- if ids %}

    union all

    select
        unnest(array[{{ ids | join(', ') }}]) as column_id,
        {{ sample.number }} as sample_number,
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

-- of each value how often it is in all samples of the column, and in each
value_counts as (

    select
        column_id,
        x,
        count(*) as n
        {%- for number in sample_numbers %},
        count(case when sample_number = {{ number }} then 1 end) as n_{{ number }}
        {%- endfor %}
    from number_values
    where x between -1e50 and 1e50
    group by column_id, x

),

value_totals as (

    select
        column_id,
        cast(sum(n) as bigint) as value_count,
        {%- for number in sample_numbers %}
        sum(n_{{ number }}) as value_count_{{ number }},
        {%- endfor %}
        count(*) as distinct_count,
        min(x) as minimum,
        max(x) as maximum,
        max(case when x = floor(x) and abs(x) < 4e18 then 0 else 1 end) = 0 as is_whole
    from value_counts
    group by column_id

),

-- 2. Whole numbers of few values are counted by value, and so are decimals such as 7.25 that are whole numbers of hundredths.
columns_of_few_values as (

    select value_totals.column_id, value_totals.is_whole
    from value_totals
    inner join fitted_columns
        on value_totals.column_id = fitted_columns.column_id
    where (value_totals.is_whole and (
            value_totals.distinct_count <= fitted_columns.max_categories or value_totals.maximum - value_totals.minimum < 512
        ))
        or (not value_totals.is_whole and value_totals.distinct_count <= 256)

),

value_units as (

    select
        columns_of_few_values.column_id,
        columns_of_few_values.is_whole,
        {%- for name, unit in units.items() %}
        max(case
            when abs(value_counts.x) < 1e12
                and abs({{ unit }} * value_counts.x - round({{ unit }} * value_counts.x))
                    < 1e-9 * greatest(1e0, abs({{ unit }} * value_counts.x))
                then 0
            else 1
        end) = 0 as is_in_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from columns_of_few_values
    inner join value_counts
        on columns_of_few_values.column_id = value_counts.column_id
    group by columns_of_few_values.column_id, columns_of_few_values.is_whole

),

counted_values as (

    select
        column_id,
        case
            when is_whole then 1e0
            {%- for name, unit in units.items() %}
            when is_in_{{ name }} then 1 / {{ unit }}
            {%- endfor %}
        end as step
    from value_units
    where is_whole{% for name in units %} or is_in_{{ name }}{% endfor %}

),
-- Of others, single values so frequent that they get bins of their own are atoms. A value is frequent where it is so in production or in
-- one of the references, by more than chance where the sample is small. All ranks come from one pass over the sorted values.
marked_values as (

    select
        value_counts.column_id,
        value_counts.x,
        value_counts.n,
        value_totals.value_count,
        counted_values.column_id is null and (
            {%- for number in sample_numbers %}
            {{- ' or' if not loop.first }}
            (value_counts.n_{{ number }} * 128 >= value_totals.value_count_{{ number }} and value_counts.n_{{ number }} > 0 and (
                value_totals.value_count_{{ number }} >= 10000
                or value_counts.n_{{ number }} >= value_totals.value_count_{{ number }} / 128e0
                    + 3 * sqrt(value_totals.value_count_{{ number }} / 128e0) + 3
            ))
            {%- endfor %}
        ) as is_atom
    from value_counts
    inner join value_totals
        on value_counts.column_id = value_totals.column_id
    left join counted_values
        on value_counts.column_id = counted_values.column_id

),

cumulative_values as (

    select
        column_id,
        x,
        n,
        value_count,
        is_atom,
        case when is_atom then 0 else n end as unsettled_count,
        sum(n) over in_order as cumulative_count,
        sum(case when is_atom then 0 else n end) over in_order as cumulative_unsettled_count,
        sum(case when is_atom then 1 else 0 end) over in_order - case when is_atom then 1 else 0 end as atoms_below
    from marked_values
    window in_order as (partition by column_id order by x rows unbounded preceding)

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
        value_totals.maximum,
        value_totals.is_whole,
        value_spreads.centre,
        counted_values.column_id is not null as is_counted_by_value,
        counted_values.step as value_step,
        -- more than 32 decimals that fill half of their range
        counted_values.step < 1 and value_totals.distinct_count > 32
            and value_totals.maximum - value_totals.minimum < 2e0 * value_totals.distinct_count * counted_values.step as is_dense,
        -- the bins are laid over all values but the atoms, unless hardly anything is left
        value_spreads.unsettled_count * 50 < value_totals.value_count as is_laid_over_atoms,
        value_spreads.unsettled_count,
        -- 120 and its halves can be cut into ten parts
        greatest(8e0, ceil(120e0 * value_spreads.unsettled_count / value_totals.value_count)) as bin_limit
    from value_totals
    inner join value_spreads
        on value_totals.column_id = value_spreads.column_id
    left join counted_values
        on value_totals.column_id = counted_values.column_id

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

-- 3. From here on a column is what it is at quantiles, in steps of 1/2048, of all values but the atoms.
quantile_levels as (

    select
        cumulative_values.column_id,
        cumulative_values.atoms_below,
        floor(2048e0 * case
            when column_totals.is_laid_over_atoms then cumulative_values.cumulative_count * 1e0 / column_totals.value_count
            else cumulative_values.cumulative_unsettled_count * 1e0 / column_totals.unsettled_count
        end) as level,
        min(cumulative_values.x) as x,
        sum(cumulative_values.unsettled_count) as row_count
    from cumulative_values
    inner join column_totals
        on cumulative_values.column_id = column_totals.column_id
    where not column_totals.is_counted_by_value
        and (column_totals.is_laid_over_atoms or not cumulative_values.is_atom)
    group by 1, 2, 3

),

spans as (

    select
        quantile_levels.column_id,
        column_totals.is_whole,
        column_totals.minimum,
        column_totals.value_count,
        {%- for percent in [1, 10, 25, 75, 90, 99] %}
        min(case when level >= {{ (20.48 * percent) | round | int }} then x end) as percentile_{{ percent }}{{ ',' if not loop.last }}
        {%- endfor %}
    from quantile_levels
    inner join column_totals
        on quantile_levels.column_id = column_totals.column_id
    group by 1, 2, 3, 4

),

-- 4. Candidates: equal fine bins between two percentiles, with whole edges for whole numbers. Outside, bins grow by a tenth each.
{%- set linear = [(1, 99), (1, 90), (10, 99), (10, 90), (25, 75)] %}
linear_spans as (
    {%- for low, high in linear %}

    select
        column_id,
        {{ loop.index }} as candidate,
        value_count,
        is_whole,
        case
            when is_whole or percentile_{{ high }} > percentile_{{ low }} then percentile_{{ low }}
            else percentile_{{ low }} - 0.256e0 * greatest(abs(percentile_{{ low }}), 1e0)
        end as lower_edge,
        case
            when is_whole then greatest(1e0, ceil((percentile_{{ high }} + 1 - percentile_{{ low }}) / 512))
            when percentile_{{ high }} > percentile_{{ low }} then greatest(percentile_{{ high }} - percentile_{{ low }}, 1e-240) / 512
            else 0.001e0 * greatest(abs(percentile_{{ low }}), 1e0)
        end as step,
        percentile_{{ high }} + 1 - percentile_{{ low }} as whole_range,
        percentile_{{ high }} <= percentile_{{ low }} as is_point
    from spans
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

linear_grids as (

    select
        column_id,
        candidate,
        value_count,
        is_point,
        lower_edge,
        step,
        case when is_whole then ceil(whole_range / step) else 512 end as bin_count
    from linear_spans

),

-- 5. For positive values, equal fine bins of the logarithm.
logarithmic_grids as (

    select
        column_id,
        value_count,
        ln(percentile_1) as lower_edge,
        (ln(percentile_99) - ln(percentile_1)) / 512 as step
    from spans
    where minimum > 0
        and percentile_99 > percentile_1

),

candidate_bins as (

    select
        quantile_levels.column_id,
        linear_grids.candidate,
        {{ data_health.linear_bin(
            'quantile_levels.x', 'linear_grids.lower_edge', '(linear_grids.lower_edge + linear_grids.bin_count * linear_grids.step)',
            'linear_grids.step', 'linear_grids.bin_count'
        ) }} as bin,
        quantile_levels.row_count,
        linear_grids.value_count
    from quantile_levels
    inner join linear_grids
        on quantile_levels.column_id = linear_grids.column_id

    union all

    select
        quantile_levels.column_id,
        1000 as candidate,
        {{ data_health.linear_bin(
            'ln(quantile_levels.x)', 'logarithmic_grids.lower_edge', '(logarithmic_grids.lower_edge + 512 * logarithmic_grids.step)',
            'logarithmic_grids.step', '512'
        ) }} as bin,
        quantile_levels.row_count,
        logarithmic_grids.value_count
    from quantile_levels
    inner join logarithmic_grids
        on quantile_levels.column_id = logarithmic_grids.column_id

),

candidate_counts as (

    select column_id, candidate, bin, value_count, sum(row_count) as row_count
    from candidate_bins
    group by column_id, candidate, bin, value_count

),

-- fine bins are even when none holds more than .0045 of the rows, with some allowance for chance
even_candidates as (

    select column_id, candidate
    from candidate_counts
    group by column_id, candidate
    having max(case
        when row_count <= 0.0045 * value_count + 3 * sqrt(0.0045 * value_count) then 0
        when value_count < 10000 and row_count <= 0.0045 * value_count + 3 * sqrt(0.0045 * value_count) + 3 then 0
        else 1
    end) = 0

    union

    select column_id, candidate
    from linear_grids
    where candidate = 1
        and is_point

),

chosen_candidates as (

    select column_id, min(candidate) as candidate
    from even_candidates
    group by column_id

),

methods as (

    select
        spans.column_id,
        case
            when chosen_candidates.candidate is null then 'quantiles'
            when chosen_candidates.candidate = 1000 then 'logarithmic'
            else 'linear'
        end as method,
        coalesce(logarithmic_grids.lower_edge, linear_grids.lower_edge) as lower_edge,
        coalesce(logarithmic_grids.step, linear_grids.step) as step,
        case when logarithmic_grids.column_id is not null then 512 else linear_grids.bin_count end as bin_count
    from spans
    left join chosen_candidates
        on spans.column_id = chosen_candidates.column_id
    left join linear_grids
        on spans.column_id = linear_grids.column_id
        and coalesce(nullif(chosen_candidates.candidate, 1000), 1) = linear_grids.candidate
    left join logarithmic_grids
        on spans.column_id = logarithmic_grids.column_id
        and chosen_candidates.candidate = 1000

),

-- 6. Where none is even, edges at quantiles of the sample, the smallest and the largest value among them.
edge_values as (

    select
        quantile_levels.column_id,
        quantile_levels.x,
        floor(column_totals.bin_limit * (
            sum(quantile_levels.row_count) over (
                partition by quantile_levels.column_id order by quantile_levels.x rows unbounded preceding
            ) - quantile_levels.row_count
        ) / greatest(column_totals.unsettled_count, 1)) as edge_number
    from quantile_levels
    inner join methods
        on quantile_levels.column_id = methods.column_id
    inner join column_totals
        on quantile_levels.column_id = column_totals.column_id
    where methods.method = 'quantiles'

),

all_edges as (

    select edge_values.column_id, min(edge_values.x) as x, spans.percentile_1, spans.percentile_99
    from edge_values
    inner join spans
        on edge_values.column_id = spans.column_id
    group by edge_values.column_id, edge_values.edge_number, spans.percentile_1, spans.percentile_99

),

edges as (

    select column_id, x from all_edges where x > percentile_1 and x < percentile_99
    union
    select column_id, percentile_1 as x from all_edges
    union
    select column_id, percentile_99 as x from all_edges

),

-- beyond the first and the last edge bins grow from the width of their neighbours
edge_ends as (

    select
        column_id,
        min(x) as first_edge,
        max(x) as last_edge,
        count(*) - 1 as last_rank,
        min(case when rank = 2 then x end) - min(x) as first_width,
        max(x) - max(case when place_from_end = 2 then x end) as last_width
    from (
        select
            column_id,
            x,
            row_number() over (partition by column_id order by x) as rank,
            row_number() over (partition by column_id order by x desc nulls last) as place_from_end
        from edges
    ) as ranked_edges
    group by column_id

),

listed_edges as (

    select
        column_id,
        {{ dbt.listagg('cast(x as varchar)', "';'", 'order by x') }} as edges
    from edges
    group by column_id

),

-- 7. The fine bins of the sampled values, as bin_of() numbers them.
sampled_values as (

    select column_id, x, row_count, atoms_below, false as is_atom
    from quantile_levels

    union all

    select
        cumulative_values.column_id,
        cumulative_values.x,
        0 as row_count,
        cumulative_values.atoms_below,
        true as is_atom
    from cumulative_values
    where cumulative_values.is_atom

),

values_and_edges as (

    select column_id, x, row_count, atoms_below, is_atom, 0 as edge_count
    from sampled_values

    union all

    select column_id, x, cast(null as bigint) as row_count, 0 as atoms_below, false as is_atom, 1 as edge_count
    from edges

),

placed_values as (

    select
        column_id,
        x,
        row_count,
        atoms_below,
        is_atom,
        sum(edge_count) over (partition by column_id order by x, edge_count desc nulls last rows unbounded preceding) - 1 as rank
    from values_and_edges

),

fine_bins as (

    select
        placed_values.column_id,
        cast(case
            when edge_ends.column_id is not null and placed_values.rank < 0 then -1 - {{ data_health.engine_sql(
                'tail_bin', 'edge_ends.first_edge - placed_values.x', 'edge_ends.first_width') }}
            when placed_values.rank = edge_ends.last_rank then edge_ends.last_rank + {{ data_health.engine_sql('tail_bin',
                'placed_values.x - edge_ends.last_edge', 'edge_ends.last_width') }}
            when methods.method = 'quantiles' then placed_values.rank
            when methods.method = 'linear' then
                {{ data_health.linear_bin(
                    'placed_values.x', 'methods.lower_edge', '(methods.lower_edge + methods.bin_count * methods.step)', 'methods.step',
                    'methods.bin_count'
                ) }}
            else
                {{ data_health.linear_bin(
                    'ln(placed_values.x)', 'methods.lower_edge', '(methods.lower_edge + methods.bin_count * methods.step)',
                    'methods.step', 'methods.bin_count'
                ) }}
        end as bigint) + 2 * placed_values.atoms_below + case when placed_values.is_atom then 1 else 0 end as fine_bin,
        placed_values.is_atom,
        placed_values.atoms_below,
        sum(placed_values.row_count) as row_count
    from placed_values
    inner join methods
        on placed_values.column_id = methods.column_id
    left join edge_ends
        on placed_values.column_id = edge_ends.column_id
        and methods.method = 'quantiles'
    where placed_values.row_count is not null
    group by 1, 2, 3, 4

),

-- 8. Neighbouring fine bins are merged. The bins of a column that is counted by value are the values seen.
{{ data_health.merged_bins() }},

all_numbered_bins as (

    select column_id, first_fine_bin, bin
    from numbered_bins

    union all

    select
        value_counts.column_id,
        cast(case when column_totals.is_dense then 1 else 2 end * round(value_counts.x / column_totals.value_step) as bigint)
            as first_fine_bin,
        cast(case when column_totals.is_dense then 1 else 2 end * round(value_counts.x / column_totals.value_step) as bigint) as bin
    from value_counts
    inner join column_totals
        on value_counts.column_id = column_totals.column_id
    where column_totals.is_counted_by_value

),

merged_starts as (

    select
        column_id,
        {{ dbt.listagg("first_fine_bin || ':' || bin", "';'", 'order by first_fine_bin') }} as bin_starts
    from all_numbered_bins
    group by column_id

),

-- 9. The atoms.
atoms as (

    select
        column_id,
        {{ dbt.listagg('cast(x as varchar)', "';'", 'order by x') }} as atoms
    from marked_values
    where is_atom
    group by column_id

)

select
    fitted_columns.monitor || '|' || fitted_columns.column_name as grid_key,
    fitted_columns.monitor,
    fitted_columns.column_name,
    case when fitted_columns.reason = 'first values' and {{ sampled_count }} = 0 then fitted_columns.generation - 1
        else fitted_columns.generation end as generation,
    fitted_columns.family,
    fitted_columns.data_type,
    coalesce(
        fitted_columns.declared_kind,
        case
            when sampled_texts.mean_length > 200 then 'text'
            when sampled_texts.distinct_count > 50 and sampled_texts.distinct_count * 2 > sampled_texts.value_count then 'text'
            else 'categorical'
        end
    ) as kind,
    case when fitted_columns.declared_kind in ('numeric', 'timestamp')
        then case
            when column_totals.is_counted_by_value and column_totals.is_dense then 'decimals'
            when column_totals.is_counted_by_value then 'values'
            else coalesce(methods.method, 'linear')
        end end as method,
    -- before the first value is seen nothing is known about the column: unit bins around zero, until its grid is fitted
    case when fitted_columns.declared_kind in ('numeric', 'timestamp') then coalesce(column_totals.centre, 0e0) end as centre,
    case when fitted_columns.declared_kind in ('numeric', 'timestamp') then coalesce(scales.scale, 1e0) end as scale,
    case when fitted_columns.declared_kind in ('numeric', 'timestamp') then coalesce(methods.lower_edge, -256e0) end as lower_edge,
    case when fitted_columns.declared_kind in ('numeric', 'timestamp')
        then coalesce(methods.lower_edge + methods.bin_count * methods.step, 256e0) end as upper_edge,
    case when fitted_columns.declared_kind in ('numeric', 'timestamp')
        then coalesce(column_totals.value_step, methods.step, 1e0) end as step,
    case when fitted_columns.declared_kind in ('numeric', 'timestamp')
        then cast(coalesce(methods.bin_count, 512) as integer) end as bin_count,
    atoms.atoms,
    case when methods.method = 'quantiles' then listed_edges.edges end as edges,
    merged_starts.bin_starts,
    coalesce(column_totals.distinct_count <= 512 and column_totals.value_count >= 20 * column_totals.distinct_count, false) as is_discrete,
    cast({{ sampled_count }} as bigint) as sampled_value_count,
    cast(coalesce(column_totals.distinct_count, sampled_texts.distinct_count, 0) as bigint) as sampled_distinct_count,
    fitted_columns.row_count_when_drawn,
    {{ data_health.run_time() }} as drawn_at
from fitted_columns
left join sampled_texts
    on fitted_columns.column_id = sampled_texts.column_id
left join column_totals
    on fitted_columns.column_id = column_totals.column_id
left join scales
    on fitted_columns.column_id = scales.column_id
left join methods
    on fitted_columns.column_id = methods.column_id
left join listed_edges
    on fitted_columns.column_id = listed_edges.column_id
left join merged_starts
    on fitted_columns.column_id = merged_starts.column_id
left join atoms
    on fitted_columns.column_id = atoms.column_id
-- a column that lost all its values keeps the grid it has; one that still has none is remembered as looked at
where fitted_columns.reason in ('new', 'first values')
    or {{ sampled_count }} > 0
    {%- endset %}
    {%- do fitted.append(grids_of_part) %}
{%- endfor %}
{% set new_rows %}
{%- if is_staged %}
    {%- for grids_of_part in fitted %}
        {%- set table = 'data_health_grids_' ~ loop.index ~ '_' ~ invocation_id[:8] %}
        {%- do run_query('create temporary table ' ~ table ~ ' as ' ~ grids_of_part) %}
select * from {{ table }}
{{ 'union all' if not loop.last }}
    {%- endfor %}
{% elif samples %}
{{ fitted[0] }}
{% else %}
{{ data_health.rows_as_table({
    'grid_key': 'varchar', 'monitor': 'varchar', 'column_name': 'varchar', 'generation': 'integer', 'family': 'varchar',
    'data_type': 'varchar', 'kind': 'varchar', 'method': 'varchar', 'centre': 'double precision', 'scale': 'double precision',
        'lower_edge': 'double precision',
    'upper_edge': 'double precision', 'step': 'double precision', 'bin_count': 'integer', 'atoms': 'varchar', 'edges': 'varchar',
    'bin_starts': 'varchar', 'is_discrete': 'boolean', 'sampled_value_count': 'bigint', 'sampled_distinct_count': 'bigint',
    'row_count_when_drawn': 'bigint', 'drawn_at': 'timestamp'
}) }}
{% endif %}
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
