"""Writes series with what statsmodels, scipy and numpy say of their future, as JSON."""

import json
import os
import random
import sys
import warnings

import numpy
import pandas
from scipy import stats
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.holtwinters import ExponentialSmoothing
from statsmodels.tsa.seasonal import seasonal_decompose

LEAD = 12
WINDOW = 128


def beginning(shape, x, season):
    """Initial states, and how many values are past then."""
    if shape == "level":
        return {"initial_level": x[0]}, 1
    if shape in ("trend", "damped"):
        return {"initial_level": x[1], "initial_trend": x[1] - x[0]}, 2
    parts = seasonal_decompose(x[: 2 * season], period=season)
    average = parts.trend[~numpy.isnan(parts.trend)]
    slope, intercept = numpy.polyfit(numpy.arange(1, len(average) + 1), average, 1)
    return {
        "initial_level": intercept,
        "initial_trend": slope,
        "initial_seasonal": parts.seasonal[:season],
    }, season


def traits(shape, season):
    """What the models of statsmodels are called with."""
    return {
        "trend": None if shape == "level" else "add",
        "damped_trend": shape == "damped",
        "seasonal": "add" if shape == "seasonal" else None,
        "seasonal_periods": season if shape == "seasonal" else None,
    }


def smoothed(shape, x, season, alpha, beta, gamma, phi):
    """One smoothing with parameters that are given, and the best there is."""
    states, used = beginning(shape, x, season)
    model = ExponentialSmoothing(
        x[used:], initialization_method="known", **states, **traits(shape, season)
    )
    known = {"smoothing_level": alpha}
    if shape != "level":
        known["smoothing_trend"] = beta
    if shape == "damped":
        known["damping_trend"] = phi
    if shape == "seasonal":
        known["smoothing_seasonal"] = gamma
    fit = model.fit(**known, optimized=False)
    best = model.fit(use_brute=True)
    return {
        "shape": shape,
        "season": season,
        "x": x.tolist(),
        "alpha": alpha,
        "beta": beta,
        "gamma": gamma,
        "phi": phi,
        "level": float(states["initial_level"]),
        "trend": float(states.get("initial_trend", 0)),
        "figure": [float(value) for value in states.get("initial_seasonal", [])],
        "squares": float(numpy.sum((x[used:] - fit.fittedvalues) ** 2)),
        "least": float(best.sse),
        **predicted(shape, x[used:], season, alpha, beta, gamma, phi, states),
    }


def predicted(shape, x, season, alpha, beta, gamma, phi, states):
    """Forecasts, and the variance of their errors by that of one step.

    By the state space model of the same smoothing: the forecasts of the other class a whole season
    ahead leave out what the last value says of its season.
    """
    model = ETSModel(
        pandas.Series(x), error="add", initialization_method="known", **states,
        **traits(shape, season),
    )  # fmt: skip
    values = dict.fromkeys(model.param_names, 0.0)
    values["smoothing_level"] = alpha
    if shape != "level":
        values["smoothing_trend"] = alpha * beta
    if shape == "damped":
        values["damping_trend"] = phi
    if shape == "seasonal":
        values["smoothing_seasonal"] = gamma
    fit = model.smooth(numpy.array([values[name] for name in model.param_names]))
    found = fit.get_prediction(start=len(x), end=len(x) + 2 * LEAD - 1)
    variances = numpy.asarray(found.forecast_variance)
    return {
        "forecasts": numpy.asarray(found.predicted_mean).tolist(),
        "variances": (variances / variances[0]).tolist(),
    }


def line(x):
    """The line of Theil and Sen, with the interval of its slope, and its arrival at a limit."""
    steps = numpy.arange(len(x))
    found = stats.theilslopes(x, steps, 0.95, method="joint")
    level = found.intercept + found.slope * (len(x) - 1)
    return {
        "x": x.tolist(),
        "slope": float(found.slope),
        "low": float(found.low_slope),
        "high": float(found.high_slope),
        "level": float(level),
    }


def backtest(x):
    """Scores and intervals of what needs no parameters, from every place in the second half."""
    size = len(x)
    first = max(size // 2, 8)
    origins = list(range(first, size - LEAD + 1))
    leads = range(1, LEAD + 1)
    scale = min(
        numpy.mean([numpy.mean(numpy.abs(x[lead:] - x[:-lead])) for lead in leads]),
        numpy.mean([abs(x[origin + lead - 1] - x[origin - 1]) for origin in origins for lead in leads]),
    )

    def trend(values):
        values = values[-WINDOW:]
        found = stats.theilslopes(values, numpy.arange(len(values)), method="joint")
        return [found.intercept + found.slope * (len(values) - 1 + lead) for lead in leads]

    result = {"x": x.tolist(), "origins": len(origins), "methods": []}
    for name, forecast in (("lastValue", lambda v: [v[-1]] * LEAD), ("trend", trend)):
        errors = numpy.array([x[o : o + LEAD] - forecast(x[:o]) for o in origins])
        count = len(origins)
        left = int((count + 1) * 0.025)
        ordered = numpy.sort(errors, axis=0)
        last = numpy.array(forecast(x))
        result["methods"].append(
            {
                "name": name,
                "score": float(numpy.mean(numpy.abs(errors)) / scale),
                "values": last.tolist(),
                "lows": (last + ordered[max(0, left - 1)]).tolist(),
                "highs": (last + ordered[count - max(1, left)]).tolist(),
            }
        )
    return result


def main():
    seed = int(os.environ.get("SEED") or random.randrange(1 << 32))
    print(f"forecast: SEED={seed}", file=sys.stderr)
    warnings.simplefilter("ignore")
    generator = numpy.random.default_rng(seed)

    def series(size, slope, season, sigma):
        steps = numpy.arange(size)
        wave = 4 * numpy.sin(2 * numpy.pi * steps / season) if season else 0
        return 20 + slope * steps + wave + generator.normal(0, sigma, size)

    smoothings = []
    for shape in ("level", "trend", "damped", "seasonal"):
        for season in (4, 7, 12, 24):
            for size in (60, 150):
                alpha, beta, gamma = generator.uniform(0.05, 0.9, 3)
                x = series(size, 0.1, season if shape == "seasonal" else 0, 1.0)
                phi = generator.uniform(0.8, 0.98) if shape == "damped" else 1
                smoothings.append(
                    smoothed(shape, x, season, alpha, beta, gamma * (1 - alpha), phi)
                )
    lines = []
    for size in (2, 3, 5, 12, 50, 128):
        lines += [line(series(size, slope, 0, 1.0)) for slope in (0, 0.01, 1, -3)]
        lines.append(line(numpy.round(series(size, 0.1, 0, 1.0))))
    backtests = [
        backtest(series(size, slope, 0, 1.0)) for size in (40, 100, 200) for slope in (0, 0.2)
    ] + [backtest(20 + numpy.cumsum(generator.normal(0, 1, 100)))]
    points = generator.uniform(-8, 8, 50)
    json.dump(
        {
            "smoothings": smoothings,
            "lines": lines,
            "backtests": backtests,
            "functions": [
                {
                    "x": float(x),
                    "exponential": float(numpy.exp(40 * x)),
                    "logarithm": float(numpy.log(numpy.exp(40 * x))),
                    "normal": float(stats.norm.cdf(x)),
                }
                for x in points
            ],
        },
        sys.stdout,
    )


main()
