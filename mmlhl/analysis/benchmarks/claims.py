"""Claims of the form "this method preserves old tasks better than that one", checked by runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..derived import relative_gain
from ..runs import Group
from ..seeds import Estimate, mean_record, over_seeds


@dataclass(frozen=True)
class Verdict:
    """The evidence of the runs for one claim.

    Attributes:
        text: The claim.
        better: Gain over naive training of the method claimed to be better, in %.
        worse: Gain of the other method.
    """

    text: str
    better: Estimate
    worse: Estimate

    @property
    def difference(self) -> float:
        """Difference of the gains, in points."""
        return self.better.mean - self.worse.mean

    @property
    def deviation(self) -> float:
        """Standard deviation of the difference of two runs; NaN if either has one run."""
        if self.better.std is None or self.worse.std is None:
            return math.nan
        return math.hypot(self.better.std, self.worse.std)

    @property
    def words(self) -> str:
        """Whether the claim holds; open within one standard deviation or with one seed."""
        if not math.isfinite(self.difference):
            return "not defined"
        if math.isnan(self.deviation):
            return "one seed: open"
        if abs(self.difference) <= self.deviation:
            return "open: within one deviation"
        return "holds" if self.difference > 0 else "does not hold"


def verdicts(group: Group, claims: Sequence[Mapping[str, str]]) -> list[Verdict]:
    """Check claims against the runs of one order.

    Args:
        group: The runs, including naive ones.
        claims: Each with ``text``, and the labels ``better`` and ``worse``.

    Returns:
        One verdict per claim whose two methods were run.
    """
    if not group.naive:
        return []
    naive = mean_record(group.naive)
    gains = {
        label: over_seeds(relative_gain(run, naive).mean for run in runs)
        for label, runs in group.methods.items()
    }
    return [
        Verdict(claim["text"], gains[claim["better"]], gains[claim["worse"]])
        for claim in claims
        if {claim["better"], claim["worse"]} <= set(gains)
    ]


def to_markdown(found: Sequence[Verdict]) -> str:
    """A table of verdicts, one row per claim."""
    lines = [
        "| claim | difference in gain, points | verdict |",
        "| --- | ---: | --- |",
    ]
    for verdict in found:
        spread = "" if math.isnan(verdict.deviation) else f" ± {verdict.deviation:.2f}"
        points = f"{verdict.difference:+.2f}{spread}" if math.isfinite(verdict.difference) else "-"
        lines.append(f"| {verdict.text} | {points} | {verdict.words} |")
    return "\n".join(lines)
