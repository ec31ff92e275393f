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
        'relation': {'without': 'required', 'type': 'relation', 'description': 'The table or view that is monitored.'},
        'where': {'type': 'text', 'description': 'SQL condition. Rows that do not fulfil it are left out.'},
        'key': {'type': 'columns', 'default': [], 'description': 'The column or columns that identify a row.'},
        'time': {'type': 'column',
            'description': 'Event time. It decides which period a row belongs to. Without it there is one period per build date.'},
        'timezone': {'type': 'timezone', 'default': 'UTC', 'description': 'Timezone in which periods begin and end.'},
        'loaded_at': {'type': 'column', 'description': 'Load or update time of a row. It shows changes that keep the number of rows.'},
        'grain': {'type': 'choice', 'allowed': ['day', 'week', 'month', 'quarter'], 'default': 'month',
            'description': 'Length of a period.'},
        'lookback': {'without': 'all periods', 'type': 'whole number', 'minimum': 1,
            'description': 'How many of the newest periods each run checks for rows that arrived or changed.'},
        'late_after_days': {'type': 'whole number', 'minimum': 0, 'default': 2,
            'description': 'A row loaded more than this many days after its event time is late.'},
        'on_missing_period': {'type': 'choice', 'allowed': ['keep', 'rebuild'], 'default': 'keep',
            'description': 'Whether the statistics of a period are kept or built again when some or all of its rows disappear.'},
        'volume': {'type': 'mapping', 'default': {}, 'merge': true,
            'description': 'How the number of rows and their age are judged.', 'keys': {
            'seasonality': {'type': 'choice', 'allowed': ['none', 'weekday', 'month'], 'default': 'none',
                'description': 'The pattern that repeats: `weekday` compares a day with the same weekday, `month` a month or quarter with '
                    ~ 'the same one of earlier years.'},
            'fresh_within': {'type': 'days', 'without': 'from the history of the table',
                'description': 'How old the newest row may be.'}
        }},
        'max_categories': {'type': 'whole number', 'minimum': 1, 'default': 1000,
            'description': 'How many categories of a column are counted one by one. The others are counted together.'},
        'references': {'type': 'mapping', 'default': {},
            'description': 'What production is compared with. The first reference is the default one.', 'keys': {
            '*': {'type': 'mapping',
                'description': 'One reference: a date range, another table, or the last days. You choose its name, which must not be '
                    ~ '`production`.',
                'keys': {
                'from': {'type': 'date',
                    'description': 'First moment of a date range of the same table. It needs `to`, and `time` of the monitor.'},
                'to': {'type': 'date', 'description': 'First moment after the date range.'},
                'relation': {'type': 'relation', 'description': 'Another table, which is compared as a whole.'},
                'last': {'type': 'days',
                    'description': 'The reference is the periods that begin at most this many days before the newest period begins. '
                        ~ 'The newest period is not part of it. If April 2024 is the newest period, `90 days` reach back to 2 January: '
                        ~ 'the reference is February and March. It needs `time` of the monitor.'}
            }}
        }},
        'features': {'without': 'every column without another role', 'type': 'columns',
            'description': 'The columns to monitor.'},
        'exclude': {'type': 'columns', 'default': [], 'description': 'Columns that are not monitored.'},
        'columns': {'type': 'mapping', 'default': {}, 'merge': true,
            'description': 'Settings of single columns, which replace what is inferred.', 'keys': {
            '*': {'type': 'mapping', 'description': 'Settings of one column, by its name.', 'keys': {
                'kind': {'without': 'inferred', 'type': 'choice', 'allowed': ['numeric', 'categorical', 'boolean', 'timestamp', 'text'],
                    'description': 'How the column is counted.'}
            }}
        }},
        'subgroups': {'type': 'column groups', 'default': [],
            'description': 'The subgroups: columns, and lists of columns whose combinations of values are groups. At most eight '
                ~ 'columns in all.'},
        'segments': {'type': 'columns', 'default': [],
            'description': 'Columns by whose values rows are split. Drift is also computed within each value.'},
        'weight': {'type': 'column', 'description': 'Survey weight of a row.'},
        'population': {'type': 'relation',
            'description': 'Table with the shares of the groups in the population. Its columns are subgroup, value and share.'},
        'population_names': {'type': 'relation',
            'description': 'Table with the names that the population uses for values. Its columns are subgroup, value and '
                ~ 'population_value.'},
        'label': {'type': 'mapping', 'description': 'The true outcome of a row.', 'keys': {
            'column': {'without': 'required', 'type': 'column', 'description': 'Column that holds the label.'},
            'positive': {'type': 'scalar', 'description': 'The label that counts as positive.'},
            'relation': {'without': 'the monitored one', 'type': 'relation',
                'description': 'Table that holds the labels, if it is not the monitored one.'},
            'key': {'type': 'columns', 'default': [],
                'description': 'Columns of the table of labels that match the key of the monitor, in the same order. Required with '
                    ~ '`relation`.'},
            'loaded_at': {'type': 'column', 'description': 'Time at which a label became known.'},
            'matures_after': {'type': 'days', 'without': '0 days',
                'description': 'How long after the end of a period its labels may still arrive. Performance and fairness of a younger '
                    ~ 'period are shown, but not judged.'}
        }},
        'prediction': {'type': 'mapping', 'description': 'What the model predicted. At least a score or a label.', 'keys': {
            'score': {'type': 'column', 'description': 'Column with the predicted probability of the positive label.'},
            'label': {'type': 'column', 'description': 'Column with the predicted label.'},
            'version': {'type': 'column', 'description': 'Column with the version of the model that predicted.'},
            'threshold': {'type': 'share', 'is_below_one': true,
                'description': 'Score from which on a row counts as predicted positive, where there is no column of predicted labels.'}
        }},
        'fairness': {'type': 'mapping', 'default': {}, 'merge': true, 'description': 'How groups are compared with each other.', 'keys': {
            '*': {'type': 'mapping', 'description': 'Settings of one subgroup, by its name, such as `sex` or `sex, age_band`.', 'keys': {
                'reference': {'type': 'text',
                    'description': 'The group that every other group of the subgroup is compared with, in addition to all rows.'}
            }}
        }},
        'versions': {'type': 'mapping', 'default': {}, 'merge': true, 'description': 'The versions of the model that reads the table.',
            'keys': {
            'registry': {'without': 'required', 'type': 'relation',
                'description': 'Table of the features of every version. Its columns are model_version and feature. The columns '
                    ~ 'feature_number, data_type, definition, is_required, minimum, maximum, allowed_values, reference and owner are '
                    ~ 'optional.'},
            'serving': {'type': 'relation',
                'description': 'Table that says which version serves. Its columns are model_version and serves_from. The newest '
                    ~ 'serves_from that is not in the future decides. Without it, a version serves only if the registry has no other.'},
            'dialect': {'without': 'that of the warehouse', 'type': 'text',
                'description': 'SQL dialect of the definitions, by its name in sqlglot, such as `snowflake`.'},
            'served': {'type': 'mapping', 'description': 'The features as the model got them, which are compared with recomputed ones.',
                'keys': {
                'relation': {'without': 'required', 'type': 'relation',
                    'description': 'The log: a row per prediction, with its key and with the features under their names.'},
                'key': {'type': 'columns', 'without': 'that of the monitor', 'default': [],
                    'description': 'Columns of the log that match the key of the monitor, in the same order.'},
                'version': {'type': 'column', 'description': 'Column of the log with the version of the model that got the features.'},
                'time': {'type': 'column',
                    'description': 'Column of the log with the time of the prediction. Of several rows of a key and version the newest '
                        ~ 'counts. It also says in which period a key is that has no recomputed row.'},
                'recomputed': {'without': 'the monitored one', 'type': 'relation',
                    'description': 'Table with the recomputed features. It has the key and the time of the monitor under the same names.'},
                'tolerance': {'type': 'number', 'default': 0.000001,
                    'description': 'Two numbers agree if they differ by at most this share of the larger one. 0.01 means that 99.5 '
                        ~ 'and 100 agree.'},
                'absolute_tolerance': {'type': 'number', 'default': 0,
                    'description': 'Two numbers agree also if they differ by at most this. 0.5 means that 0 and 0.4 agree.'}
            }}
        }},
        'labeling': {'type': 'mapping', 'default': {}, 'merge': true, 'description': 'Which rows annotators are asked to label.', 'keys': {
            'annotations': {'type': 'relation',
                'description': 'Append-only table of annotations. Its columns are those of the key, label, annotator and labelled_at. '
                    ~ 'The columns source, seconds, is_gold, annotation_id, annotation_task, annotation_project, is_withdrawn and '
                    ~ 'imported_at are optional.'},
            'skip': {'type': 'text', 'default': 'skip',
                'description': 'The value of the column label by which an annotator skips a row. A null and an empty text also mean that '
                    ~ 'the row was skipped.'},
            'budget': {'type': 'whole number', 'minimum': 1, 'default': 100,
                'description': 'How many rows wait for an annotation at a time. Each build adds a new batch with the rows that are '
                    ~ 'missing to it.'},
            'strategy': {'type': 'choice', 'allowed': ['clustered_margin', 'margin', 'entropy', 'random', 'representative'],
                'default': 'clustered_margin',
                'description': 'How the rows are chosen that no other part of the batch asks for.'},
            'learner': {'type': 'choice', 'allowed': ['score', 'logistic_regression', 'boosting'],
                'without': 'score where there is one, else logistic_regression',
                'description': 'What computes the probabilities: the score of the monitored model, or a logistic regression or boosted '
                    ~ 'trees that are trained on the labels.'},
            'labels_per_subgroup': {'type': 'whole number', 'minimum': 0, 'default': 10,
                'description': 'How many labels every group of a subgroup should have. Rows of groups with fewer labels are asked first.'},
            'precision': {'type': 'share', 'is_below_one': true, 'default': 0.95,
                'description': 'Share of automatic labels that should be right.'},
            'on_label_break': {'type': 'choice', 'allowed': ['stop', 'continue'], 'default': 'stop',
                'description': 'Whether a batch is drawn (`continue`) or not (`stop`) when the rate of a label breaks. When a label leaks '
                    ~ '(it is suddenly in almost all rows, or in almost none), no batch is drawn in either case.'},
            'experiment': {'type': 'boolean', 'default': false,
                'description': 'Whether every other batch is drawn at random and a part of each batch is kept as a test. Only so can '
                    ~ 'health_labeling_progress say whether chosen rows teach more than random rows.'},
            'show': {'type': 'columns', 'default': [],
                'description': 'Columns whose values annotators see beside the key. No other column goes into exported files.'},
            'labels': {'without': 'those of rows and annotations', 'type': 'scalars',
                'description': 'The labels that annotators may choose. YAML reads yes and no as booleans unless they are quoted.'}
        }},
        'components': {'type': 'mapping', 'default': {}, 'merge': true, 'description': 'How principal components are computed.', 'keys': {
            'max_columns': {'without': '20 on DuckDB, 50 elsewhere', 'type': 'whole number', 'minimum': 2,
                'description': 'Up to this many numeric columns, SQL adds up the products. For a wider table, DuckDB computes them in '
                    ~ 'batches, and other warehouses compute none.'},
            'one_hot': {'type': 'columns', 'default': [],
                'description': 'Categorical columns that are turned into numbers: a column of ones and zeros for each level that has at '
                    ~ 'least 20 rows when it is first counted. The names of the levels appear in the components.'},
            'max_levels': {'type': 'whole number', 'minimum': 1, 'default': 50,
                'description': 'How many levels of a column in `one_hot` get a column of ones and zeros, the most frequent first.'},
            'variance': {'type': 'share', 'default': 0.9,
                'description': 'Share of the variance that the advised components must reach.'},
            'standardise': {'type': 'boolean', 'default': true,
                'description': '`true` computes components of correlations. `false` computes those of covariances, for columns of the '
                    ~ 'same unit.'},
            'weighted': {'type': 'boolean', 'default': false,
                'description': 'Whether products, components and multivariate drift weight the rows by `weight`.'},
            'scores': {'type': 'relation',
                'description': 'A table of rows that project_components() scored. With it there are health_region and '
                    ~ 'health_component_scores.'}
        }},
        'coverage': {'type': 'mapping', 'default': {}, 'merge': true, 'description': 'What counts as covered by a reference.', 'keys': {
            'barely': {'type': 'whole number', 'minimum': 2, 'default': 5,
                'description': 'A bin or category with at least one, but fewer rows than this in the reference is barely covered.'}
        }},
        'combinations': {'type': 'mapping', 'default': {}, 'merge': true, 'description': 'Which values are counted together.', 'keys': {
            'features': {'type': 'columns', 'without': 'chosen by a rule',
                'description': 'At most 8 columns whose combinations are counted. The rule is in [combinations.md](combinations.md).'},
            'size': {'type': 'whole number', 'minimum': 2, 'default': 3,
                'description': 'How many features a combination has that is compared with the references.'},
            'gap_levels': {'type': 'whole number', 'minimum': 1, 'default': 3,
                'description': 'How many values a gap may name at most.'},
            'gap_rows': {'type': 'whole number', 'minimum': 1, 'default': 30,
                'description': 'A combination of values with fewer rows than this is a gap.'}
        }},
        'exact': {'type': 'boolean', 'default': false,
            'description': 'Computes Kolmogorov-Smirnov and Wasserstein distances exactly. Every build then reads and sorts the table '
                ~ 'once more.'},
        'minimum_rows': {'type': 'whole number', 'minimum': 2, 'default': 30,
            'description': 'If a period, or what it is compared with, has fewer rows than this, drift, coverage and groups are not '
                ~ 'judged.'},
        'windows': {'type': 'mapping', 'default': {}, 'merge': true,
            'description': 'The windows: how many of the newest periods are judged together, in addition to each period alone. 0 and '
                ~ '1 switch a window off.', 'keys': {
            'short': {'without': '7 days, 4 weeks, 3 months or 4 quarters', 'type': 'whole number', 'minimum': 0,
                'description': 'Number of periods of the shorter window.'},
            'long': {'without': '28 days, 13 weeks, 12 months or 8 quarters', 'type': 'whole number', 'minimum': 0,
                'description': 'Number of periods of the longer window. Without a reference, a window is compared with the same '
                    ~ 'number of periods before it.'}
        }},
        'thresholds': {'type': 'mapping', 'default': {}, 'merge': true,
            'description': 'Effects above which a change can be a warning or an alert.', 'keys': {
            'psi': {'type': 'thresholds', 'default': [0.1, 0.25], 'description': 'Population stability index.'},
            'js': {'type': 'thresholds', 'default': [0.1, 0.2], 'description': 'Jensen-Shannon distance.'},
            'ks': {'type': 'thresholds', 'default': [0.1, 0.2], 'description': 'Kolmogorov-Smirnov statistic.'},
            'cramers_v': {'type': 'thresholds', 'default': [0.1, 0.2], 'description': 'Cramér\'s V.'},
            'wasserstein': {'type': 'thresholds', 'default': [0.1, 0.2],
                'description': 'Wasserstein-1 distance in standard deviations of the reference.'},
            'cohens_h': {'type': 'thresholds', 'default': [0.1, 0.2],
                'description': 'Cohen\'s h, the difference of two shares p and q as 2 asin √p − 2 asin √q. It judges the drift metrics '
                    ~ 'that end with `_cohens_h` (shares of nulls, of one category or bin, of tails, decimals and sentinel values), and '
                    ~ 'the share of late rows. 5 % instead of 1 % of the rows is 0.25, an alert. The shares that fail a cleaning rule, and '
                    ~ 'the shares outside the region of a training set, are always judged by 0.1 and 0.2.'},
            'volume': {'type': 'thresholds', 'default': [0.2, 0.5],
                'description': 'Rows of a period against the expected number. 0.5 means more than 1.5 times as many (+50 %), or fewer than '
                    ~ 'the expected number divided by 1.5 (−33 %).'},
            'coverage': {'type': 'thresholds', 'default': [0.01, 0.05],
                'description': 'Share of rows that a reference does not cover, less the share that is expected by chance.'},
            'performance': {'type': 'thresholds', 'default': [0.05, 0.1],
                'description': 'By how much a metric of performance is worse than in the reference. 0.05 means a recall of 0.75 '
                    ~ 'instead of 0.8.'},
            'fairness': {'type': 'thresholds', 'default': [0.05, 0.1],
                'description': 'Difference between a rate of a group and that of all rows, or of the reference group. 0.1 means a false '
                    ~ 'positive rate of 0.25 instead of 0.15.'},
            'skew': {'type': 'thresholds', 'default': [0.01, 0.05],
                'description': 'Share of rows in which the model got another value of a feature than is recomputed.'},
            'representation': {'type': 'thresholds', 'default': [0.2, 0.5],
                'description': 'Share of a group divided by the share that it should have. 0.2 means a ratio below 0.8, or above '
                    ~ '1 / 0.8 = 1.25.'}
        }},
        'show_values': {'without': 'the subgroup columns', 'type': 'columns',
            'description': 'Columns whose values may appear in marts.'},
        'parts': {'type': 'mapping', 'default': {}, 'merge': true,
            'description': '`false` leaves this monitor out of a part, and out of the parts that need it. `true` changes nothing.',
            'keys': switches},
        'owner': {'type': 'text', 'description': 'Who answers for the table.'}
    }) }}
{% endmacro %}
