{#
    What standardise() needs to know of each column: one row per column, read from the rows it is fitted on in two passes, as the
    sum of squares would lose digits. NaN and the infinities are left out and counted. Definitions are those of scikit-learn's
    scalers, so that both give the same numbers.
#}
{% macro fit_scaler(relation, columns, method='standard', impute='none', where='true', version='1') -%}
    {%- set known = {'method': ['standard', 'robust', 'min_max', 'log1p', 'none'],
        'impute': ['none', 'mean', 'median', 'minimum', 'maximum', 'zero']} %}
    {%- for setting, found in [('method', method), ('impute', impute)] if found not in known[setting] %}
        {%- do exceptions.raise_compiler_error(data_health.problem('', 'fit_scaler, ' ~ setting, found, known[setting] | join(', '))) %}
    {%- endfor %}
    {#- 1 for a constant column, which scikit-learn tells by these bounds -#}
    {%- set epsilon = '2.220446049250313e-16' %}
    {%- set spread = '(upper_quartile - lower_quartile)' if method == 'robust' else '(maximum - minimum)' %}
    {%- set spread_scale = 'case when ' ~ spread ~ ' < 10 * ' ~ epsilon ~ ' then 1e0 else ' ~ spread ~ ' end' %}
    {%- set scales = {
        'standard': 'case when variance <= value_count * ' ~ epsilon ~ ' * variance + power(value_count * mean * ' ~ epsilon
            ~ ', 2) then 1e0 else sqrt(variance) end',
        'robust': spread_scale, 'min_max': spread_scale
    } %}
{{ data_health.scaler_moments(relation, columns, where, method == 'robust' or impute == 'median') }}

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
    {{ scales.get(method, '1e0') }} as scale,
    {{ {'none': 'cast(null as double precision)', 'zero': '0e0'}.get(impute, impute) }} as impute_value,
    row_count,
    null_count,
    row_count - null_count - value_count as not_finite_count
from long_moments
{%- endmacro %}


{# Of the rows to fit on the mean of each column, variance about it, extremes and, where they are asked for, quartiles. #}
{% macro scaler_moments(relation, columns, where, with_quartiles) -%}
with means as (

    select
        {%- for column in columns %}
        count({{ data_health.quoted(column) }}) as present_count_{{ loop.index }},
        count({{ data_health.engine_sql('finite_or_null', 'cast(' ~ data_health.quoted(column)
            ~ ' as double precision)') }}) as value_count_{{ loop.index }},
        avg({{ data_health.engine_sql('finite_or_null', 'cast(' ~ data_health.quoted(column)
            ~ ' as double precision)') }}) as mean_{{ loop.index }},
        {%- endfor %}
        count(*) as row_count
    from {{ relation }}
    where {{ where }}

),

fitted_values as (

    select
        {%- for column in columns %}
        {{ data_health.engine_sql('finite_or_null', 'cast(' ~ data_health.quoted(column)
            ~ ' as double precision)') }} as x_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    where {{ where }}

),

moments as (

    select
        {%- for column in columns %}{% set number, x, mean = loop.index, 'x_' ~ loop.index, 'means.mean_' ~ loop.index %}
        max({{ mean }}) + avg({{ x }} - {{ mean }}) as mean_{{ number }},
        avg(power({{ x }} - {{ mean }}, 2)) - power(avg({{ x }} - {{ mean }}), 2) as variance_{{ number }},
        min({{ x }}) as minimum_{{ number }},
        max({{ x }}) as maximum_{{ number }},
        {%- for name, share in {'lower_quartile': 0.25, 'median': 0.5, 'upper_quartile': 0.75}.items() %}
        {{ 'percentile_cont(' ~ share ~ ') within group (order by ' ~ x ~ ')' if with_quartiles else 'cast(null as double precision)' }} as
            {{ name }}_{{ number }}{{ ',' if not loop.last }}
        {%- endfor %}{{ ',' if not loop.last }}
        {%- endfor %}
    from fitted_values
    cross join means

),
{%- endmacro %}


{#
    The columns of a relation, standardised with a fitted scaler, or taken back with inverse=true; other columns as they are.
    A missing value, NaN too, becomes the scaler's impute_value where it has one. log1p has no value at or below -1, where its argument
    is not positive.
#}
{% macro standardise(relation, scaler, columns, others=[], method='standard', version='1', inverse=false) %}
    select
        {%- for name in others %}
        rows_to_scale.{{ data_health.quoted(name) }},
        {%- endfor %}
        {%- for column in columns %}
        {%- set value = 'cast(rows_to_scale.' ~ data_health.quoted(column) ~ ' as double precision)' %}
        {%- set centre, scale, impute_value = 'fitted.centre_' ~ loop.index, 'fitted.scale_' ~ loop.index, 'fitted.impute_value_'
            ~ loop.index %}
        {%- set unscaled = value ~ ' * ' ~ scale ~ ' + ' ~ centre %}
        {%- set present = 'coalesce(case when not (' ~ data_health.engine_sql('is_nan', value) ~ ') then ' ~ value ~ ' end, ' ~ impute_value
            ~ ')' %}
        {%- set to_scale = 'case when ' ~ present ~ ' > -1 then ln(1e0 + ' ~ present ~ ') end' if method == 'log1p' else present %}
        {{ '(' ~ to_scale ~ ' - ' ~ centre ~ ') / ' ~ scale if not inverse else 'exp(' ~ unscaled ~ ') - 1e0' if method == 'log1p'
            else unscaled }} as {{ data_health.quoted(column) }}{{ ',' if not loop.last }}
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
