select 'v1' as model_version, 'age' as feature
