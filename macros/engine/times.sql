{# Seconds since 1970-01-01 UTC, as a double; a time without zone is taken as UTC. #}
{% macro epoch_seconds(value) -%}
    {{ return(adapter.dispatch('epoch_seconds', 'data_health')(value)) }}
{%- endmacro %}

{% macro default__epoch_seconds(value) -%}
    {{ return("cast(extract(epoch from " ~ value ~ ") as double precision)") }}
{%- endmacro %}

{# DuckDB gives null for the infinite times. #}
{% macro duckdb__epoch_seconds(value) -%}
    {{ return("case when isfinite(" ~ value ~ ") then cast(epoch(" ~ value ~ ") as double) when " ~ value
        ~ " > '1970-01-01' then cast('Infinity' as double) when " ~ value ~ " < '1970-01-01' then cast('-Infinity' as double) end") }}
{%- endmacro %}


{# The time that a number of seconds since 1970-01-01 UTC stands for, without zone. #}
{% macro from_epoch_seconds(value) -%}
    {{ return(adapter.dispatch('from_epoch_seconds', 'data_health')(value)) }}
{%- endmacro %}

{% macro default__from_epoch_seconds(value) -%}
    {{ return("(to_timestamp(" ~ value ~ ") at time zone 'UTC')") }}
{%- endmacro %}

{% macro duckdb__from_epoch_seconds(value) -%}
    {{ return("make_timestamp(cast(round(1e6 * " ~ value ~ ") as bigint))") }}
{%- endmacro %}


{# The date on which the period that holds this local time begins. #}
{% macro period_start(value, grain) -%}
    {{ return(adapter.dispatch('period_start', 'data_health')(value, grain)) }}
{%- endmacro %}

{% macro default__period_start(value, grain) -%}
    {%- if grain == 'day' -%}
        {{ return("cast(" ~ value ~ " as date)") }}
    {%- endif -%}
    {{ return("cast(" ~ dbt.date_trunc(grain, value) ~ " as date)") }}
{%- endmacro %}

{# Going back to the first day costs a third of truncating, which would be a third of the time of a distribution. #}
{% macro duckdb__period_start(value, grain) -%}
    {%- set date = "cast(" ~ value ~ " as date)" -%}
    {%- if grain == 'month' -%}
        {{ return("(" ~ date ~ " - cast(day(" ~ date ~ ") - 1 as integer))") }}
    {%- elif grain == 'week' -%}
        {{ return("(" ~ date ~ " - cast(isodow(" ~ date ~ ") - 1 as integer))") }}
    {%- endif -%}
    {{ return(data_health.default__period_start(value, grain)) }}
{%- endmacro %}


{# The date on which the period that begins at this date ends, itself outside. #}
{% macro period_end(value, grain) -%}
    {{ return("cast(" ~ dbt.dateadd(grain, 1, value) ~ " as date)") }}
{%- endmacro %}


{# A moment in the monitor's time zone as a literal of the time column's own type, so that partitions are pruned. #}
{% macro time_literal(moment, timezone, has_zone) -%}
    {{ return(adapter.dispatch('time_literal', 'data_health')(moment, timezone, has_zone)) }}
{%- endmacro %}

{% macro default__time_literal(moment, timezone, has_zone) -%}
    {%- set moment = moment if moment | length > 10 else moment ~ ' 00:00:00' -%}
    {%- if has_zone -%}
        {{ return("timestamp with time zone '" ~ moment ~ " " ~ timezone ~ "'") }}
    {%- endif -%}
    {{ return("timestamp '" ~ moment ~ "'") }}
{%- endmacro %}


{# False for the times "infinity" and "-infinity", which belong to no period. #}
{% macro is_finite_time(value) -%}
    {{ return(adapter.dispatch('is_finite_time', 'data_health')(value)) }}
{%- endmacro %}

{% macro default__is_finite_time(value) -%}
    {{ return("isfinite(" ~ value ~ ")") }}
{%- endmacro %}
