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
    The columns of a relation, or none when the warehouse does not hold it, or when it lacks one of the columns that `uses` expects, as
    column_uses() gives them. A dbt-duckdb source with an external location is a file and in no catalog, hence the query; the stored
    relation is asked, because under --empty ref() is a subquery.
#}
{% macro columns_of(relation, uses=[]) %}
    {% if relation.is_cte %}{{ return(none) }}{% endif %}
    {% set stored = relation if relation.external else load_relation(relation) %}
    {% if stored is none %}{{ return(none) }}{% endif %}
    {% set columns = get_column_schema_from_query('select * from ' ~ relation) if relation.external
        else adapter.get_columns_in_relation(stored) %}
    {% for use in uses %}
        {% for name in use['names'] %}
            {% set column = data_health.find_column(columns, name) %}
            {% set family = data_health.type_family(column.data_type) if column else none %}
            {% if not column or use.get('family', family) != family %}{{ return(none) }}{% endif %}
        {% endfor %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}
