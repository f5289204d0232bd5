"""The exact binomial test: whether there are more bad requests than a share allows.

Used by both judges. If each of ``n`` requests is bad with probability ``p``, independently, then
the number of bad ones is binomial, whatever the latencies' distribution is: counting requests
above a bound needs no model of latency and no interpolation. The test is the one behind
Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the
binomial", Biometrika 26 (1934).

Assumptions: requests are independent, and a window is judged once. Bursts of slow requests and
repeated looks both raise false alarms above the level; so a person or a policy decides what
follows from a verdict, never this number alone.
"""

import math

LEVEL = 0.05
"""How often, at most, a share that is exactly as allowed is called too high."""

_ANECDOTE = 1
"""One bad request says nothing about a share, however few there were."""

_NEGLIGIBLE = 1e-18


def upper_tail(k: int, n: int, p: float) -> float:
    """Compute P(X >= k) for X binomial(n, p), to a relative error below 1e-8 for n up to 1e7.

    Terms are summed away from the mode, on the shorter side, so that they only get smaller and
    the sum may stop once they no longer matter.
    """
    if k <= 0:
        return 1.0
    if k > n:
        return 0.0
    if p <= 0.0:
        return 0.0
    if p >= 1.0:
        return 1.0
    if k > n * p:
        return min(1.0, _falling_sum(k, n, p))
    return max(0.0, 1.0 - _falling_sum(n - k + 1, n, 1.0 - p))


def significantly_more(k: int, n: int, p: float) -> bool:
    """Tell whether ``k`` bad of ``n`` requests are evidence of a share above ``p``."""
    return k > _ANECDOTE and upper_tail(k, n, p) <= LEVEL


def _falling_sum(k: int, n: int, p: float) -> float:
    """Sum P(X = k), P(X = k + 1), ...; ``k`` lies at or above the mode."""
    log_first = (
        math.lgamma(n + 1)
        - math.lgamma(k + 1)
        - math.lgamma(n - k + 1)
        + k * math.log(p)
        + (n - k) * math.log1p(-p)
    )
    odds = p / (1.0 - p)
    ratio, total = 1.0, 1.0
    for i in range(k, n):
        ratio *= (n - i) / (i + 1) * odds
        total += ratio
        if ratio < total * _NEGLIGIBLE:
            break
    return math.exp(log_first) * total
