"""Churn of a band as it stands: its share, and how that compares with everybody's; a customer's snapshots count as one witness."""

from dataclasses import dataclass

import numpy as np

from mandegar.metrics.service import confidence


@dataclass(frozen=True)
class Crude:
    """rows and those that left; the share with its interval; lift: that share over everybody's, with its interval."""

    customers: int
    churned: int
    rate: tuple[float, float, float]
    lift: tuple[float, float, float]


def crude(in_band: np.ndarray, left: np.ndarray, customers: np.ndarray) -> Crude:
    """The churn of the rows of a band.

    customers: whole numbers from 0 on. Interval of the share: Wilson's, of as many rows as would be as certain if all were of different
    customers (rows / design effect; with one row each it is Wilson's own). Interval of the lift: by the delta method on its logarithm,
    summed by customer; where nobody left from 0 to the upper end of the share over everybody's share.
    Sources: Wilson 1927; Kish 1965, Survey Sampling, on the design effect.
    """
    left = left.astype(float)
    rows, churned = int(in_band.sum()), int(left[in_band].sum())
    share, all_ = churned / rows, float(left.mean())
    trials = np.array([rows / design_effect(left[in_band], customers[in_band])])
    low, high = (float(bound[0]) for bound in confidence.share(share * trials, trials))
    lift = share / all_
    if not churned:
        return Crude(rows, churned, (share, low, high), (0.0, 0.0, high / all_))
    influence = in_band * (left - share) / churned - (left - all_) / left.sum()
    reach = confidence.normal_quantile() * float(np.sqrt((np.bincount(customers, influence) ** 2).sum()))
    return Crude(rows, churned, (share, low, high), (lift, lift * float(np.exp(-reach)), lift * float(np.exp(reach))))


def design_effect(left: np.ndarray, customers: np.ndarray) -> float:
    """How many rows witness what one would if all were of different customers; at least 1.

    Where all left, or none, that is the mean number of rows of a customer.
    """
    share = left.mean()
    if share in (0.0, 1.0):
        return len(left) / np.count_nonzero(np.bincount(customers))
    between = (np.bincount(customers, left - share) ** 2).sum()
    return max(1.0, float(between / (len(left) * share * (1 - share))))
