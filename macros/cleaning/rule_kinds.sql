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
        'unicode': {'argument': {'type': 'choice', 'allowed': ['nfc', 'strip_accents', 'strip_invisible']}, 'families': ['string']},
        'replace': {'argument': {'type': 'replacements'}, 'families': ['string']},
        'replace_pattern': {'argument': {'type': 'pattern and replacement'}, 'families': ['string']},
        'units': {'argument': {'type': 'units'}, 'families': ['string'], 'on_failure': parse},
        'epoch': {'argument': {'type': 'choice', 'allowed': ['seconds', 'milliseconds']}, 'families': ['string', 'numeric'],
            'on_failure': parse},
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
                'formats': ['%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M:%S.%f', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%dT%H:%M:%S.%f', '%Y-%m-%d %H:%M',
                    '%Y-%m-%d']},
            'varchar': {'families': [], 'data_type': 'varchar', 'reason': 'not a text'}
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
        'relation': {'type': 'relation', 'without': 'required', 'description': 'The raw table or view that is cleaned.'},
        'where': {'type': 'text', 'description': 'SQL condition on raw rows. Rows that do not fulfil it are left out.'},
        'key': {'type': 'columns', 'default': [], 'description': 'The column or columns that identify a row in health_cell_changes.'},
        'time': {'type': 'column',
            'description': 'Event time after cleaning. It decides which period of health_rule_outcomes a row belongs to.'},
        'grain': {'type': 'choice', 'allowed': ['day', 'week', 'month', 'quarter'], 'default': 'month',
            'description': 'Length of a period.'},
        'loaded_at': {'type': 'column',
            'description': 'Load time of a raw row. It shows changes that keep the number of rows, and lets the clean model be '
                ~ 'incremental.'},
        'rules': {'type': 'rules', 'default': [], 'description': 'The cleaning rules, in the order in which they are applied.'},
        'log_changes': {'type': 'columns', 'default': [],
            'description': 'Columns whose changes are written to health_cell_changes, one row per changed value. `all` means every '
                ~ 'column.'},
        'show_values': {'type': 'columns', 'default': [],
            'description': 'Columns whose failing values may appear in health_rule_outcomes as examples.'},
        'suggest': {'type': 'boolean', 'default': false, 'description': 'Whether health_suggested_rules suggests rules for the raw table.'},
        'repair': {'type': 'mapping', 'description': 'Which values are repaired without labels; see repaired().', 'keys': {
            'relation': {'type': 'relation', 'without': 'the raw table',
                'description': 'The table whose values are repaired, such as the clean model.'},
            'columns': {'type': 'columns', 'description': 'Columns whose values may be repaired: names, or `all`.'},
            'min_confidence': {'type': 'share', 'without': '0.85', 'description': 'The lowest confidence with which a value is repaired.'}
        }},
        'dependencies': {'type': 'dependencies', 'default': [],
            'description': 'Columns that have one value in each group of rows, which the rows decide by vote; see repaired().', 'each': {
            'by': {'type': 'columns', 'default': [], 'without': 'required',
                'description': 'Rows that are equal in these columns are a group. A row with a null in one of them is in no group.'},
            'columns': {'type': 'columns', 'default': [], 'without': 'required',
                'description': 'Columns that have one value per group. A value takes it where it contradicts.'},
            'source': {'type': 'column', 'without': 'every row is a source of its own',
                'description': 'Who told the row. Votes are weighed by how often a source is right.'},
            'fill': {'type': 'boolean', 'default': false, 'description': 'Whether a missing value takes the value of its group.'},
            'one_form': {'type': 'boolean', 'default': true,
                'description': 'Whether a value that is the same but written otherwise, as 07:10 for 7:10 a.m., takes the usual form.'},
            'min_share': {'type': 'share', 'default': 0.6,
                'description': 'The lowest confidence with which a value is filled in or replaced.'}
        }},
        'owner': {'type': 'text', 'description': 'Who answers for the rules.'}
    }) }}
{% endmacro %}
