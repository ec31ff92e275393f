{{ config(enabled='labeling' in data_health.parts_on(), materialized='ephemeral') }}
{%- set cell = [] %}
{%- for number in range(1, 9) %}{% do cell.append('value_' ~ number) %}{% endfor %}
with shares as (

    select monitor, labels_per_subgroup, asked_count
    from {{ ref('labeling_slots') }}

),

labeling_groups as (

    select monitor, {{ cell | join(', ') }}, subgroup, group_key, group_value, row_count, labelled_count
    from {{ ref('labeling_groups') }}

),

rows_to_ask as (

    select monitor, row_key, random_number, {{ cell | join(', ') }}
    from {{ ref('labeling_pool') }}

),

-- those with fewest labels come first; of rows only those below a number that surely leaves enough are put in order
short_groups as (

    select distinct
        labeling_groups.monitor,
        labeling_groups.subgroup,
        labeling_groups.group_key,
        labeling_groups.group_value,
        labeling_groups.labelled_count,
        shares.labels_per_subgroup - labeling_groups.labelled_count as wanted_count,
        (2 * (shares.labels_per_subgroup + shares.asked_count) + 100)
            / cast(labeling_groups.row_count as double precision) as largest_number
    from labeling_groups
    inner join shares
        on labeling_groups.monitor = shares.monitor
    where labeling_groups.labelled_count < shares.labels_per_subgroup

),

rows_of_short_groups as (

    select
        rows_to_ask.monitor,
        rows_to_ask.row_key,
        short_groups.group_value,
        short_groups.labelled_count,
        short_groups.wanted_count,
        row_number() over (
            partition by short_groups.monitor, short_groups.subgroup, short_groups.group_key
            order by rows_to_ask.random_number, rows_to_ask.row_key
        ) as rank
    from labeling_groups
    inner join short_groups
        on labeling_groups.monitor = short_groups.monitor
        and labeling_groups.subgroup = short_groups.subgroup
        and labeling_groups.group_key = short_groups.group_key
    inner join rows_to_ask
        on labeling_groups.monitor = rows_to_ask.monitor
        {%- for name in cell %}
        and coalesce(labeling_groups.{{ name }}, '(null)') = coalesce(rows_to_ask.{{ name }}, '(null)')
        {%- endfor %}
        and rows_to_ask.random_number <= short_groups.largest_number

),

-- a row counts for every group that it is in, and is asked for by the one that is shortest of labels
best_groups as (

    select
        monitor,
        row_key,
        group_value,
        labelled_count,
        rank,
        row_number() over (partition by monitor, row_key order by labelled_count + rank, group_value nulls last) as group_rank
    from rows_of_short_groups
    where rank <= wanted_count

)

select
    monitor,
    row_key,
    group_value,
    labelled_count,
    row_number() over (partition by monitor order by labelled_count + rank, rank, group_value nulls last, row_key) as rank
from best_groups
where group_rank = 1
