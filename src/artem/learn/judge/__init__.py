"""Quality as figures."""

from artem.learn.judge.objective import Verdict, judge_objective

__all__ = ["Verdict", "judge_objective"]
