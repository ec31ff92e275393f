{#
    Neighbouring fine bins between percentiles 1 and 99 are merged into bins of about as many rows each, as CTEs of which the last is
    `numbered_bins`. Given are
    `fine_bins` (column_id, fine_bin, is_atom, atoms_below, row_count, 0 for an atom) and `column_totals` (column_id, bin_limit,
    unsettled_count). An atom stays alone, and no bin has an atom inside: right after it a bin begins, whether a value is there yet or not.
    Numbers begin at a multiple of four before and after an atom, so that two or four neighbours can be merged later, and an atom never is.
    After the last one, fine bins are not merged.
#}
{% macro merged_bins() -%}
fine_bins_after_atoms as (

    select
        atoms.column_id, atoms.fine_bin + 1 as fine_bin, false as is_atom, atoms.atoms_below + 1 as atoms_below, 0 as row_count
    from fine_bins as atoms
    left join fine_bins as known_bins
        on atoms.column_id = known_bins.column_id
        and atoms.fine_bin + 1 = known_bins.fine_bin
    where atoms.is_atom
        and known_bins.column_id is null

),

ranked_fine_bins as (

    select column_id, fine_bin, is_atom, atoms_below, case
        when is_atom or unsettled_count = 0 then 0
        when rank_to <= 0.01 * unsettled_count then -1e9 + fine_bin
        when rank_to - row_count >= 0.99 * unsettled_count then 1e9 + fine_bin
        else floor(bin_limit * (rank_to - row_count) / unsettled_count)
    end as bin_rank
    from (
        select
            all_fine_bins.*,
            column_totals.unsettled_count,
            column_totals.bin_limit,
            sum(all_fine_bins.row_count) over (
                partition by all_fine_bins.column_id order by all_fine_bins.fine_bin rows unbounded preceding
            ) as rank_to
        from (
            select column_id, fine_bin, is_atom, atoms_below, row_count from fine_bins
            union all
            select column_id, fine_bin, is_atom, atoms_below, row_count from fine_bins_after_atoms
        ) as all_fine_bins
        inner join column_totals
            on all_fine_bins.column_id = column_totals.column_id
    ) as cumulative_bins

),

merged_bins as (

    select
        column_id, atoms_below, is_atom, min(fine_bin) as first_fine_bin,
        row_number() over (partition by column_id, atoms_below, is_atom order by bin_rank) - 1 as place
    from ranked_fine_bins
    group by column_id, atoms_below, is_atom, bin_rank

),

blocks as (

    select column_id, atoms_below, is_atom, 4 * ceil(count(*) / 4e0) as width
    from merged_bins
    group by column_id, atoms_below, is_atom

),

placed_blocks as (

    select blocks.*, sum(width) over (
        partition by column_id order by atoms_below, case when is_atom then 1 else 0 end rows unbounded preceding
    ) - width as first_bin
    from blocks

),

numbered_bins as (

    select
        merged_bins.column_id,
        merged_bins.first_fine_bin,
        cast(placed_blocks.first_bin + merged_bins.place as bigint) as bin
    from merged_bins
    inner join placed_blocks
        on merged_bins.column_id = placed_blocks.column_id
        and merged_bins.atoms_below = placed_blocks.atoms_below
        and merged_bins.is_atom = placed_blocks.is_atom

    union all

    select ranked_fine_bins.column_id, max(ranked_fine_bins.fine_bin) + 1 as first_fine_bin, cast(max(widths.width) as bigint) as bin
    from ranked_fine_bins
    inner join (select column_id, sum(width) as width from blocks group by column_id) as widths
        on ranked_fine_bins.column_id = widths.column_id
    group by ranked_fine_bins.column_id

)
{%- endmacro %}
