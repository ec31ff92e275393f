{#
    Selects as one. Where they are together longer than a warehouse likes in one statement, as for a table of hundreds of
    columns, they are first run some at a time into temporary tables, which then stand in their place.
#}
{% macro united(selects, name) -%}
    {%- set batches = data_health.batches_of_text(selects, 150000) -%}
    {%- if batches | length < 2 or flags.WHICH not in ['run', 'build', 'retry'] -%}
        {{ return(selects | join('\n    union all')) }}
    {%- endif -%}
    {%- set staged = [] -%}
    {%- for batch in batches -%}
        {%- set table = 'data_health_' ~ name ~ '_' ~ loop.index ~ '_' ~ invocation_id[:8] -%}
        {%- do run_query('create temporary table ' ~ table ~ ' as ' ~ batch | join('\n    union all')) -%}
        {%- do staged.append('\n    select * from ' ~ table) -%}
    {%- endfor -%}
    {{ return(staged | join('\n    union all')) }}
{%- endmacro %}


{# Texts in groups of at most so many characters, or of one that is longer. #}
{% macro batches_of_text(texts, size) -%}
    {%- set batches = [] -%}
    {%- set state = namespace(room=0) -%}
    {%- for text in texts -%}
        {%- if not batches or text | length > state.room -%}
            {%- do batches.append([]) -%}
            {%- set state.room = size -%}
        {%- endif -%}
        {%- do batches[-1].append(text) -%}
        {%- set state.room = state.room - text | length -%}
    {%- endfor -%}
    {{ return(batches) }}
{%- endmacro %}
