{#
    The columns whose grid this run fits, from samples of every dataset that has rows of them: {monitor, dataset, columns, date_ranges}.
    `grid_id` is the number of the column in the first of these datasets, in whose name its grid is fitted. A grid stays for ever, but for a
    column that changed its type, one of a method that there is no more, one fitted to few values of a table that has since grown
    tenfold, and one whose first data was all null: that is fitted to the periods that have changed since.
#}
{% macro grid_samples(monitored) -%}
    {%- set samples, fitted = {}, {} -%}
    {%- if execute and monitored and load_relation(ref('monitored_periods')) is not none -%}
        {%- set grids = data_health.stored_grids(this) if load_relation(this) is not none else {} -%}
        {%- set sizes = {} -%}
        {%- set query %}
        select
            monitor, dataset, cast(sum(current_row_count) as bigint) as row_count, cast(max(changed_at) as varchar) as changed_at
        from {{ ref('monitored_periods') }}
        group by monitor, dataset
        {%- endset -%}
        {%- for row in run_query(query).rows -%}{%- do sizes.update({row['monitor'] ~ '|' ~ row['dataset']: row}) -%}{%- endfor -%}
        {%- for column in monitored -%}
            {%- set column_key = column.monitor.name ~ '|' ~ column.name -%}
            {%- set size = sizes.get(column.monitor.name ~ '|' ~ column.dataset.name) -%}
            {%- if size and size['row_count'] > 0 -%}
                {%- if column_key not in fitted -%}
                    {%- set grid = grids.get(column_key) or {'generation': 0, 'drawn_at': ''} -%}
                    {%- set value_count, has_few = grid.sampled_value_count or 0, (grid.row_count_when_drawn or 0) < 10000 -%}
                    {%- set reason = 'new' if grid.generation == 0
                        else 'doubled' if grid.is_doubled
                        else 'other method' if grid.method == 'knots'
                        else none if column.dataset.name != 'production'
                        else 'other type' if grid.family != column.family or (column.kind and grid.kind != column.kind)
                        else 'first values' if value_count == 0 and size['changed_at'] > grid.drawn_at
                        else 'grown' if value_count > 0 and (value_count < 10000 or has_few)
                            and size['row_count'] >= 10 * grid.row_count_when_drawn
                        else none -%}
                    {%- do fitted.update({column_key: {'reason': reason, 'id': column.id, 'family': column.family, 'kind': column.kind,
                        'generation': grid.generation + 1, 'row_count': size['row_count'], 'drawn_at': grid.drawn_at}}) -%}
                {%- endif -%}
                {%- set first = fitted[column_key] -%}
                {%- if first.reason and column.family == first.family and column.kind == first.kind -%}
                    {%- do column.update({'grid_id': first.id, 'generation': first.generation, 'row_count': first.row_count,
                        'reason': first.reason}) -%}
                    {%- set sample_key = [column.monitor.name, column.dataset.name, first.reason, column.from_labels,
                        first.drawn_at] | join('|') -%}
                    {%- if sample_key not in samples -%}
                        {#- where rows have no time the table is sampled whole -#}
                        {%- set first_changed = run_query(
                            "select cast(min(period_start) as varchar) from " ~ ref('monitored_periods') ~ " where monitor = "
                            ~ data_health.text_literal(column.monitor.name) ~ " and dataset = "
                                ~ data_health.text_literal(column.dataset.name)
                            ~ " and changed_at > cast('" ~ first.drawn_at ~ "' as timestamp)"
                        ).rows[0][0] if first.reason == 'first values' else none -%}
                        {%- do samples.update({sample_key: {
                            'monitor': column.monitor, 'dataset': column.dataset, 'columns': [], 'from_labels': column.from_labels,
                            'date_ranges': [{'from': first_changed, 'to': none}] if first_changed else none
                        }}) -%}
                    {%- endif -%}
                    {%- do samples[sample_key]['columns'].append(column) -%}
                {%- endif -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(samples.values() | list) }}
{%- endmacro %}

