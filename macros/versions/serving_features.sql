{#
    The select list of a version: its features in the order and the types that it was trained with, as the registry has them. Without a
    version, those of the version that serves. Reads registered_features when `dbt run` or `dbt build` executes it; other commands
    compile it to all columns. A feature that the relation lacks, or a version that is not registered, is an error.
#}
{% macro serving_features(monitor, model_version=none) -%}
    {%- set features = ref('data_health', 'registered_features') -%}
    {%- if not execute or flags.EMPTY or flags.WHICH not in ['run', 'build', 'retry'] -%}{{ return('*') }}{%- endif -%}
    {%- set rows = run_query(
        'select feature, data_type, model_version, is_serving from ' ~ features ~ ' where monitor = ' ~ data_health.text_literal(monitor)
        ~ ' and feature is not null order by model_version nulls last, feature_number'
    ).rows -%}
    {%- set columns, versions = [], rows | map(attribute=2) | unique(case_sensitive=true) | list -%}
    {%- for row in rows if row[2] == model_version or (model_version is none and row[3]) -%}
        {%- set column = data_health.quoted(row[0]) -%}
        {%- do columns.append('cast(' ~ column ~ ' as ' ~ row[1] ~ ') as ' ~ column if row[1] else column) -%}
    {%- endfor -%}
    {%- if not columns and model_version is none -%}
        {%- do exceptions.raise_compiler_error(data_health.problem('', 'serving_features', monitor,
            'a monitor of which a registered version serves')) -%}
    {%- elif not columns -%}
        {%- do exceptions.raise_compiler_error(data_health.problem('', 'serving_features', model_version, names=versions)) -%}
    {%- endif -%}
    {{ return(columns | join(',\n    ')) }}
{%- endmacro %}
