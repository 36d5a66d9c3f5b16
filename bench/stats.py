"""Order statistics of few samples, without assumptions about their distribution."""
import math
import statistics


def median_interval(samples, level=0.95):
    """Median and an interval that holds the true median with probability >= level.

    Between the k-th smallest and the k-th largest sample, by the binomial distribution; the whole
    range where there are too few samples to say so.
    """
    ordered = sorted(samples)
    n = len(ordered)
    k, below = 0, 0.0
    while k < n // 2:
        below += math.comb(n, k) / 2 ** n
        if 2 * below > 1 - level:
            break
        k += 1
    low = max(k - 1, 0)
    return statistics.median(ordered), ordered[low], ordered[n - 1 - low]


def spread(samples):
    """Interquartile range over the median: how steady the rounds were."""
    if len(samples) < 4:
        return float("nan")
    q = statistics.quantiles(samples, n=4)
    return (q[2] - q[0]) / statistics.median(samples)
