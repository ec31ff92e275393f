{{ config(
    enabled='performance' in data_health.parts_on(),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='period_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('monitored_periods') }}
-- depends_on: {{ ref('column_grids') }}
-- depends_on: {{ ref('score_bins') }}

{%- do data_health.begin_model([ref('monitored_periods'), ref('score_bins')], adds_to_this=true) %}
{%- set known = data_health.stored_score_bins(ref('score_bins')) if execute else {'bins': {}, 'stored': none} %}
{%- set tasks = data_health.score_tasks(data_health.datasets_of_this_run(), known.bins) %}
{%- set scans = data_health.pending_scans(this, tasks, known.stored) %}
{%- set sums = {
    'row_count': 'count(*)', 'weight_sum': 'sum(row_weight)', 'squared_weight_sum': 'sum(row_weight * row_weight)',
    'score_sum': 'sum(row_weight * probability)', 'squared_score_sum': 'sum(row_weight * probability * probability)',
    'log_score_sum': 'sum(row_weight * ln(probability))', 'log_complement_sum': 'sum(row_weight * ln(1e0 - probability))',
    'outside_count': 'sum(case when score < 0e0 or score > 1e0 then 1 else 0 end)'
} %}
{%- set columns = {
    'period_key': 'varchar', 'monitor': 'varchar', 'dataset': 'varchar', 'period_start': 'date', 'model_version': 'varchar',
    'subgroup': 'varchar', 'group_value': 'varchar', 'score_bin': 'integer', 'bin_width': 'integer', 'bin_generation': 'integer',
    'predicted': 'integer', 'label': 'integer'
} %}
{%- for name in sums %}{% do columns.update({name: 'bigint' if name.endswith('_count') else 'double precision'}) %}{% endfor %}
{%- do columns.update({'built_from': 'varchar', 'built_at': 'timestamp'}) %}
{% set new_rows %}
{%- if scans %}
with wanted as (

{{ data_health.wanted_statistics(tasks) }}

),

-- 1. The rows of all, and of every group, by the bin of their score.
counted as (
{%- for scan in scans %}
    {%- set task, label = scan.columns[0], scan.monitor.label %}
    {%- set has_own_labels = label is not none and label.relation is not none and not scan.dataset.is_other_table %}
    {%- set bins = known.bins.get(scan.monitor.name) if task.is_scored else none %}
    {%- set trees = {} %}
    {%- for version, of_version in (bins.versions if bins else {}).items() %}
        {%- do trees.update({version: data_health.rank_among('score', of_version.edges, are_atoms=true, codes=of_version.codes)}) %}
    {%- endfor %}
    {%- set used, masks = task.group_sets | sum(attribute='positions', start=[]) | unique | sort | list, [] %}
    {%- for group_set in task.group_sets %}
        {%- set mask = namespace(bits=0) %}
        {%- for position in used %}
            {%- set mask.bits = 2 * mask.bits + (0 if position in group_set.positions else 1) %}
        {%- endfor %}
        {%- do masks.append(mask.bits) %}
    {%- endfor %}
    {%- set values_used = 'value_' ~ used | join(', value_') %}
    {%- set by = 'period_start, model_version, score_bin, predicted, label' %}

    select
        {{ task.id }} as column_id,
        cast({{ bins.generation if bins else 'null' }} as integer) as bin_generation,
        period_start,
        model_version,
        {%- for part, default in [('name', "'(all)'"), ('text', "'(all)'")] %}
        {% if used -%}
        case grouping({{ values_used }})
            {%- for group_set in task.group_sets %}
            when {{ masks[loop.index0] }} then {{ group_set.text if part == 'text' else data_health.text_literal(group_set.name) }}
            {%- endfor %}
            else {{ default }}
        end {%- else -%} {{ default }} {%- endif %} as {{ 'subgroup' if part == 'name' else 'group_value' }},
        {%- endfor %}
        score_bin,
        predicted,
        label,
        {%- for name, expression in sums.items() %}
        {{ expression }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            rows_of_scan.*,
            {% if not trees -%} cast(null as integer)
            {%- elif trees | length == 1 -%} case when score is not null then {{ trees.values() | first }} end
            {%- else -%}
            case when score is not null then
                case model_version
                    {%- for version, tree in trees.items() if version %}
                    when {{ data_health.text_literal(version) }} then {{ tree }}
                    {%- endfor %}
                    else {{ trees[''] }}
                end
            end
            {%- endif %} as score_bin,
            case when score is not null then least(greatest(score, 1e-15), 1e0 - 1e-15) end as probability
        from (
            select
                {{ data_health.row_period(scan.dataset, scan.has_timeless_rows) }} as period_start,
                {{ task.sql.version }} as model_version,
                {%- for position in used %}
                {{ task.sql['values'][position - 1] }} as value_{{ position }},
                {%- endfor %}
                {{ task.sql.weight }} as row_weight,
                {{ task.sql.label_is_positive }} as label,
                {{ task.predicted }} as predicted,
                {{ task.score }} as score
            from {{ data_health.scanned_rows(scan.dataset, scan.date_ranges, scan.first_moment_outside, has_own_labels) }}
                {{ data_health.engine_sql('compute_once') }}
        ) as rows_of_scan
        -- what has no weight that counts, counts nowhere
        where row_weight > 0e0
            {{ data_health.engine_sql('compute_once') }}
    ) as binned_rows
    group by {{ by if not used }}
    {%- if used %} grouping sets (
        ({{ by }})
        {%- for group_set in task.group_sets -%}
        ,
        ({{ by }}, value_{{ group_set.positions | join(', value_') }})
        {%- endfor %}
    )
    {%- endif %}
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

-- 2. A group keeps about 2√n bins: so many neighbours are one. All rows together keep every bin.
widths as (

    select
        sized.*,
        case
            when subgroup = '(all)' or score_bin is null then 1
            {%- for bins, width in [(128, 2), (64, 4), (32, 8), (16, 16), (8, 32)] %}
            when 2 * sqrt(group_rows) >= {{ 2 * bins }} then {{ width }}
            {%- endfor %}
            else 64
        end as bin_width
    from (
        select
            counted.*,
            cast(sum(row_count) over (partition by column_id, period_start, model_version, subgroup, group_value) as double precision)
                as group_rows
        from counted
    ) as sized

)

select
    wanted.period_key,
    wanted.monitor,
    wanted.dataset,
    wanted.period_start,
    widths.model_version,
    widths.subgroup,
    widths.group_value,
    cast(widths.score_bin - mod(widths.score_bin, widths.bin_width) as integer) as score_bin,
    cast(widths.bin_width as integer) as bin_width,
    cast(widths.bin_generation as integer) as bin_generation,
    cast(widths.predicted as integer) as predicted,
    cast(widths.label as integer) as label,
    {%- for name in sums %}
    cast(sum(widths.{{ name }}) as {{ columns[name] }}) as {{ name }},
    {%- endfor %}
    wanted.built_from,
    {{ data_health.run_time() }} as built_at
from widths
inner join wanted
    on widths.column_id = wanted.column_id
    and coalesce(widths.period_start, cast('0001-01-01' as date)) = coalesce(wanted.period_start, cast('0001-01-01' as date))
    and (widths.period_start is null) = (wanted.period_start is null)
group by
    wanted.period_key, wanted.monitor, wanted.dataset, wanted.period_start, widths.model_version, widths.subgroup, widths.group_value,
    widths.score_bin - mod(widths.score_bin, widths.bin_width), widths.bin_width, widths.bin_generation, widths.predicted, widths.label,
    wanted.built_from
{% else %}
{{ data_health.rows_as_table(columns) }}
{% endif %}
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
