{{ config(enabled='labeling' in data_health.parts_on(), materialized='ephemeral') }}
{%- set cell = [] %}
{%- for number in range(1, 9) %}{% do cell.append('value_' ~ number) %}{% endfor %}
with labeling_rows as (

    select
        monitor, row_key, period_start, random_number, {{ cell | join(', ') }}, label, is_asked, cell_code, predicted_label,
        confidence, margin, entropy, learner_version
    from {{ ref('labeling_rows') }}

),

asked_before as (

    select distinct monitor, row_key
    from {{ ref('labeling_history') }}

)

select
    labeling_rows.monitor,
    labeling_rows.row_key,
    labeling_rows.period_start,
    labeling_rows.random_number,
    {%- for name in cell %}
    labeling_rows.{{ name }},
    {%- endfor %}
    labeling_rows.cell_code,
    labeling_rows.predicted_label,
    labeling_rows.confidence,
    labeling_rows.margin,
    labeling_rows.entropy,
    labeling_rows.learner_version
from labeling_rows
left join asked_before
    on labeling_rows.monitor = asked_before.monitor
    and labeling_rows.row_key = asked_before.row_key
where labeling_rows.label is null
    and not labeling_rows.is_asked
    and asked_before.row_key is null
