{#
    Every kind of cleaning rule, as data. `argument` is what the rule's key may hold (see expected()); `families` are the types of
    column that it reads, any when empty; `on_failure` is what may become of a value that fails, the default first, and a kind
    without it changes values and cannot fail. `reads_row` marks rules whose SQL may name any column. Of a cast, `types` has what may be
    cast to, from which types of column, and what a text that cannot be is said to be.
#}
{% macro rule_kinds() %}
    {% set test = ['warn', 'null', 'default', 'quarantine'] %}
    {% set parse = ['null', 'default', 'quarantine'] %}
    {% set counted, dated = ['string', 'numeric', 'boolean'], ['string', 'timestamp'] %}
    {{ return({
        'null_values': {'argument': {'type': 'scalars'}, 'families': ['string', 'numeric', 'timestamp']},
        'trim': {'argument': {'type': 'true'}, 'families': ['string']},
        'squeeze': {'argument': {'type': 'true'}, 'families': ['string']},
        'case': {'argument': {'type': 'choice', 'allowed': ['lower', 'upper']}, 'families': ['string']},
        'unicode': {'argument': {'type': 'choice', 'allowed': ['nfc', 'strip_accents']}, 'families': ['string']},
        'replace': {'argument': {'type': 'replacements'}, 'families': ['string']},
        'replace_pattern': {'argument': {'type': 'pattern and replacement'}, 'families': ['string']},
        'units': {'argument': {'type': 'units'}, 'families': ['string'], 'on_failure': parse},
        'convert': {'argument': {'type': 'conversion'}, 'families': ['numeric']},
        'round': {'argument': {'type': 'whole number', 'minimum': 0}, 'families': ['numeric']},
        'cast': {'argument': {'type': 'cast'}, 'families': [], 'on_failure': parse, 'types': {
            'integer': {'families': counted, 'data_type': 'integer', 'reason': 'not a whole number'},
            'bigint': {'families': counted, 'data_type': 'bigint', 'reason': 'not a whole number'},
            'double': {'families': counted, 'data_type': 'double precision', 'reason': 'not a number'},
            'decimal': {'families': counted, 'reason': 'not a number'},
            'boolean': {'families': counted, 'data_type': 'boolean', 'reason': 'neither true nor false'},
            'date': {'families': dated, 'data_type': 'date', 'reason': 'not a date', 'formats': ['%Y-%m-%d']},
            'timestamp': {'families': dated, 'data_type': 'timestamp', 'reason': 'not a time',
                'formats': ['%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M:%S.%f', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d %H:%M', '%Y-%m-%d']},
            'varchar': {'families': [], 'data_type': 'varchar', 'reason': 'no text'}
        }},
        'set': {'argument': {'type': 'text'}, 'families': [], 'reads_row': true},
        'allowed': {'argument': {'type': 'scalars'}, 'families': ['string', 'numeric', 'boolean', 'timestamp'], 'on_failure': test},
        'range': {'argument': {'type': 'range'}, 'families': ['numeric', 'timestamp'], 'on_failure': test + ['clamp']},
        'pattern': {'argument': {'type': 'text'}, 'families': ['string'], 'on_failure': test},
        'required': {'argument': {'type': 'true'}, 'families': [], 'on_failure': ['quarantine', 'warn', 'default']},
        'expression': {'argument': {'type': 'text'}, 'families': [], 'reads_row': true, 'on_failure': test}
    }) }}
{% endmacro %}


{# Every key of a cleaning set, described like those of a monitor. #}
{% macro cleaning_schema() %}
    {{ return({
        'relation': {'type': 'relation', 'without': 'required', 'description': 'The raw table or view.'},
        'where': {'type': 'text', 'description': 'SQL condition on raw rows; others are not looked at.'},
        'key': {'type': 'columns', 'default': [], 'description': 'The column or columns that identify a row in health_cell_changes.'},
        'time': {'type': 'column', 'description': 'Event time, as it is after cleaning; cuts the periods of health_rule_outcomes.'},
        'grain': {'type': 'choice', 'allowed': ['day', 'week', 'month', 'quarter'], 'default': 'month',
            'description': 'Length of a period.'},
        'loaded_at': {'type': 'column',
            'description': 'Load time of a raw row; shows changes that keep the row count, and lets the clean model be incremental.'},
        'rules': {'type': 'rules', 'default': [], 'description': 'The rules, in the order in which they are applied.'},
        'log_changes': {'type': 'columns', 'default': [],
            'description': 'Columns whose every change is a row of health_cell_changes; all for every column.'},
        'show_values': {'type': 'columns', 'default': [],
            'description': 'Columns whose failing values may stand in health_rule_outcomes as examples.'},
        'suggest': {'type': 'boolean', 'default': false, 'description': 'Propose rules in health_suggested_rules.'},
        'repair': {'type': 'mapping', 'description': 'Repair cells without labels; see repaired().', 'keys': {
            'relation': {'type': 'relation',
                'description': 'The table whose cells are repaired, such as the clean model; the raw one when not set.'},
            'columns': {'type': 'columns', 'description': 'Columns whose cells may be repaired: names, or all.'},
            'min_confidence': {'type': 'share', 'description': 'Least confidence of a repair; 0.85 when not set.'}
        }},
        'owner': {'type': 'text', 'description': 'Who answers for the rules.'}
    }) }}
{% endmacro %}
