{{ config(
    enabled='combinations' in data_health.parts_on(),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='monitor',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('monitored_periods') }}
-- depends_on: {{ ref('column_grids') }}
-- depends_on: {{ ref('column_statistics') }}
-- depends_on: {{ ref('column_distributions') }}

{%- do data_health.begin_model([
    ref('monitored_periods'), ref('column_grids'), ref('column_statistics'), ref('column_distributions')
], adds_to_this=true) %}
{%- set cell_limit, automatic_limit, automatic_count, category_limit, largest_category_limit = 200000, 20000, 6, 20, 100 %}
{%- set stored, candidates, features_of = {}, [], {} %}
{%- if data_health.stored_model() is not none %}
    {%- set stored_columns %}
        select distinct monitor, configuration_key, generation, row_count_when_drawn, column_name, family
        from {{ this }}
        order by monitor, column_name
    {%- endset %}
    {%- for row in run_query(stored_columns).rows %}
        {%- set of_monitor = stored.setdefault(row['monitor'], {
            'key': row['configuration_key'], 'generation': row['generation'], 'row_count': row['row_count_when_drawn'], 'columns': []
        }) %}
        {%- do of_monitor['columns'].append(row['column_name'] ~ '|' ~ row['family']) %}
    {%- endfor %}
{%- endif %}
{%- set row_counts = {} %}
{%- set production = data_health.datasets_of_this_run() | selectattr('name', 'equalto', 'production') | list %}
{%- if production and load_relation(ref('monitored_periods')) is not none %}
    {%- set counted %}
        select monitor, sum(row_count) as row_count
        from {{ ref('monitored_periods') }}
        where dataset = 'production'
        group by monitor
    {%- endset %}
    {%- for row in run_query(counted).rows %}
        {%- do row_counts.update({row['monitor']: row['row_count'] | int}) %}
    {%- endfor %}
{%- endif %}
{%- for dataset in production if dataset.monitor.parts.combinations and row_counts.get(dataset.monitor.name) %}
    {%- set monitor, usable, named, declared_ranks = dataset.monitor, [], [], {} %}
    {%- for column in dataset.columns if not (column.left_out or column.is_derived or column.from_labels or column.kind == 'key') %}
        {%- if column.family in ['numeric', 'boolean', 'string'] %}
            {%- do usable.append(column) %}
            {%- do named.append(column.name ~ '|' ~ column.family) %}
        {%- endif %}
    {%- endfor %}
    {%- for name in monitor.combinations.features or [] %}
        {%- do declared_ranks.update({(data_health.find_column(usable, name) or {'name': name}).name: loop.index}) %}
    {%- endfor %}
    {%- do features_of.update({monitor.name: declared_ranks.keys() | list}) %}
    {%- set subgroups, kinds = monitor.subgroups | sum(start=[]), [] %}
    {%- for column in usable if column.declared_kind %}{% do kinds.append([column.name, column.declared_kind]) %}{% endfor %}
    {#- raise the first when bins have to be cut again -#}
    {%- set cut_by = ['2', declared_ranks.keys() | list] %}
    {%- set key = local_md5((cut_by + [[] if declared_ranks else subgroups, kinds]) | string)[:12] %}
    {%- set old, row_count = stored.get(monitor.name), row_counts[monitor.name] %}
    {%- set is_outgrown = old and old.row_count < 10000 and row_count >= 10 * old.row_count %}
    {%- if not old or old.key != key or is_outgrown or old['columns'] | reject('in', named) | list %}
        {%- for column in usable if (column.name in declared_ranks if declared_ranks else column.role in ['feature', 'subgroup']) %}
            {%- set own_rank = 1 + subgroups.index(column.name) if column.name in subgroups else 1000 %}
            {%- do candidates.append([
                monitor.name, key, old.generation + 1 if old else 1, row_count, column.name, column.family,
                declared_ranks[column.name] if declared_ranks else own_rank, declared_ranks | length > 0
            ]) %}
        {%- endfor %}
    {%- endif %}
{%- endfor %}
{%- set drawn %}
with candidates as (
{{ data_health.rows_as_table({
    'monitor': 'varchar', 'configuration_key': 'varchar', 'generation': 'integer', 'row_count_when_drawn': 'bigint',
    'column_name': 'varchar', 'family': 'varchar', 'rank': 'integer', 'is_declared': 'boolean'
}, candidates) }}

),

grids as (

    select monitor, column_name, family, kind, method
    from {{ ref('column_grids') }}

),

counted_columns as (

    select column_statistics.*
    from {{ data_health.named_model('column_statistics') }}
    inner join grids
        on column_statistics.monitor = grids.monitor
        and column_statistics.column_name = grids.column_name
    where column_statistics.segment_column = '(all)'
        and grids.kind in ('numeric', 'categorical', 'boolean')

),

distributions as (

    select
        counted_columns.monitor,
        counted_columns.dataset,
        counted_columns.column_name,
        case
            when column_distributions.bin is not null then 'bin'
            when column_distributions.category is not null then 'value'
            else 'other'
        end as bin_type,
        column_distributions.category,
        column_distributions.row_count,
        column_distributions.minimum
    from {{ data_health.named_model('column_distributions') }}
    inner join counted_columns
        on column_distributions.statistics_key = counted_columns.statistics_key

),

-- a code is a category, though it is written as a number
columns_of_codes as (

    select distributions.monitor, distributions.column_name
    from distributions
    inner join grids
        on distributions.monitor = grids.monitor
        and distributions.column_name = grids.column_name
    where grids.method = 'values'
        and distributions.bin_type = 'bin'
    group by distributions.monitor, distributions.column_name
    having count(distinct distributions.minimum) <= {{ category_limit }}

),

columns_to_cut as (

    select
        candidates.*,
        grids.kind,
        case when columns_of_codes.column_name is not null then 'code' else grids.kind end as cut_as
    from candidates
    inner join grids
        on candidates.monitor = grids.monitor
        and candidates.column_name = grids.column_name
        and candidates.family = grids.family
    left join columns_of_codes
        on candidates.monitor = columns_of_codes.monitor
        and candidates.column_name = columns_of_codes.column_name
    where grids.kind in ('numeric', 'categorical', 'boolean')

),

-- 1. Numbers: one bin per stored bin where there are few, else six of about as many rows each.
stored_bins as (

    select
        columns_to_cut.monitor,
        columns_to_cut.column_name,
        distributions.minimum,
        cast(sum(distributions.row_count) as double precision) as row_count
    from columns_to_cut
    inner join distributions
        on columns_to_cut.monitor = distributions.monitor
        and columns_to_cut.column_name = distributions.column_name
    where columns_to_cut.cut_as = 'numeric'
        and distributions.bin_type = 'bin'
        and distributions.dataset = 'production'
    group by columns_to_cut.monitor, columns_to_cut.column_name, distributions.minimum

),

ranked_bins as (

    select
        stored_bins.*,
        count(*) over (partition by monitor, column_name) as stored_bin_count,
        row_number() over (partition by monitor, column_name order by minimum nulls last) as stored_bin_rank,
        (sum(row_count) over (partition by monitor, column_name order by minimum nulls last rows unbounded preceding) - row_count / 2)
            / sum(row_count) over (partition by monitor, column_name) as middle_rank
    from stored_bins

),

coarse_bins as (

    select
        monitor,
        column_name,
        cast(case when stored_bin_count <= 10 then stored_bin_rank else least(floor(6 * middle_rank), 5) end as integer) as bin_group,
        min(minimum) as lower_edge,
        sum(row_count) as row_count
    from ranked_bins
    group by 1, 2, 3

),

-- 2. Categories: the most frequent. Codes that only a reference has are among them.
category_counts as (

    select
        columns_to_cut.monitor,
        columns_to_cut.column_name,
        distributions.category,
        cast(null as double precision) as number,
        sum(distributions.row_count) as row_count,
        sum(distributions.row_count) as production_count
    from columns_to_cut
    inner join distributions
        on columns_to_cut.monitor = distributions.monitor
        and columns_to_cut.column_name = distributions.column_name
    where columns_to_cut.cut_as in ('categorical', 'boolean')
        and distributions.bin_type = 'value'
        and distributions.dataset = 'production'
    group by columns_to_cut.monitor, columns_to_cut.column_name, distributions.category

    union all

    select
        columns_to_cut.monitor,
        columns_to_cut.column_name,
        case when distributions.minimum = floor(distributions.minimum) and abs(distributions.minimum) < 1e15
            then cast(cast(distributions.minimum as bigint) as varchar) else cast(distributions.minimum as varchar) end as category,
        distributions.minimum as number,
        sum(distributions.row_count) as row_count,
        sum(case when distributions.dataset = 'production' then distributions.row_count else 0 end) as production_count
    from columns_to_cut
    inner join distributions
        on columns_to_cut.monitor = distributions.monitor
        and columns_to_cut.column_name = distributions.column_name
    where columns_to_cut.cut_as = 'code'
        and distributions.bin_type = 'bin'
    group by 1, 2, 3, 4

),

ranked_categories as (

    select
        monitor,
        column_name,
        category,
        production_count as row_count,
        row_number() over (
            partition by monitor, column_name order by category_counts.row_count desc nulls last, category nulls last
        ) as category_rank,
        -- codes in their own order
        row_number() over (
            partition by monitor, column_name order by number nulls last, category_counts.row_count desc nulls last, category nulls last
        ) as rank
    from category_counts

),

columns_with_bins as (

    select monitor, column_name, count(*) as bin_count
    from coarse_bins
    group by monitor, column_name

),

-- of features that are named, many more where their combinations can still be counted; null and the other values are one each
category_limits as (

    select
        columns_to_cut.monitor,
        case
            when columns_to_cut.is_declared
                and sum(ln(cast(2 + coalesce(columns_with_bins.bin_count, known_categories.category_count, 0) as double precision)))
                    <= ln({{ cell_limit }}e0)
                then {{ largest_category_limit }}
            else {{ category_limit }}
        end as category_limit
    from columns_to_cut
    left join columns_with_bins
        on columns_to_cut.monitor = columns_with_bins.monitor
        and columns_to_cut.column_name = columns_with_bins.column_name
    left join (
        select monitor, column_name, least(count(*), {{ largest_category_limit }}) as category_count
        from category_counts
        group by monitor, column_name
    ) as known_categories
        on columns_to_cut.monitor = known_categories.monitor
        and columns_to_cut.column_name = known_categories.column_name
    group by columns_to_cut.monitor, columns_to_cut.is_declared

),

-- 3. What is none of these has a bin of its own, whether there are such rows already or not; so has any number where there was none yet.
special_types (cut_as, bin_type, rank) as (

    values
        ('numeric', 'bin', 1), ('numeric', 'nan', 201), ('numeric', 'negative_infinity', 202), ('numeric', 'positive_infinity', 203),
        ('numeric', 'null', 204),
        ('code', 'other', 200), ('code', 'nan', 201), ('code', 'negative_infinity', 202), ('code', 'positive_infinity', 203),
        ('code', 'null', 204),
        ('categorical', 'other', 201), ('categorical', 'null', 204),
        ('boolean', 'other', 201), ('boolean', 'null', 204)

),

special_counts as (

    {%- for bin_type in ['null', 'nan', 'negative_infinity', 'positive_infinity'] %}
    select monitor, column_name, '{{ bin_type }}' as bin_type, sum({{ bin_type }}_count) as row_count
    from counted_columns
    where dataset = 'production'
    group by monitor, column_name

    union all
    {% endfor %}
    select monitor, column_name, bin_type, sum(row_count) as row_count
    from distributions
    where bin_type = 'other'
        and dataset = 'production'
    group by monitor, column_name, bin_type

),

hidden_categories as (

    select ranked_categories.monitor, ranked_categories.column_name, sum(ranked_categories.row_count) as row_count
    from ranked_categories
    inner join category_limits
        on ranked_categories.monitor = category_limits.monitor
    where ranked_categories.category_rank > category_limits.category_limit
    group by ranked_categories.monitor, ranked_categories.column_name

),

all_bins as (

    select monitor, column_name, 'bin' as bin_type, cast(null as varchar) as category, lower_edge, bin_group as rank, row_count
    from coarse_bins

    union all

    select
        ranked_categories.monitor,
        ranked_categories.column_name,
        'value' as bin_type,
        ranked_categories.category,
        cast(null as double precision) as lower_edge,
        cast(ranked_categories.rank as integer) as rank,
        cast(ranked_categories.row_count as double precision) as row_count
    from ranked_categories
    inner join category_limits
        on ranked_categories.monitor = category_limits.monitor
    where ranked_categories.category_rank <= category_limits.category_limit

    union all

    select
        columns_to_cut.monitor,
        columns_to_cut.column_name,
        special_types.bin_type,
        cast(null as varchar) as category,
        case when special_types.bin_type = 'bin' then 0e0 end as lower_edge,
        special_types.rank,
        cast(
            coalesce(special_counts.row_count, 0)
            + case when special_types.bin_type = 'other' then coalesce(hidden_categories.row_count, 0) else 0 end as double precision
        ) as row_count
    from columns_to_cut
    inner join special_types
        on columns_to_cut.cut_as = special_types.cut_as
    left join special_counts
        on columns_to_cut.monitor = special_counts.monitor
        and columns_to_cut.column_name = special_counts.column_name
        and special_types.bin_type = special_counts.bin_type
    left join hidden_categories
        on columns_to_cut.monitor = hidden_categories.monitor
        and columns_to_cut.column_name = hidden_categories.column_name
    left join columns_with_bins
        on columns_to_cut.monitor = columns_with_bins.monitor
        and columns_to_cut.column_name = columns_with_bins.column_name
    where special_types.bin_type <> 'bin'
        or columns_with_bins.column_name is null

),

-- 4. The features: those that are declared, else subgroups, then categories, then numbers, the more even the better.
described_columns as (

    select
        monitor,
        column_name,
        count(case when row_count > 0 then 1 end) as bin_count,
        sum(row_count) as row_count,
        sum(case when row_count > 0 then row_count * ln(row_count) else 0 end) as row_logarithms,
        max(case when bin_type = 'other' and row_count > 0 then 1 else 0 end) = 1 as has_others
    from all_bins
    group by monitor, column_name

),

ranked_columns as (

    select
        columns_to_cut.*,
        described_columns.bin_count,
        row_number() over (
            partition by columns_to_cut.monitor
            order by columns_to_cut.rank, case when columns_to_cut.kind = 'numeric' then 2 else 1 end,
                ln(nullif(described_columns.row_count, 0))
                - described_columns.row_logarithms / nullif(described_columns.row_count, 0) desc nulls last,
                columns_to_cut.column_name
        ) as position
    from columns_to_cut
    inner join described_columns
        on columns_to_cut.monitor = described_columns.monitor
        and columns_to_cut.column_name = described_columns.column_name
    where columns_to_cut.is_declared
        or (described_columns.bin_count between 2 and 10 and not described_columns.has_others)

),

-- a column without a row has one bin: none would make the product of all none
sized_columns as (

    select
        ranked_columns.*,
        round(exp(
            sum(ln(greatest(cast(bin_count as double precision), 1e0)))
                over (partition by monitor order by position rows unbounded preceding)
        )) as cell_count
    from ranked_columns

),

features as (

    select *
    from sized_columns
    where is_declared
        or (position <= {{ automatic_count }} and cell_count <= {{ automatic_limit }})

)

select
    features.monitor,
    features.configuration_key || '-' || features.generation as attributes_key,
    features.configuration_key,
    features.generation,
    features.row_count_when_drawn,
    cast(features.position as integer) as position,
    features.column_name,
    features.family,
    features.kind,
    cast(features.cell_count as double precision) as cell_count,
    cast(row_number() over (partition by features.monitor, features.column_name order by all_bins.rank) as integer) as code,
    all_bins.bin_type,
    all_bins.category,
    all_bins.lower_edge,
    {{ data_health.run_time() }} as drawn_at
from features
inner join all_bins
    on features.monitor = all_bins.monitor
    and features.column_name = all_bins.column_name
{%- endset %}
{%- set new_rows %}
{%- if candidates %}
    {%- set found, cells = {}, {} %}
    {%- set cell_counts %}
        select monitor, column_name, max(cell_count) as cell_count
        from ({{ drawn }}) as drawn
        group by monitor, column_name
    {%- endset %}
    {%- for row in run_query(cell_counts).rows %}
        {%- do found.setdefault(row['monitor'], []).append(row['column_name']) %}
        {%- do cells.update({row['monitor']: [cells.get(row['monitor'], 0), row['cell_count']] | max}) %}
    {%- endfor %}
    {%- set problems = [] %}
    {%- for monitor in candidates | map(attribute=0) | unique if features_of[monitor] %}
        {%- for name in features_of[monitor] if name not in found.get(monitor, []) %}
            {%- do problems.append(data_health.problem(
                monitor, 'combinations.features', name, 'monitored columns of the kind numeric, categorical or boolean'
            )) %}
        {%- endfor %}
        {%- if cells.get(monitor, 0) > cell_limit %}
            {%- do problems.append(data_health.problem(
                monitor, 'combinations.features', features_of[monitor] | join(', '),
                'at most ' ~ cell_limit ~ ' possible combinations; name fewer features, or features with fewer values',
                cells[monitor] | int ~ ' possible combinations'
            )) %}
        {%- endif %}
    {%- endfor %}
    {%- if problems and flags.WHICH in ['run', 'build', 'retry'] %}
        {%- do exceptions.raise_compiler_error(
            'data_health: the combinations of these features cannot be counted\n- ' ~ problems | join('\n- ')
        ) %}
    {%- endif %}
{{ drawn }}
{%- else %}
{{ data_health.rows_as_table({
    'monitor': 'varchar', 'attributes_key': 'varchar', 'configuration_key': 'varchar', 'generation': 'integer',
    'row_count_when_drawn': 'bigint', 'position': 'integer', 'column_name': 'varchar', 'family': 'varchar', 'kind': 'varchar',
    'cell_count': 'double precision', 'code': 'integer', 'bin_type': 'varchar', 'category': 'varchar',
    'lower_edge': 'double precision', 'drawn_at': 'timestamp'
}) }}
{%- endif %}
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
