"""The log of bills: what was billed at which instant, and how its payment went."""

import numpy as np

PAID, HICCUP, RECOVERED, LOST, REFUNDED = range(5)
SUBSCRIPTION, ONE_OFF = range(2)


class BillLog:
    """Every bill, in the order of writing."""

    def __init__(self) -> None:
        self.parts: list[dict[str, np.ndarray]] = []

    def note(self, which: np.ndarray, **columns: np.ndarray) -> None:
        """A bill for each subscription that `which` marks (a mask); the columns hold a value for every subscription."""
        index = np.flatnonzero(which)
        if len(index) or not self.parts:
            self.parts.append({"subscription": index, **{name: values[index] for name, values in columns.items()}})

    def sorted(self, cutoff: int) -> dict[str, np.ndarray]:
        """All bills issued before the cutoff, by instant and subscription."""
        columns = {name: np.concatenate([part[name] for part in self.parts]) for name in self.parts[0]}
        order = np.lexsort((columns["subscription"], columns["issued"]))
        order = order[columns["issued"][order] < cutoff]
        return {name: values[order] for name, values in columns.items()}
