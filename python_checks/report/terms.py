"""Terms of the glossary that the page explains; a test compares them with docs/glossary.md."""

TERMS = {
    "incident": (
        "Findings that belong together, as one row of health_incidents: what happened, since when, in a sentence."
    ),
    "finding": (
        "One row of health_alerts: something is wrong from one period to another. Neighbouring periods with "
        "the status warn or alert are one finding."
    ),
    "status": "The result of judging one row of a mart: ok, warn, alert or insufficient_data.",
    "reference": (
        "What production is compared with: another table such as a training set, a date range of the "
        "monitored table, or its last n days. The first one in the configuration is the default reference."
    ),
    "period": (
        "A day, week, month or quarter of a monitored table. A row belongs to the period that holds its event time."
    ),
    "late row": "A row that was loaded more than late_after_days (2) days after its event time.",
    "freshness": "The age of the newest row.",
    "drift": "A column has other values than in a reference.",
    "metric": "One number that says how two datasets differ in a column.",
    "effect": "How large a difference is, whatever the number of rows.",
    "evidence": (
        "How certain it is that a difference is more than chance. In health_alerts, evidence is a sentence "
        "with the numbers of a finding."
    ),
    "threshold": (
        "A pair of effects. Above the first one a difference is a warning, above the second one it is an alert."
    ),
    "noise floor": "The effect that chance alone exceeds in one of 20 cases, given the number of rows.",
    "overdispersion": ("How much more the periods of a reference differ from each other than independent rows would."),
    "coverage": "Whether a reference has the values that production has.",
    "expected unseen share": (
        "The share of rows with values that a reference lacks by chance, because the reference is only a sample."
    ),
    "previous period": "The period before, as something to compare with. Marts call it (previous period).",
    "subgroup, group": (
        "A subgroup is a column, or a set of columns, that says to whom a row belongs. A group is one value of it."
    ),
    "population": "A table that says how large the share of each group should be.",
    "representation": "How the share of a group compares with the share that it should have.",
    "interval": ("A range that holds the true value, usually in 95 of 100 cases. It has a centre and a half-width."),
    "gap": (
        "A value or a combination of which a dataset has fewer than 30 rows, although it has 30 of every part "
        "of the combination."
    ),
    "known bias": (
        "An entry of your register of biases that were found before. It is checked in every new period and "
        "every training set."
    ),
    "bias gate": "One status per training set over all known biases: pass, fail or inconclusive.",
    "principal component": ("A weighted sum of numeric columns. The first components hold most of what varies."),
    "loading": "The weight of a column in a component.",
    "reconstruction error": (
        "How far a row is from what the components can describe. It grows where columns stop going together."
    ),
    "Hotelling's T²": "How far a row is from the centre of the reference, along its components.",
    "multivariate drift": "Columns no longer go together as they do in a reference.",
    "region of training": "The rows within the limits of T² and of the reconstruction error.",
    "annotator, annotation": "A person who labels rows; what one annotator says about one row.",
    "strategy": "Why a row was chosen.",
    "audit sample": (
        "A random sample of rows, with a known chance for every row. It measures how good automatic labels are."
    ),
    "learner": "The model that says how certain a label is: a score of yours, a regression or boosted trees.",
    "label gate": "The condition under which labels are given automatically.",
    "consensus": (
        "The likeliest label of a row, given all annotations. Annotators who are often right count more "
        "(Dawid and Skene)."
    ),
    "label": "The true outcome of a row. One of its values is the positive label.",
    "prediction, score": "What a model said: a predicted label; the probability of the positive label.",
    "mature": "A period is mature when it is over and its labels had the time to arrive.",
    "first periods": "What a version is compared with if no reference has labels with its predictions.",
    "equalized odds": ("A model finds as many of the positives of every group, and accuses as many of its negatives."),
    "cleaning set": "A raw table and the rules that clean it.",
    "rule": "One line of a cleaning set: it changes values, or says which values are right.",
    "quarantine": ("A table of the rows that a rule holds back, with their raw values and the rules that they broke."),
}
