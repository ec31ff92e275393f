{# The column of that name, or none. The name as written comes first; case counts only where two columns differ in nothing else. #}
{% macro find_column(columns, name) %}
    {% for column in columns %}
        {% if column.name == name %}{{ return(column) }}{% endif %}
    {% endfor %}
    {% for column in columns %}
        {% if column.name | lower == name | lower %}{{ return(column) }}{% endif %}
    {% endfor %}
    {{ return(none) }}
{% endmacro %}


{#
    The columns of a relation, or none when the warehouse does not hold it. A dbt-duckdb source with an external
    location is a file and in no catalog, hence the query; the stored relation is asked, because under --empty ref()
    is a subquery.
#}
{% macro columns_of(relation) %}
    {% if relation.is_cte %}{{ return(none) }}{% endif %}
    {% if relation.external %}
        {{ return(get_column_schema_from_query('select * from ' ~ relation)) }}
    {% endif %}
    {% set stored = load_relation(relation) %}
    {{ return(none if stored is none else adapter.get_columns_in_relation(stored)) }}
{% endmacro %}
