{{ config(enabled='versions' in data_health.parts_on()) }}
-- depends_on: {{ ref('health_monitors') }}
{#- the registry of every monitor in one shape; one that is gone, or has lost a column, is told by health_monitors -#}
{%- set registries, servings, families = [], [], {} %}
{%- for monitor in data_health.resolved_monitors().values() if monitor.parts.versions and monitor.versions.registry %}
    {%- for key, found in [('registry', registries), ('serving', servings)] if monitor.versions[key] %}
        {%- set relation = data_health.relation_of(monitor.versions[key]) %}
        {%- set known = data_health.columns_of(relation, data_health.column_uses(monitor, {}, 'versions.' ~ key))
            if execute and not relation.is_cte else [] %}
        {%- if known is not none %}{% do found.append([monitor, relation, known]) %}{% endif %}
        {%- set type = data_health.find_column(known or [], 'data_type') if key == 'registry' else none %}
        {%- if type and not flags.EMPTY %}
            {%- set query = 'select distinct cast(' ~ data_health.quoted(type.name) ~ ' as varchar) from ' ~ relation %}
            {%- for row in run_query(query).rows if row[0] %}
                {%- do families.update({row[0]: data_health.type_family(row[0])}) %}
            {%- endfor %}
        {%- endif %}
    {%- endfor %}
{%- endfor %}
{%- set optional = {
    'feature_number': 'bigint', 'data_type': 'varchar', 'definition': 'varchar', 'is_required': 'varchar', 'minimum': 'double precision',
    'maximum': 'double precision', 'allowed_values': 'varchar', 'reference': 'varchar', 'owner': 'varchar'
} %}
with written_features as (
{% for monitor, relation, known in registries %}
    select
        {{ data_health.text_literal(monitor.name) }} as monitor,
        {{ data_health.text_literal(monitor.versions.dialect or data_health.engine_sql('sql_dialect')) }} as dialect,
        cast(model_version as varchar) as model_version,
        cast(feature as varchar) as feature,
        {%- for name, type in optional.items() %}
        {%- set column = data_health.find_column(known, name) %}
        cast({{ data_health.quoted(column.name) if column else 'null' }} as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    {{ 'union all' if not loop.last }}
{%- else %}
    {{ data_health.rows_as_table(dict(
        {'monitor': 'varchar', 'dialect': 'varchar', 'model_version': 'varchar', 'feature': 'varchar'}, **optional
    )) }}
{%- endfor %}

),

families as (
{{ data_health.rows_as_table({'data_type': 'varchar', 'family': 'varchar'}, families.items() | map('list') | list) }}

),

-- a feature that is listed twice for a version counts once; where no place is written, names decide
numbered_features as (

    select
        written_features.*,
        count(*) over (partition by monitor, model_version, feature) as entry_count,
        row_number() over (
            partition by monitor, model_version, feature
            order by feature_number nulls last, data_type nulls last, definition nulls last
        ) as entry_number
    from written_features
    where model_version is not null
        and feature is not null

),

-- when a version began to serve for the last time
written_serving as (
{% for monitor, relation, known in servings %}
    select
        {{ data_health.text_literal(monitor.name) }} as monitor,
        cast(model_version as varchar) as model_version,
        cast(serves_from as timestamp) as serves_from
    from {{ relation }}
    {{ 'union all' if not loop.last }}
{%- else %}
    {{ data_health.rows_as_table({'monitor': 'varchar', 'model_version': 'varchar', 'serves_from': 'timestamp'}) }}
{%- endfor %}

),

serving_since as (

    select
        monitor,
        model_version,
        max(serves_from) as serves_from
    from written_serving
    where serves_from <= {{ data_health.run_time() }}
        and model_version is not null
    group by monitor, model_version

),

newest_serving as (

    select
        monitor,
        model_version,
        serves_from,
        row_number() over (partition by monitor order by serves_from desc nulls last, model_version desc nulls last) = 1 as is_serving
    from serving_since

),

only_versions as (

    select monitor, max(model_version) as model_version
    from numbered_features
    where monitor not in ({{ data_health.text_literal(servings | map('first') | map(attribute='name') | list or ['']) }})
    group by monitor
    having min(model_version) = max(model_version)

)

select
    coalesce(numbered_features.monitor, newest_serving.monitor) as monitor,
    coalesce(numbered_features.model_version, newest_serving.model_version) as model_version,
    numbered_features.feature,
    row_number() over (
        partition by coalesce(numbered_features.monitor, newest_serving.monitor),
            coalesce(numbered_features.model_version, newest_serving.model_version)
        order by numbered_features.feature_number nulls last, numbered_features.feature nulls last
    ) as feature_number,
    numbered_features.data_type,
    families.family,
    numbered_features.definition,
    numbered_features.dialect,
    coalesce(lower(numbered_features.is_required), 'true') in ('true', 't', 'yes', 'y', '1') as is_required,
    numbered_features.minimum,
    numbered_features.maximum,
    {%- for name in ['minimum', 'maximum'] %}
    case
        when numbered_features.{{ name }} is null then 'anything'
        when numbered_features.{{ name }} = floor(numbered_features.{{ name }}) and abs(numbered_features.{{ name }}) < 1e15
            then cast(cast(numbered_features.{{ name }} as bigint) as varchar)
        else {{ data_health.engine_sql('short_number', 'numbered_features.' ~ name) }}
    end{{ " || ' to ' ||" if loop.first else ' as value_range,' }}
    {%- endfor %}
    numbered_features.allowed_values,
    numbered_features.reference,
    numbered_features.owner,
    cast(numbered_features.entry_count as bigint) as entry_count,
    newest_serving.serves_from,
    coalesce(newest_serving.is_serving, only_versions.model_version is not null, false) as is_serving
from (select * from numbered_features where entry_number = 1) as numbered_features
full join newest_serving
    on numbered_features.monitor = newest_serving.monitor
    and numbered_features.model_version = newest_serving.model_version
left join families
    on numbered_features.data_type = families.data_type
left join only_versions
    on numbered_features.monitor = only_versions.monitor
    and numbered_features.model_version = only_versions.model_version
