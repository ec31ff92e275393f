{{ data_health.repair_log('screenings') }}
