{#
    The common table expressions that apply the `dependencies` of a cleaning set to repaired_rows, as {'sql', 'rows': the last of them}.
    Each dependency reads what the one before it left. What becomes of a text in a group and column is one row of <prefix>repairs, so
    that a cell meets one row at most. `numbers` has the number of a column in data_health_to_value, _method, _confidence and _support.
    A value is replaced only if the votes for the other weigh 2.25 times as much: a right value that is changed is the worst outcome.
#}
{% macro declared_stages(dependencies, known, numbers) %}
{%- set sql, rows, now = [], namespace(name='repaired_rows'), {} %}
{%- set confidence = data_health.engine_sql('round', 'chosen.weight / (chosen.weight + chosen.next_weight + chosen.half_vote)', 6) %}
{%- for column in known %}
    {%- set value, is_float = 'rows_before.' ~ data_health.quoted(column.name), column.data_type | lower in
        data_health.engine_sql('types_with_nan').split(' ') + ['double precision'] %}
    {%- set value = 'cast(' ~ ('case when not (' ~ data_health.engine_sql('is_nan', value) ~ ') then ' ~ value ~ ' end' if is_float
        else value) ~ ' as varchar)' %}
    {%- do now.update({column.name: 'coalesce(rows_before.data_health_to_value_' ~ numbers[column.name] ~ ', ' ~ value ~ ')'
        if column.name in numbers else value}) %}
{%- endfor %}
{%- for dependency in dependencies %}{% set prefix, keys = 'declared_' ~ loop.index ~ '_', [] %}
    {%- for name in dependency.by %}{% do keys.append('by_' ~ loop.index) %}{% endfor %}
    {%- set text %},
{{ data_health.told_values(prefix, dependency, keys, now, rows.name) }},
{{ data_health.weighed_votes(prefix, dependency) }},

-- {{ prefix[:-1] }}, 4: what becomes of each text of a group
{{ prefix }}repairs as {{ data_health.engine_sql('materialized') }}(

    select distinct
        told.{{ keys | join(', told.') }}, told.column_number, told.written, chosen.usual_form as to_value, chosen.support,
        case when told.value is null then 'fill' when told.value <> chosen.value then 'vote' else 'form' end as method,
        {{ confidence }} as confidence
    from {{ prefix }}told as told
    inner join (
        select
            *,
            row_number() over heaviest_first as place,
            lead(weight, 1, 0e0) over heaviest_first as next_weight,
            0.5e0 * sum(weight) over () / sum(support) over () as half_vote
        from {{ prefix }}judged
        window heaviest_first as (partition by group_number, column_number order by weight desc nulls last, support desc nulls last, value)
    ) as chosen on told.group_number = chosen.group_number and told.column_number = chosen.column_number
    left join {{ prefix }}judged as own
        on told.group_number = own.group_number and told.column_number = own.column_number and told.value = own.value
    where chosen.place = 1 and chosen.support >= 2
        and chosen.weight > chosen.next_weight
        and {{ confidence }} >= {{ dependency.min_share }}
        and case
            when told.value is null then {{ dependency.fill | lower }}
            when told.value = chosen.value then {{ dependency.one_form | lower }} and told.written <> chosen.usual_form
            else chosen.weight >= 2.25 * coalesce(own.weight, 0)
        end

),

{{ prefix }}rows as (

    select
        {%- for name, number in numbers.items() %}
        {%- set told = 'told_' ~ (dependency.columns.index(name) + 1) if name in dependency.columns else none %}
        {%- for part in ['to_value', 'method', 'confidence', 'support'] %}{% set before = 'data_health_' ~ part ~ '_' ~ number %}
        {{ 'coalesce(' ~ told ~ '.' ~ part ~ ', rows_before.' ~ before ~ ') as ' if told else 'rows_before.' }}{{ before }},
        {%- endfor %}{% endfor %}
        {%- for column in known %}
        rows_before.{{ data_health.quoted(column.name) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ rows.name }} as rows_before
    {%- for name in dependency.columns %}{% set told = 'told_' ~ loop.index %}
    left join {{ prefix }}repairs as {{ told }}
        on {{ told }}.column_number = {{ loop.index }}
        {%- for by in dependency.by %} and {{ told }}.by_{{ loop.index }} = {{ now[by] }}{% endfor %}
        and {{ told }}.written is not distinct from {{ now[name] }}
    {%- endfor %}

)
    {%- endset %}
    {%- do sql.append(text) %}{% set rows.name = prefix ~ 'rows' %}
{%- endfor %}
{{ return({'sql': sql | join, 'rows': rows.name}) }}
{% endmacro %}


{#
    From rows to <prefix>told, one row per group, column, source and text. Texts are compared without regard to capitals and white space.
    A column most of whose values are times of day is one of times: there `7:10 a.m.`, `07:10` and `12/02/2011 7:10 a.m.` are one value.
    In any other column a date before the time tells two values apart. A value is written in the form that is usual in the column.
#}
{% macro told_values(prefix, dependency, keys, now, rows) %}
{%- set key, hour = keys | join(', '), "cast(split_part(clock, ':', 1) as integer)" %}
{%- set second = "cast(coalesce(nullif(left(split_part(clock, ':', 3), 2), ''), '0') as integer)" %}
{%- set plain_text = 'lower(' ~ data_health.engine_sql('squeeze', 'written') ~ ')' %}
{%- set dated_clock = data_health.text_literal(data_health.engine_sql('dated_clock')) %}
-- {{ prefix[:-1] }}, 1: what the rows of a group tell of each column, and the time of day in it
{{ prefix }}texts as (

    select
        *,
        nullif({{ plain_text }}, '') as text,
        nullif({{ data_health.engine_sql('pattern_part', plain_text, dated_clock) }}, '') as clock
    from (
        select
            {%- for name in dependency.by %}
            {{ now[name] }} as by_{{ loop.index }},
            {%- endfor %}
            {{ now[dependency.source] if dependency.source else 'cast(null as varchar)' }} as source,
            told_columns.column_number,
            case told_columns.column_number
                {%- for name in dependency.columns %} when {{ loop.index }} then {{ now[name] }}{% endfor %} end as written,
            count(*) as row_count
        from {{ rows }} as rows_before
        cross join (
            {%- for name in dependency.columns %}{{ ' union all ' if not loop.first }}select {{ loop.index }} as column_number{% endfor -%}
        ) as told_columns
        group by {% for name in keys + ['source', 'column_number', 'written'] %}{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
    ) as told_texts
    where {{ keys | join(' is not null and ') }} is not null

),

-- {{ prefix[:-1] }}, 2: what is compared, of a time of day its seconds, and how it is usually written
{{ prefix }}told as {{ data_health.engine_sql('materialized') }}(

    select
        *,
        first_value(written) over (
            partition by group_number, column_number, value
            order by rows_of_pattern desc nulls last, rows_of_form desc nulls last, length(written), written
        ) as usual_form
    from (
        select
            *,
            dense_rank() over (order by {{ key }}) as group_number,
            sum(row_count) over (partition by column_number, {{ data_health.engine_sql('text_pattern', 'text') }}) as rows_of_pattern,
            sum(row_count) over (partition by {{ key }}, column_number, written) as rows_of_form,
            case
                when second_of_day is null or 2 * sum(case when clock = text and second_of_day is not null then row_count else 0 end)
                    over (partition by column_number) < sum(case when text is not null then row_count else 0 end)
                    over (partition by column_number) then text
                else second_of_day || ' seconds'
            end as value
        from (
            select
                *,
                case
                    when clock like '%p%' and {{ hour }} < 13 then {{ hour }} % 12 + 12
                    when clock like '%a%' and {{ hour }} < 13 then {{ hour }} % 12
                    when clock not like '%a%' and clock not like '%p%' and {{ hour }} < 24 then {{ hour }}
                end * 3600 + cast(left(split_part(clock, ':', 2), 2) as integer) * 60 + {{ second }} as second_of_day
            from {{ prefix }}texts
        ) as clocks
    ) as values_told

)
{%- endmacro %}


{#
    From <prefix>told to <prefix>judged, one row per group, column and value. The weight of a vote grows with the accuracy a of its source
    in that column: ln(2 a / (1 - a)), like Accu (Dong, Berti-Equille, Srivastava 2009), where a is the mean chance of what it tells, as
    if it had four votes more of .8. It shrinks with every vote for the same value of a source that shares its doubtful values, as
    sources do that copy or err alike. Chances follow from weights and weights from chances, five times; the chances begin nearly even, so
    that those who copy do not win before they are seen to. Without a source every row weighs 1. The confidence is the share of the
    heaviest value beside the next one, as if that had half a vote more.
#}
{% macro weighed_votes(prefix, dependency) %}
{%- set votes, rounds = namespace(name=prefix ~ 'votes'), [0.25, 0.5, 0.75, 1, 1] if dependency.source else [] %}
{%- set columns = ['group_number', 'column_number', 'source', 'value', 'value_number', 'value_votes', 'group_votes', 'usual_form'] %}
{{ votes.name }} as {{ data_health.engine_sql('materialized') }}(

    select
        group_number, column_number, source, value, usual_form, sum(row_count) as row_count,
        {{ '1e0' if dependency.source else 'cast(sum(row_count) as double precision)' }} as weight,
        dense_rank() over (order by group_number, column_number, value) as value_number,
        count(*) over (partition by group_number, column_number, value) as value_votes,
        count(*) over (partition by group_number, column_number) as group_votes
    from {{ prefix }}told
    where value is not null{{ ' and source is not null' if dependency.source }}
    group by group_number, column_number, source, value, usual_form

),
{% for steepness in rounds %}{% set weighed, round = votes.name, loop.index %}{% set votes.name = prefix ~ 'votes_' ~ round %}
{{ prefix }}chances_{{ round }} as {{ data_health.engine_sql('materialized') }}(

    select
        *,
        sum(1e0 - chance) over (partition by source) as doubt,
        (3.2e0 + sum(case when group_votes > 1 then chance else 0e0 end) over (partition by column_number, source))
            / (4e0 + sum(case when group_votes > 1 then 1 else 0 end) over (partition by column_number, source)) as accuracy
    from (
        select *, odds / sum(odds / value_votes) over (partition by group_number, column_number) as chance
        from (
            select
                *,
                exp(greatest({{ steepness }} * (value_weight - max(value_weight) over (partition by group_number, column_number)), -50e0))
                    as odds
            from (select *, sum(weight) over (partition by value_number) as value_weight from {{ weighed }}) as value_weights
        ) as value_odds
    ) as value_chances

),

{{ votes.name }} as {{ data_health.engine_sql('materialized') }}(

    select
        votes.{{ columns | join(', votes.') }},
        greatest(ln(2e0 * least(min(votes.accuracy), .98e0) / (1e0 - least(min(votes.accuracy), .98e0))), .05e0)
            / (1e0 + coalesce(sum(alike.share), 0e0)) as weight
    from {{ prefix }}chances_{{ round }} as votes
    -- of a value that a hundred tell the copies make no difference
    left join {{ prefix }}votes as others on votes.value_number = others.value_number and votes.value_votes <= 100
    left join (
        select chances.source, others.source as other_source, sum(1e0 - chances.chance) / (2e0 + min(chances.doubt)) as share
        from {{ prefix }}chances_{{ round }} as chances
        inner join {{ prefix }}votes as others on chances.value_number = others.value_number and chances.source <> others.source
        where chances.chance < 1 and chances.value_votes <= 100
        group by chances.source, others.source
    ) as alike on votes.source = alike.source and others.source = alike.other_source
    group by votes.{{ columns | join(', votes.') }}

),
{%- endfor %}

-- {{ prefix[:-1] }}, 3: the values of a group, the heaviest first
{{ prefix }}judged as {{ data_health.engine_sql('materialized') }}(

    select
        group_number, column_number, value, usual_form, {{ data_health.engine_sql('round', 'sum(weight)', 9) }} as weight,
        cast({{ 'count(*)' if dependency.source else 'sum(row_count)' }} as bigint) as support
    from {{ votes.name }}
    group by group_number, column_number, value, usual_form

)
{%- endmacro %}
