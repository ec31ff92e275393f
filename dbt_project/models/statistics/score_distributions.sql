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
{%- set known = data_health.stored_score_bins(ref('score_bins')) if execute else {'bins': {}, 'numbers': [], 'stored': none} %}
{%- set tasks = data_health.score_tasks(data_health.datasets_of_this_run(), known.bins) %}
{%- set scans = data_health.pending_scans(this, tasks, known.stored) %}
{#- what is added up of the rows; a sum of rows that weigh 1 each needs no product -#}
{%- set sums, plain_sums = {'row_count': 'count(*)'}, {'row_count': 'count(*)'} %}
{%- for name, value in {
    'weight_sum': '', 'squared_weight_sum': 'row_weight', 'score_sum': 'probability', 'squared_score_sum': 'probability * probability',
    'log_score_sum': 'ln(probability)', 'log_complement_sum': 'ln(1e0 - probability)'
}.items() %}
    {%- do sums.update({name: 'sum(row_weight' ~ (' * ' ~ value if value) ~ ')'}) %}
    {%- do plain_sums.update({name: 'cast(count(*) as double precision)' if name.endswith('weight_sum') else 'sum(' ~ value ~ ')'}) %}
{%- endfor %}
{%- for of_rows in [sums, plain_sums] %}
    {%- do of_rows.update({'outside_count': 'sum(case when is_outside then 1 else 0 end)'}) %}
{%- endfor %}
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

{%- if known.numbers %}

-- 1. The intervals of every version, numbered as stored_score_bins() says, and cut where a cell begins: each lies in one cell.
versions as (
{{ data_health.rows_as_table({
    'version_number': 'integer', 'monitor': 'varchar', 'version_key': 'varchar', 'begins': 'varchar'
}, known.numbers) }}

),

edges as (

    select
        version_number,
        cast(edge as double precision) as edge,
        kind,
        sum(case kind when 'value' then 2 when 'block' then 1 else 0 end) over (
            partition by version_number order by cast(edge as double precision) rows unbounded preceding
        ) as block
    from (
        select
            versions.version_number,
            {{ data_health.engine_sql('text_rows', 'score_bins.edges', "';'") }} as edge,
            {{ data_health.engine_sql('text_rows', 'score_bins.kinds', "';'") }} as kind
        from {{ data_health.named_model('score_bins') }}
        inner join versions
            on score_bins.monitor = versions.monitor
            and coalesce(score_bins.model_version, '') = versions.version_key
    ) as listed_edges

),

points as (

    select
        version_number,
        edge,
        case when kind = 'value' then 4096 * (block - 1) end as value_code,
        4096 * block + 1024 + max(case when kind = 'block' then 1 else 0 end) over (partition by version_number, block)
            + 2 * sum(case when kind = 'edge' then 1 else 0 end) over (
                partition by version_number, block order by edge rows unbounded preceding
            ) as code,
        0 as cell_count
    from edges

    union all

    select version_number, cast('-Infinity' as double precision) as edge, null as value_code, 1024 as code, 0 as cell_count
    from versions

    union all

    select version_number, cast(cell_begin as double precision) as edge, null as value_code, null as code, 1 as cell_count
    from (select version_number, {{ data_health.engine_sql('text_rows', 'begins', "';'") }} as cell_begin from versions) as cells

),

intervals as (

    select
        cast(1024 * version_number + sum(cell_count) over (in_order rows unbounded preceding) - 1 as integer) as cell,
        edge as lower_edge,
        coalesce(lead(edge) over in_order, cast('Infinity' as double precision)) as upper_edge,
        max(code) over (in_order rows unbounded preceding) as code,
        value_code
    from (
        select version_number, edge, max(value_code) as value_code, max(code) as code, max(cell_count) as cell_count
        from points
        group by version_number, edge
    ) as distinct_points
    window in_order as (partition by version_number order by edge)

),
{%- endif %}

-- 2. The rows of all, and of every group, by the bin of their score.
counted as (
{%- for scan in scans %}
    {%- set task, label = scan.columns[0], scan.monitor.label %}
    {%- set has_own_labels = label is not none and label.relation is not none and not scan.dataset.is_other_table %}
    {%- set bins = known.bins.get(scan.monitor.name) if task.is_scored else none %}
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
        {%- for name, expression in (sums if scan.dataset.weight.startswith('case') else plain_sums).items() %}
        {{ expression }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            period_start, model_version, row_weight, label, predicted,
            {%- for position in used %}
            value_{{ position }},
            {%- endfor %}
            {% if not bins -%} cast(null as integer)
            {%- else -%} case when score = intervals.lower_edge then coalesce(intervals.value_code, intervals.code) else intervals.code end
            {%- endif %} as score_bin,
            case when score is not null then least(greatest(score, 1e-15), 1e0 - 1e-15) end as probability,
            score < 0e0 or score > 1e0 as is_outside
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
        {%- if bins %}
        left join intervals
            on intervals.cell = {{ bins.cell }}
            and score >= intervals.lower_edge
            and score < intervals.upper_edge
        {%- endif %}
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

-- 3. A group keeps about 2√n bins: so many neighbours are one. All rows together keep every bin.
group_sizes as (

    select column_id, period_start, model_version, subgroup, group_value, cast(sum(row_count) as double precision) as group_rows
    from counted
    where subgroup <> '(all)'
    group by column_id, period_start, model_version, subgroup, group_value

),

widths as (

    select
        counted.*,
        case
            when group_sizes.column_id is null or counted.score_bin is null then 1
            {%- for bins, width in [(128, 2), (64, 4), (32, 8), (16, 16), (8, 32)] %}
            when 2 * sqrt(group_sizes.group_rows) >= {{ 2 * bins }} then {{ width }}
            {%- endfor %}
            else 64
        end as bin_width
    from counted
    left join group_sizes
        on counted.column_id = group_sizes.column_id
        and counted.subgroup = group_sizes.subgroup
        and counted.group_value = group_sizes.group_value
        and coalesce(counted.period_start, cast('0001-01-01' as date)) = coalesce(group_sizes.period_start, cast('0001-01-01' as date))
        and (counted.period_start is null) = (group_sizes.period_start is null)
        and coalesce(counted.model_version, '') = coalesce(group_sizes.model_version, '')
        and (counted.model_version is null) = (group_sizes.model_version is null)

),

merged as (

    select
        column_id, bin_generation, period_start, model_version, subgroup, group_value, bin_width, predicted, label,
        score_bin - mod(score_bin, bin_width) as score_bin,
        {%- for name in sums %}
        sum({{ name }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from widths
    group by
        column_id, bin_generation, period_start, model_version, subgroup, group_value, bin_width, predicted, label,
        score_bin - mod(score_bin, bin_width)

)

select
    wanted.period_key,
    wanted.monitor,
    wanted.dataset,
    wanted.period_start,
    merged.model_version,
    merged.subgroup,
    merged.group_value,
    {%- for name in ['score_bin', 'bin_width', 'bin_generation', 'predicted', 'label'] + sums | list %}
    cast(merged.{{ name }} as {{ columns[name] }}) as {{ name }},
    {%- endfor %}
    wanted.built_from,
    {{ data_health.run_time() }} as built_at
from merged
inner join wanted
    on merged.column_id = wanted.column_id
    and coalesce(merged.period_start, cast('0001-01-01' as date)) = coalesce(wanted.period_start, cast('0001-01-01' as date))
    and (merged.period_start is null) = (wanted.period_start is null)
{% else %}
{{ data_health.rows_as_table(columns) }}
{% endif %}
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
