"""The tests of the package that a team puts under its own table `orders`, and how they end."""

import yaml

ORDERS = "select order_id, moment, loaded_at, amount, shop from {{ source('raw', 'rows') }}"
ALL = ("drift_below", "volume_expected", "fresh_within", "no_schema_change", "no_open_alerts")


def properties(*names, **options):
    """A properties file that puts these tests of the package under the model orders."""
    data_tests = []
    for name in names:
        extra = dict(options.get(name, {}))
        config = extra.pop("config", None)
        entry = ({"arguments": extra} if extra else {}) | ({"config": config} if config else {})
        data_tests.append({f"data_health.{name}": entry} if entry else f"data_health.{name}")
    return yaml.safe_dump({"version": 2, "models": [{"name": "orders", "data_tests": data_tests}]})


def outcomes_of(consumer, *arguments, succeeds=True, command="test"):
    """Status and number of failures of each of the package's tests under the model."""
    consumer.dbt(command, *arguments, succeeds=succeeds)
    results = [result for result in consumer.run_results() if "data_health_" in result["unique_id"]]
    found = {}
    for result in results:
        for name in ALL:
            if f"data_health_{name}_" in result["unique_id"] and ".consumer." in result["unique_id"]:
                found[name] = (result["status"], result["failures"])
    return found
