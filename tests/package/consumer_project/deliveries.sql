-- what a loader would have put there; dbt has no part in it
create schema if not exists raw;

create or replace table raw.deliveries as
select
    case when i % 500 <> 499 then i end as visit_id,
    timestamp '2024-01-01 08:00:00' + to_minutes(cast(130 * i as bigint)) as happened_at,
    timestamp '2024-01-02 02:00:00' + to_days(cast(130 * i // 1440 as integer)) as loaded_at,
    case when hash(i, 'sex') % 100 < 55 then 'f' else 'm' end as sex,
    ['hill', 'harbour', 'O''Hara'][1 + cast(hash(i, 'site') % 3 as integer)] as site,
    cast(18 + hash(i, 'age') % 70 as integer) as age,
    case when hash(i, 'missing') % 20 > 0 then round(45 + (hash(i, 'weight') % 10000) / 150, 1) end as weight_kg,
    case when hash(i, 'diagnosis') % 10 < 3 then 'yes' else 'no' end as diagnosis
from range(2000) as numbers (i);
