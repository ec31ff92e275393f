{# A select of no rows with these columns and types: what a model is before there is anything to read. #}
{% macro no_rows(columns) %}
    select
{%- for name, data_type in columns.items() %}
        cast(null as {{ data_type }}) as {{ name }}{{ ',' if not loop.last }}
{%- endfor %}
    where false
{%- endmacro %}


{# The moment at which this run began, in UTC, fine enough to tell two runs apart. #}
{% macro run_time() -%}
    {{ return("cast('" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') ~ "' as timestamp)") }}
{%- endmacro %}


{# The columns of a stored table as a select list; those that an older version of the package did not write yet are null. #}
{% macro stored_columns(relation, columns) -%}
    {%- set stored = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
    {%- set result = [] -%}
    {%- for name, data_type in columns.items() -%}
        {%- do result.append(name if name in stored else 'cast(null as ' ~ data_type ~ ') as ' ~ name) -%}
    {%- endfor -%}
    {{ return(result | join(',\n        ')) }}
{%- endmacro %}


{# Each monitor and dataset of this run as a flat list of pairs. #}
{% macro flat_datasets(datasets) -%}
    {%- set result = [] -%}
    {%- for name, scanned in datasets.items() -%}
        {%- for dataset in scanned -%}
            {%- do result.append({'monitor': dataset.monitor, 'dataset': dataset}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(result) }}
{%- endmacro %}
