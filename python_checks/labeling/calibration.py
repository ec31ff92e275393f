"""How sure the consensus of annotators may be: its probabilities against gold labels, or against more answers."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from data_health.labeling.consensus import Answers, Consensus, Matrix, dawid_skene

# gold labels, or answers to rows that others answered too, from which on probabilities are compared with them
LEAST_COMPARED = 30
# what is less likely than that is not told apart
LEAST_LOGARITHM = -30.0
# one deviation of the logarithm of the temperature, as believed before any row is seen
TEMPERATURE_SPREAD = 0.5


def calibrated(answers: Answers, found: Consensus) -> tuple[Matrix, bool]:
    """Probabilities (N × K) that say how often the label is right, and whether gold labels show that they do.

    The model takes annotators to err independently. They do not: all err on the same hard rows, and so it is too sure
    (.99 where .84 are right). All logarithms are divided by one temperature, so that the order of labels and rows
    stays. With 30 gold labels on answered rows it is fitted to them, by a consensus that does not know them. Else it is
    fitted to answers to rows that others answered, each foretold from the others; what all have wrong is not seen
    there, so the result is a score, not less sure than right.
    """
    everybody = found.posterior
    answered = np.zeros(answers.item_count, np.bool_)
    answered[answers.items] = True
    compared = np.flatnonzero(answered & (answers.gold >= 0))
    if len(compared) >= LEAST_COMPARED:
        blind = dawid_skene(replace(answers, gold=np.full(answers.item_count, -1)))
        evidence, truth = bounded(blind.evidence[compared]), answers.gold[compared]
        temperature = best_temperature(
            lambda temperature: -np.log(softmax(evidence / temperature)[np.arange(len(truth)), truth]).sum()
        )
    else:
        temperature = max(1.0, foretelling_temperature(answers, found))
    tempered = softmax(bounded(found.evidence) / temperature)
    is_known = (answers.gold >= 0) | ~answered
    return np.where(is_known[:, None], everybody, tempered), len(compared) >= LEAST_COMPARED


def foretelling_temperature(answers: Answers, found: Consensus) -> float:
    """The temperature at which answers are best foretold from the others to their row; 1 where few rows have others."""
    counts = np.bincount(answers.items, minlength=answers.item_count)
    others = np.flatnonzero((counts[answers.items] > 1) & (answers.gold[answers.items] < 0))
    if len(others) < LEAST_COMPARED:
        return 1.0
    given = found.confusion[answers.annotators[others], :, answers.labels[others]]
    without = bounded(found.evidence[answers.items[others]] - np.log(given))

    def cost(temperature: float) -> float:
        return -float(np.log((softmax(without / temperature) * given).sum(axis=1)).sum())

    return best_temperature(cost)


def best_temperature(cost: Callable[[float], float]) -> float:
    """The temperature between 1/20 and 20 of the least cost, to a hundredth of it.

    Its logarithm is believed to be 0 ± .5 beforehand, so that a few rows do not make it extreme.
    """
    centre, reach = 0.0, 3.0
    while reach > 0.005:
        tried = centre + np.linspace(-reach, reach, 13)
        costs = [cost(float(np.exp(one))) + 0.5 * (one / TEMPERATURE_SPREAD) ** 2 for one in tried]
        centre, reach = float(tried[int(np.argmin(costs))]), reach / 4
    return float(np.exp(centre))


def softmax(logits: Matrix) -> Matrix:
    """Probabilities of each row."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def bounded(evidence: Matrix) -> Matrix:
    """Logarithms relative to the largest of their row, none below -30."""
    largest = evidence.max(axis=1, keepdims=True)
    return np.maximum(evidence - np.where(np.isfinite(largest), largest, 0), LEAST_LOGARITHM)
