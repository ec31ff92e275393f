{{ config(enabled='cleaning' in data_health.parts_on()) }}
-- a logged change has another value after it than before
select
    cleaning,
    row_key,
    column_name,
    rule
from {{ ref('health_cell_changes') }}
where value_before is not distinct from value_after
