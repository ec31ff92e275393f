{#
    The relation of a model of this package as it stands in the warehouse; without a name, of this model, of whatever package it is. None
    where it has not been built or is off, while dbt parses and in unit tests. A name is for a model that must know what one downstream of
    it has stored, which it cannot `ref`; database, schema and alias are those that dbt has resolved, so any layout of schemas works.
    Not is_incremental(): that is false where the relation is a view, as after a `dbt clone`, which would be a store that forgets.
#}
{% macro stored_model(name=none) -%}
    {%- if execute and model.resource_type == 'model' -%}
        {%- if name is none -%}{{ return(load_relation(this)) }}{%- endif -%}
        {%- for node in graph.nodes.values() if node.unique_id == 'model.data_health.' ~ name -%}
            {{ return(load_relation(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias))) }}
        {%- endfor -%}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}
