{{ config(enabled='representation' in data_health.parts_on(), materialized='ephemeral') }}
-- depends_on: {{ ref('health_monitors') }}
{%- set monitors = [] %}
{%- for monitor in data_health.resolved_monitors().values() if monitor.parts.representation and monitor.population_names %}
    {#- one that is gone, or has lost a column, is told by health_monitors -#}
    {%- set relation = data_health.relation_of(monitor.population_names) %}
    {%- set columns = data_health.columns_of(relation, data_health.column_uses(monitor, {}, 'population_names'))
        if execute and not relation.is_cte else [] %}
    {%- if monitor.subgroups and columns is not none %}{% do monitors.append(monitor) %}{% endif %}
{%- endfor %}
with written_names as (
{% for monitor in monitors %}
    select
        {{ data_health.text_literal(monitor.name) }} as monitor,
        cast(subgroup as varchar) as subgroup,
        cast(value as varchar) as group_value,
        cast(population_value as varchar) as population_value
    from {{ data_health.relation_of(monitor.population_names) }}
    {{ 'union all' if not loop.last }}
{%- else %}
    {{ data_health.rows_as_table({'monitor': 'varchar', 'subgroup': 'varchar', 'group_value': 'varchar', 'population_value': 'varchar'}) }}
{%- endfor %}

),

names as (

    select distinct
        monitor,
        replace(lower(subgroup), ' ', '') as subgroup_key,
        coalesce(group_value, '(null)') as group_value,
        population_value
    from written_names
    where subgroup is not null
        and population_value is not null

),

-- a value that is several groups of the population is their union, whose name has all of theirs
unions as (

    select
        monitor,
        subgroup_key,
        group_value,
        {{ dbt.listagg('population_value', "' + '", 'order by population_value') }} as union_name
    from names
    group by monitor, subgroup_key, group_value
    having count(*) > 1

),

members as (

    select names.monitor, names.subgroup_key, names.population_value, min(unions.union_name) as union_name
    from names
    inner join unions
        on names.monitor = unions.monitor
        and names.subgroup_key = unions.subgroup_key
        and names.group_value = unions.group_value
    group by names.monitor, names.subgroup_key, names.population_value

)

select
    names.monitor,
    names.subgroup_key,
    names.group_value,
    names.population_value,
    coalesce(members.union_name, names.population_value) as union_name
from names
left join members
    on names.monitor = members.monitor
    and names.subgroup_key = members.subgroup_key
    and names.population_value = members.population_value
