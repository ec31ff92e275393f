{#
    Fails on every row whose values of a feature table no row of that table had which was known at the time of the row: which has the same
    key, and happened and was loaded at or before that time. Rows without any value of the feature are not looked at. Fails as well where
    no row has any.
#}
{% test nothing_from_the_future(model, key, time, features) %}
    {%- set keys = data_health.quoted([key] if key is string else key) %}
    {%- set row_time = 'training_rows.' ~ data_health.quoted(time) %}
    with training_rows as (

        select *
        from {{ model }}

    )
    {% for feature in features %}
    {%- set own_keys = feature.key or key %}
    {%- set own_keys = data_health.quoted([own_keys] if own_keys is string else own_keys) %}
    {%- set valued %}
        where coalesce(
            {%- for column in feature.columns %}
            cast(training_rows.{{ data_health.quoted((feature.prefix or '') ~ column) }} as varchar){{ ',' if not loop.last }}
            {%- endfor %}
        ) is not null
    {%- endset %}
    select
        {{ data_health.text_literal(feature.relation | string) }} as feature_table,
        {%- for column in keys %}
        cast(training_rows.{{ column }} as varchar) as {{ column }},
        {%- endfor %}
        cast({{ row_time }} as varchar) as {{ data_health.quoted(time) }},
        'no row with these values was known at this time' as reason
    from training_rows
    {{ valued }}
        and not exists (
            select 1
            from {{ feature.relation }} as feature_rows
            where feature_rows.{{ data_health.quoted(feature.time) }} <= {{ row_time }}
                {%- if feature.loaded_at %}
                and feature_rows.{{ data_health.quoted(feature.loaded_at) }} <= {{ row_time }}
                {%- endif %}
                {%- for column in keys %}
                and feature_rows.{{ own_keys[loop.index0] }} = training_rows.{{ column }}
                {%- endfor %}
                {%- for column in feature.columns %}
                and feature_rows.{{ data_health.quoted(column) }}
                    is not distinct from training_rows.{{ data_health.quoted((feature.prefix or '') ~ column) }}
                {%- endfor %}
        )

    union all

    select
        {{ data_health.text_literal(feature.relation | string) }} as feature_table,
        {%- for column in keys %}
        cast(null as varchar) as {{ column }},
        {%- endfor %}
        cast(null as varchar) as {{ data_health.quoted(time) }},
        'nothing was compared: no row has a value of this table' as reason
    where not exists (select 1 from training_rows {{ valued }})
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{% endtest %}
