{#
    What a table is computed from, as a short text, and whether the table that stands in the warehouse was computed from the same. Then its
    rows are right as they are, and the select `unchanged_rows` gives them again, under the moment of this run, instead of computing them.
    The text covers the code of the model and of the ephemeral models in it, the configuration, and the rows of every table that it reads;
    a model keeps it in its column `computed_from`. `--full-refresh` computes all anew, which a change of a macro during development needs.
#}
{% macro state_of_inputs() -%}
    {%- if not execute or flags.EMPTY or flags.WHICH not in ['run', 'build', 'retry'] or invocation_args_dict.defer
        or model.resource_type != 'model' -%}
        {{ return({'computed_from': 'not known', 'is_unchanged': false, 'unchanged_rows': ''}) }}
    {%- endif -%}
    {%- set inputs = data_health.inputs_of_model(model.unique_id) -%}
    {%- set parts, past = [], load_relation(this) -%}
    {%- for key, table in inputs.tables.items() | sort(attribute='0') -%}
        {#- all rows of a table share one text; each row of statistics gets a key when it is counted; else all columns are looked at -#}
        {%- set number = 'statistics_key' if 'statistics_key' in table.columns
            else data_health.row_hash(table.columns | reject('equalto', 'built_at') | list, 'row_hash_key') -%}
        {%- set sum = 'max(computed_from)' if 'computed_from' in table.columns else 'cast(sum(' ~ number ~ ') as varchar)' -%}
        {%- set content = "cast(count(*) as varchar) || ' ' || " ~ sum -%}
        {%- do parts.append('coalesce((select ' ~ content ~ ' from ' ~ table.relation_name ~ "), '')") -%}
    {%- endfor -%}
    {#- a table of an older release may have no such column: the name then means that of `without_past` -#}
    {%- set found = run_query('select ' ~ (parts or ["''"]) | join(" || '|' || ") ~ ' as content, '
        ~ ('(select computed_from from ' ~ past ~ ' limit 1)' if past and past.is_table else 'computed_from')
        ~ ' as past from (select cast(null as varchar) as computed_from) as without_past').rows[0] -%}
    {%- set computed_from = local_md5([
        inputs.code, data_health.configured_block(), env_var('DATA_HEALTH_ONLY', ''), found[0]
    ] | string)[:12] -%}
    {%- set unchanged_rows -%}
-- what these rows are computed from is as it was when they were computed
select
    {%- for name in model.columns %}
    {{ data_health.run_time() ~ ' as built_at' if name == 'built_at' else name }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ this }}
    {%- endset -%}
    {{ return({
        'computed_from': computed_from, 'is_unchanged': computed_from == found[1] and not should_full_refresh(),
        'unchanged_rows': unchanged_rows
    }) }}
{%- endmacro %}


{# The tables that a model reads, through the ephemeral models in it, by their ids; and checksums of its code and of theirs. #}
{% macro inputs_of_model(unique_id) -%}
    {%- set node = graph.nodes[unique_id] -%}
    {%- set tables, code = {}, [node.checksum.checksum] -%}
    {%- for key in node.depends_on.nodes -%}
        {%- set input = graph.nodes[key] -%}
        {%- if input.config.materialized == 'ephemeral' -%}
            {%- set inner = data_health.inputs_of_model(key) -%}
            {%- do tables.update(inner.tables) -%}
            {%- do code.append(inner.code) -%}
        {%- else -%}
            {%- do tables.update({key: input}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return({'tables': tables, 'code': code | string}) }}
{%- endmacro %}
