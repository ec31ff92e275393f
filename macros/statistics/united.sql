{#
    Selects as one. Where they are together longer than a warehouse likes in one statement, as for a table of hundreds of
    columns, they are first run some at a time into temporary tables, which then stand in their place.
#}
{% macro united(selects, name) -%}
    {%- set batches, state = [], namespace(room=0) -%}
    {%- for text in selects -%}
        {%- if not batches or text | length > state.room -%}
            {%- do batches.append([]) -%}
            {%- set state.room = 150000 -%}
        {%- endif -%}
        {%- do batches[-1].append(text) -%}
        {%- set state.room = state.room - text | length -%}
    {%- endfor -%}
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
