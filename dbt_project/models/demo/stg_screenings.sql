{{ data_health.clean('screenings') }}
