{{ data_health.quarantine('screenings') }}
