{{ config(
    enabled='performance' in data_health.parts_on(),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='monitor',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('monitored_periods') }}
-- depends_on: {{ ref('column_grids') }}

{%- do data_health.begin_model([ref('monitored_periods')], adds_to_this=true) %}
{#- what is sampled, and from how many sampled rows on a version has bins of its own, up to so many versions of a monitor -#}
{%- set most_sampled, most_of_version, least_of_version, most_versions = 200000, 20000, 100, 40 %}
{%- set counts = data_health.stored_model('score_distributions') %}
{%- set known = data_health.stored_score_bins(this) if execute else {'bins': {}, 'numbers': [], 'stored': none} %}
{%- set tasks = data_health.score_tasks(data_health.datasets_of_this_run(), known.bins) | selectattr('is_scored') | list %}
{%- for task in tasks %}{% do task.update({'id': loop.index0}) %}{% endfor %}
{%- set samples, monitors, sizes = [], {}, {} %}
{%- set scans = data_health.pending_scans(this, tasks, known.stored) %}
{%- if scans %}
    {%- set counted = 'select monitor, dataset, sum(row_count) as row_count from ' ~ ref('monitored_periods') ~ ' group by 1, 2' %}
    {%- for row in run_query(counted).rows %}
        {%- do sizes.update({row[0] ~ '|' ~ row[1]: row[2] | int}) %}
    {%- endfor %}
{%- endif %}
{%- for scan in scans %}
    {%- set monitor, task = scan.monitor, scan.columns[0] %}
    {%- set old, threshold = known.bins.get(monitor.name), (monitor.prediction.threshold or 'none') | string %}
    {%- set row_count = sizes[monitor.name ~ '|' ~ scan.dataset.name] %}
    {%- set is_outgrown = old and old.row_count < 2000 and row_count >= 10 * old.row_count %}
    {%- set is_drawn = not old or is_outgrown is true or old.threshold != threshold %}
    {%- if is_drawn or monitor.prediction.version %}
        {%- set kept = [1000, [1, 1000 * most_sampled // ([row_count, 1] | max)] | max] | min %}
        {%- do samples.append({'task': task, 'scan': scan, 'kept': kept}) %}
        {%- set is_drawn = is_drawn or (monitors.get(monitor.name) or {}).is_drawn is true %}
        {%- do monitors.update({monitor.name: {
            'is_drawn': is_drawn, 'generation': (old.generation if old else 0) + (1 if is_drawn else 0), 'threshold': threshold,
            'room': most_versions - (0 if is_drawn else old.versions | length)
        }}) %}
    {%- endif %}
{%- endfor %}
{%- set columns = {
    'monitor': 'varchar', 'model_version': 'varchar', 'generation': 'integer', 'threshold': 'varchar', 'edges': 'varchar',
    'kinds': 'varchar', 'sampled_row_count': 'bigint', 'drawn_at': 'timestamp'
} %}
{% set new_rows %}
{%- if samples %}
{%- set drawn = [] %}
{%- for name, entry in monitors.items() %}
    {%- do drawn.append([name, entry.is_drawn, entry.generation, entry.threshold, entry.room]) %}
{%- endfor %}
with drawn_monitors as (
{{ data_health.rows_as_table({
    'monitor': 'varchar', 'is_drawn': 'boolean', 'generation': 'integer', 'threshold': 'varchar', 'room': 'integer'
}, drawn) }}

),

past_bins as (
{{ data_health.past_rows(columns) }}

),

counted_versions as (

    {% if counts is none -%}
    {{ data_health.rows_as_table({'monitor': 'varchar', 'model_version': 'varchar'}) }}
    {%- else -%}
    select distinct monitor, model_version
    from {{ counts }}
    {%- endif %}

),

-- 1. The same rows at every run: those whose hash is among the first, of each version up to so many.
sampled_rows as (
{%- for sample in samples %}
    {%- set dataset, hashed = sample.scan.dataset, [] %}
    {%- for key in sample.scan.monitor.key if not dataset.is_other_table %}
        {%- do hashed.append('monitored_rows.' ~ data_health.quoted(key)) %}
    {%- endfor %}
    {%- set hashed = hashed or [sample.task.score] + sample.task.sql['values'] %}

    select monitor, model_version, score, row_hash
    from (
        select
            '{{ sample.scan.monitor.name }}' as monitor,
            {{ sample.task.sql.version }} as model_version,
            {{ sample.task.score }} as score,
            {{ data_health.row_hash(hashed, 'row_hash_key') }} as row_hash
        from {{ data_health.scanned_rows(dataset, sample.scan.date_ranges, sample.scan.first_moment_outside) }}
            {{ data_health.engine_sql('compute_once') }}
    ) as rows_of_scan
    where score is not null
        and abs(mod(row_hash, 1000)) < {{ sample.kept }}
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

-- the version '' is of all rows together
version_rows as (

    select monitor, '' as model_version, score, row_hash from sampled_rows
    union all
    select monitor, model_version, score, row_hash from sampled_rows where model_version <> ''

),

value_counts as (

    select monitor, model_version, score, cast(count(*) as double precision) as row_count
    from (
        select version_rows.*, row_number() over (partition by monitor, model_version order by row_hash, score) as sample_rank
        from version_rows
    ) as ranked_rows
    where sample_rank <= {{ most_of_version }}
    group by monitor, model_version, score

),

-- a version that has been counted before keeps the bins that it was counted in
new_versions as (

    select
        value_counts.monitor,
        value_counts.model_version,
        drawn_monitors.generation,
        drawn_monitors.threshold,
        drawn_monitors.room,
        sum(value_counts.row_count) as row_count,
        count(*) <= 256 and sum(value_counts.row_count) >= 2 * count(*) as is_discrete,
        row_number() over (
            partition by value_counts.monitor
            order by case when value_counts.model_version = '' then 0 else 1 end, sum(value_counts.row_count) desc nulls last,
                value_counts.model_version nulls last
        ) as rank
    from value_counts
    inner join drawn_monitors
        on value_counts.monitor = drawn_monitors.monitor
    left join counted_versions
        on value_counts.monitor = counted_versions.monitor
        and value_counts.model_version = counted_versions.model_version
    where drawn_monitors.is_drawn
        or (value_counts.model_version <> '' and counted_versions.monitor is null)
    group by
        value_counts.monitor, value_counts.model_version, drawn_monitors.generation, drawn_monitors.threshold, drawn_monitors.room
    having value_counts.model_version = ''
        or sum(value_counts.row_count) >= {{ least_of_version }}

),

-- 2. Up to 256 values are bins themselves, and so is what has twice the rows of a bin; between the others, bins of as many rows each.
neighbours as (

    select
        value_counts.*,
        new_versions.row_count as total_count,
        new_versions.is_discrete or value_counts.row_count >= greatest(2e0, new_versions.row_count / 128e0) as is_value,
        new_versions.is_discrete or lead(value_counts.row_count) over in_order >= greatest(2e0, new_versions.row_count / 128e0)
            as is_next_value,
        sum(value_counts.row_count) over in_order as count_to_here,
        lead(value_counts.score) over in_order as next_score
    from value_counts
    inner join new_versions
        on value_counts.monitor = new_versions.monitor
        and value_counts.model_version = new_versions.model_version
    where new_versions.rank <= new_versions.room
    window in_order as (
        partition by value_counts.monitor, value_counts.model_version order by value_counts.score rows unbounded preceding
    )

),

edges as (

    select monitor, model_version, edge, min(edge_rank) as edge_rank
    from (
        select monitor, model_version, score as edge, 1 as edge_rank
        from neighbours
        where is_value

        union all

        select monitor, model_version, (score + next_score) / 2 as edge, 3 as edge_rank
        from neighbours
        where not is_value
            and not is_next_value
            and floor(256 * count_to_here / total_count) > floor(256 * (count_to_here - row_count) / total_count)

        union all

        select new_versions.monitor, new_versions.model_version, tenths.tenth / 10e0 as edge, 2 as edge_rank
        from new_versions
        cross join (values (1), (2), (3), (4), (5), (6), (7), (8), (9)) as tenths (tenth)

        union all

        select monitor, model_version, case when threshold <> 'none' then cast(threshold as double precision) end as edge, 2 as edge_rank
        from new_versions
    ) as all_edges
    where edge is not null
    group by monitor, model_version, edge

)

select
    new_versions.monitor,
    nullif(new_versions.model_version, '') as model_version,
    new_versions.generation,
    new_versions.threshold,
    {{ dbt.listagg('cast(edges.edge as varchar)', "';'", 'order by edges.edge') }} as edges,
    {{ dbt.listagg("case edges.edge_rank when 1 then 'value' when 2 then 'block' else 'edge' end", "';'", 'order by edges.edge') }}
        as kinds,
    cast(new_versions.row_count as bigint) as sampled_row_count,
    {{ data_health.run_time() }} as drawn_at
from new_versions
inner join edges
    on new_versions.monitor = edges.monitor
    and new_versions.model_version = edges.model_version
where new_versions.rank <= new_versions.room
group by new_versions.monitor, new_versions.model_version, new_versions.generation, new_versions.threshold, new_versions.row_count

union all

-- all bins of a monitor are written together
select
    past_bins.monitor, past_bins.model_version, past_bins.generation, past_bins.threshold, past_bins.edges, past_bins.kinds,
    past_bins.sampled_row_count, past_bins.drawn_at
from past_bins
inner join drawn_monitors
    on past_bins.monitor = drawn_monitors.monitor
where not drawn_monitors.is_drawn
{%- else %}
{{ data_health.rows_as_table(columns) }}
{%- endif %}
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
