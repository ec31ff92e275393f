{#
    The columns that are multiplied with each other, in the order of their names: numbers and booleans among the features, and the levels
    of categories where asked for. None of a dataset with fewer than two of them, or where nothing asks for them. Either the columns of
    datasets whose products SQL adds up, with up to `components.max_columns`, or (is_wide) those of the others: wider ones, and such with
    lists of numbers, where Python reads batches. From 20 columns on these are faster. `grid_name` is the column whose grid counts.
#}
{% macro product_columns(datasets, is_wide=false) -%}
    {%- set result, levels = [], {} -%}
    {%- set asked = datasets | selectattr('monitor.components.one_hot') | list -%}
    {%- if asked and load_relation(ref('one_hot_levels')) is not none -%}
        {%- set query = 'select monitor, column_name, level, factor_name from ' ~ ref('one_hot_levels') ~ ' order by 1, 2, 3' -%}
        {%- for row in run_query(query).rows -%}
            {%- do levels.setdefault(row['monitor'] ~ '|' ~ row['column_name'], []).append(row) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for dataset in datasets if dataset.monitor.parts.components -%}
        {%- set names, by_name, has_batches = [], {}, data_health.engine_sql('reads_batches') -%}
        {%- set width = namespace(total=0, lists=0) -%}
        {%- for column in dataset.columns if column.role == 'feature' -%}
            {%- set length = column.list_length -%}
            {%- set is_number = column.kind == 'numeric' or (column.kind == 'boolean' and column.family == 'boolean') -%}
            {%- if length is not none or (is_number and not column.left_out) -%}
                {%- do names.append(column.name) -%}
                {%- set value = 'cast(' ~ column.identifier ~ ' as double precision[])' if length is not none
                    else 'cast(cast(' ~ column.identifier ~ ' as integer) as double precision)' if column.kind == 'boolean'
                    else column.value -%}
                {%- do by_name.update({column.name: dict(column, grid_name=column.name, value=value)}) -%}
                {%- set width.total = width.total + (1 if length is none else length or 1000) -%}
                {%- set width.lists = width.lists + (0 if length is none else 1) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for column in dataset.columns if column.name in dataset.monitor.components.one_hot and not column.left_out -%}
            {%- for level in levels.get(dataset.monitor.name ~ '|' ~ column.name, []) -%}
                {%- do names.append(level['factor_name']) -%}
                {%- do by_name.update({level['factor_name']: dict(column, name=level['factor_name'], kind='boolean', list_length=none,
                    grid_name=column.name, is_exact_number=true,
                    value='case when ' ~ column.value ~ ' = ' ~ data_health.text_literal(level['level'])
                        ~ ' then 1e0 when ' ~ column.value ~ ' is not null then 0e0 end')}) -%}
                {%- set width.total = width.total + 1 -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- set is_in_batches = width.lists > 0 or width.total > (dataset.monitor.components.max_columns or (20 if has_batches else 50)) -%}
        {%- if width.total >= 2 and is_in_batches == is_wide and (has_batches or not is_in_batches) -%}
            {#- raise this when the arithmetic of products changes -#}
            {%- set products_version = '1' -%}
            {%- set weight_column = dataset.monitor.weight | lower if dataset.monitor.components.weighted else none -%}
            {%- set weight = 'coalesce(' ~ dataset.weight ~ ', 0e0)' if weight_column else none -%}
            {%- set together = [products_version, names | sort(case_sensitive=true)] + ([weight_column] if weight_column else []) -%}
            {%- set counted_with = local_md5(together | string)[:12] -%}
            {%- for name in names | sort(case_sensitive=true) -%}
                {%- do result.append(dict(
                    by_name[name], id=result | length, monitor=dataset.monitor, dataset=dataset, counted_with=counted_with,
                    dataset_width=width.total, weight_column=weight_column, weight=weight)) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(result) }}
{%- endmacro %}


{#
    Sums over the rows of one scan for pairs of columns. z: the value in scales from the centre, at most 1e50 of them; where it is missing
    z is 0 and p, which is 1 elsewhere, as well, so that no sum asks for nulls; c: z, at most 10. A column that is never missing needs no p.
    Rows that weigh something have each of them times the weight, too: wz, wp, wc.
#}
{% macro summed_products(part) %}
{%- set lists = {
    'pair_weight': [], 'column_a_id': [], 'column_b_id': [], 'pair_count': [], 'sum_a': [], 'sum_b': [], 'product_sum': [],
    'clipped_product_sum': [], 'clipped_sum': [], 'clamped_count': []
} -%}
{%- set sums, weight = {}, part.scan.columns[0].weight -%}
{%- set w = 'w' if weight else '' -%}
{%- for a, b in part.pairs -%}
    {%- set pair = a.id ~ '_' ~ b.id -%}
    {%- set both = '' if a.is_complete and b.is_complete else 'p_' ~ b.id if a.is_complete
        else 'p_' ~ a.id if b.is_complete or a.id == b.id else 'pp_' ~ pair -%}
    {%- set needs_a, needs_b = not b.is_complete and a.id != b.id, not a.is_complete and a.id != b.id -%}
    {%- set is_clipped = a.is_clipped or b.is_clipped -%}
    {%- do sums.update({'zz_' ~ pair: 'sum(' ~ w ~ 'z_' ~ a.id ~ ' * z_' ~ b.id ~ ')'}) -%}
    {%- if both.startswith('pp_') -%}{%- do sums.update({both: 'sum(p_' ~ a.id ~ ' * p_' ~ b.id ~ ')'}) -%}{%- endif -%}
    {%- if both.startswith('pp_') and weight -%}{%- do sums.update({'w' ~ both: 'sum(wp_' ~ a.id ~ ' * p_' ~ b.id ~ ')'}) -%}{%- endif -%}
    {%- if needs_a -%}{%- do sums.update({'zp_' ~ pair: 'sum(' ~ w ~ 'z_' ~ a.id ~ ' * p_' ~ b.id ~ ')'}) -%}{%- endif -%}
    {%- if needs_b -%}{%- do sums.update({'pz_' ~ pair: 'sum(' ~ w ~ 'p_' ~ a.id ~ ' * z_' ~ b.id ~ ')'}) -%}{%- endif -%}
    {%- set c_a, c_b = ('c_' if a.is_clipped else 'z_') ~ a.id, ('c_' if b.is_clipped else 'z_') ~ b.id -%}
    {%- if is_clipped -%}{%- do sums.update({'cc_' ~ pair: 'sum(' ~ w ~ c_a ~ ' * ' ~ c_b ~ ')'}) -%}{%- endif -%}
    {%- for name, value in [
        ('column_a_id', a.id), ('column_b_id', b.id), ('pair_count', 'cast(' ~ (both or 'row_count') ~ ' as bigint)'),
        ('pair_weight', 'w' ~ both if both else 'weight_sum'),
        ('sum_a', 'zp_' ~ pair if needs_a else 'z_' ~ a.id), ('sum_b', 'pz_' ~ pair if needs_b else 'z_' ~ b.id),
        ('product_sum', 'zz_' ~ pair), ('clipped_product_sum', ('cc_' if is_clipped else 'zz_') ~ pair),
        ('clipped_sum', c_a if a.id == b.id else 'cast(null as double precision)'),
        ('clamped_count', ('e_' ~ a.id if a.is_clamped else 'cast(0 as bigint)') if a.id == b.id else 'cast(null as bigint)')
    ] -%}{%- do lists[name].append(value) -%}{%- endfor -%}
{%- endfor %}
    select
        period_start,
        row_count,
        {{ 'weight_sum' if weight else 'cast(null as double precision) as weight_sum' }},
        {{ 'weight_square_sum' if weight else 'cast(null as double precision) as weight_square_sum' }}
        {%- for name, values in lists.items() %},
        {%- set is_counted = weight or name != 'pair_weight' %}
        {{ 'unnest(array[' ~ values | join(', ') ~ '])' if is_counted else 'cast(null as double precision)' }} as {{ name }}
        {%- endfor %}
    from (
        select
            period_start,
            count(*) as row_count
            {%- if weight %},
            sum(w) as weight_sum,
            sum(w * w) as weight_square_sum
            {%- endif %}
            {%- for column in part.columns %},
            sum({{ w }}z_{{ column.id }}) as z_{{ column.id }}
                {%- if not column.is_complete %}, sum(p_{{ column.id }}) as p_{{ column.id }}{% endif %}
                {%- if not column.is_complete and weight %}, sum(wp_{{ column.id }}) as wp_{{ column.id }}{% endif %}
                {%- if column.is_clipped %}, sum({{ w }}c_{{ column.id }}) as c_{{ column.id }}{% endif %}
                {%- if column.is_clamped %},
            {{ data_health.engine_sql('count_where', 'abs(z_' ~ column.id ~ ') = 1e50') }} as e_{{ column.id }}
                {%- endif %}
            {%- endfor %}
            {%- for name, expression in sums.items() %},
            {{ expression }} as {{ name }}
            {%- endfor %}
        from (
{{ data_health.factor_rows(part) }}
        ) as factors
        group by period_start
    ) as sums_of_tile
{%- endmacro %}


{# The factors of every row, each computed once. #}
{% macro factor_rows(part) %}
{%- set weight = part.scan.columns[0].weight %}
            select
                period_start{{ ', w' if weight }}
                {%- for column in part.columns %}
                    {%- set z = 'z_' ~ column.id %}{% set clipped = 'greatest(-1e1, least(1e1, coalesce(' ~ z ~ ', 0e0)))' %},
                {{ z if column.is_complete else 'coalesce(' ~ z ~ ', 0e0) as ' ~ z }}
                    {%- if weight %}, {{ 'w * ' ~ z if column.is_complete else 'w * coalesce(' ~ z ~ ', 0e0)' }} as w{{ z }}{% endif %}
                    {%- if not column.is_complete %},
                case when {{ z }} is null then cast(0 as double precision) else cast(1 as double precision) end as p_{{ column.id }}
                    {%- endif %}
                    {%- if not column.is_complete and weight %},
                case when {{ z }} is null then 0e0 else w end as wp_{{ column.id }}
                    {%- endif %}
                    {%- if column.is_clipped %}, {{ clipped }} as c_{{ column.id }}{% endif %}
                    {%- if column.is_clipped and weight %}, w * {{ clipped }} as wc_{{ column.id }}{% endif %}
                {%- endfor %}
            from (
                select
                    period_start{{ ', w' if weight }}
                    {%- for column in part.columns %}
                        {%- set x = 'x_' ~ column.id %}
                        {%- set z = '(' ~ data_health.engine_sql('deviation', x, column.centre) ~ ') / ' ~ column.scale %},
                    {% if column.is_clamped -%}
                    case
                        when {{ x }} is null then null
                        when abs({{ x }} - {{ column.centre }}) >= 1e50 * {{ column.scale }}
                            then case when {{ x }} > 0 then 1e50 else -1e50 end
                        else {{ z }}
                    end
                    {%- else %}{{ z }}{% endif %} as z_{{ column.id }}
                    {%- endfor %}
                from (
                    select
                        period_start{{ ', w' if weight }}
                        {%- for column in part.columns %},
                        {%- set x = 'x_' ~ column.id %}
                        {%- set is_finite = column.is_complete or column.is_exact_number %}
                        {{ x if is_finite else data_health.engine_sql('finite_or_null', x) ~ ' as ' ~ x }}
                        {%- endfor %}
                    from (
                        select
                            {{ data_health.row_period(part.scan.dataset, part.scan.has_timeless_rows) }} as period_start
                            {%- if weight %},
                            {{ weight }} as w
                            {%- endif %}
                            {%- for column in part.columns %},
                            {{ column.value }} as x_{{ column.id }}
                            {%- endfor %}
                        from {{ data_health.scanned_rows(part.scan.dataset, part.scan.date_ranges, part.scan.first_moment_outside) }}
                        {{ data_health.engine_sql('compute_once') }}
                    ) as rows_of_tile {{ data_health.engine_sql('compute_once') }}
                ) as finite_rows {{ data_health.engine_sql('compute_once') }}
            ) as deviations {{ data_health.engine_sql('compute_once') }}
{%- endmacro %}
