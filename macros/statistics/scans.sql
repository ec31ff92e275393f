{#
    The rows of a dataset, with the latest label of each where it is asked for; always named monitored_rows. Of a key, the answer that was
    loaded last counts.
#}
{% macro scan_source(dataset, with_labels=false) -%}
    {%- if not with_labels -%}
        {{ return(dataset.relation ~ ' as monitored_rows') }}
    {%- endif -%}
    {%- set monitor = dataset.monitor -%}
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
{%- endmacro %}


{#
    The `time` or `loaded_at` of a row in a zone, the monitor's where none is named. A time without a zone of its own is taken as it stands.
#}
{% macro local_time(dataset, role, timezone=none) -%}
    {%- if dataset[role ~ '_has_zone'] -%}
        {{ return("(" ~ dataset[role] ~ " at time zone " ~ data_health.text_literal(timezone or dataset.monitor.timezone) ~ ")") }}
    {%- endif -%}
    {{ return(dataset[role]) }}
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
    {%- set period = data_health.engine_sql('period_start_' ~ dataset.monitor.grain, data_health.local_time(dataset, 'time')) -%}
    {%- if has_timeless_rows -%}
        {{ return("case when " ~ data_health.engine_sql('is_finite_time', dataset.time) ~ " then " ~ period ~ " end") }}
    {%- endif -%}
    {{ return(period) }}
{%- endmacro %}


{#
    Which rows count: the user's filter, and the stretches of time that are asked for, with literal edges. Rows from
    `first_moment_outside` on came after the periods were counted; they are told by when they were loaded, else by when they happened.
#}
{% macro scan_condition(dataset, stretches, first_moment_outside=none) -%}
    {%- set monitor, conditions = dataset.monitor, [] -%}
    {%- if monitor.where and not dataset.is_other_table -%}
        {%- do conditions.append('(' ~ monitor.where ~ ')') -%}
    {%- endif -%}
    {%- if first_moment_outside and dataset.loaded_at -%}
        {%- set outside = data_health.time_literal(first_moment_outside, 'UTC', dataset.loaded_at_has_zone) -%}
        {%- do conditions.append('(' ~ dataset.loaded_at ~ ' < ' ~ outside ~ ' or ' ~ dataset.loaded_at ~ ' is null)') -%}
    {%- endif -%}
    {%- set newest = none if dataset.loaded_at else first_moment_outside -%}
    {%- if dataset.time and dataset.name != 'production' -%}
        {%- do conditions.append(data_health.time_between(dataset, dataset.reference['from'], dataset.reference.to, newest)) -%}
    {%- elif dataset.time and stretches is not none -%}
        {%- set spans = [] -%}
        {%- for stretch in stretches -%}
            {%- do spans.append(data_health.time_between(dataset, stretch['from'], stretch.to, newest)) -%}
        {%- endfor -%}
        {%- do conditions.append('(' ~ spans | join('\n            or ') ~ ')') -%}
    {%- endif -%}
    {{ return(conditions | join('\n        and ') or 'true') }}
{%- endmacro %}


{# Rows between two moments of the monitor's zone, and before a third in UTC; no moments means the rows without a time. #}
{% macro time_between(dataset, begins, ends, newest) -%}
    {%- set time, has_zone, timezone = dataset.time, dataset.time_has_zone, dataset.monitor.timezone -%}
    {%- if begins is none and ends is none -%}
        {{ return('(' ~ time ~ ' is null or not ' ~ data_health.engine_sql('is_finite_time', time) ~ ')') }}
    {%- endif -%}
    {%- set bounds = [] -%}
    {%- if begins is not none -%}
        {%- do bounds.append(time ~ ' >= ' ~ data_health.time_literal(begins, timezone, has_zone)) -%}
    {%- endif -%}
    {%- if ends is not none and (has_zone or not newest or ends < newest) -%}
        {%- do bounds.append(time ~ ' < ' ~ data_health.time_literal(ends, timezone, has_zone)) -%}
    {%- endif -%}
    {%- if ends is not none and newest and (has_zone or newest <= ends) -%}
        {%- do bounds.append(time ~ ' < ' ~ data_health.time_literal(newest, 'UTC', has_zone)) -%}
    {%- endif -%}
    {{ return('(' ~ bounds | join(' and ') ~ ')') }}
{%- endmacro %}
