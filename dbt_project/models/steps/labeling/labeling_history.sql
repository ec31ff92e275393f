{{ config(enabled='labeling' in data_health.parts_on(), materialized='ephemeral') }}
{#- not a ref, because labeling_batches is built from what reads this; releases before kept its rows in the table of the mart -#}
{%- set batches = data_health.stored_model('labeling_batches') or data_health.stored_model('health_labeling_candidates') %}
{%- set written = adapter.get_columns_in_relation(batches) | map(attribute='name') | map('lower') | list if batches else [] %}
{%- if batches %}
select
    monitor,
    batch,
    row_key,
    strategy,
    answers_before,
    given_label,
    {{ 'arm' if 'arm' in written else 'cast(null as varchar) as arm' }}
from {{ batches }}
{%- else %}
{{ data_health.rows_as_table({
    'monitor': 'varchar', 'batch': 'bigint', 'row_key': 'varchar', 'strategy': 'varchar', 'answers_before': 'bigint',
    'given_label': 'varchar', 'arm': 'varchar'
}) }}
{%- endif %}
