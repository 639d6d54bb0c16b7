"""The leakage alarm: a feature that knows too much has seen the answer."""

from typing import TYPE_CHECKING

from mandegar.risk.model.encoding import Encoding

if TYPE_CHECKING:
    import numpy as np

TOO_GOOD = 0.95  # AUC of one feature alone
BEYOND_BELIEF = 0.985  # AUC of a model
FILLED_FOR = 30  # so many of those who left have a value that hardly anybody else has
SHARE_OF_STAYED, SHARE_OF_LEFT = 0.002, 0.2
SAMPLE = 200_000


def suspects(matrix: "np.ndarray", left: "np.ndarray", encoding: Encoding, trusted: tuple[str, ...] = ()) -> list[str]:
    """What is wrong with the features learnt from, in words; empty if nothing is.

    A feature that alone tells apart who left (an AUC of .95 or more, either way round; categories by their churn share), and one that is
    filled for many who left and for hardly anybody who stayed. trusted: features that a person has looked at.
    """
    import numpy as np
    from sklearn.metrics import roc_auc_score

    if len(left) > SAMPLE:
        taken = np.random.default_rng(0).choice(len(left), SAMPLE, replace=False)
        matrix, left = matrix[taken], left[taken]
    found = []
    for place, column in enumerate(encoding.columns):
        if column.name in trusted:
            continue
        values = matrix[:, place]
        known = ~np.isnan(values)
        gone, stayed = known[left > 0].mean(), known[left == 0].mean()
        if gone >= SHARE_OF_LEFT and known[left > 0].sum() >= FILLED_FOR and stayed <= SHARE_OF_STAYED:
            found.append(f"{column.name} is filled for {gone:.0%} of those who left and for {stayed:.1%} of those who stayed")
            continue
        score = _by_churn(values, left) if column.is_category else values
        if known.sum() < 2 or not 0 < left[known].sum() < known.sum():
            continue
        auc = float(roc_auc_score(left[known], score[known]))
        if max(auc, 1 - auc) >= TOO_GOOD and known.mean() > 0.5:
            found.append(f"{column.name} alone tells who left (AUC {max(auc, 1 - auc):.3f})")
    return found


def _by_churn(values: "np.ndarray", left: "np.ndarray") -> "np.ndarray":
    """Each category's churn share."""
    import numpy as np

    codes = np.nan_to_num(values, nan=-1).astype(int) + 1
    shares = np.bincount(codes, left) / np.maximum(np.bincount(codes), 1)
    return shares[codes]
