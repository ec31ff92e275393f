{#
    Every key of a monitor, as data: validation, defaults and the tables of docs/configuration.md come from here. A mapping
    lists its own keys under `keys`; `*` stands for names that the user chooses. `without` is what the page says of a key that is not
    written, where that is no constant. With `merge`, what a monitor writes is added to what the defaults say, key by key, instead
    of replacing it. Under `parts` is what a monitor may do without, not what every monitor has and others need.
#}
{% macro monitor_schema() %}
    {% set switches = {} %}
    {% for name, part in data_health.parts().items() if not part.asked_by_set and name not in ['volume', 'profile'] %}
        {% do switches.update({name: {'type': 'boolean', 'default': true, 'description': part.description}}) %}
    {% endfor %}
    {{ return({
        'relation': {'without': 'required', 'type': 'relation', 'description': 'The table or view that is watched.'},
        'where': {'type': 'text', 'description': 'SQL condition; rows that do not meet it are not looked at.'},
        'key': {'type': 'columns', 'default': [], 'description': 'The column or columns that identify a row.'},
        'time': {'type': 'column',
            'description': 'Event time; it decides which period a row belongs to. Without it there is one period per build date.'},
        'timezone': {'type': 'timezone', 'default': 'UTC', 'description': 'Timezone in which periods are cut.'},
        'loaded_at': {'type': 'column', 'description': 'Load or update time; shows changes that keep the row count.'},
        'grain': {'type': 'choice', 'allowed': ['day', 'week', 'month', 'quarter'], 'default': 'month',
            'description': 'Length of a period.'},
        'lookback': {'without': 'all periods', 'type': 'whole number', 'minimum': 1,
            'description': 'How many of the newest periods each run looks at for rows that came or changed; all when not set.'},
        'late_after_days': {'type': 'whole number', 'minimum': 0, 'default': 2,
            'description': 'A row loaded more than this many days after its event time is late.'},
        'on_missing_period': {'type': 'choice', 'allowed': ['keep', 'rebuild'], 'default': 'keep',
            'description': 'What becomes of the statistics of a period whose rows shrink or disappear.'},
        'volume': {'type': 'mapping', 'default': {}, 'merge': true, 'description': 'What the number of rows is judged by.', 'keys': {
            'seasonality': {'type': 'choice', 'allowed': ['none', 'weekday', 'month'], 'default': 'none',
                'description': 'What repeats: a day is compared with the same weekday, a month or quarter with its like in earlier years.'},
            'fresh_within': {'type': 'days',
                'description': 'How old the newest row may be; judged by the history of the table when not set.'}
        }},
        'max_categories': {'type': 'whole number', 'minimum': 1, 'default': 1000,
            'description': 'Categories counted one by one per column; the others are counted together.'},
        'references': {'type': 'mapping', 'default': {},
            'description': 'What production is compared with. The first is the default.', 'keys': {
            '*': {'type': 'mapping',
                'description': 'One reference: a window, another table or a rolling window. Its name is free, but not `production`.',
                'keys': {
                'from': {'type': 'date',
                    'description': 'First moment of a window of the same table. Needs `to` and `time` of the monitor.'},
                'to': {'type': 'date', 'description': 'First moment after that window.'},
                'relation': {'type': 'relation', 'description': 'Another table, compared as a whole.'},
                'last': {'type': 'days',
                    'description': 'The whole periods before the newest one that began within so many days of its start. Needs '
                        ~ '`time` of the monitor.'}
            }}
        }},
        'features': {'without': 'every other column', 'type': 'columns',
            'description': 'Columns to watch; every column without another role when not set.'},
        'exclude': {'type': 'columns', 'default': [], 'description': 'Columns that are not looked at.'},
        'columns': {'type': 'mapping', 'default': {}, 'merge': true,
            'description': 'Per column, what to use instead of what is inferred.', 'keys': {
            '*': {'type': 'mapping', 'description': 'One column.', 'keys': {
                'kind': {'without': 'inferred', 'type': 'choice', 'allowed': ['numeric', 'categorical', 'boolean', 'timestamp', 'text'],
                    'description': 'How the column is profiled.'}
            }}
        }},
        'subgroups': {'type': 'column groups', 'default': [],
            'description': 'Columns, and lists of columns, whose combinations are the subgroups; at most eight columns in all.'},
        'segments': {'type': 'columns', 'default': [],
            'description': 'Drift is also computed inside each value of these columns.'},
        'weight': {'type': 'column', 'description': 'Survey weight.'},
        'population': {'type': 'relation',
            'description': 'Table of population shares, with the columns subgroup, value and share.'},
        'population_names': {'type': 'relation',
            'description': 'Table of what the population calls a value of a column, with the columns subgroup, value and '
                ~ 'population_value.'},
        'label': {'type': 'mapping', 'description': 'The true outcome.', 'keys': {
            'column': {'without': 'required', 'type': 'column', 'description': 'Column that holds the label.'},
            'positive': {'type': 'scalar', 'description': 'The label that counts as positive.'},
            'relation': {'without': 'the monitored one', 'type': 'relation',
                'description': 'Table that holds the labels, if it is another one.'},
            'key': {'type': 'columns', 'default': [],
                'description': 'Columns of that table that match the key of the monitor, in its order. Required with `relation`.'},
            'loaded_at': {'type': 'column', 'description': 'When a label became known.'}
        }},
        'prediction': {'type': 'mapping', 'description': 'What the model said. At least a score or a label.', 'keys': {
            'score': {'type': 'column', 'description': 'Predicted probability of the positive label.'},
            'label': {'type': 'column', 'description': 'Predicted label.'},
            'version': {'type': 'column', 'description': 'Version of the model that predicted.'}
        }},
        'labeling': {'type': 'mapping', 'default': {}, 'merge': true, 'description': 'What people are asked to label.', 'keys': {
            'answers': {'type': 'relation',
                'description': 'Append-only table of what people answered: the columns of the key, label, annotator, labelled_at, '
                    ~ 'and where there are such source, seconds and is_gold.'},
            'skip': {'type': 'text', 'default': 'skip',
                'description': 'What stands under label where an annotator would not decide; nothing and an empty text say so too.'},
            'budget': {'type': 'whole number', 'minimum': 1, 'default': 100,
                'description': 'Rows that wait for an answer at a time; a build adds what is missing as a new batch.'},
            'strategy': {'type': 'choice', 'allowed': ['clustered_margin', 'margin', 'entropy', 'random', 'typical'],
                'default': 'clustered_margin',
                'description': 'How rows are chosen that no other part of the batch asks for.'},
            'learner': {'type': 'choice', 'allowed': ['score', 'logistic_regression', 'boosting'],
                'description': 'Where probabilities are from: the score of the model that is watched, or a regression or boosted '
                    ~ 'trees on what is labelled; when not set the score where there is one, else the regression.'},
            'labels_per_subgroup': {'type': 'whole number', 'minimum': 0, 'default': 10,
                'description': 'Labels that every subgroup shall have; rows of those with fewer are asked first.'},
            'precision': {'type': 'share', 'is_below_one': true, 'default': 0.95,
                'description': 'Share of automatic labels that shall be right.'},
            'on_label_break': {'type': 'choice', 'allowed': ['stop', 'continue'], 'default': 'stop',
                'description': 'Whether a batch is drawn although the rate of a label changed; where a label is suddenly everywhere, '
                    ~ 'or nowhere, none is drawn.'},
            'show': {'type': 'columns', 'default': [],
                'description': 'Columns whose values people see beside the key when they are asked. No other column goes into '
                    ~ 'exported files.'},
            'labels': {'without': 'known ones', 'type': 'scalars',
                'description': 'The labels that people may choose; those that rows and answers have by now when not set. YAML reads '
                    ~ 'yes and no as booleans unless they are quoted.'}
        }},
        'components': {'type': 'mapping', 'default': {}, 'merge': true, 'description': 'Principal components.', 'keys': {
            'max_columns': {'without': '20 on DuckDB, 50 elsewhere', 'type': 'whole number', 'minimum': 2,
                'description': 'Numeric columns up to which SQL adds up products; DuckDB computes those of a wider table in batches, '
                    ~ 'other warehouses none.'},
            'one_hot': {'type': 'columns', 'default': [],
                'description': 'Categories that count as numbers: a column of ones and zeros for each level of 20 rows or more when '
                    ~ 'first counted. Names of levels appear in the components.'},
            'max_levels': {'type': 'whole number', 'minimum': 1, 'default': 50,
                'description': 'Levels of each of them that have a column, the commonest first.'},
            'variance': {'type': 'share', 'default': 0.9,
                'description': 'Share of the variance that the advised components reach.'},
            'standardise': {'type': 'boolean', 'default': true,
                'description': 'Components of correlations; false gives those of covariances, for columns of one unit.'},
            'weighted': {'type': 'boolean', 'default': false,
                'description': 'Rows count as often as `weight` says, in products, components and multivariate drift.'},
            'scores': {'type': 'relation',
                'description': 'A table of rows that project_components() scored; it gives health_region and health_component_scores.'}
        }},
        'coverage': {'type': 'mapping', 'default': {}, 'merge': true, 'description': 'What counts as covered.', 'keys': {
            'barely': {'type': 'whole number', 'minimum': 2, 'default': 5,
                'description': 'A bin or category with fewer rows of a reference is barely covered by it.'}
        }},
        'combinations': {'type': 'mapping', 'default': {}, 'merge': true, 'description': 'Which values are looked for together.', 'keys': {
            'features': {'type': 'columns',
                'description': 'At most 8 columns whose combinations are counted; chosen by a rule when not set '
                    ~ '([combinations.md](combinations.md)).'},
            'size': {'type': 'whole number', 'minimum': 2, 'default': 3,
                'description': 'How many features together are compared with the references.'},
            'gap_levels': {'type': 'whole number', 'minimum': 1, 'default': 3,
                'description': 'How many values together a gap may name.'},
            'gap_rows': {'type': 'whole number', 'minimum': 1, 'default': 30,
                'description': 'Combinations of values with fewer rows are gaps.'}
        }},
        'exact': {'type': 'boolean', 'default': false,
            'description': 'Kolmogorov-Smirnov and Wasserstein distances exactly, by one more sorted reading of the table on every build.'},
        'minimum_rows': {'type': 'whole number', 'minimum': 2, 'default': 30,
            'description': 'With fewer rows, in a period or in what it is compared with, drift, coverage and groups are not judged.'},
        'windows': {'type': 'mapping', 'default': {}, 'merge': true,
            'description': 'How many of the newest periods are judged together, beside each alone. 0 and 1 judge no such window.', 'keys': {
            'short': {'without': '7 days, 4 weeks, 3 months or 4 quarters', 'type': 'whole number', 'minimum': 0,
                'description': 'Periods of the shorter window.'},
            'long': {'without': '28 days, 13 weeks, 12 months or 8 quarters', 'type': 'whole number', 'minimum': 0,
                'description': 'Periods of the longer window; without a reference a window is compared with as many periods before it.'}
        }},
        'thresholds': {'type': 'mapping', 'default': {}, 'merge': true,
            'description': 'Effects above which a change is a warning or an alert.', 'keys': {
            'psi': {'type': 'thresholds', 'default': [0.1, 0.25], 'description': 'Population stability index.'},
            'js': {'type': 'thresholds', 'default': [0.1, 0.2], 'description': 'Jensen-Shannon distance.'},
            'ks': {'type': 'thresholds', 'default': [0.1, 0.2], 'description': 'Kolmogorov-Smirnov statistic.'},
            'cramers_v': {'type': 'thresholds', 'default': [0.1, 0.2], 'description': 'V of Cramér.'},
            'wasserstein': {'type': 'thresholds', 'default': [0.1, 0.2],
                'description': 'Wasserstein-1 distance in standard deviations of the reference.'},
            'h': {'type': 'thresholds', 'default': [0.1, 0.2],
                'description': 'Difference of two shares on the arcsine scale: null rate, single categories, late rows. Rows that fail '
                    ~ 'a cleaning rule are always judged by 0.1 and 0.2.'},
            'volume': {'type': 'thresholds', 'default': [0.2, 0.5],
                'description': 'Rows of a period, by ratio: 0.5 is more than 1.5 times what is expected, or less than expected / 1.5.'},
            'coverage': {'type': 'thresholds', 'default': [0.01, 0.05],
                'description': 'Share of rows that a reference does not cover, above the expected one.'},
            'representation': {'type': 'thresholds', 'default': [0.2, 0.5],
                'description': 'What a group lacks of the share that it should have: 0.2 is a ratio below 0.8; a group has '
                    ~ 'as much too many with a ratio above 1 / 0.8.'}
        }},
        'show_values': {'without': 'the subgroup columns', 'type': 'columns',
            'description': 'Columns whose values may appear in marts; the subgroup columns when not set.'},
        'parts': {'type': 'mapping', 'default': {}, 'merge': true,
            'description': '`false` leaves this monitor out of a part, and of parts that need it; `true` changes nothing.',
            'keys': switches},
        'owner': {'type': 'text', 'description': 'Who answers for the table.'}
    }) }}
{% endmacro %}
