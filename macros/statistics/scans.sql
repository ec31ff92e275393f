{#
    The rows of a dataset that count, as what stands after `from`, up to the last condition of `where`: those of the user's filter and of
    the date ranges that are asked for, with literal edges. A date range without beginning and end are the rows without a usable time.
    Rows from `first_moment_outside` on came after the periods were counted; they are told by when they were loaded, else by when they
    happened. Always named monitored_rows; with the latest label of each where it is asked for: of a key, the answer that was loaded last
    counts.
#}
{% macro scanned_rows(dataset, date_ranges, first_moment_outside=none, with_labels=false) -%}
    {%- set monitor, time, has_zone, conditions = dataset.monitor, dataset.time, dataset.time_has_zone, [] -%}
    {%- if monitor.where and not dataset.is_other_table -%}
        {%- do conditions.append('(' ~ monitor.where ~ ')') -%}
    {%- endif -%}
    {%- if first_moment_outside and dataset.loaded_at -%}
        {%- set outside = data_health.engine_sql('time_literal_with_zone' if dataset.loaded_at_has_zone else 'time_literal',
            first_moment_outside, 'UTC') -%}
        {%- do conditions.append('(' ~ dataset.loaded_at ~ ' < ' ~ outside ~ ' or ' ~ dataset.loaded_at ~ ' is null)') -%}
    {%- endif -%}
    {%- set newest = none if dataset.loaded_at else first_moment_outside -%}
    {%- set is_window, spans = dataset.name != 'production', [] -%}
    {%- for date_range in ([dataset.reference] if is_window else date_ranges or []) if time -%}
        {%- set begins, ends, edges, bounds = date_range['from'], date_range.to, [], [] -%}
        {%- if begins is not none -%}{%- do edges.append(['>=', begins, monitor.timezone]) -%}{%- endif -%}
        {%- if ends is not none and (has_zone or not newest or ends < newest) -%}
            {%- do edges.append(['<', ends, monitor.timezone]) -%}
        {%- endif -%}
        {%- if ends is not none and newest and (has_zone or newest <= ends) -%}{%- do edges.append(['<', newest, 'UTC']) -%}{%- endif -%}
        {#- literals of the column's own type, so that partitions are pruned -#}
        {%- for comparison, moment, timezone in edges -%}
            {%- set literal = data_health.engine_sql('time_literal_with_zone' if has_zone else 'time_literal',
                moment if moment | length > 10 else moment ~ ' 00:00:00', timezone) -%}
            {%- do bounds.append(time ~ ' ' ~ comparison ~ ' ' ~ literal) -%}
        {%- endfor -%}
        {%- set is_timeless = time ~ ' is null or not ' ~ data_health.engine_sql('is_finite_time', time) -%}
        {%- do spans.append('(' ~ (bounds | join(' and ') or is_timeless) ~ ')') -%}
    {%- endfor -%}
    {%- if spans -%}{%- do conditions.append(spans[0] if is_window else '(' ~ spans | join('\n            or ') ~ ')') -%}{%- endif -%}
    {%- set condition = conditions | join('\n        and ') or 'true' -%}
    {%- if not with_labels -%}
        {{ return(dataset.relation ~ ' as monitored_rows\n        where ' ~ condition) }}
    {%- endif -%}
    {%- set label, keys = data_health.quoted(monitor.label.column), data_health.quoted(monitor.label.key) -%}
(
        select
            unlabelled_rows.*,
            latest_labels.data_health_label
        from {{ dataset.relation }} as unlabelled_rows
        left join (
            select
                {{ keys | join(', ') }},
                data_health_label
            from (
                select
                    {{ keys | join(', ') }},
                    {{ label }} as data_health_label,
                    row_number() over (
                        partition by {{ keys | join(', ') }}
                        order by {% if monitor.label.loaded_at %}{{ data_health.quoted(monitor.label.loaded_at) }} desc nulls last,
                            {% endif %}{{ label }}
                    ) as answer_rank
                from {{ data_health.relation_of(monitor.label.relation) }}
                where {{ label }} is not null
            ) as ranked_labels
            where answer_rank = 1
        ) as latest_labels
            on {% for key in keys -%}
                unlabelled_rows.{{ data_health.quoted(monitor.key[loop.index0]) }} = latest_labels.{{ key }}{{ ' and ' if not loop.last }}
            {%- endfor %}
    ) as monitored_rows
        where {{ condition }}
{%- endmacro %}


{#
    The first day of the period of a row; null where the dataset is one period. `has_timeless_rows`: rows without a usable time
    may be among the rows, and get null.
#}
{% macro row_period(dataset, has_timeless_rows) -%}
    {%- if dataset.name != 'production' -%}
        {{ return("cast(" ~ ("null" if dataset.is_other_table else "'" ~ dataset.reference['from'][:10] ~ "'") ~ " as date)") }}
    {%- elif dataset.time is none -%}
        {{ return("cast('" ~ run_started_at.strftime('%Y-%m-%d') ~ "' as date)") }}
    {%- endif -%}
    {%- set period = data_health.engine_sql('period_start_' ~ dataset.monitor.grain, dataset.local_time) -%}
    {%- if has_timeless_rows -%}
        {{ return("case when " ~ data_health.engine_sql('is_finite_time', dataset.time) ~ " then " ~ period ~ " end") }}
    {%- endif -%}
    {{ return(period) }}
{%- endmacro %}
