{{ config(
    enabled='versions' in data_health.parts_on() and data_health.is_configured('versions.served'),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='period_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}

{%- do data_health.begin_model(adds_to_this=true) %}
{%- set tasks, past, counts, pending = data_health.serving_tasks(), data_health.stored_model(), [], {} %}
{%- set key_columns = {
    'period_key': 'varchar', 'monitor': 'varchar', 'period_start': 'date', 'model_version': 'varchar', 'logged_row_count': 'bigint',
    'logged_key_count': 'bigint', 'logged_match_count': 'bigint', 'recomputed_row_count': 'bigint', 'recomputed_key_count': 'bigint',
    'recomputed_match_count': 'bigint', 'counted_from': 'varchar', 'built_from': 'varchar'
} %}
{%- set sums = {
    'equal_count': 'bigint', 'near_count': 'bigint', 'logged_null_count': 'bigint', 'recomputed_null_count': 'bigint',
    'number_count': 'bigint', 'logged_sum': 'double precision', 'recomputed_sum': 'double precision', 'example': 'varchar'
} %}
{#-
    1. Which keys match, of all periods: a narrow join of the keys of both relations. Of the periods only those go on of which rows of the
    log or recomputed rows came, or were loaded again, since they were stored; one that has lost rows stays as it was, if that is wished.
-#}
{%- for task in tasks %}
    {%- set monitor, row_period, names = task.monitor, data_health.row_period(task.sides.recomputed, true), [] %}
    {%- for key in task['keys'] %}{% do names.append('key_' ~ loop.index) %}{% endfor %}
    {#- raise the first when the arithmetic changes -#}
    {%- set counted_from = local_md5(['1', data_health.monitor_fingerprint(monitor), monitor.show_values, task.served,
        task['keys'], task.features, task.version, task.sides.logged.local_time] | string)[:12] %}
    {%- set query %}
with logged_keys as (

    select {{ names | join(', ') }}, model_version, max(period_start) as period_start, count(*) as row_count, max(moment) as newest
    from (
        select
            {%- for key in task['keys'] %} {{ key[0] }} as key_{{ loop.index }},{% endfor %}
            {{ task.version or "cast('(all)' as varchar)" }} as model_version,
            {{ data_health.row_period(task.sides.logged, true) if monitor.time and task.sides.logged.time
                else 'cast(null as date)' if monitor.time else row_period }} as period_start,
            {{ task.sides.logged.local_time or 'cast(null as timestamp)' }} as moment
        from {{ task.log }} as logged
    ) as log_rows
    group by {{ names | join(', ') }}, model_version

),

recomputed_keys as (

    select {{ names | join(', ') }}, period_start, count(*) as row_count, max(moment) as newest
    from (
        select
            {%- for key in task['keys'] %} {{ key[1] }} as key_{{ loop.index }},{% endfor %}
            {{ row_period }} as period_start,
            {{ task.sides.loaded.local_time or 'cast(null as timestamp)' }} as moment
        from {{ data_health.scanned_rows(task.sides.recomputed, []) }}
    ) as rows_of_table
    group by {{ names | join(', ') }}, period_start

),

all_keys as (

    select
        case when recomputed_keys.row_count is null then logged_keys.period_start else recomputed_keys.period_start end as period_start,
        logged_keys.model_version,
        logged_keys.row_count as logged_row_count,
        logged_keys.newest as newest_log,
        recomputed_keys.row_count as recomputed_row_count
    from logged_keys
    full join recomputed_keys
        on {% for name in names %}logged_keys.{{ name }} = recomputed_keys.{{ name }}{{ ' and ' if not loop.last }}{% endfor %}

),

of_table as (

    select period_start, sum(row_count) as row_count, count(*) as key_count, max(newest) as newest
    from recomputed_keys
    group by period_start

),

of_periods as (

    select
        all_keys.period_start,
        sum(coalesce(logged_row_count, 0)) as logged_row_count,
        count(logged_row_count) as logged_key_count,
        count(case when recomputed_row_count is not null then logged_row_count end) as logged_match_count,
        coalesce(max(of_table.row_count), 0) as recomputed_row_count,
        coalesce(max(of_table.key_count), 0) as recomputed_key_count,
        coalesce(max(of_table.key_count), 0) - count(case when logged_row_count is null then 1 end) as recomputed_match_count,
        coalesce(cast(max(newest_log) as varchar), '?') || ' and ' || coalesce(cast(max(of_table.newest) as varchar), '?') as newest
    from all_keys
    left join of_table
        on all_keys.period_start is not distinct from of_table.period_start
    group by all_keys.period_start

),

wanted as (

    select
        {{ data_health.text_literal(monitor.name) }} || '|' || coalesce(cast(period_start as varchar), '(no time)') as period_key,
        of_periods.*,
        '{{ counted_from }}' as counted_from,
        logged_row_count || ' logged, ' || recomputed_row_count || ' recomputed, newest ' || newest || ', {{ counted_from }}' as built_from
    from of_periods

),

stored as (
    {%- set of_past = {'period_key': 'varchar', 'counted_from': 'varchar', 'built_from': 'varchar', 'built_at': 'timestamp',
        'logged_row_count': 'bigint', 'recomputed_row_count': 'bigint'} %}
    select
        period_key,
        max(counted_from) as counted_from,
        max(logged_row_count) as logged_row_count,
        max(recomputed_row_count) as recomputed_row_count,
        case when min(built_at) = max(built_at) then max(built_from) end as built_from
    from (
        {{ data_health.past_rows(of_past, "feature = '(keys)' and model_version = '(all)'") }}
    ) as past_periods
    group by period_key

),

pending as (

    select wanted.*
    from wanted
    left join stored
        on wanted.period_key = stored.period_key
    where stored.built_from is distinct from wanted.built_from
        {%- if monitor.on_missing_period == 'keep' %}
        and not coalesce(
            (wanted.recomputed_row_count = 0 and stored.recomputed_row_count > 0)
            or (wanted.counted_from = stored.counted_from
                and (wanted.recomputed_row_count < stored.recomputed_row_count or wanted.logged_row_count < stored.logged_row_count)),
            false)
        {%- endif %}

)

select
    period_key, period_start, '(all)' as model_version, logged_row_count, logged_key_count, logged_match_count, recomputed_row_count,
    recomputed_key_count, recomputed_match_count, counted_from, built_from,
    {{ data_health.engine_sql(monitor.grain ~ 's_later', 'period_start', '1') }} as period_end
from pending
    {%- if task.version %}
union all
select
    pending.period_key, pending.period_start, all_keys.model_version, sum(all_keys.logged_row_count), count(*),
    count(all_keys.recomputed_row_count), null, null, null, pending.counted_from, pending.built_from, null
from pending
inner join all_keys
    on pending.period_start is not distinct from all_keys.period_start
where all_keys.logged_row_count is not null
group by pending.period_key, pending.period_start, all_keys.model_version, pending.counted_from, pending.built_from
    {%- endif %}
order by 2 nulls first, 3
    {%- endset %}
    {%- set date_ranges, twice = [], namespace(logged=false, recomputed=false) %}
    {%- for row in run_query(query).rows %}
        {%- set begins, ends = (row[1] | string)[:10] if row[1] else none, (row[11] | string)[:10] if row[11] else none %}
        {%- do counts.append([row[0], monitor.name, begins, row[2]] + (row.values() | list)[3:11]) %}
        {%- if row[2] == '(all)' %}
            {%- set twice.logged = twice.logged or row[3] > row[4] %}
            {%- set twice.recomputed = twice.recomputed or row[6] > row[7] %}
            {%- if date_ranges and begins and date_ranges[-1].to == begins %}{% do date_ranges[-1].update({'to': ends}) %}
            {%- else %}{% do date_ranges.append({'from': begins, 'to': ends}) %}{% endif %}
        {%- endif %}
    {%- endfor %}
    {%- do pending.update({monitor.name: {'date_ranges': date_ranges, 'twice': twice}}) if date_ranges %}
{%- endfor %}
{#- 2. The features of these periods, 25 at a time: a row of the log beside the recomputed row of its key, and how they agree. -#}
{% set new_rows %}
with key_counts as (
{{ data_health.rows_as_table(key_columns, counts) }}

),

compared as (
{%- set selects = [] %}
{%- for task in tasks if task.monitor.name in pending %}
    {%- set monitor, known, relative = task.monitor, pending[task.monitor.name], data_health.double_literal(task.served.tolerance) %}
    {%- set row_period, log_time = data_health.row_period(task.sides.recomputed, true), task.sides.logged.local_time %}
    {%- for features in task.features | batch(25) %}
        {%- set text %}
    select
        {{ data_health.text_literal(monitor.name) }} as monitor, period_start, model_version, feature, logged_type, recomputed_type,
        pair_count, {{ sums | join(', ') }}
    from (
        select
            period_start,
            model_version,
            count(*) as pair_count
            {%- for feature in features %}
            {%- set state, numbers = 'state_' ~ feature.number, feature.numbers %}
            {%- for value, name in {'1': 'equal', '2': 'near', '3': 'logged_null', '4': 'recomputed_null'}.items() %},
            sum(case when {{ state }} = {{ value }} then 1 else 0 end) as {{ name }}_{{ feature.number }}
            {%- endfor %}
            {%- if numbers %}
            {%- set differ = state ~ ' = 5 and ' ~ data_health.engine_sql('is_finite', numbers[0]) ~ ' and '
                ~ data_health.engine_sql('is_finite', numbers[1]) %},
            sum(case when {{ differ }} then 1 else 0 end) as number_{{ feature.number }},
            sum(case when {{ differ }} then {{ data_health.engine_sql('summand', numbers[0]) }} end) as logged_sum_{{ feature.number }},
            sum(case when {{ differ }} then {{ data_health.engine_sql('summand', numbers[1]) }} end) as recomputed_sum_{{ feature.number }}
            {%- endif %}
            {%- if feature.is_shown %},
            min(case when {{ state }} > 2 then coalesce(cast(logged_{{ feature.number }} as varchar), 'null') || ' served, '
                || coalesce(cast(recomputed_{{ feature.number }} as varchar), 'null') || ' recomputed' end) as example_{{ feature.number }}
            {%- endif %}
            {%- endfor %}
        from (
            select
                recomputed_rows.period_start,
                log_rows.model_version
                {%- for feature in features %}
                {%- set a, b, numbers = 'logged_' ~ feature.number, 'recomputed_' ~ feature.number, feature.numbers or [] %},
                {{ a }},
                {{ b }},
                case
                    when {{ a }} is null and {{ b }} is null then 1
                    when {{ a }} is null then 3
                    when {{ b }} is null then 4
                    when {{ feature.equal }} then 1
                    {%- if numbers %}
                    {#- no product or difference of these is too large or too small for a double -#}
                    {%- set x = 'least(greatest(' ~ numbers[0] ~ ', -1e300), 1e300)' %}
                    {%- set y = 'least(greatest(' ~ numbers[1] ~ ', -1e300), 1e300)' %}
                    when {{ data_health.engine_sql('is_finite', numbers[0]) }} and {{ data_health.engine_sql('is_finite', numbers[1]) }}
                        and abs({{ x }} - {{ y }}) <= greatest({{ relative }} * greatest(abs({{ x }}), abs({{ y }}), 1e-200),
                            {{ data_health.double_literal(task.served.absolute_tolerance) }}) then 2
                    {%- endif %}
                    else 5
                end as state_{{ feature.number }}
                {%- endfor %}
            from (
                select
                    {%- for key in task['keys'] %} {{ key[1] }} as key_{{ loop.index }},{% endfor %}
                    {%- for feature in features %} {{ feature.columns[1] }} as recomputed_{{ feature.number }},{% endfor %}
                    {{ row_period }} as period_start,
                    {% if known.twice.recomputed -%}
                    row_number() over (
                        partition by {% for key in task['keys'] %}{{ key[1] }}, {% endfor %}{{ row_period }}
                        order by {{ task.sides.loaded.local_time or 'null' }} desc nulls last,
                            {{ task.sides.recomputed.local_time or 'null' }} desc nulls last,
                            {{ data_health.row_hash(task.features | map(attribute='columns') | map('last')) }}
                    ) {%- else -%} 1 {%- endif %} as rank
                from {{ data_health.scanned_rows(task.sides.recomputed, known.date_ranges) }}
            ) as recomputed_rows
            inner join (
                select
                    {%- for key in task['keys'] %} {{ key[0] }} as key_{{ loop.index }},{% endfor %}
                    {%- for feature in features %} {{ feature.columns[0] }} as logged_{{ feature.number }},{% endfor %}
                    {{ task.version or "cast('(all)' as varchar)" }} as model_version,
                    {% if known.twice.logged -%}
                    row_number() over (
                        partition by {% for key in task['keys'] %}{{ key[0] }}, {% endfor %}{{ task.version or 'null' }}
                        order by {{ log_time or 'null' }} desc nulls last,
                            {{ data_health.row_hash(task.features | map(attribute='columns') | map('first')) }}
                    ) {%- else -%} 1 {%- endif %} as rank
                from {{ task.log }} as logged
            ) as log_rows
                on {% for key in task['keys'] %}recomputed_rows.key_{{ loop.index }} = log_rows.key_{{ loop.index }} and {% endfor -%}
                recomputed_rows.rank = 1
                and log_rows.rank = 1
                {{ data_health.engine_sql('compute_once') }}
        ) as states
        group by period_start, model_version
    ) as wide_counts
    cross join lateral (
        values
        {%- for feature in features %}
        {%- set of_number = '_' ~ feature.number %}
        ({{ data_health.text_literal([feature.name] + feature.types) }}
            {%- for name, type in sums.items() -%}
            , {{ 'cast(null as ' ~ type ~ ')' if (name == 'example' and not feature.is_shown)
                or (name in ['number_count', 'logged_sum', 'recomputed_sum'] and not feature.numbers)
                else 'wide_counts.' ~ name.replace('_count', '') ~ of_number }}
            {%- endfor %}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as long_counts (feature, logged_type, recomputed_type, {{ sums | join(', ') }})
        {%- endset %}
        {%- do selects.append(text) %}
    {%- endfor %}
{%- endfor %}
{%- if selects %}
{{ selects | join('\n    union all') }}
{%- else %}
{{ data_health.rows_as_table(dict({
    'monitor': 'varchar', 'period_start': 'date', 'model_version': 'varchar', 'feature': 'varchar', 'logged_type': 'varchar',
    'recomputed_type': 'varchar', 'pair_count': 'bigint'
}, **sums)) }}
{%- endif %}

)
{% set of_keys = ['logged_row_count', 'logged_key_count', 'logged_match_count', 'recomputed_row_count', 'recomputed_key_count',
    'recomputed_match_count'] %}
select
    period_key,
    monitor,
    period_start,
    model_version,
    '(keys)' as feature,
    cast(null as varchar) as logged_type,
    cast(null as varchar) as recomputed_type,
    cast(null as bigint) as pair_count,
    {%- for name, type in sums.items() %}
    cast(null as {{ type }}) as {{ name }},
    {%- endfor %}
    {{ of_keys | join(', ') }},
    counted_from,
    built_from,
    {{ data_health.run_time() }} as built_at
from key_counts

union all

select
    key_counts.period_key,
    compared.monitor,
    compared.period_start,
    compared.model_version,
    compared.feature,
    compared.logged_type,
    compared.recomputed_type,
    compared.pair_count,
    {%- for name, type in sums.items() %}
    cast(compared.{{ name }} as {{ type }}) as {{ name }},
    {%- endfor %}
    {%- for name in of_keys %}
    cast(null as bigint) as {{ name }},
    {%- endfor %}
    key_counts.counted_from,
    key_counts.built_from,
    {{ data_health.run_time() }} as built_at
from compared
inner join key_counts
    on compared.monitor = key_counts.monitor
    and compared.period_start is not distinct from key_counts.period_start
    and key_counts.model_version = '(all)'
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
