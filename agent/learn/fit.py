"""Fit an adjustment of a net's logits to corrected candidates.

The logits are multiplied with a matrix that begins as the identity. It is fitted to the classes of corrected
candidates, and held by what the net says about other candidates, so that nothing is forgotten: the sum of both
cross-entropies is smallest (multinomial logistic regression; without forgetting after Z. Li and D. Hoiem, Learning
without forgetting, 2016). The problem is convex. Each step minimises an upper bound whose curvature is constant
(D. Böhning, Multinomial logistic regression algorithm, 1992), with Nesterov's momentum.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from agent.choice.learned import Matrix
from agent.vision.classify import softmax

REPLAY_WEIGHT = 8.0
"""Weight of the candidates whose probabilities should stay, against the corrected ones. Raising it learns less and
forgets less. Chosen by trial on writers of pendigits: with 8 errors fell by 60 % and MNIST's accuracy by 0.11 points,
with 30 by 47 % and 0.03."""
RIDGE = 1e-3
"""Weight of the squared distance from the identity. It decides only what the candidates leave open. A guess that was
never measured."""
STEPS = 100
"""Number of steps. Raising it costs time. Measured on two writers: 100 steps gain 99 % of what Newton's method gains
for a classifier or a verifier, and 72 and 86 % for the line recogniser."""


def fit_adjustment(logits: NDArray[np.float32], classes: NDArray[np.intp], replay: NDArray[np.float32]) -> Matrix:
    """Fit an adjustment.

    Args:
        logits: the net's outputs for corrected candidates, float32 (n, k), n at least 1.
        classes: their right classes, intp (n,).
        replay: the net's outputs about which it should not change its mind, float32 (m, k), m at least 1.

    Returns:
        float32 (k + 1, k): adjusted = logits @ matrix[:-1] + matrix[-1].
    """
    count = logits.shape[1]
    inputs = np.pad(np.vstack([logits, replay]).astype(np.float64), ((0, 0), (0, 1)), constant_values=1)
    targets = np.vstack([np.eye(count)[classes], softmax(replay)])
    weights = np.repeat([1 / len(logits), REPLAY_WEIGHT / len(replay)], [len(logits), len(replay)])[:, None]
    start = np.eye(count + 1, count)
    bound = np.linalg.inv((inputs * weights).T @ inputs / 2 + RIDGE * np.eye(count + 1))
    matrix, ahead, momentum = start, start, 1.0
    for _ in range(STEPS):
        error = softmax((inputs @ ahead).astype(np.float32)) - targets
        gradient = inputs.T @ (weights * error) + RIDGE * (ahead - start)
        previous, matrix = matrix, ahead - bound @ gradient
        following = (1 + sqrt(1 + 4 * momentum**2)) / 2
        ahead = matrix + (momentum - 1) / following * (matrix - previous)
        momentum = following
    return matrix.astype(np.float32)
