select 1 as screening_id, 'yes' as outcome, timestamp '2024-02-05 10:00:00' as labelled_at
