{#
    What the loadings of a reference say, as {'version', 'columns': [{'name', 'mean', 'scale'}],
    'components': [{'eigenvalue', 'has_variance', 'loadings'}]}, numbers as SQL; none while dbt parses and under --empty.
    Other commands than run and build raise no error.
#}
{% macro stored_components(asked_by, monitor, reference, k, loadings, version) -%}
    {%- set runs_python = data_health.engine_sql('runs_python') -%}
    {%- set is_stored = 'components' in data_health.parts_on() and runs_python -%}
    {%- set stored = loadings or (ref('data_health', 'component_fits') if is_stored) -%}
    {%- if not execute or flags.EMPTY or flags.WHICH not in ['run', 'build'] -%}{{ return(none) }}{%- endif -%}
    {%- set place = monitor ~ ', ' ~ reference -%}
    {%- if not stored -%}
        {%- set reason = 'the part components is off' if runs_python else 'this warehouse runs no Python models' -%}
        {%- do exceptions.raise_compiler_error(
            data_health.problem('', asked_by ~ ', loadings', none, 'a table with the rows of component_fits, because ' ~ reason)
        ) -%}
    {%- endif -%}
    {%- set query %}
        select
            loadings_version, component, column_name,
            cast(loading as varchar) as loading, cast(eigenvalue as varchar) as eigenvalue,
            cast(mean as varchar) as mean, cast(scale as varchar) as scale,
            case
                when eigenvalue * count(*) over (partition by component) * sum(explained_share) over () > 1e-9 * sum(eigenvalue) over ()
                    then 1
                else 0
            end as has_variance
        from {{ stored }}
        where monitor = {{ data_health.text_literal(monitor) }}
            and reference = {{ data_health.text_literal(reference) }}
            and values_used = 'all'
            and {{ 'component <= ' ~ k if k else 'is_kept' }}
        order by component, column_name
    {%- endset -%}
    {%- set rows = run_query(query).rows if load_relation(stored) is not none else [] -%}
    {%- set fit = {'version': rows[0]['loadings_version'] if rows else none, 'columns': [], 'components': []} -%}
    {%- for row in rows -%}
        {%- if row['component'] == 1 -%}
            {%- set mean, scale = data_health.double_literal(row['mean']), data_health.double_literal(row['scale']) -%}
            {%- do fit.columns.append({'name': row['column_name'], 'mean': mean, 'scale': scale}) -%}
        {%- endif -%}
        {%- if row['component'] > fit.components | length -%}
            {%- set eigenvalue = data_health.double_literal(row['eigenvalue']) -%}
            {%- do fit.components.append({'eigenvalue': eigenvalue, 'has_variance': row['has_variance'] == 1, 'loadings': []}) -%}
        {%- endif -%}
        {%- do fit.components[-1].loadings.append(data_health.double_literal(row['loading'])) -%}
    {%- endfor -%}
    {%- set problem = none -%}
    {%- if not rows -%}{%- set problem = [place, 'a monitor and a reference that have components in ' ~ stored ~ '; build it first'] -%}
    {%- elif k and fit.components | length < k -%}
        {%- set problem = [k, 'at most ' ~ fit.components | length ~ ' components for ' ~ place] -%}
    {%- elif version and version != fit.version -%}{%- set problem = [version, fit.version ~ ', the version that is stored'] -%}
    {%- elif rows | length > 20000 -%}
        {%- set problem = [rows | length ~ ' loadings', 'at most 20000 in SQL; for more, use data_health.components.projection'] -%}
    {%- endif -%}
    {%- if problem -%}{%- do exceptions.raise_compiler_error(data_health.problem('', asked_by, problem[0], problem[1])) -%}{%- endif -%}
    {{ return(fit) }}
{%- endmacro %}


{#
    z of each column is computed once, in a subquery; a missing value is at the mean, where z is 0, and so is one that is not finite; no z
    is beyond 1e50, as in the fit. The squared distance from the components is that from the mean less the squares of the scores.
#}
{% macro project_components(
    relation, monitor, reference, k=none, keys=[], hotelling_t2=false, reconstruction_error=false, loadings=none, version=none
) -%}
    {%- set fit = data_health.stored_components('project_components', monitor, reference, k, loadings, version) -%}
    {%- set missing, key_columns = 'cast(null as double precision)', data_health.quoted(keys) -%}
    {%- set numbers = range(1, (fit.components | length if fit else k or 0) + 1) | list -%}
    {%- set stored_columns = data_health.columns_of(relation) if fit else none -%}
    {%- set deviations, squares, scales, scores = [], [], [], [] -%}
    {%- for column in fit.columns if fit -%}
        {%- set found = data_health.find_column(stored_columns or [], column.name) -%}
        {%- if stored_columns and not found -%}
            {%- do exceptions.raise_compiler_error(data_health.problem('', 'project_components', relation | string,
                'a table with the column ' ~ column.name ~ ', because the components need it')) -%}
        {%- endif -%}
        {%- set type, name = found.data_type | lower if found else '', data_health.quoted(found.name if found else column.name) -%}
        {%- set value = 'cast(' ~ ('cast(' ~ name ~ ' as integer)' if type == 'boolean' else name) ~ ' as double precision)' -%}
        {%- set distance = data_health.engine_sql('deviation', value, column.mean) -%}
        {%- if type in ['boolean', 'tinyint', 'smallint', 'integer', 'bigint'] -%}
            {%- do deviations.append('coalesce((' ~ distance ~ ') / ' ~ column.scale ~ ', 0e0)') -%}
        {%- else -%}
            {%- do deviations.append('case when abs(' ~ value ~ ') < 1e50 * ' ~ column.scale ~ ' then (' ~ distance ~ ') / ' ~ column.scale
                ~ ' when ' ~ data_health.engine_sql('is_finite', value)
                ~ ' then case when ' ~ value ~ ' > 0 then 1e50 else -1e50 end else 0e0 end') -%}
        {%- endif -%}
        {%- do squares.append('z_' ~ loop.index ~ ' * z_' ~ loop.index) -%}
    {%- endfor -%}
    {%- for component in fit.components if fit -%}
        {%- set products, score = [], 'component_' ~ loop.index -%}
        {%- for loading in component.loadings -%}{%- do products.append(loading ~ ' * z_' ~ loop.index) -%}{%- endfor -%}
        {%- do scores.append(products | join(' + ') ~ ' as ' ~ score) -%}
        {%- if component.has_variance -%}{%- do scales.append(score ~ ' * ' ~ score ~ ' / ' ~ component.eigenvalue) -%}{%- endif -%}
    {%- endfor %}
select
    {%- for key in key_columns %}
    {{ key }},
    {%- endfor %}
    {%- for number in numbers %}
    {{ '' if fit else missing ~ ' as ' }}component_{{ number }},
    {%- endfor %}
    {%- if hotelling_t2 %}
    {{ scales | join(' + ') or missing }} as hotelling_t2,
    {%- endif %}
    {%- if reconstruction_error %}
    {% if fit -%}
    greatest(squared_distance{% for number in numbers %} - component_{{ number }} * component_{{ number }}{% endfor %}, 0e0)
    {%- else %}{{ missing }}{% endif %} as reconstruction_error,
    {%- endif %}
    cast({{ data_health.text_literal(reference) }} as varchar) as reference,
    cast({{ numbers | length }} as bigint) as component_count,
    cast({{ data_health.text_literal(fit.version if fit else none) }} as varchar) as loadings_version
from {% if not fit %}{{ relation }} as monitored_rows
where false
{%- else %}(
    select
        {%- set distances = [squares | join(' + ') ~ ' as squared_distance'] if reconstruction_error else [] %}
        {{ (key_columns + scores + distances) | join(',\n        ') }}
    from (
        select
            {{ (key_columns | list) | join(', ') ~ (', ' if key_columns) }}
            {%- for deviation in deviations %}
            {{ deviation }} as z_{{ loop.index }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ relation }} as monitored_rows {{ data_health.engine_sql('compute_once') }}
    ) as deviations {{ data_health.engine_sql('compute_once') }}
) as scored
{%- endif %}
{%- endmacro %}
