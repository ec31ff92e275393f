{#
    What a warehouse with transactions is told before a model reads anything. Where two builds can run at once, a model that
    adds to its table has it for itself from its first look at it until it commits, and the tables of this package that it reads
    stand still: a second build waits, and then sees what the first has done. `reads` come in the order of the lineage, so that
    no two models wait for each other. A view, as a clone is, stands for a table of somebody else, which is not held.
#}
{% macro begin_model(reads=[], adds_to_this=false) -%}
    {%- if execute and not flags.EMPTY and flags.WHICH in ['run', 'build', 'retry'] and model.resource_type == 'model' -%}
        {%- set statements = [data_health.engine_sql('begin_model')] -%}
        {%- for relation in reads if (load_relation(relation) or {}).is_table -%}
            {%- do statements.append(data_health.engine_sql('hold_still', relation)) -%}
        {%- endfor -%}
        {%- if adds_to_this and (load_relation(this) or {}).is_table -%}
            {%- do statements.append(data_health.engine_sql('hold_alone', this)) -%}
        {%- endif -%}
        {%- for text in statements if text -%}
            {#- dbt begins its transaction here, and not with the main statement -#}
            {%- call statement('begin_model', auto_begin=true) -%}{{ text }}{%- endcall -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
