{#
    The relation of a model of this package, as it stands in the warehouse; none where it has not been built or is off, while dbt
    parses and in unit tests. For a model that must know what one downstream of it has stored, which it cannot `ref`. Database,
    schema and alias are those that dbt has resolved, so any layout of schemas works.
#}
{% macro stored_model(name) -%}
    {%- if execute and model.resource_type == 'model' -%}
        {%- for node in graph.nodes.values() if node.unique_id == 'model.data_health.' ~ name -%}
            {{ return(load_relation(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias))) }}
        {%- endfor -%}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}
