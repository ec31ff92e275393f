{#
    Statistics that a release before stored, with all names in every row of column_distributions and with fine bins only, become what they
    are now. No row they were made of is read, since these may be gone. column_grids asks for it, the first of the three tables. That
    column_statistics has a `statistics_key` says that all is done, and is done last, so that a run that is killed in between goes on. Eight
    equal bins between two knots, as grids had, become as many edges.
#}
{% macro upgrade_stores() -%}
    {%- set statistics = data_health.stored_model('column_statistics') if flags.WHICH in ['run', 'build', 'retry'] else none -%}
    {%- set is_table = statistics is not none and statistics.is_table -%}
    {%- set stored_columns = adapter.get_columns_in_relation(statistics) if is_table else [] -%}
    {%- set written = stored_columns | map(attribute='name') | map('lower') | list -%}
    {%- if written and 'statistics_key' not in written -%}
        {%- set state = {} -%}
        {%- for node in graph.nodes.values() if node.unique_id == 'model.data_health.column_distributions' -%}
            {%- for name, suffix in {'distributions': '', 'narrow': '_narrow'}.items() -%}
                {%- do state.update({name: api.Relation.create(database=node.database, schema=node.schema,
                    identifier=node.alias ~ suffix, type='table')}) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- set wide, made = load_relation(state.distributions), load_relation(state.narrow) -%}
        {%- if 'upgraded_key' not in written -%}
            {%- do run_query('alter table ' ~ statistics ~ ' add column bin_width integer') -%}
            {%- do run_query('alter table ' ~ statistics ~ ' add column upgraded_key bigint') -%}
        {%- endif -%}
        {%- do run_query('update ' ~ statistics ~ ' set bin_width = 1, upgraded_key = '
            ~ data_health.row_hash(['period_key', 'column_name', 'segment_column', 'segment_value', 'built_at'], 'row_hash_key')) -%}
        {%- if wide is not none -%}
            {%- set grids = load_relation(this) -%}
            {%- set known = adapter.get_columns_in_relation(grids) | map(attribute='name') | map('lower') | list -%}
            {%- for name in ['edges', 'bin_starts'] if name not in known -%}
                {%- do run_query('alter table ' ~ grids ~ ' add column ' ~ name ~ ' varchar') -%}
            {%- endfor -%}
            {%- set older = "select grid_key, knots from " ~ grids ~ " where method = 'knots'" -%}
            {%- for row in (run_query(older).rows if 'knots' in known else []) -%}
                {%- set knots, edges = row['knots'].split(';') | map('float') | list, [] -%}
                {%- for knot in knots[1:] -%}
                    {%- set start = knots[loop.index0] -%}
                    {%- for eighth in range(8) -%}{%- do edges.append(start + eighth * ((knot - start) / 8)) -%}{%- endfor -%}
                {%- endfor -%}
                {%- do run_query('update ' ~ grids ~ " set method = 'quantiles', edges = '" ~ (edges + knots[-1:]) | join(';')
                    ~ "' where grid_key = " ~ data_health.text_literal(row['grid_key'])) -%}
            {%- endfor -%}
            {%- do run_query('drop table if exists data_health_merged_bins') -%}
            {%- do run_query(data_health.merged_older_bins(grids, wide)) -%}
            {%- do run_query('update ' ~ grids ~ ' as grids set bin_starts = merged.bin_starts from (select column_id, '
                ~ dbt.listagg("fine_bin || ':' || bin", "';'", 'order by fine_bin')
                ~ ' as bin_starts from data_health_merged_bins where is_start group by column_id) as merged'
                ~ " where grids.grid_key || '|' || grids.generation = merged.column_id") -%}
            {%- if made is not none -%}{%- do adapter.drop_relation(made) -%}{%- endif -%}
            {%- set narrow_bins %}
create table {{ state.narrow }} as
select
    statistics.upgraded_key as statistics_key,
    coalesce(merged_bins.bin, wide.bin) as bin,
    cast(sum(wide.row_count) as bigint) as row_count,
    sum(wide.value_sum - wide.row_count * coalesce(statistics.centre, 0)) as value_sum,
    min(wide.minimum) as minimum, max(wide.maximum) as maximum, wide.category
from {{ wide }} as wide
inner join {{ statistics }} as statistics
    on wide.period_column_key = statistics.period_column_key
    and wide.built_from = statistics.built_from
    and wide.segment_column = statistics.segment_column
    and coalesce(wide.segment_value, '') = coalesce(statistics.segment_value, '')
    and (wide.segment_value is null) = (statistics.segment_value is null)
left join data_health_merged_bins as merged_bins
    on wide.bin_type = 'bin'
    and wide.monitor || '|' || wide.column_name || '|' || wide.grid_generation = merged_bins.column_id
    and wide.bin = merged_bins.fine_bin
where wide.bin_type in ('bin', 'length', 'value', 'pattern', 'other')
group by statistics.upgraded_key, coalesce(merged_bins.bin, wide.bin), wide.category, wide.bin_type
            {%- endset -%}
            {%- do run_query(narrow_bins) -%}
            {%- do adapter.drop_relation(wide) -%}
        {%- endif -%}
        {%- if wide is not none or made is not none -%}{%- do adapter.rename_relation(state.narrow, state.distributions) -%}{%- endif -%}
        {%- do run_query('alter table ' ~ statistics ~ ' rename column upgraded_key to statistics_key') -%}
    {%- endif -%}
{%- endmacro %}


{#
    The fine bins of older grids, each with the number of the bin that it is merged into, as those of a new grid are merged, by the rows
    that are stored in them. Where every bin holds one value only, and where nothing is stored, bins stay as they are. The `column_id` is
    the key of the grid and its generation.
#}
{% macro merged_older_bins(grids, wide) -%}
create temporary table data_health_merged_bins as
with stored_bins as (

    select
        monitor || '|' || column_name || '|' || grid_generation as column_id,
        bin as fine_bin, min(minimum) as minimum, max(maximum) as maximum, sum(row_count) as row_count
    from {{ wide }}
    where bin_type = 'bin'
        and segment_column = '(all)'
    group by 1, 2

),

listed_atoms as (

    select
        grid_key || '|' || generation as column_id,
        cast({{ data_health.engine_sql('text_rows', 'atoms', "';'") }} as double precision) as x
    from {{ grids }}
    where atoms is not null

),

marked_bins as (

    select stored_bins.*, case when listed_atoms.x is null then 0 else 1 end as atom_count
    from stored_bins
    inner join {{ grids }} as grids
        on stored_bins.column_id = grids.grid_key || '|' || grids.generation
    left join listed_atoms
        on stored_bins.column_id = listed_atoms.column_id
        and stored_bins.minimum = listed_atoms.x
        and stored_bins.maximum = listed_atoms.x
    where stored_bins.column_id in (select column_id from stored_bins where minimum < maximum)

),

fine_bins as (

    select
        column_id, fine_bin, atom_count = 1 as is_atom,
        sum(atom_count) over (partition by column_id order by fine_bin rows unbounded preceding) - atom_count as atoms_below,
        case when atom_count = 1 then 0 else row_count end as row_count,
        row_count as all_count
    from marked_bins

),

column_totals as (

    select column_id, sum(row_count) as unsettled_count, greatest(8e0, ceil(120e0 * sum(row_count) / sum(all_count))) as bin_limit
    from fine_bins
    group by column_id

),

{{ data_health.merged_bins() }}

select
    column_id, fine_bin, count(bin) = 1 as is_start,
    max(max(bin)) over (partition by column_id order by fine_bin rows unbounded preceding) as bin
from (
    select column_id, fine_bin, cast(null as bigint) as bin from fine_bins
    union all
    select column_id, first_fine_bin as fine_bin, bin from numbered_bins
) as bins_and_starts
group by column_id, fine_bin
{%- endmacro %}
