-- depends_on: {{ ref('health_monitors') }}
{{ data_health.no_rows({
    'monitor': 'varchar',
    'period_start': 'date',
    'period_end': 'date',
    'is_latest': 'boolean',
    'reference': 'varchar',
    'metric': 'varchar',
    'value': 'double precision',
    'status': 'varchar',
    'built_at': 'timestamp'
}) }}
