{{ config(enabled='combinations' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
{%- set parts = range(1, 9) %}
{%- set subgroup_columns = {'monitor': 'varchar', 'attributes_key': 'varchar', 'period_key': 'varchar', 'row_count': 'bigint'} %}
{%- for number in parts %}{% do subgroup_columns.update({'value_' ~ number: 'varchar'}) %}{% endfor %}
{#- Patterns of values that too few rows have (fewer than `gap_rows`), while enough rows have every pattern of one value less. -#}
with periods as (

    select
        period_number, cell_kind, monitor, dataset, dataset_period_key, period_start, period_end,
        gap_levels, gap_rows, minimum_rows, warn_threshold, alert_threshold
    from {{ ref('combination_periods') }}
    where is_latest

),

sets as (

    select cell_kind, monitor, set_number, set_size, last_position, column_names
    from {{ ref('combination_sets') }}

),

patterns as (

    select period_number, set_number, pattern_code, row_count
    from {{ ref('combination_patterns') }}

),

all_periods as (

    select period_number, cell_kind, monitor
    from {{ ref('combination_periods') }}

),

combination_values as (

    select cell_kind, monitor, attributes_key, position, code, bin_type, category
    from {{ ref('combination_values') }}

),

dataset_periods as (

    select dataset_period_key, stored_period_key
    from {{ ref('dataset_periods') }}

),

subgroup_cells as (

    select monitor, attributes_key, period_key, {% for number in parts %}value_{{ number }}, {% endfor %}row_count
    from {{ data_health.named_model('subgroup_cells', 'representation' in data_health.parts_on(), subgroup_columns) }}

),

positions (position, set_number, unit) as (

    values
{%- for number in range(1, 9) %}
        ({{ number }}, {{ 2 ** (number - 1) }}, cast({{ 128 ** (number - 1) }} as bigint)){{ ',' if not loop.last }}
{%- endfor %}

),

-- 1. What a feature can be: every value that any dataset has. One that a dataset lacks is left out of its patterns.
single_values as (

    select
        patterns.period_number,
        all_periods.cell_kind,
        all_periods.monitor,
        positions.position,
        positions.set_number,
        patterns.pattern_code
    from patterns
    inner join all_periods
        on patterns.period_number = all_periods.period_number
    inner join positions
        on patterns.set_number = positions.set_number

),

domains as (

    select distinct cell_kind, monitor, position, set_number, pattern_code
    from single_values

),

features_of_periods as (

    select distinct period_number, position
    from single_values

),

-- 2. Covered patterns, by number of values that they name; of one that is covered, all more general ones are.
covered_patterns as (

    select
        patterns.period_number,
        periods.cell_kind,
        periods.monitor,
        periods.gap_levels,
        periods.gap_rows,
        patterns.set_number,
        sets.set_size,
        sets.last_position,
        patterns.pattern_code
    from patterns
    inner join periods
        on patterns.period_number = periods.period_number
    inner join sets
        on periods.cell_kind = sets.cell_kind
        and periods.monitor = sets.monitor
        and patterns.set_number = sets.set_number
    where patterns.row_count >= periods.gap_rows
        and sets.set_size <= periods.gap_levels

),

-- 3. Each with one value more, of a later feature, so that no pattern comes twice.
candidates as (

    select
        covered_patterns.period_number,
        covered_patterns.gap_rows,
        covered_patterns.set_number + domains.set_number as set_number,
        covered_patterns.set_size + 1 as set_size,
        domains.position as last_position,
        covered_patterns.pattern_code + domains.pattern_code as pattern_code
    from covered_patterns
    inner join domains
        on covered_patterns.cell_kind = domains.cell_kind
        and covered_patterns.monitor = domains.monitor
        and covered_patterns.last_position < domains.position
    inner join features_of_periods
        on covered_patterns.period_number = features_of_periods.period_number
        and domains.position = features_of_periods.position
    where covered_patterns.set_size < covered_patterns.gap_levels

),

uncovered as (

    select
        candidates.period_number,
        candidates.set_number,
        candidates.set_size,
        candidates.last_position,
        candidates.pattern_code,
        coalesce(patterns.row_count, 0) as row_count
    from candidates
    left join patterns
        on candidates.period_number = patterns.period_number
        and candidates.set_number = patterns.set_number
        and candidates.pattern_code = patterns.pattern_code
    where coalesce(patterns.row_count, 0) < candidates.gap_rows

),

-- 4. Those of which every pattern with one value less is covered.
parents as (

    select
        uncovered.period_number,
        uncovered.set_number,
        uncovered.pattern_code,
        uncovered.set_number - positions.set_number as parent_set,
        uncovered.pattern_code - (uncovered.pattern_code & (127 * positions.unit)) as parent_code
    from uncovered
    inner join positions
        on (uncovered.set_number & positions.set_number) > 0
        and positions.position < uncovered.last_position

),

covered_parents as (

    select
        parents.period_number,
        parents.set_number,
        parents.pattern_code,
        count(*) as parent_count
    from parents
    inner join covered_patterns
        on parents.period_number = covered_patterns.period_number
        and parents.parent_set = covered_patterns.set_number
        and parents.parent_code = covered_patterns.pattern_code
    group by parents.period_number, parents.set_number, parents.pattern_code

),

maximal as (

    select
        uncovered.period_number,
        uncovered.set_number,
        uncovered.set_size,
        uncovered.pattern_code,
        uncovered.row_count
    from uncovered
    left join covered_parents
        on uncovered.period_number = covered_parents.period_number
        and uncovered.set_number = covered_parents.set_number
        and uncovered.pattern_code = covered_parents.pattern_code
    where uncovered.set_size = 1 + coalesce(covered_parents.parent_count, 0)

    union all

    -- with so few rows in all, everything is uncovered
    select
        patterns.period_number,
        patterns.set_number,
        0 as set_size,
        patterns.pattern_code,
        patterns.row_count
    from patterns
    inner join periods
        on patterns.period_number = periods.period_number
    where patterns.set_number = 0
        and patterns.row_count < periods.gap_rows

),

totals as (

    select period_number, row_count
    from patterns
    where set_number = 0

),

-- 5. Values of subgroups beyond those with a code stand together in patterns. By itself each is a pattern of one value.
single_others as (

    select monitor, attributes_key, position, code, category
    from combination_values
    where cell_kind = 'subgroups'
        and code > 127

),

columns_with_others as (

    select distinct monitor, attributes_key, position
    from single_others

),

rows_of_others as (

    select
        periods.period_number,
        columns_with_others.position,
        case columns_with_others.position
            {%- for number in parts %}
            when {{ number }} then subgroup_cells.value_{{ number }}
            {%- endfor %}
        end as category,
        subgroup_cells.row_count
    from columns_with_others
    inner join periods
        on columns_with_others.monitor = periods.monitor
        and periods.cell_kind = 'subgroups'
    inner join dataset_periods
        on periods.dataset_period_key = dataset_periods.dataset_period_key
    inner join subgroup_cells
        on columns_with_others.monitor = subgroup_cells.monitor
        and columns_with_others.attributes_key = subgroup_cells.attributes_key
        and dataset_periods.stored_period_key = subgroup_cells.period_key

),

counted_others as (

    select period_number, position, category, sum(row_count) as row_count
    from rows_of_others
    group by period_number, position, category

),

others_of_periods as (

    select
        periods.period_number,
        periods.gap_rows,
        single_others.position,
        single_others.code,
        coalesce(counted_others.row_count, 0) as row_count
    from single_others
    inner join periods
        on single_others.monitor = periods.monitor
        and periods.cell_kind = 'subgroups'
    inner join features_of_periods
        on periods.period_number = features_of_periods.period_number
        and single_others.position = features_of_periods.position
    inner join totals
        on periods.period_number = totals.period_number
        and totals.row_count >= periods.gap_rows
    left join counted_others
        on periods.period_number = counted_others.period_number
        and single_others.position = counted_others.position
        and single_others.category = counted_others.category

),

-- 6. What such a bin of others hides: combinations of those values that have enough rows alone, and of a feature every value in it.
hiding_others as (

    select period_number, position
    from others_of_periods
    where row_count >= gap_rows
        and period_number in (
            select sets_of_period.period_number
            from periods as sets_of_period
            inner join sets
                on sets_of_period.cell_kind = sets.cell_kind
                and sets_of_period.monitor = sets.monitor
            where sets.set_size = 2
                and sets_of_period.gap_levels > 1
        )
    group by period_number, position

    union all

    select period_number, position
    from single_values
    where cell_kind = 'features'
    group by period_number, position

),

patterns_of_others as (

    select
        patterns.period_number,
        positions.position,
        patterns.set_number,
        patterns.pattern_code,
        patterns.row_count,
        hiding_others.position is not null and patterns.row_count >= periods.gap_rows as is_told
    from patterns
    inner join periods
        on patterns.period_number = periods.period_number
    inner join positions
        on patterns.set_number = positions.set_number
    inner join combination_values
        on periods.cell_kind = combination_values.cell_kind
        and periods.monitor = combination_values.monitor
        and positions.position = combination_values.position
        and patterns.pattern_code = combination_values.code * positions.unit
        and combination_values.bin_type = 'other'
    left join hiding_others
        on patterns.period_number = hiding_others.period_number
        and positions.position = hiding_others.position

),

-- patterns of others that hide nothing say nothing that is not said of single values
empty_patterns as (

    select distinct maximal.period_number, maximal.set_number, maximal.pattern_code
    from maximal
    inner join periods
        on maximal.period_number = periods.period_number
        and periods.cell_kind = 'subgroups'
    inner join positions
        on (maximal.set_number & positions.set_number) > 0
        and (maximal.pattern_code & (127 * positions.unit)) = 121 * positions.unit
    left join hiding_others
        on maximal.period_number = hiding_others.period_number
        and positions.position = hiding_others.position
    where hiding_others.position is null

),

told_patterns as (

    select
        maximal.period_number,
        maximal.set_number,
        maximal.set_size,
        maximal.pattern_code,
        maximal.row_count
    from maximal
    left join empty_patterns
        on maximal.period_number = empty_patterns.period_number
        and maximal.set_number = empty_patterns.set_number
        and maximal.pattern_code = empty_patterns.pattern_code
    where empty_patterns.pattern_code is null

    union all

    select
        others_of_periods.period_number,
        positions.set_number,
        1 as set_size,
        cast(-others_of_periods.code as bigint) as pattern_code,
        cast(others_of_periods.row_count as bigint) as row_count
    from others_of_periods
    inner join positions
        on others_of_periods.position = positions.position
    where others_of_periods.row_count < others_of_periods.gap_rows

    union all

    -- no gap: it says that some may be hidden
    select
        period_number,
        set_number,
        1 as set_size,
        pattern_code,
        row_count
    from patterns_of_others
    where is_told

)

select
    told_patterns.period_number,
    periods.cell_kind,
    periods.monitor,
    periods.dataset,
    periods.period_start,
    periods.period_end,
    told_patterns.set_number,
    told_patterns.pattern_code,
    told_patterns.set_size as level,
    sets.column_names,
    told_patterns.row_count,
    totals.row_count as dataset_row_count,
    told_patterns.row_count / nullif(cast(totals.row_count as double precision), 0e0) as row_share,
    periods.gap_rows,
    periods.minimum_rows,
    periods.warn_threshold,
    periods.alert_threshold
from told_patterns
inner join periods
    on told_patterns.period_number = periods.period_number
inner join sets
    on periods.cell_kind = sets.cell_kind
    and periods.monitor = sets.monitor
    and told_patterns.set_number = sets.set_number
inner join totals
    on told_patterns.period_number = totals.period_number
