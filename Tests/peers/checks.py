"""Counts what holds and what does not, and waits for events with a deadline."""

import sys
import time
import traceback


class Checks:
    """Every check prints one line; `finish` prints the sum and gives the exit status."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, what, holds, detail=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        line = f"{'ok' if holds else 'FAILED':6} {what}"
        print(line + (f": {detail}" if detail and not holds else ""), flush=True)
        return holds

    def equal(self, what, found, expected):
        return self.check(what, found == expected, f"{found!r} instead of {expected!r}")

    def section(self, title, body, *arguments):
        """Runs `body`; an exception in it is one failure and not the end of everything."""
        print(f"-- {title}", flush=True)
        try:
            body(*arguments)
        except Exception:
            traceback.print_exc()
            self.check(f"{title} runs to its end", False)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0


def wait_for(what, condition, seconds=30, interval=0.02):
    """Polls `condition` until it is true and returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {seconds} s")
        time.sleep(interval)


def print_histogram(title, milliseconds, out=sys.stdout):
    """A histogram in text: buckets that double, one line each, and the quantiles."""
    values = sorted(milliseconds)
    print(f"{title}: {len(values)} values", file=out)
    if not values:
        return
    bound = 0.125
    low = 0.0
    while low <= values[-1]:
        count = sum(1 for value in values if low <= value < bound)
        if count:
            bar = "#" * (60 * count // len(values))
            print(f"  {low:9.3f} to {bound:9.3f} ms  {count:5}  {bar}", file=out)
        low, bound = bound, bound * 2
    quantiles = {share: values[min(len(values) - 1, int(len(values) * share))]
                 for share in (0.5, 0.9, 0.99)}
    print("  " + "  ".join(f"p{int(share * 100)} {value:.3f} ms"
                           for share, value in quantiles.items())
          + f"  max {values[-1]:.3f} ms", file=out, flush=True)
