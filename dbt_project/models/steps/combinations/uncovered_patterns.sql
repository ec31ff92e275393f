{{ config(enabled=data_health.part_is_on('combinations')) }}
{%- do data_health.begin_model() %}
{#- Patterns of values that too few rows have (fewer than `gap_rows`), while enough rows have every pattern of one value less. -#}
with periods as (

    select
        period_number, cell_kind, monitor, dataset, period_start, period_end,
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

)

select
    maximal.period_number,
    periods.cell_kind,
    periods.monitor,
    periods.dataset,
    periods.period_start,
    periods.period_end,
    maximal.set_number,
    maximal.pattern_code,
    maximal.set_size as level,
    sets.column_names,
    maximal.row_count,
    totals.row_count as dataset_row_count,
    maximal.row_count / nullif(cast(totals.row_count as double precision), 0e0) as row_share,
    periods.gap_rows,
    periods.minimum_rows,
    periods.warn_threshold,
    periods.alert_threshold
from maximal
inner join periods
    on maximal.period_number = periods.period_number
inner join sets
    on periods.cell_kind = sets.cell_kind
    and periods.monitor = sets.monitor
    and maximal.set_number = sets.set_number
inner join totals
    on maximal.period_number = totals.period_number
