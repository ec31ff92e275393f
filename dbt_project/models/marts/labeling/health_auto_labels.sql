{{ config(enabled='labeling' in data_health.parts_on()) }}
{%- set cell = [] %}
{%- for number in range(1, 9) %}{% do cell.append('value_' ~ number) %}{% endfor %}
with gates as (

    select monitor, subgroup, group_key, predicted_label, target_precision, threshold, precision_lower
    from {{ data_health.named_model(
        'label_gates', data_health.engine_sql('runs_python'),
        {
            'monitor': 'varchar', 'subgroup': 'varchar', 'group_key': 'varchar', 'predicted_label': 'varchar',
            'target_precision': 'double precision', 'threshold': 'double precision', 'precision_lower': 'double precision'
        }
    ) }}

),

label_gates as (

    select monitor, predicted_label, target_precision, threshold, precision_lower
    from gates
    where subgroup is null
        and threshold is not null

),

group_gates as (

    select monitor, subgroup, group_key, threshold
    from gates
    where subgroup is not null

),

labeling_groups as (

    select monitor, {{ cell | join(', ') }}, subgroup, group_key
    from {{ ref('labeling_groups') }}

),

labeling_rows as (

    select monitor, row_key, period_start, {{ cell | join(', ') }}, label, is_asked, predicted_label, confidence, learner_version
    from {{ ref('labeling_rows') }}

),

candidates as (

    select distinct monitor, row_key
    from {{ ref('labeling_batches') }}
    where status = 'open'

),

-- every subgroup that a row is in has to be open to it, and one without a gate is shut
cell_thresholds as (

    select
        labeling_groups.monitor,
        {%- for name in cell %}
        coalesce(labeling_groups.{{ name }}, '(null)') as {{ name }},
        {%- endfor %}
        max(coalesce(group_gates.threshold, 2e0)) as threshold
    from labeling_groups
    left join group_gates
        on labeling_groups.monitor = group_gates.monitor
        and labeling_groups.subgroup = group_gates.subgroup
        and labeling_groups.group_key = group_gates.group_key
    group by labeling_groups.monitor{% for name in cell %}, coalesce(labeling_groups.{{ name }}, '(null)'){% endfor %}

),

gated_rows as (

    select
        labeling_rows.monitor,
        labeling_rows.row_key,
        labeling_rows.predicted_label,
        labeling_rows.confidence,
        greatest(label_gates.threshold, coalesce(cell_thresholds.threshold, 0e0)) as threshold,
        label_gates.target_precision,
        label_gates.precision_lower,
        labeling_rows.period_start,
        labeling_rows.learner_version
    from labeling_rows
    inner join label_gates
        on labeling_rows.monitor = label_gates.monitor
        and labeling_rows.predicted_label = label_gates.predicted_label
    left join cell_thresholds
        on labeling_rows.monitor = cell_thresholds.monitor
        {%- for name in cell %}
        and coalesce(labeling_rows.{{ name }}, '(null)') = cell_thresholds.{{ name }}
        {%- endfor %}
    left join candidates
        on labeling_rows.monitor = candidates.monitor
        and labeling_rows.row_key = candidates.row_key
    where labeling_rows.label is null
        and not labeling_rows.is_asked
        and candidates.row_key is null

)

select
    monitor,
    row_key,
    predicted_label as label,
    confidence,
    threshold,
    target_precision,
    precision_lower,
    period_start,
    learner_version,
    {{ data_health.run_time() }} as built_at
from gated_rows
where confidence >= threshold
