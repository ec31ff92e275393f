{{ config(
    enabled='labeling' in data_health.parts_on() and 'combinations' in data_health.parts_on(),
    materialized='ephemeral'
) }}
{%- set mask = [] %}
{%- for number in range(8) %}
    {%- set bits = 127 * 128 ** number %}
    {%- do mask.append('(case when uncovered_patterns.pattern_code & ' ~ bits ~ ' > 0 then ' ~ bits ~ ' else 0 end)') %}
{%- endfor %}
with shares as (

    select monitor, labels_per_subgroup, asked_count
    from {{ ref('labeling_slots') }}

),

labeling_rows as (

    select monitor, cell_code, label
    from {{ ref('labeling_rows') }}

),

rows_to_ask as (

    select monitor, row_key, cell_code, random_number
    from {{ ref('labeling_pool') }}

),

-- what production has more of than a set that a model was trained on
gaps as (

    select monitor, dataset, gap_number, column_names, pattern
    from {{ ref('health_coverage_gaps') }}
    where status in ('warn', 'alert')
        and pattern <> '(all)'

),

uncovered_patterns as (

    select monitor, dataset, set_number, column_names, pattern_code
    from {{ ref('uncovered_patterns') }}
    where cell_kind = 'features'

),

names as (

    select monitor, set_number, pattern_code, pattern
    from {{ ref('pattern_names') }}
    where cell_kind = 'features'

),

-- the code of a row has the pattern's numbers where the pattern has any
patterns as (

    select
        gaps.monitor,
        gaps.dataset,
        gaps.gap_number,
        gaps.pattern,
        uncovered_patterns.pattern_code,
        {{ mask | join('\n            + ') }} as mask
    from gaps
    inner join uncovered_patterns
        on gaps.monitor = uncovered_patterns.monitor
        and gaps.dataset = uncovered_patterns.dataset
        and gaps.column_names = uncovered_patterns.column_names
    inner join names
        on uncovered_patterns.monitor = names.monitor
        and uncovered_patterns.set_number = names.set_number
        and uncovered_patterns.pattern_code = names.pattern_code
        and gaps.pattern = names.pattern

),

-- several references may lack the same
distinct_patterns as (

    select
        patterns.*,
        row_number() over (partition by monitor, pattern_code order by gap_number, dataset) as pattern_rank
    from patterns

),

cells as (

    select monitor, cell_code, count(*) as row_count, count(label) as labelled_count
    from labeling_rows
    group by monitor, cell_code

),

short_patterns as (

    select
        distinct_patterns.monitor,
        distinct_patterns.dataset,
        distinct_patterns.gap_number,
        distinct_patterns.pattern,
        distinct_patterns.pattern_code,
        distinct_patterns.mask,
        shares.labels_per_subgroup,
        shares.asked_count,
        cast(sum(cells.labelled_count) as bigint) as labelled_count,
        sum(cells.row_count) as row_count
    from distinct_patterns
    inner join shares
        on distinct_patterns.monitor = shares.monitor
    inner join cells
        on distinct_patterns.monitor = cells.monitor
        and (cells.cell_code & distinct_patterns.mask) = distinct_patterns.pattern_code
    where distinct_patterns.pattern_rank = 1
    group by
        distinct_patterns.monitor, distinct_patterns.dataset, distinct_patterns.gap_number, distinct_patterns.pattern,
        distinct_patterns.pattern_code, distinct_patterns.mask, shares.labels_per_subgroup, shares.asked_count
    having sum(cells.labelled_count) < shares.labels_per_subgroup

),

-- the most needed; every one is compared with every row
needed_patterns as (

    select
        short_patterns.*,
        row_number() over (partition by monitor order by gap_number, dataset, pattern_code) as needed_rank
    from short_patterns

),

matching_rows as (

    select
        rows_to_ask.monitor,
        rows_to_ask.row_key,
        rows_to_ask.random_number,
        needed_patterns.dataset,
        needed_patterns.pattern,
        needed_patterns.needed_rank,
        needed_patterns.labelled_count,
        needed_patterns.labels_per_subgroup - needed_patterns.labelled_count as wanted_count,
        row_number() over (
            partition by needed_patterns.monitor, needed_patterns.needed_rank
            order by rows_to_ask.random_number, rows_to_ask.row_key
        ) as rank_in_pattern
    from rows_to_ask
    inner join needed_patterns
        on rows_to_ask.monitor = needed_patterns.monitor
        and (rows_to_ask.cell_code & needed_patterns.mask) = needed_patterns.pattern_code
        and rows_to_ask.random_number * needed_patterns.row_count
            <= 2 * (needed_patterns.labels_per_subgroup + needed_patterns.asked_count) + 100
    where needed_patterns.needed_rank <= 20

),

-- a row counts for every pattern that it has, and is asked for by the one that is shortest of labels
best_patterns as (

    select
        matching_rows.*,
        row_number() over (partition by monitor, row_key order by labelled_count + rank_in_pattern, needed_rank) as row_rank
    from matching_rows
    where rank_in_pattern <= wanted_count

)

select
    monitor,
    row_key,
    dataset,
    pattern,
    labelled_count,
    cast(row_number() over (
        partition by monitor
        order by labelled_count + rank_in_pattern, needed_rank, random_number, row_key
    ) as bigint) as rank
from best_patterns
where row_rank = 1
