{#
    The columns whose grid this run draws, each from the first dataset that has rows of it, as samples: {monitor, dataset, columns,
    stretches}. A grid stays for ever, but for a column that changed its type, one drawn from few values of a table that has since grown
    tenfold, and one whose first data was all null: that is drawn from the periods that have changed since.
#}
{% macro grid_samples(watched) -%}
    {%- set samples = {} -%}
    {%- set drawn = [] -%}
    {%- if execute and watched and load_relation(ref('monitored_periods')) is not none -%}
        {%- set grids = data_health.stored_grids(this) if load_relation(this) is not none else {} -%}
        {%- set sizes = {} -%}
        {%- set query %}
        select
            monitor, dataset, cast(sum(current_row_count) as bigint) as row_count, cast(max(changed_at) as varchar) as changed_at
        from {{ ref('monitored_periods') }}
        group by monitor, dataset
        {%- endset -%}
        {%- for row in run_query(query).rows -%}{%- do sizes.update({row['monitor'] ~ '|' ~ row['dataset']: row}) -%}{%- endfor -%}
        {%- for column in watched -%}
            {%- set column_key = column.monitor.name ~ '|' ~ column.name -%}
            {%- set size = sizes.get(column.monitor.name ~ '|' ~ column.dataset.name) -%}
            {%- if size and size['row_count'] > 0 and column_key not in drawn -%}
                {%- do drawn.append(column_key) -%}
                {%- set grid = grids.get(column_key) or {'generation': 0, 'drawn_at': ''} -%}
                {%- set is_production, value_count = column.dataset.name == 'production', grid.sampled_value_count -%}
                {%- set has_other_type = grid.family != column.family or (column.kind and grid.kind != column.kind) -%}
                {%- set reason = 'new' if grid.generation == 0
                    else 'doubled' if grid.is_doubled
                    else none if not is_production
                    else 'other type' if has_other_type
                    else 'first values' if value_count == 0 and size['changed_at'] > grid.drawn_at
                    else 'grown' if 0 < value_count < 10000 and size['row_count'] >= 10 * grid.row_count_when_drawn
                    else none -%}
                {%- if reason -%}
                    {%- set sample_key = [column.monitor.name, column.dataset.name, reason, column.from_labels,
                        grid.drawn_at] | join('|') -%}
                    {%- do column.update({'generation': grid.generation + 1, 'row_count': size['row_count'], 'reason': reason}) -%}
                    {%- if sample_key not in samples -%}
                        {#- where rows have no time the table is sampled whole -#}
                        {%- set first_changed = run_query(
                            "select cast(min(period_start) as varchar) from " ~ ref('monitored_periods') ~ " where monitor = "
                            ~ data_health.text_literal(column.monitor.name) ~ " and dataset = "
                                ~ data_health.text_literal(column.dataset.name)
                            ~ " and changed_at > cast('" ~ grid.drawn_at ~ "' as timestamp)"
                        ).rows[0][0] if reason == 'first values' else none -%}
                        {%- do samples.update({sample_key: {
                            'monitor': column.monitor, 'dataset': column.dataset, 'columns': [], 'from_labels': column.from_labels,
                            'stretches': [{'from': first_changed, 'to': none}] if first_changed else none
                        }}) -%}
                    {%- endif -%}
                    {%- do samples[sample_key]['columns'].append(column) -%}
                {%- endif -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(samples.values() | list) }}
{%- endmacro %}
