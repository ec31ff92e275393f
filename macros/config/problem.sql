{#
    One line of the message. `owner` is the monitor, or '' for what stands outside of monitors. Of `names`, which are allowed, the one
    that `found` resembles most is asked about: pairs of letters see a missing letter, single letters see two that changed places.
#}
{% macro problem(owner, key, found, allowed='', detail='', names=none) %}
    {% set place = "monitor '" ~ owner ~ "', " if owner else '' %}
    {% set text = '' if found is none else found | string %}
    {% set shortened = text[:77] ~ '...' if text | length > 80 else text %}
    {% set shown = 'nothing' if found is none else ("'" ~ shortened ~ "'" if found is string else shortened) %}
    {% set line = place ~ key ~ ': found ' ~ shown ~ (' (' ~ detail ~ ')' if detail else '') %}
    {% if names is none %}{{ return(line ~ '; allowed: ' ~ allowed) }}{% endif %}
    {% set best, text = namespace(name=none, score=0.55), text | lower %}
    {% for candidate in names %}
        {% set other = candidate | string | lower %}
        {% set shared = namespace(pairs=0, letters=0) %}
        {% for i in range(text | length) %}
            {% set shared.letters = shared.letters + (1 if text[i] in other else 0) %}
            {% set shared.pairs = shared.pairs + (1 if text[i:i + 2] in other and i + 1 < text | length else 0) %}
        {% endfor %}
        {% set longest = [text | length, other | length] | max %}
        {% set score = shared.letters / longest / 2 + shared.pairs / longest / 2 %}
        {% if score >= best.score %}
            {% set best.name = candidate %}
            {% set best.score = score %}
        {% endif %}
    {% endfor %}
    {% set hint = "; did you mean '" ~ best.name ~ "'? Allowed: " if best.name is not none else '; allowed: ' %}
    {% set more = ' and ' ~ (names | length - 30) ~ ' more' if names | length > 30 else '' %}
    {{ return(line ~ hint ~ (allowed ~ ': ' if allowed else '') ~ names[:30] | join(', ') ~ more) }}
{% endmacro %}


{# Unknown keys and values of a wrong type, at any depth. `place` is the path of `value` in the configuration. #}
{% macro schema_problems(entry, owner, place, value) %}
    {% set problems = [] %}
    {% set known = entry['keys'] %}
    {% for key, item in value.items() %}
        {% set child = known.get('*') or known.get(key) %}
        {% set item_place = place ~ '.' ~ key if place else key | string %}
        {% if child is none %}
            {% do problems.append(data_health.problem(owner, item_place, key, detail='unknown key', names=known.keys() | list)) %}
        {% elif item is not none and data_health.expected(child, item) is not none %}
            {% do problems.append(data_health.problem(owner, item_place, item, data_health.expected(child, item))) %}
        {% elif item is mapping and child.get('keys') %}
            {% do problems.extend(data_health.schema_problems(child, owner, item_place, item)) %}
        {% endif %}
    {% endfor %}
    {{ return(problems) }}
{% endmacro %}
