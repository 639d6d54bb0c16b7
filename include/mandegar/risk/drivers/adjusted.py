"""A logistic regression of leaving on all bands at once, certain only of what differs between customers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

PRIOR_SD = 1.0  # of a band's log odds: most lie within seven times the mean's odds; what few leavers say is drawn towards none
STEPS = 100
NEARLY = 1e-8
CHUNK_ROWS = 20_000


@dataclass(frozen=True)
class Adjusted:
    """log odds of a band against the feature's other known bands, with its standard error; in the order of the bands, by feature."""

    log_odds: np.ndarray
    std_error: np.ndarray


def adjusted_odds(codes: Sequence[np.ndarray], known: Sequence[int], left: np.ndarray, customers: np.ndarray) -> Adjusted:
    """What each band of each feature goes together with, all other features being the same.

    codes: by feature, of each row its band from 0 on; known: by feature, how many bands are of something known, what is not comes after
    them; customers: whole numbers in ascending order, one row or several each.
    Formula: one logistic regression on all bands of all features; a band's log odds less the mean of those of the feature's other
    known bands, weighted by their rows; so of two bands the one is the other's with its sign turned. What is not known is compared with
    what is, and not the other way: of who has no ticket neither wait nor tone is known, and which of the two counts nobody can tell. Log
    odds have a normal prior of mean 0 and standard deviation PRIOR_SD (a ridge).
    Interval: Huber and White's sandwich of scores summed by customer, for a customer's snapshots are alike; but never less certain than the
    curvature of the likelihood allows, for the sandwich takes a band where nobody left for certain.
    Source: Liang and Zeger 1986, Longitudinal Data Analysis Using Generalized Linear Models, Biometrika 73.
    """
    design = _Design(codes, left.astype(float), customers)
    beta = _maximum(design)
    curvature, scores = design.curvature_and_scores(beta)
    inverse = np.linalg.inv(curvature)
    contrasts = design.contrasts(known)
    sandwich = ((contrasts @ (inverse @ scores @ inverse)) * contrasts).sum(axis=1)
    plain = ((contrasts @ inverse) * contrasts).sum(axis=1)
    return Adjusted(contrasts @ beta, np.sqrt(np.maximum(sandwich, plain)))


class _Design:
    """A column of ones and one of 0 or 1 for every band, made a chunk of whole customers at a time."""

    def __init__(self, codes: Sequence[np.ndarray], left: np.ndarray, customers: np.ndarray) -> None:
        sizes = [int(some.max()) + 1 for some in codes]
        self._starts = np.cumsum([1, *sizes])
        self._columns = np.stack([some + start for some, start in zip(codes, self._starts[:-1], strict=True)], axis=1)
        self._left = left
        self._customers = customers
        self.width = int(self._starts[-1])
        self.penalty = np.full(self.width, PRIOR_SD**-2)
        self.penalty[0] = 0.0

    def start(self) -> np.ndarray:
        """Everybody leaves as the mean does."""
        share = self._left.mean()
        beta = np.zeros(self.width)
        beta[0] = np.log(share / (1 - share))
        return beta

    def loss(self, beta: np.ndarray) -> float:
        """The penalised log likelihood, its sign turned."""
        z = beta[0] + beta[self._columns].sum(axis=1)
        return float((np.logaddexp(0.0, z) - self._left * z).sum() + (self.penalty * beta * beta).sum() / 2)

    def gradient_and_curvature(self, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of the loss."""
        gradient, curvature = self.penalty * beta, np.diag(self.penalty)
        for block, rest, weight, _ in self._chunks(beta):
            gradient = gradient - block.T @ rest
            curvature = curvature + block.T @ (block * weight[:, None])
        return gradient, curvature

    def curvature_and_scores(self, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The curvature, and the products of the scores, summed by customer."""
        curvature, scores = np.diag(self.penalty), np.zeros((self.width, self.width))
        for block, rest, weight, firsts in self._chunks(beta):
            curvature = curvature + block.T @ (block * weight[:, None])
            summed = np.add.reduceat(block * rest[:, None], firsts, axis=0)
            scores += summed.T @ summed
        return curvature, scores

    def contrasts(self, known: Sequence[int]) -> np.ndarray:
        """Each band less the weighted mean of the other known ones of its feature, or of what is not known where there is no other."""
        count = np.bincount(self._columns.ravel(), minlength=self.width).astype(float)
        found = np.zeros((self.width - 1, self.width))
        for start, end, told in zip(self._starts[:-1], self._starts[1:], known, strict=True):
            for place in range(start, end):
                others = [other for other in range(start, start + told) if other != place] or [end - 1]
                found[place - 1, others] = -count[others] / count[others].sum()
                found[place - 1, place] = 1.0
        return found

    def _chunks(self, beta: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """Design, what was not expected, weight, and where each customer begins."""
        begins = np.flatnonzero(np.r_[True, self._customers[1:] != self._customers[:-1]])
        edges, rows = [0], len(self._left)
        for begin in begins:
            if begin - edges[-1] >= CHUNK_ROWS:
                edges.append(int(begin))
        for start, end in zip(edges, [*edges[1:], rows], strict=True):
            block = np.zeros((end - start, self.width))
            block[:, 0] = 1.0
            np.put_along_axis(block, self._columns[start:end], 1.0, axis=1)
            expected = 1.0 / (1.0 + np.exp(-(block @ beta)))
            firsts = begins[(begins >= start) & (begins < end)] - start
            yield block, self._left[start:end] - expected, expected * (1.0 - expected), firsts


def _maximum(design: _Design) -> np.ndarray:
    """Newton's method; a step that leads up is halved."""
    beta = design.start()
    loss = design.loss(beta)
    for _ in range(STEPS):
        gradient, curvature = design.gradient_and_curvature(beta)
        step = np.linalg.solve(curvature, gradient)
        if gradient @ step < NEARLY:
            return beta
        while design.loss(beta - step) > loss and np.abs(step).max() > NEARLY:
            step = step / 2
        beta = beta - step
        loss = design.loss(beta)
    raise ArithmeticError(f"the logistic regression of churn_driver did not settle in {STEPS} steps; report it")
