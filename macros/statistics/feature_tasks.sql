{#
    What the cells of features are counted by, per dataset that is scanned: one whole number over monitored_rows, in which the bin of each
    feature stands at its position, seven bits apiece; 0 where the dataset lacks the feature or has it as something else. A task goes
    through pending_scans() as one column without a grid.
#}
{% macro feature_tasks(datasets) -%}
    {%- set tasks, bins = [], {} -%}
    {%- if datasets and load_relation(ref('feature_bins')) is not none -%}
        {%- set stored -%}
            select
                monitor, attributes_key, position, column_name, family, kind, code, bin_type, category,
                cast(lower_edge as varchar) as lower_edge
            from {{ ref('feature_bins') }}
            order by monitor, position, code
        {%- endset -%}
        {%- for row in run_query(stored).rows -%}
            {%- set features = bins.setdefault(row['monitor'], {'key': row['attributes_key'], 'features': {}}).features -%}
            {%- do features.setdefault(row['position'], {
                'name': row['column_name'], 'family': row['family'], 'kind': row['kind'], 'edges': [], 'codes': {}, 'values': []
            }) -%}
            {%- set feature = features[row['position']] -%}
            {%- if row['bin_type'] == 'bin' -%}{%- do feature.edges.append(row['lower_edge']) -%}
            {%- elif row['bin_type'] == 'value' -%}{%- do feature['values'].append([row['category'], row['code']]) -%}
            {%- else -%}{%- do feature.codes.update({row['bin_type']: row['code']}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for dataset in datasets if dataset.monitor.parts.combinations and dataset.monitor.name in bins -%}
        {%- set terms, present, known = [], [], bins[dataset.monitor.name] -%}
        {%- for position, feature in known.features.items() -%}
            {%- set own_columns = dataset.columns | rejectattr('from_labels') | rejectattr('is_derived') | list -%}
            {%- set found = data_health.find_column(own_columns, feature.name) -%}
            {%- set column = found if found and found.family == feature.family and not found.left_out else none -%}
            {%- set codes = feature.codes -%}
            {%- set is_integer = column and column.data_type | lower in ['tinyint', 'smallint', 'integer', 'bigint'] -%}
            {%- set value = column.identifier if is_integer or (column and column.family == 'boolean') else column.value if column -%}
            {%- if column and feature.kind == 'numeric' and not codes.other -%}
                {%- set finite = '2 + ' ~ data_health.rank_among(column.value, feature.edges[1:]) -%}
                {%- set any_number = ' when ' ~ data_health.engine_sql('is_finite', column.value) ~ ' then ' ~ finite
                    ~ ' when ' ~ data_health.engine_sql('is_nan', column.value) ~ ' then ' ~ codes['nan']
                    ~ ' when ' ~ column.value ~ ' < 0 then ' ~ codes['negative_infinity'] ~ ' else ' ~ codes['positive_infinity'] -%}
                {%- set code = 'case when ' ~ column.value ~ ' is null then ' ~ codes['null']
                    ~ (' else ' ~ finite if column.is_exact_number else any_number) ~ ' end' -%}
            {%- elif column -%}
                {%- set branches, is_code, is_text = [], feature.kind == 'numeric', value == column.value -%}
                {%- for category, category_code in feature['values']
                    if is_text or category in ['true', 'false'] or category | int | string == category -%}
                    {%- set spelled = data_health.double_literal(category) if is_code and not is_integer
                        else data_health.text_literal(category) if is_text else category -%}
                    {%- do branches.append('when ' ~ spelled ~ ' then ' ~ category_code) -%}
                {%- endfor -%}
                {%- set numbers = feature['values'] | map(attribute=0) | map('int') | list if is_code and is_integer else [] -%}
                {#- of neighbouring codes it is the value less another number, which costs a third of comparing -#}
                {%- set known_value = 'case when ' ~ value ~ ' between ' ~ numbers[0] ~ ' and ' ~ numbers[-1] ~ ' then cast(' ~ value
                    ~ ' as bigint) - (' ~ (numbers[0] - feature['values'][0][1]) ~ ') else ' ~ codes['other'] ~ ' end'
                    if numbers and numbers[-1] - numbers[0] == numbers | length - 1
                    else 'case ' ~ value ~ ' ' ~ branches | join(' ') ~ ' else ' ~ codes['other'] ~ ' end' -%}
                {%- set no_number = ' when ' ~ data_health.engine_sql('is_nan', value) ~ ' then ' ~ codes['nan']
                    ~ ' when ' ~ value ~ " = cast('-Infinity' as double precision) then " ~ codes['negative_infinity']
                    ~ ' when ' ~ value ~ " = cast('Infinity' as double precision) then " ~ codes['positive_infinity'] -%}
                {%- set code = 'case when ' ~ value ~ ' is null then ' ~ codes['null']
                    ~ (no_number if is_code and not column.is_exact_number) ~ ' else '
                    ~ (known_value if branches else codes['other']) ~ ' end' -%}
            {%- else -%}{%- set code = '0' -%}
            {%- endif -%}
            {%- do present.append(position if column else 0) -%}
            {%- do terms.append('cast(' ~ code ~ ' as bigint) * ' ~ 128 ** (position - 1)) -%}
        {%- endfor -%}
        {#- raise the first when cells are computed in another way -#}
        {%- do tasks.append({
            'id': tasks | length, 'name': '(features)', 'family': '', 'role': '', 'is_without_grid': true,
            'monitor': dataset.monitor, 'dataset': dataset, 'counted_with': local_md5(['1', known.key, present] | string)[:12],
            'attributes_key': known.key, 'cell': terms | join('\n                + ')
        }) -%}
    {%- endfor -%}
    {{ return(tasks) }}
{%- endmacro %}
