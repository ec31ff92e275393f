{#
    The monitor that a generic test asks about, as a literal: the one that is named, else the one that is called like the table. A
    test of a monitor that does not exist would always pass, so that is an error where tests run.
#}
{% macro monitor_of_model(model, monitor) %}
    {% set name = monitor if monitor is not none else model.identifier if model.identifier else '' %}
    {% set known = data_health.resolved_monitors().keys() | list %}
    {% if execute and flags.WHICH in ['test', 'build', 'retry'] and name not in known and name not in data_health.cleaning_sets() %}
        {% do exceptions.raise_compiler_error(data_health.problem('', 'monitor', name or none, names=known)) %}
    {% endif %}
    {{ return(data_health.text_literal(name)) }}
{% endmacro %}
