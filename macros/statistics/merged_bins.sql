{#
    Neighbouring fine bins between percentiles 1 and 99 are merged into bins of about as many rows each, as CTEs of which the last is
    `numbered_bins`. Given are
    `fine_bins` (column_id, fine_bin, is_atom, atoms_below, row_count, 0 for an atom) and `column_totals` (column_id, bin_limit,
    unsettled_count). An atom stays alone, and no bin has an atom inside: right after it a bin begins, whether a value is there yet or not.
    Numbers begin at a multiple of four before and after an atom, so that two or four neighbours can be merged later, and an atom never is.
    After the last one, fine bins are not merged.
#}
{% macro merged_bins() -%}
all_fine_bins as (

    select column_id, fine_bin, is_atom, atoms_below, sum(row_count) as row_count
    from (
        select column_id, fine_bin, is_atom, atoms_below, row_count from fine_bins union all
        select column_id, fine_bin + 1, false, atoms_below + 1, 0 from fine_bins where is_atom
    ) as bins_and_those_after_atoms
    group by 1, 2, 3, 4

),

cumulative_bins as (

    select
        all_fine_bins.*, column_totals.unsettled_count, column_totals.bin_limit,
        sum(row_count) over (partition by all_fine_bins.column_id order by fine_bin rows unbounded preceding) as rank_to
    from all_fine_bins
    inner join column_totals
        on all_fine_bins.column_id = column_totals.column_id

),

ranked_fine_bins as (

    select column_id, fine_bin, is_atom, atoms_below, case
        when is_atom or unsettled_count = 0 then 0
        when rank_to <= 0.01 * unsettled_count then -1e9 + fine_bin
        when rank_to - row_count >= 0.99 * unsettled_count then 1e9 + fine_bin
        else floor(bin_limit * (rank_to - row_count) / unsettled_count)
    end as bin_rank
    from cumulative_bins

),

merged_bins as (

    select
        column_id, atoms_below, is_atom, min(fine_bin) as first_fine_bin, max(fine_bin) as last_fine_bin,
        row_number() over (partition by column_id, atoms_below, is_atom order by bin_rank) - 1 as rank
    from ranked_fine_bins
    group by column_id, atoms_below, is_atom, bin_rank

),

blocks as (

    select
        column_id, atoms_below, is_atom, 4 * ceil(count(*) / 4e0) as width, max(last_fine_bin) as last_fine_bin,
        sum(4 * ceil(count(*) / 4e0)) over (partition by column_id order by atoms_below, is_atom rows unbounded preceding) as end_bin
    from merged_bins
    group by column_id, atoms_below, is_atom

),

numbered_bins as (

    select merged_bins.column_id, merged_bins.first_fine_bin, cast(blocks.end_bin - blocks.width + merged_bins.rank as bigint) as bin
    from merged_bins
    inner join blocks
        on merged_bins.column_id = blocks.column_id
        and merged_bins.atoms_below = blocks.atoms_below
        and merged_bins.is_atom = blocks.is_atom

    union all

    select column_id, max(last_fine_bin) + 1 as first_fine_bin, cast(max(end_bin) as bigint) as bin
    from blocks
    group by column_id

)
{%- endmacro %}
