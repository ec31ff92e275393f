{{ config(enabled=data_health.part_is_on('labeling')) }}
-- depends_on: {{ ref('monitor_settings') }}

{%- do data_health.begin_model() %}
{#- not a ref, because that mart reads this model -#}
{%- set candidates = load_relation(this.incorporate(path={'identifier': this.identifier | replace('labeling_history', 'health_labeling_candidates')})) if execute else none %}
{% if candidates is not none %}
select
    monitor,
    batch,
    row_key,
    strategy,
    answers_before,
    given_label
from {{ candidates }}
{%- else %}
{{ data_health.no_rows({
    'monitor': 'varchar', 'batch': 'bigint', 'row_key': 'varchar', 'strategy': 'varchar', 'answers_before': 'bigint', 'given_label': 'varchar'
}) }}
{%- endif %}
