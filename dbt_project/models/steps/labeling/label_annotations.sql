{{ config(enabled='labeling' in data_health.parts_on()) }}
-- depends_on: {{ ref('health_monitors') }}
{%- set tomorrow = (run_started_at + modules.datetime.timedelta(days=1)).strftime('%Y-%m-%d %H:%M:%S') %}
{%- set tables = [] %}
{%- for monitor in data_health.resolved_monitors().values() if monitor.parts.labeling and monitor.labeling.annotations and monitor.key %}
    {%- set relation = data_health.relation_of(monitor.labeling.annotations) %}
    {#- before anybody has answered there is no table; one that is gone, or has lost a column, is told by health_monitors -#}
    {%- set known = data_health.columns_of(relation, data_health.column_uses(monitor, {}, 'labeling.annotations'))
        if execute and not relation.is_cte else [] %}
    {%- if known is not none %}{% do tables.append([monitor, relation, known]) %}{% endif %}
{%- endfor %}
with written_annotations as (
{% for monitor, relation, known in tables %}
    {%- set keys, parts = [], {} %}
    {%- for name in monitor.key %}
        {%- set key_column = data_health.find_column(known, name) or {'name': name} %}
        {%- do keys.append(data_health.engine_sql('key_part', data_health.quoted(key_column.name))) %}
    {%- endfor %}
    {%- for name in [
        'label', 'annotator', 'labelled_at', 'source', 'seconds', 'is_gold', 'annotation_id', 'annotation_task', 'annotation_project',
        'is_withdrawn', 'imported_at'
    ] %}
        {%- set column = data_health.find_column(known, name) %}
        {%- do parts.update({name: data_health.quoted(column.name) if column is not none else name if loop.index <= 3 else 'null'}) %}
    {%- endfor %}
    select
        {{ data_health.text_literal(monitor.name) }} as monitor,
        {{ keys | join(" || '|' || ") }} as row_key,
        nullif(nullif(cast({{ parts.label }} as varchar), ''), {{ data_health.text_literal(monitor.labeling.skip) }}) as label,
        coalesce(cast({{ parts.annotator }} as varchar), '(unknown)') as annotator,
        cast({{ parts.labelled_at }} as timestamp) as labelled_at,
        cast({{ parts.source }} as varchar) as source,
        cast({{ parts.seconds }} as double precision) as seconds,
        coalesce(cast({{ parts.is_gold }} as boolean), false) as is_gold,
        cast({{ parts.annotation_id }} as varchar) as annotation_id,
        cast({{ parts.annotation_task }} as varchar) as annotation_task,
        cast({{ parts.annotation_project }} as varchar) as annotation_project,
        coalesce(cast({{ parts.is_withdrawn }} as boolean), false) as is_withdrawn,
        cast({{ parts.imported_at }} as timestamp) as imported_at
    from {{ relation }}
    {{ 'union all' if not loop.last }}
{%- else %}
    {{ data_health.rows_as_table({
        'monitor': 'varchar', 'row_key': 'varchar', 'label': 'varchar', 'annotator': 'varchar', 'labelled_at': 'timestamp',
        'source': 'varchar', 'seconds': 'double precision', 'is_gold': 'boolean', 'annotation_id': 'varchar', 'annotation_task': 'varchar',
        'annotation_project': 'varchar', 'is_withdrawn': 'boolean', 'imported_at': 'timestamp'
    }) }}
{%- endfor %}

),

-- an annotation with an id has one state, the one that was imported last
numbered_states as (

    select
        *,
        row_number() over (
            partition by monitor, row_key, annotation_project, annotation_id
            order by
                imported_at desc nulls last, labelled_at desc nulls last, is_gold desc nulls last,
                case when annotator = '(unknown)' then 1 else 0 end, annotator
        ) as state_number
    from written_annotations

),

annotation_states as (

    select
        *,
        (annotation_id is null or state_number = 1) and not is_withdrawn as is_valid
    from numbered_states

)

-- whoever answers twice has changed their mind; what is known for sure is nobody's answer; a time that is still to come is an error
select
    monitor,
    row_key,
    label,
    annotator,
    labelled_at,
    source,
    seconds,
    is_gold,
    annotation_id,
    annotation_task,
    annotation_project,
    is_withdrawn,
    imported_at,
    is_valid and row_number() over (
        partition by monitor, row_key, is_valid, case when is_gold then '(gold)' else 'answer of ' || annotator end
        order by
            case when labelled_at > cast('{{ tomorrow }}' as timestamp) then 1 else 0 end, labelled_at desc nulls last,
            length(annotation_id) desc nulls last, annotation_id desc nulls last, label desc nulls last, annotator
    ) = 1 as is_latest
from annotation_states
