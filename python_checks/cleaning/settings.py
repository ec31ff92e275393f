"""The settings of repair and suggestion: one set for every table. None of them looks at the name of a column."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """When a value is evidence enough; see docs/cleaning.md for what each number means to a table."""

    # a dependency: how often it predicts a row from the other rows, and what it adds to always guessing the mode
    min_confidence: float = 0.85
    min_gain: float = 0.3
    min_coverage: float = 0.2
    # a dependency whose exceptions come again and again inside a group is a tendency, not a rule
    max_repeated_exceptions: float = 0.5
    repeated_share: float = 0.02
    min_exceptions: int = 10
    # a group of rows with the same determinant: how many of the others hold the predicted value, and the cell's own
    min_purity: float = 0.8
    max_own_share: float = 0.05
    # a single determinant may replace a value that is spelled otherwise only if it is nearly without exceptions
    exact_confidence: float = 0.95
    exact_support: int = 3
    rare_rows: int = 3
    min_established: float = 0.9
    # a spelling variant: rows of the frequent value, and how many times those of the variant
    frequent_rows: int = 10
    frequent_ratio: int = 10
    letters_per_edit: int = 6
    letters_per_edit_in_group: int = 4
    min_near_share: float = 0.5
    max_vocabulary: int = 2000


DEFAULTS = Settings()
