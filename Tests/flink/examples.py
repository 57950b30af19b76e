"""The conditions, as a workflow says them and as Flink SQL says them.

Each answers rows of times (milliseconds since 1970), keys and numbers. On our side a row is made of
one output: `time` and `since` in milliseconds, `key`, and `values` by name.
"""
from dataclasses import dataclass, field
from typing import Callable


@dataclass
class Example:
    number: int
    condition: str
    sql: str
    """What of one of our outputs is compared with a row of Flink's."""
    row: Callable
    property: str = "temperature"
    window: str = ""
    measures: list = field(default_factory=list)


def at(output):
    return (output["key"], output["time"])


def since(output):
    return (output["key"], output["since"])


def both(output):
    return (output["key"], output["since"], output["time"])


# With the value before: the sum of both less the later, exact and 0 at the first. LAG would give
# events of one time the same.
LAST = """(SELECT device, ts, seq, temperature,
  SUM(CAST(temperature AS DECIMAL(9, 1))) OVER
   (PARTITION BY device ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
   - CAST(temperature AS DECIMAL(9, 1)) AS p FROM s)"""


def sequence(pattern):
    return f"""SELECT device, a_ts, b_ts FROM s MATCH_RECOGNIZE (PARTITION BY device ORDER BY ts, seq
 MEASURES A.ts AS a_ts, B.ts AS b_ts ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
 PATTERN ({pattern}) WITHIN INTERVAL '3' MINUTE
 DEFINE A AS A.temperature > 30, B AS B.temperature < 30)"""


EXAMPLES = [
    Example(1, "temperature > 0 and temperature < 30", """
SELECT device, ts FROM s WHERE temperature > 0 AND temperature < 30""", at),
    Example(2, "max_temperature - min_temperature > 5 within 5m", """
SELECT device, ts FROM (SELECT device, ts, MAX(temperature) OVER w AS mx, MIN(temperature) OVER w AS mn
 FROM s WINDOW w AS (PARTITION BY device ORDER BY ts
  RANGE BETWEEN INTERVAL '299.999' SECOND(3) PRECEDING AND CURRENT ROW))
WHERE mx - mn > 5""", at),
    Example(3, "avg_temp > 30 for 3 consecutive windows", """
SELECT device, since, fired FROM (SELECT device, window_start ws, window_end we, window_time wt,
  AVG(temperature) a FROM TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
  GROUP BY device, window_start, window_end, window_time)
MATCH_RECOGNIZE (PARTITION BY device ORDER BY wt
 MEASURES FIRST(W.ws) AS since, LAST(W.we) AS fired
 ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW PATTERN (W{3})
 DEFINE W AS W.a > 30
  AND TIMESTAMPDIFF(SECOND, FIRST(W.ws), W.ws) = (COUNT(W.a) - 1) * 60)""", both,
            window="{type: tumbling, size: 1m}", measures=[("avg_temp", "avg")]),
    Example(4, "temperature > 30 for 2m", f"""
SELECT r.device AS device, r.ts AS ts FROM
 (SELECT device, ts, seq FROM {LAST} WHERE temperature > 30 AND p <= 30) r
LEFT JOIN (SELECT device, ts, seq FROM s WHERE temperature <= 30) f
 ON r.device = f.device AND f.ts >= r.ts AND f.ts < r.ts + INTERVAL '2' MINUTE
  AND (f.ts > r.ts OR f.seq > r.seq)
WHERE f.ts IS NULL""", since),
    Example(5, "temperature > 30 then temperature < 30 within 3m", sequence("A X*? B"), both),
    Example(6, "temperature > 30 immediately then temperature < 30 within 3m", sequence("A B"), both),
    Example(7, "no data for 5m", """
SELECT device, window_end + INTERVAL '0.001' SECOND AS fired
FROM TABLE(SESSION(TABLE s PARTITION BY device, DESCRIPTOR(ts), INTERVAL '299.999' SECOND(3)))
GROUP BY device, window_start, window_end""", at),
    Example(8, "count(temperature > 30) >= 3 and temperature > 30 within 10m", """
SELECT device, ts FROM (SELECT device, ts, temperature, COUNT(CASE WHEN temperature > 30 THEN 1 END)
 OVER (PARTITION BY device ORDER BY ts
  RANGE BETWEEN INTERVAL '599.999' SECOND(3) PRECEDING AND CURRENT ROW) AS n FROM s)
WHERE n >= 3 AND temperature > 30""", at),
    Example(9, "at least 2 devices in zone: max_temp > 30", """
SELECT zone, window_end FROM TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
WHERE temperature > 30 GROUP BY zone, window_start, window_end HAVING COUNT(DISTINCT device) >= 2
""", at, window="{type: tumbling, size: 1m}", measures=[("max_temp", "max")]),
    # Of six values the last is at most 2.04 deviations from their mean. Flink is given values
    # around zero, because it takes deviations from sums of squares.
    Example(10, "abs(temperature - avg(temperature) over 6 events) > 1.9 * stddev(temperature) "
                "over 6 events and abs(temperature - avg(temperature) over 6 events) > 0.05", """
SELECT device, ts FROM (SELECT device, ts, c, AVG(c) OVER w AS a, STDDEV_SAMP(c) OVER w AS d
 FROM (SELECT device, ts, temperature - 29 AS c FROM s)
 WINDOW w AS (PARTITION BY device ORDER BY ts ROWS BETWEEN 5 PRECEDING AND CURRENT ROW))
WHERE ABS(c - a) > 1.9 * d AND ABS(c - a) > 0.05""", at),
    Example(11, "p95_temp > 34", """
SELECT device, window_end, PERCENTILE(temperature, 0.95) AS p
FROM TABLE(HOP(TABLE s, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '10' MINUTE))
GROUP BY device, window_start, window_end HAVING PERCENTILE(temperature, 0.95) > 34""",
            lambda output: (output["key"], output["time"], output["values"]["p95_temp"]),
            window="{type: hopping, size: 10m, every: 1m}", measures=[("p95_temp", "p95")]),
    Example(12, 'open: state = "open" then no state = "closed" for 2m', """
SELECT a.device AS device, a.ts AS ts FROM (SELECT device, ts FROM doors WHERE state = 'open') a
LEFT JOIN (SELECT device, ts FROM doors WHERE state = 'closed') b
 ON a.device = b.device AND b.ts >= a.ts AND b.ts < a.ts + INTERVAL '2' MINUTE
WHERE b.ts IS NULL""", since, property="state"),
]
