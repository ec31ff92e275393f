{#
    The common table expressions that apply the rules of a plan, stage by stage; the last is named <prefix>cleaned. Every stage
    has the columns of the relation under their names, and what is asked for of each rule under names that begin with data_health_:
    `flags` lists, of rules by number, which of failed, tested, changed, reason, before and after are kept. `rules` are those to
    apply, `columns` those to read.
    `carried` are further columns of the first stage; `source` and `where` replace the relation and the set's filter.
#}
{% macro cleaning_stages(plan, rules, flags, columns=none, carried=[], prefix='', source=none, where=none) %}
{%- set columns, kept = plan.columns if columns is none else columns, [] %}
{{ prefix }}raw_rows as (

    select
        {{ (data_health.quoted(columns) + carried) | join(',\n        ') or '1 as data_health_row' }}
    from {{ source or plan.relation }}
    where {{ where or plan.set.where or 'true' }}

)
{%- for carry in carried %}{% do kept.append(carry.split(' as ')[-1]) %}{% endfor %}
{%- set last = namespace(name=prefix ~ 'raw_rows') %}
{%- for number in rules | map(attribute='stage') | unique | sort %}
    {#- what is parsed first, the columns that change, and what is measured, over the stage before -#}
    {%- set names, parsed, changed, measured = data_health.quoted(columns) + kept, [], {}, {} %}
    {%- for rule in rules | selectattr('stage', 'equalto', number) %}
        {%- set sql, old = data_health.rule_sql(rule), data_health.quoted(rule.column) if rule.column is not none else 'null' %}
        {%- if rule.kind in ['cast', 'units', 'epoch'] %}
            {%- do parsed.append(data_health.parsed_value(rule, old) ~ ' as data_health_value_' ~ rule.number) %}
        {%- endif %}
        {%- if rule.column is not none and sql.value != old %}{% do changed.update({old: sql.value}) %}{% endif %}
        {#- what can be kept of a rule: `old` and `new` are values, before and after the same as texts -#}
        {%- set measures = {
            'old': old, 'new': sql.value, 'tested': sql.tested, 'failed': sql.failed or 'false',
            'changed': '(' ~ sql.value ~ ' is distinct from ' ~ old ~ ')' if rule.on_failure is none
                else sql.failed if rule.changes else 'false',
            'reason': 'case when ' ~ sql.failed ~ ' then ' ~ sql.reason ~ ' end' if sql.failed else 'cast(null as varchar)',
            'before': 'cast(' ~ old ~ ' as varchar)', 'after': 'cast(' ~ sql.value ~ ' as varchar)'
        } %}
        {%- for name, expression in measures.items() if name in flags.get(rule.number, []) %}
            {%- do measured.update({'data_health_' ~ name ~ '_' ~ rule.number: expression}) %}
        {%- endfor %}
    {%- endfor %}
    {%- if parsed %},

{{ prefix }}parsed_{{ number }} as (

    select
        {{ (names + parsed) | join(',\n        ') }}
    from {{ last.name }} {{ data_health.engine_sql('compute_once') }}

)
        {%- set last.name = prefix ~ 'parsed_' ~ number %}
    {%- endif %}
    {%- if changed or measured %},

{{ prefix }}stage_{{ number }} as (

    select
        {%- for name in names %}
        {{ changed[name] ~ ' as ' if name in changed }}{{ name }}{{ ',' if not loop.last or measured }}
        {%- endfor %}
        {%- for name, expression in measured.items() %}
        {{ expression }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ last.name }} {{ data_health.engine_sql('compute_once') }}

)
        {%- do kept.extend(measured.keys() | list) %}
        {%- set last.name = prefix ~ 'stage_' ~ number %}
    {%- endif %}
{%- endfor %},

{{ prefix }}cleaned as (

    select
        {{ (data_health.quoted(columns) + kept) | join(',\n        ') or 'data_health_row' }}
    from {{ last.name }}

)
{%- endmacro %}
