{#
    A select of the rows of a relation, each with the values of features that were known at its time. Of the rows of a feature table with
    the same key, those count that happened, and were loaded, at or before that time. The newest of them by its time gives the values; of
    those of one time the one that was loaded last, then the greatest `tie_breaker`. Where that row is older than `time_to_live`, and where
    there is none, the values are null. `features` are mappings: `relation`, `time`, `columns`, and, where there are, `key`, `loaded_at`,
    `time_to_live` such as '30 days', `tie_breaker`, `prefix`.
#}
{% macro point_in_time_join(relation, key, time, features, columns=none) -%}
{%- set has_asof_join, keys = data_health.engine_sql('has_asof_join'), [key] if key is string else key -%}
{%- set row_keys, key_names, row_time = data_health.quoted(keys), [], 'observations.' ~ data_health.quoted(time) -%}
{%- for key in keys -%}{%- do key_names.append('key_' ~ loop.index) -%}{%- endfor -%}
with observations as (

    select {{ '*' if columns is none else data_health.quoted(columns) | join(', ') }}
    from {{ relation }}

),
{% for feature in features %}
{{ data_health.feature_history(feature, keys, loop.index, is_numbered=not has_asof_join) }},
{% if not has_asof_join %}
{%- set name = 'moments_' ~ loop.index %}
-- how many rows of the history each moment comes after
{{ name }} as (

    select {{ key_names | join(', ') }}, moment, sum(is_known) over (
        partition by {{ key_names | join(', ') }} order by moment, is_known desc nulls last rows unbounded preceding
    ) as feature_number, is_known
    from (
        select distinct
            {%- for column in row_keys %} {{ column }} as key_{{ loop.index }},{% endfor %} {{ row_time }} as moment, 0 as is_known
        from observations
        where {{ row_time }} is not null
        union all
        select {{ key_names | join(', ') }}, known_from as moment, 1 as is_known
        from history_{{ loop.index }}
    ) as all_moments

),
{% endif %}
{%- endfor %}
joined as (

    select
        observations.*
        {%- for feature in features %}
        {%- set history, span = 'history_' ~ loop.index, (feature.time_to_live or '').split(' ') %}
        {%- for column in feature.columns %},
        {% if feature.time_to_live -%}
        case when {{ history }}.feature_time >= {{ dbt.dateadd(span[1].rstrip('s'), '-' ~ span[0], row_time) | trim }}
            then {{ history }}.value_{{ loop.index }} end
        {%- else -%}
        {{ history }}.value_{{ loop.index }}
        {%- endif %} as {{ data_health.quoted((feature.prefix or '') ~ column) }}
        {%- endfor %}
        {%- endfor %}
    from observations
    {%- for feature in features %}
    {%- set history, moments, number = 'history_' ~ loop.index, 'moments_' ~ loop.index, loop.index %}
    {%- if has_asof_join %}
    asof left join {{ history }}
        on {% for column in row_keys %}observations.{{ column }} = {{ history }}.key_{{ loop.index }} and {% endfor -%}
        {{ row_time }} >= {{ history }}.known_from
    {%- else %}
    left join {{ moments }}
        on {% for column in row_keys %}observations.{{ column }} = {{ moments }}.key_{{ loop.index }} and {% endfor -%}
        {{ row_time }} = {{ moments }}.moment
        and {{ moments }}.is_known = 0
    left join {{ history }}
        on {% for name in key_names %}{{ moments }}.{{ name }} = {{ history }}.{{ name }} and {% endfor -%}
        {{ moments }}.feature_number = {{ history }}.feature_number
    {%- endif %}
    {%- endfor %}

)

select *
from joined
{%- endmacro %}


{#
    Two common table expressions: the rows of a feature table from which on each was the newest that was known. Its keys are called key_1
    and so on, and its values value_1, so that no column of a table has a name that is taken; with `is_numbered`, their order is selected,
    too. A row that is loaded when one of a later time is known already is never the newest, so the rows that stay are in one order by
    time and by when they were known.
#}
{% macro feature_history(feature, keys, number, is_numbered=true) -%}
{%- set quoted, key_names, values = data_health.quoted(feature.columns), [], [] -%}
{%- for key in keys -%}{%- do key_names.append('key_' ~ loop.index) -%}{%- endfor -%}
{%- for column in quoted -%}{%- do values.append('value_' ~ loop.index) -%}{%- endfor -%}
{%- set partition = key_names | join(', ') -%}
{%- set own_keys = feature.key or keys -%}
{%- set own_keys, present = data_health.quoted([own_keys] if own_keys is string else own_keys), [] -%}
{%- set loaded_at = data_health.quoted(feature.loaded_at) if feature.loaded_at else none -%}
{%- for name in own_keys + [data_health.quoted(feature.time)] + ([loaded_at] if loaded_at else []) -%}
    {%- do present.append(name ~ ' is not null') -%}
{%- endfor -%}
{%- set ties, ranks = data_health.quoted(feature.tie_breaker or []), [] -%}
{%- set ties = [ties] if ties is string else ties -%}
{%- set order = ['known_from', 'feature_time'] + (['feature_load'] if loaded_at else []) -%}
{%- for tie in ties -%}{%- do ranks.append('tie_breaker_' ~ loop.index ~ ' nulls first') -%}{%- endfor -%}
{%- set order = (order + ranks + ['row_hash']) | join(', ') -%}
known_{{ number }} as (

    select
        {%- for own_key in own_keys %}
        {{ own_key }} as key_{{ loop.index }},
        {%- endfor %}
        {{ data_health.quoted(feature.time) }} as feature_time,
        {%- if loaded_at %}
        {{ loaded_at }} as feature_load,
        greatest({{ data_health.quoted(feature.time) }}, {{ loaded_at }}) as known_from,
        {%- else %}
        {{ data_health.quoted(feature.time) }} as known_from,
        {%- endif %}
        {%- for tie in ties %}
        {{ tie }} as tie_breaker_{{ loop.index }},
        {%- endfor %}
        {%- for column in quoted %}
        {{ column }} as value_{{ loop.index }},
        {%- endfor %}
        {{ data_health.row_hash(quoted, 'row_hash_key') }} as row_hash
    from {{ feature.relation }}
    where {{ present | join(' and ') }}

),

history_{{ number }} as (

    select {{ partition }}, known_from, feature_time, {{ values | join(', ') }}
        {%- if is_numbered %},
        row_number() over (partition by {{ partition }} order by known_from nulls last) as feature_number
        {%- endif %}
    from (
        select *, lead(known_from) over (partition by {{ partition }} order by {{ order }}) as next_known_from
        from (
            select *, max(feature_time) over (
                partition by {{ partition }} order by {{ order }} rows between unbounded preceding and 1 preceding
            ) as newest_time
            from known_{{ number }}
        ) as ordered_rows
        where coalesce(newest_time <= feature_time, true)
    ) as newest_rows
    where coalesce(known_from < next_known_from, true)

)
{%- endmacro %}
