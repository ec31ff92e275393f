{#
    Common table expressions of a generic test that say why it compared nothing; a test that ends with them fails and does not pass in
    silence. `asked` maps a column of `judged` to the names that the test asks for. A name that no row of `judged` has is one row, with the
    names that there are, nearest first: the one whose letters differ least. Where all names are there and no row of `selected` is judged,
    there is one row with the reason.
#}
{% macro nothing_compared(model, monitor, asked={}) %}
    {%- set asked_names, kinds = [], {} %}
    {%- for column, names in asked.items() if names is not none %}
        {%- do kinds.update({column: column.replace('_names', 's').replace('_name', '').replace('_value', '').replace('_', ' ')}) %}
        {%- for name in ([names] if names is string else names) %}{% do asked_names.append([kinds[column], name]) %}{% endfor %}
    {%- endfor %}
    asked_names as (
        {{ data_health.rows_as_table({'kind': 'varchar', 'name': 'varchar'}, asked_names) | indent(4) }}
    ),

    known_names as (
        {% for column, names in asked.items() if names is not none %}
        select distinct '{{ kinds[column] }}' as kind, cast({{ column }} as varchar) as name
        from judged
        where {{ column }} is not null
        {{ 'union' if not loop.last }}
        {%- else %}
        {{ data_health.rows_as_table({'kind': 'varchar', 'name': 'varchar'}) | indent(4) }}
        {%- endfor %}

    ),

    unknown_names as (

        select asked_names.kind, asked_names.name
        from asked_names
        left join known_names
            on asked_names.kind = known_names.kind and asked_names.name = known_names.name
        where known_names.kind is null

    ),

    ranked_names as (

        select
            unknown_names.kind,
            unknown_names.name,
            known_names.name as known_name,
            row_number() over (
                partition by unknown_names.kind, unknown_names.name
                order by length(translate(lower(unknown_names.name), lower(known_names.name), ''))
                    + length(translate(lower(known_names.name), lower(unknown_names.name), '')) nulls last,
                    abs(length(unknown_names.name) - length(known_names.name)) nulls last,
                    known_names.name nulls last
            ) as rank
        from unknown_names
        left join known_names
            on unknown_names.kind = known_names.kind

    ),

    nothing_compared as (

        select
            {{ data_health.monitor_of_model(model, monitor) }} as monitor,
            'nothing was compared: no ' || kind || ' is called ' || name || '; there are: '
                || coalesce({{ dbt.listagg('known_name', "', '", 'order by rank') }}, 'none') as reason
        from ranked_names
        where rank <= 20
        group by kind, name

        union all

        select
            {{ data_health.monitor_of_model(model, monitor) }} as monitor,
            'nothing was compared: ' || coalesce(max(selected.reason), 'no row is there for what this test asks for') as reason
        from selected
        having count(case when selected.is_judged then 1 end) = 0
            and (select count(*) from unknown_names) = 0

    )
{%- endmacro %}
