{#
    What standardise() needs to know of each column: one row per column, read from the rows it is fitted on in two passes, as the
    sum of squares would lose digits. NaN and the infinities are left out and counted. Definitions are those of scikit-learn's
    scalers, so that both give the same numbers.
#}
{% macro fit_scaler(relation, columns, method='standard', impute='none', where='true', version='1') -%}
    {%- set known = {'method': ['standard', 'robust', 'min_max', 'log1p', 'none'], 'impute': ['none', 'mean', 'median', 'minimum', 'maximum', 'zero']} %}
    {%- for setting, found in [('method', method), ('impute', impute)] if found not in known[setting] %}
        {%- do exceptions.raise_compiler_error(data_health.problem('', 'fit_scaler, ' ~ setting, found, known[setting] | join(', '))) %}
    {%- endfor %}
{{ data_health.scaler_input(relation, columns, where) }}

moments as (

    select
        {%- for column in columns %}
        {{ data_health.scaler_moments(loop.index, method == 'robust' or impute == 'median') }}{{ ',' if not loop.last }}
        {%- endfor %}
    from fitted_values
    cross join means

),

long_moments as (
    {%- for column in columns %}{% set number = loop.index %}

    select
        {{ data_health.text_literal(column) }} as column_name,
        {%- for part in ['mean', 'variance', 'minimum', 'maximum', 'lower_quartile', 'median', 'upper_quartile'] %}
        moments.{{ part }}_{{ number }} as {{ part }},
        {%- endfor %}
        means.row_count,
        means.row_count - means.present_count_{{ number }} as null_count,
        means.value_count_{{ number }} as value_count
    from means
    cross join moments
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    {{ data_health.text_literal(version) }} as scaler_version,
    column_name,
    '{{ method }}' as method,
    {{ {'standard': 'mean', 'robust': 'median', 'min_max': 'minimum'}.get(method, '0e0') }} as centre,
    {{ data_health.scaler_scale(method) }} as scale,
    {{ {'none': 'cast(null as double precision)', 'zero': '0e0'}.get(impute, impute) }} as impute_value,
    row_count,
    null_count,
    row_count - null_count - value_count as not_finite_count
from long_moments
{%- endmacro %}


{# The rows to fit on, and the mean of each column. #}
{% macro scaler_input(relation, columns, where) -%}
with means as (

    select
        {%- for column in columns %}
        count({{ data_health.quoted(column) }}) as present_count_{{ loop.index }},
        count({{ data_health.finite_double(data_health.quoted(column)) }}) as value_count_{{ loop.index }},
        avg({{ data_health.finite_double(data_health.quoted(column)) }}) as mean_{{ loop.index }},
        {%- endfor %}
        count(*) as row_count
    from {{ relation }}
    where {{ where }}

),

fitted_values as (

    select
        {%- for column in columns %}
        {{ data_health.finite_double(data_health.quoted(column)) }} as x_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    where {{ where }}

),
{%- endmacro %}


{# Mean, variance about it, extremes and, where they are asked for, quartiles of one column. #}
{% macro scaler_moments(number, with_quartiles) -%}
    {%- set x, mean = 'x_' ~ number, 'means.mean_' ~ number -%}
max({{ mean }}) + avg({{ x }} - {{ mean }}) as mean_{{ number }},
        avg(power({{ x }} - {{ mean }}, 2)) - power(avg({{ x }} - {{ mean }}), 2) as variance_{{ number }},
        min({{ x }}) as minimum_{{ number }},
        max({{ x }}) as maximum_{{ number }}
        {%- for name, share in {'lower_quartile': 0.25, 'median': 0.5, 'upper_quartile': 0.75}.items() %},
        {{ 'percentile_cont(' ~ share ~ ') within group (order by ' ~ x ~ ')' if with_quartiles else 'cast(null as double precision)' }} as {{ name }}_{{ number }}
        {%- endfor %}
{%- endmacro %}


{# A column as a double; null where it is NaN or infinite. #}
{% macro finite_double(column) -%}
    {%- set value = 'cast(' ~ column ~ ' as double precision)' -%}
    {{ return('case when ' ~ data_health.engine_sql('is_finite', value) ~ ' then ' ~ value ~ ' end') }}
{%- endmacro %}


{# What a value, less its centre, is divided by: 1 for a constant column, which scikit-learn tells by these bounds. #}
{% macro scaler_scale(method) -%}
    {%- set epsilon = '2.220446049250313e-16' -%}
    {%- if method == 'standard' -%}
        {{ return('case when variance <= value_count * ' ~ epsilon ~ ' * variance + power(value_count * mean * ' ~ epsilon ~ ', 2) then 1e0 else sqrt(variance) end') }}
    {%- elif method in ['robust', 'min_max'] -%}
        {%- set spread = '(upper_quartile - lower_quartile)' if method == 'robust' else '(maximum - minimum)' -%}
        {{ return('case when ' ~ spread ~ ' < 10 * ' ~ epsilon ~ ' then 1e0 else ' ~ spread ~ ' end') }}
    {%- endif -%}
    {{ return('1e0') }}
{%- endmacro %}


{#
    The columns of a relation, standardised with a fitted scaler, or taken back with inverse=true; other columns as they are.
    A missing value, NaN too, becomes the scaler's impute_value where it has one.
#}
{% macro standardise(relation, scaler, columns, others=[], method='standard', version='1', inverse=false) %}
    select
        {%- for name in others %}
        rows_to_scale.{{ data_health.quoted(name) }},
        {%- endfor %}
        {%- for column in columns %}
        {{ data_health.scaled_value('cast(rows_to_scale.' ~ data_health.quoted(column) ~ ' as double precision)', loop.index, method, inverse) }} as {{ data_health.quoted(column) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }} as rows_to_scale
    cross join (
        select
            {%- for column in columns %}{% set number = loop.index %}{% for part in ['centre', 'scale', 'impute_value'] %}
            max(case when column_name = {{ data_health.text_literal(column) }} then {{ part }} end) as {{ part }}_{{ number }},
            {%- endfor %}{% endfor %}
            count(*) as column_count
        from {{ scaler }}
        where scaler_version = {{ data_health.text_literal(version) }}
            and method = '{{ method }}'
    ) as fitted
{%- endmacro %}


{# One value scaled, or taken back. log1p has no value at or below -1, where its argument is not positive. #}
{% macro scaled_value(value, number, method, inverse) -%}
    {%- set centre, scale = 'fitted.centre_' ~ number, 'fitted.scale_' ~ number -%}
    {%- if inverse -%}
        {%- set unscaled = value ~ ' * ' ~ scale ~ ' + ' ~ centre -%}
        {{ return('exp(' ~ unscaled ~ ') - 1e0' if method == 'log1p' else unscaled) }}
    {%- endif -%}
    {%- set present = 'coalesce(case when not (' ~ data_health.engine_sql('is_nan', value) ~ ') then ' ~ value ~ ' end, fitted.impute_value_' ~ number ~ ')' -%}
    {%- if method == 'log1p' -%}
        {%- set present = 'case when ' ~ present ~ ' > -1 then ln(1e0 + ' ~ present ~ ') end' -%}
    {%- endif -%}
    {{ return('(' ~ present ~ ' - ' ~ centre ~ ') / ' ~ scale) }}
{%- endmacro %}
