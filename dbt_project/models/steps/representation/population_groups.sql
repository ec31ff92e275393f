{{ config(enabled='representation' in data_health.parts_on(), materialized='ephemeral') }}
-- depends_on: {{ ref('health_monitors') }}
{%- set monitors = [] %}
{%- for monitor in data_health.resolved_monitors().values() if monitor.parts.representation and monitor.population %}
    {#- one that is gone, or has lost a column, is told by health_monitors -#}
    {%- set relation = data_health.relation_of(monitor.population) %}
    {%- set columns = data_health.columns_of(relation, data_health.column_uses(monitor, {}, 'population'))
        if execute and not relation.is_cte else [] %}
    {%- if monitor.subgroups and columns is not none %}{% do monitors.append(monitor) %}{% endif %}
{%- endfor %}
with written_shares as (
{% for monitor in monitors %}
    select
        {{ data_health.text_literal(monitor.name) }} as monitor,
        cast(subgroup as varchar) as subgroup,
        cast(value as varchar) as group_value,
        cast(share as double precision) as share
    from {{ data_health.relation_of(monitor.population) }}
    {{ 'union all' if not loop.last }}
{%- else %}
    {{ data_health.rows_as_table({'monitor': 'varchar', 'subgroup': 'varchar', 'group_value': 'varchar', 'share': 'double precision'}) }}
{%- endfor %}

),

unions as (

    select monitor, subgroup_key, population_value, min(union_name) as union_name
    from {{ ref('population_unions') }}
    group by monitor, subgroup_key, population_value

),

named_shares as (

    select
        written_shares.monitor,
        replace(lower(written_shares.subgroup), ' ', '') as subgroup_key,
        coalesce(unions.union_name, written_shares.group_value, '(null)') as group_value,
        written_shares.share
    from written_shares
    left join unions
        on written_shares.monitor = unions.monitor
        and replace(lower(written_shares.subgroup), ' ', '') = unions.subgroup_key
        and written_shares.group_value = unions.population_value
    where written_shares.subgroup is not null

),

-- one that is no share makes the sum of its group none, and not a number of the others
usable_shares as (

    select
        monitor,
        subgroup_key,
        group_value,
        sum(share) as share,
        count(*) as row_count,
        count(case when share between 0e0 and 1e0 then 1 end) as share_count
    from named_shares
    group by monitor, subgroup_key, group_value

)

select
    monitor,
    subgroup_key,
    group_value,
    case when row_count = share_count and share <= 1.000001e0 then least(share, 1e0) end as share
from usable_shares
