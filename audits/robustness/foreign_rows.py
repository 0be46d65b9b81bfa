"""Scores by which a model might tell rows from elsewhere; each is higher for rows like those of training."""

import numpy as np

__all__ = ["energy", "largest_score", "mahalanobis", "nearest_neighbour"]

NEIGHBOUR = 10
_SHRINK = 1e-3


def largest_score(scores: np.ndarray) -> np.ndarray:
    """The largest probability of each row.

    Hendrycks & Gimpel, "A baseline for detecting misclassified and out-of-distribution examples in neural
    networks" (2017), https://arxiv.org/abs/1610.02136

    Args:
        scores: `(n, classes)`.
    """
    return scores.max(axis=1)


def energy(logits: np.ndarray) -> np.ndarray:
    """log Σ exp(logit), the negative free energy at temperature 1.

    Liu et al., "Energy-based out-of-distribution detection" (2020), section 3.1,
    https://arxiv.org/abs/2010.03759

    Args:
        logits: `(n, classes)`.
    """
    top = logits.max(axis=1)
    return top + np.log(np.exp(logits - top[:, None]).sum(axis=1))


def nearest_neighbour(known: np.ndarray, asked: np.ndarray, k: int = NEIGHBOUR) -> np.ndarray:
    """Minus the distance to the k-th nearest train row, both on the unit sphere.

    Sun et al., "Out-of-distribution detection with deep nearest neighbors" (2022), section 3,
    https://arxiv.org/abs/2204.06507

    Args:
        known: `(m, width)` representations of train rows.
        asked: `(n, width)`.
        k: which neighbour; the last where there are fewer.
    """
    known, asked = (v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-12) for v in (known, asked))
    k = min(k, len(known))
    likeness = np.partition(asked @ known.T, len(known) - k, axis=1)[:, len(known) - k]
    return -np.sqrt(np.maximum(2 - 2 * likeness, 0))


def mahalanobis(known: np.ndarray, classes: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Minus the squared Mahalanobis distance to the nearest class mean, with one covariance for all classes.

    Lee et al., "A simple unified framework for detecting out-of-distribution samples and adversarial attacks"
    (2018), section 2.1, https://arxiv.org/abs/1807.03888, on the last representation alone.

    Args:
        known: `(m, width)` representations of train rows.
        classes: `(m,)` their classes.
        asked: `(n, width)`.
    """
    present, codes = np.unique(classes, return_inverse=True)
    means = np.stack([known[codes == c].mean(axis=0) for c in range(len(present))])
    centred = known - means[codes]
    covariance = centred.T @ centred / len(known)
    # Dead units have no variance; a little of the mean variance keeps the inverse finite.
    covariance += (_SHRINK * np.trace(covariance) / len(covariance) + 1e-12) * np.eye(len(covariance))
    root = np.linalg.cholesky(np.linalg.inv(covariance))
    rows, middles = asked @ root, means @ root
    squared = (rows**2).sum(axis=1)[:, None] - 2 * rows @ middles.T + (middles**2).sum(axis=1)
    return -squared.min(axis=1)
