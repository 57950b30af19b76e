"""Writes samples with what numpy and scipy make of them, as JSON."""

import json
import math
import os
import random
import sys
import warnings

import numpy
from scipy import stats

START = 1_767_225_600_000  # 2026-01-01, in milliseconds


def expected(times, x, y):
    """The results of every aggregate by name; None where there is none."""
    size = len(x)
    seconds = (times - times[0]) / 1000
    span = seconds[-1]
    varies = size > 1 and numpy.ptp(x) > 0
    area = float(numpy.trapezoid(x, seconds))
    values, counts = numpy.unique(x, return_counts=True)
    # Far from zero, where the subtraction is exact, scipy's own moments would lose digits.
    near = x - x[0] if x.min() > 1e5 else x
    result = {
        "count": size,
        "sum": float(numpy.sum(x, dtype=numpy.longdouble)),
        "avg": float(numpy.mean(x, dtype=numpy.longdouble)),
        "min": float(x.min()),
        "max": float(x.max()),
        "range": float(numpy.ptp(x)),
        "first": float(x[0]),
        "last": float(x[-1]),
        "mode": float(values[counts.argmax()]),
        "stddev_pop": float(numpy.std(x)),
        "mad": float(stats.median_abs_deviation(x)),
        "distinct": len(values),
        "approx_distinct": len(values),
        "median": float(numpy.median(x)),
        "integral": area,
        "time_weighted_avg": area / span if span > 0 else float(x.mean()),
        "rate": float((x[-1] - x[0]) / span) if span > 0 else None,
        "stddev": float(numpy.std(x, ddof=1)) if size > 1 else None,
        "variance": float(numpy.var(x, ddof=1)) if size > 1 else None,
        "skewness": float(stats.skew(near, bias=False)) if size > 2 and varies else None,
        "kurtosis": float(stats.kurtosis(near, bias=False)) if size > 3 and varies else None,
        "slope": float(stats.linregress(seconds, x).slope) if span > 0 else None,
        "correlation": (
            float(stats.pearsonr(x, y).statistic) if varies and numpy.ptp(y) > 0 else None
        ),
    }
    for quantile in (0.0, 0.01, 0.05, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0):
        result[f"percentile {quantile}"] = float(numpy.quantile(x, quantile))
    return result


def histogram(x):
    """Bins of a round width, at least a twentieth of the range: numpy counts."""
    least = float(numpy.ptp(x)) / 20
    power = math.floor(math.log10(least))
    width = min(
        step * 10.0**exponent
        for exponent in (power - 1, power, power + 1)
        for step in (1, 2, 5)
        if step * 10.0**exponent >= least
    )
    first, last = math.floor(x.min() / width), math.floor(x.max() / width)
    counts, _ = numpy.histogram(x, numpy.arange(first, last + 2) * width)
    return {"from": first * width, "width": width, "counts": counts.tolist()}


def samples(generator):
    """Name and values of each sample: sizes around the limits, shapes of many kinds."""
    for size in (1, 2, 3, 4, 5, 31, 100, 511, 512):
        yield f"normal {size}", generator.normal(20, 4, size)
        yield f"uniform {size}", generator.uniform(-1, 1, size)
        yield f"log-normal {size}", generator.lognormal(2, 1.5, size)
        yield f"quantised {size}", numpy.round(generator.normal(20, 4, size), 1)
        yield f"offset {size}", 1e6 + generator.normal(0, 1, size)
        yield f"tiny {size}", generator.normal(0, 1e-6, size)
    yield "constant", numpy.full(10, 0.1)
    yield "integers", generator.integers(-5, 5, 400).astype(float)
    # Far more values than are kept, but no more different ones.
    yield "long and quantised", numpy.round(generator.normal(20, 2, 5000), 1)


def main():
    seed = int(os.environ.get("SEED") or random.randrange(1 << 32))
    print(f"statistics: SEED={seed}", file=sys.stderr)
    warnings.simplefilter("ignore")
    generator = numpy.random.default_rng(seed)
    sets = []
    for name, x in samples(generator):
        size = len(x)
        times = START + numpy.cumsum(generator.integers(1, 5000, size))
        y = 0.5 * x + generator.normal(0, 1, size) * (numpy.std(x) + 1e-9)
        sets.append(
            {
                "name": name,
                "times": times.tolist(),
                "x": x.tolist(),
                "y": y.tolist(),
                "expected": [
                    {"function": key, "value": value}
                    for key, value in expected(times, x, y).items()
                ],
            }
        )
        # A value on the edge of a bin may be on either side.
        if len(numpy.unique(x)) == size > 1 and not name.startswith("quantised"):
            sets[-1]["histogram"] = histogram(x)
    json.dump(sets, sys.stdout)


main()
