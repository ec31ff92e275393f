"""What a computation that looks for a solution step by step raises where it does not come to an end.

Each Python model works on one monitor after another. It catches these errors and no others: the monitor goes without
the result, the model says so in a row of its own, and a finding of the monitor follows from that.
"""

import numpy as np


class NoConvergenceError(RuntimeError):
    """The likelihood still grew after the last iteration."""


SOLVER_ERRORS = (NoConvergenceError, np.linalg.LinAlgError)
