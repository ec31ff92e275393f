{{ config(enabled='combinations' in data_health.parts_on()) }}
{%- set parts = range(1, 9) %}
{%- set subgroup_columns = {'monitor': 'varchar', 'attributes_key': 'varchar', 'row_count': 'bigint'} %}
{%- for number in parts %}{% do subgroup_columns.update({'value_' ~ number: 'varchar'}) %}{% endfor %}
with settings as (

    select metric as cell_kind, monitor
    from {{ ref('monitor_settings') }}
    where part = 'combinations'

),

feature_bins as (

    select monitor, attributes_key, position, column_name, kind, code, bin_type, category, lower_edge
    from {{ ref('feature_bins') }}

),

subgroup_attributes as (

    select monitor, attributes_key, position, column_name
    from {{ ref('combination_attributes') }}
    where cell_kind = 'subgroups'

),

subgroup_cells as (

    select monitor, attributes_key, {% for number in parts %}value_{{ number }}, {% endfor %}row_count
    from {{ data_health.named_model('subgroup_cells', 'representation' in data_health.parts_on(), subgroup_columns) }}

),

shown_columns as (

    select monitor, name as column_name
    from {{ ref('health_monitors') }}
    where subject = 'column'
        and is_value_shown

),

-- 1. Bins of features.
edges as (

    select
        feature_bins.*,
        case when bin_type = 'bin' then lower_edge end as bin_start,
        case when bin_type = 'bin' then lead(lower_edge) over (partition by monitor, position, bin_type order by code) end as bin_end,
        row_number() over (partition by monitor, position, bin_type order by code) as bin_rank
    from feature_bins

),

spelled_edges as (

    select
        edges.*,
        {%- for edge in ['start', 'end'] %}
        case
            when abs(bin_{{ edge }}) < 1e15 and bin_{{ edge }} = floor(bin_{{ edge }}) then cast(cast(bin_{{ edge }} as bigint) as varchar)
            else cast(bin_{{ edge }} as varchar)
        end as {{ edge }}_text{{ ',' if not loop.last }}
        {%- endfor %}
    from edges

),

-- 2. How many values stand together in the bin of all others. Where the statistics count rare values together, it is about as many as there
-- are less those that have a bin.
other_bins as (

    select monitor, column_name, sum(case when bin_type = 'value' then 1 else 0 end) as named_count
    from feature_bins
    group by monitor, column_name
    having max(case when bin_type = 'other' then 1 else 0 end) = 1

),

stored_values as (

    select
        other_bins.monitor,
        other_bins.column_name,
        other_bins.named_count,
        column_statistics.distinct_count,
        column_distributions.bin is null and column_distributions.category is null as is_rest,
        case
            when column_distributions.category is not null then column_distributions.category
            when column_distributions.minimum = floor(column_distributions.minimum) and abs(column_distributions.minimum) < 1e15
                then cast(cast(column_distributions.minimum as bigint) as varchar)
            else cast(column_distributions.minimum as varchar)
        end as category
    from other_bins
    inner join {{ data_health.named_model('column_statistics') }}
        on other_bins.monitor = column_statistics.monitor
        and other_bins.column_name = column_statistics.column_name
    inner join {{ data_health.named_model('column_distributions') }}
        on column_statistics.statistics_key = column_distributions.statistics_key
    where column_statistics.segment_column = '(all)'

),

other_counts as (

    select
        stored_values.monitor,
        stored_values.column_name,
        greatest(
            count(distinct stored_values.category),
            max(case when stored_values.is_rest then stored_values.distinct_count - stored_values.named_count else 0 end)
        ) as value_count
    from stored_values
    left join feature_bins
        on stored_values.monitor = feature_bins.monitor
        and stored_values.column_name = feature_bins.column_name
        and stored_values.category = feature_bins.category
    where feature_bins.code is null
    group by stored_values.monitor, stored_values.column_name

),

feature_values as (

    select
        spelled_edges.monitor,
        spelled_edges.attributes_key,
        spelled_edges.position,
        spelled_edges.column_name,
        spelled_edges.code,
        spelled_edges.bin_type,
        spelled_edges.category,
        spelled_edges.bin_rank as value_number,
        case
            when spelled_edges.bin_type = 'other' then '= (other)'
            when spelled_edges.bin_type = 'null' then 'is null'
            when spelled_edges.bin_type = 'nan' then '= NaN'
            when spelled_edges.bin_type = 'negative_infinity' then '= -Infinity'
            when spelled_edges.bin_type = 'positive_infinity' then '= Infinity'
            when spelled_edges.end_text is null and spelled_edges.bin_rank = 1 then 'is a number'
            when spelled_edges.bin_rank = 1 then '< ' || spelled_edges.end_text
            when spelled_edges.end_text is null then '>= ' || spelled_edges.start_text
            when spelled_edges.bin_type = 'bin' then 'from ' || spelled_edges.start_text || ' to < ' || spelled_edges.end_text
        end as condition,
        cast(case when spelled_edges.bin_type = 'other' then coalesce(other_counts.value_count, 0) else 1 end as bigint) as value_count
    from spelled_edges
    left join other_counts
        on spelled_edges.monitor = other_counts.monitor
        and spelled_edges.column_name = other_counts.column_name

),

-- 3. Values of subgroups. The most frequent have codes of seven bits; the others are counted as one, and have numbers above.
subgroup_rows as (

    select
        subgroup_attributes.monitor,
        subgroup_attributes.attributes_key,
        subgroup_attributes.position,
        subgroup_attributes.column_name,
        case subgroup_attributes.position
            {%- for number in parts %}
            when {{ number }} then subgroup_cells.value_{{ number }}
            {%- endfor %}
        end as category,
        subgroup_cells.row_count
    from subgroup_attributes
    inner join subgroup_cells
        on subgroup_attributes.monitor = subgroup_cells.monitor
        and subgroup_attributes.attributes_key = subgroup_cells.attributes_key

),

subgroup_values as (

    select
        monitor,
        attributes_key,
        position,
        column_name,
        category,
        row_number() over (partition by monitor, position order by sum(row_count) desc nulls last, category nulls last) as value_rank
    from subgroup_rows
    where category is not null
    group by monitor, attributes_key, position, column_name, category

),

coded_subgroup_values as (

    select
        monitor,
        attributes_key,
        position,
        column_name,
        cast(case when value_rank <= 120 then value_rank else 7 + value_rank end as integer) as code,
        'value' as bin_type,
        category,
        row_number() over (partition by monitor, position order by category nulls last) as value_number,
        cast(null as varchar) as condition,
        cast(1 as bigint) as value_count
    from subgroup_values

    union all

    select
        subgroup_attributes.monitor,
        subgroup_attributes.attributes_key,
        subgroup_attributes.position,
        subgroup_attributes.column_name,
        special.code,
        special.bin_type,
        cast(null as varchar) as category,
        cast(1 as bigint) as value_number,
        special.condition,
        case when special.bin_type = 'other' then coalesce(other_subgroups.value_count, 0) else 1 end as value_count
    from subgroup_attributes
    cross join (values (121, 'other', '= (other)'), (122, 'null', 'is null')) as special (code, bin_type, condition)
    left join (
        select monitor, position, count(*) as value_count
        from subgroup_values
        where value_rank > 120
        group by monitor, position
    ) as other_subgroups
        on subgroup_attributes.monitor = other_subgroups.monitor
        and subgroup_attributes.position = other_subgroups.position

),

all_values as (

    select
        'features' as cell_kind,
        monitor,
        attributes_key,
        position,
        column_name,
        code,
        bin_type,
        category,
        value_number,
        condition,
        value_count
    from feature_values

    union all

    select
        'subgroups' as cell_kind,
        monitor,
        attributes_key,
        position,
        column_name,
        code,
        bin_type,
        category,
        value_number,
        condition,
        value_count
    from coded_subgroup_values

)

select
    all_values.cell_kind,
    all_values.monitor,
    all_values.attributes_key,
    all_values.position,
    all_values.column_name,
    all_values.code,
    all_values.bin_type,
    all_values.category,
    all_values.column_name || ' ' || case
        when all_values.bin_type <> 'value' then all_values.condition
        when shown_columns.column_name is null then '= (hidden ' || all_values.value_number || ')'
        when all_values.category = '(other)' then '= "(other)"'
        else '= ' || all_values.category
    end as label,
    all_values.value_count
from all_values
inner join settings
    on all_values.cell_kind = settings.cell_kind
    and all_values.monitor = settings.monitor
left join shown_columns
    on all_values.monitor = shown_columns.monitor
    and all_values.column_name = shown_columns.column_name
