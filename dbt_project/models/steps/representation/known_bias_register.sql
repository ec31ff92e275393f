{{ config(
    enabled='representation' in data_health.parts_on() and data_health.is_configured('known_biases'),
    materialized='ephemeral'
) }}
{%- set register = data_health.normalised_relation(data_health.configured_block().get('known_biases')) %}
{%- set relation = data_health.relation_of(register) if register else none %}
{#- columns that a register may lack; a unit test has all of them -#}
{%- set known = data_health.columns_of(relation) if register and execute and not relation.is_cte else none %}
-- depends_on: {{ ref('health_monitors') }}
with written_entries as (
{% if register %}
    select
        cast(id as varchar) as id,
        cast(monitor as varchar) as monitor,
        cast(subgroup as varchar) as subgroup,
        coalesce(nullif(cast(value as varchar), ''), '(null)') as group_value,
        cast(metric as varchar) as metric,
        cast(threshold as double precision) as threshold,
        nullif(cast(reference as varchar), '') as reference,
        cast(owner as varchar) as owner,
        -- a column of a seed that is empty in every row has some type
        nullif(left(cast(opened as varchar), 10), '') as opened,
        nullif(left(cast(expiry as varchar), 10), '') as expiry,
        {%- for name in ['on_inconclusive', 'version'] %}
        {%- set column = data_health.find_column(known, name) if known is not none else {'name': name} %}
        nullif(cast({{ data_health.quoted(column.name) if column else 'null' }} as varchar), '') as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
{%- else %}
    {{ data_health.rows_as_table({
        'id': 'varchar', 'monitor': 'varchar', 'subgroup': 'varchar', 'group_value': 'varchar', 'metric': 'varchar',
        'threshold': 'double precision', 'reference': 'varchar', 'owner': 'varchar', 'opened': 'varchar', 'expiry': 'varchar',
        'on_inconclusive': 'varchar', 'version': 'varchar'
    }) }}
{%- endif %}

)

select
    id,
    monitor,
    subgroup,
    group_value,
    metric,
    threshold,
    reference,
    owner,
    {%- for name in ['opened', 'expiry'] %}
    case when {{ data_health.engine_sql('is_date', name) }} then cast({{ name }} as date) end as {{ name }},
    {%- endfor %}
    expiry as written_expiry,
    coalesce(lower(on_inconclusive), 'block') as on_inconclusive,
    version,
    replace(lower(subgroup), ' ', '') as subgroup_key,
    count(*) over (partition by id) as id_count,
    row_number() over (order by monitor, id, subgroup, group_value nulls last, metric, reference, threshold) as entry_number
from written_entries
