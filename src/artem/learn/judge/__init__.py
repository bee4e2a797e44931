"""Quality as figures."""

from artem.learn.judge.curves import STARTS, Curve
from artem.learn.judge.independent import load_independent
from artem.learn.judge.verdict import Case, Exhibit, Judge, Standing, Verdict

__all__ = [
    "STARTS",
    "Case",
    "Curve",
    "Exhibit",
    "Judge",
    "Standing",
    "Verdict",
    "load_independent",
]
