{#
    A model without package is one of the user's project. Saying so is not a formality: dbt warns, in any project,
    about each ref() of a package that leaves it open, and would find this package's own model of the same name
    first.
#}
{% macro relation_of(spec) %}
    {% if spec.get('source') %}{{ return(source(spec['source'][0], spec['source'][1])) }}{% endif %}
    {% set package, name = (project_name, spec['ref']) if spec['ref'] is string else (spec['ref'][0], spec['ref'][1]) %}
    {% if spec.get('version') is none %}{{ return(ref(package, name)) }}{% endif %}
    {{ return(ref(package, name, version=spec['version'])) }}
{% endmacro %}


{#
    Every relation that a monitor reads, as [{'key': path in the configuration, 'relation': what relation_of()
    takes}]: health_monitors walks over it, so that everything the validation looks at is built before.
#}
{% macro relations_of_monitor(monitor) %}
    {% set relations = [] %}
    {% if monitor['relation'] %}{% do relations.append({'key': 'relation', 'relation': monitor['relation']}) %}{% endif %}
    {% for reference in monitor['references'] %}
        {% if reference['relation'] %}
            {% do relations.append({'key': 'references.' ~ reference['name'] ~ '.relation', 'relation': reference['relation']}) %}
        {% endif %}
    {% endfor %}
    {% if monitor['label'] and monitor['label']['relation'] %}
        {% do relations.append({'key': 'label.relation', 'relation': monitor['label']['relation']}) %}
    {% endif %}
    {% for key in ['acknowledgements', 'known_biases', 'population', 'population_names'] %}
        {% if monitor[key] %}{% do relations.append({'key': key, 'relation': monitor[key]}) %}{% endif %}
    {% endfor %}
    {% for key in ['registry', 'serving'] if (monitor['versions'] or {}).get(key) %}
        {% do relations.append({'key': 'versions.' ~ key, 'relation': monitor['versions'][key]}) %}
    {% endfor %}
    {% for key in ['relation', 'recomputed'] if ((monitor['versions'] or {}).get('served') or {}).get(key) %}
        {% do relations.append({'key': 'versions.served.' ~ key, 'relation': monitor['versions']['served'][key]}) %}
    {% endfor %}
    {% if (monitor['labeling'] or {}).get('annotations') %}
        {% do relations.append({'key': 'labeling.annotations', 'relation': monitor['labeling']['annotations']}) %}
    {% endif %}
    {{ return(relations) }}
{% endmacro %}
