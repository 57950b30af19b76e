#!/bin/bash
# Holds forecasts against statsmodels and scipy on generated data.
# Usage: Tests/forecast/run.sh
#   SEED         repeats a run
#   TEST_FLAGS   arguments for swift test, such as where it has been built
set -euo pipefail
cd "$(dirname "$0")/../.."
packaging/dependencies test
stamp=.build-venv/forecast
peers=(numpy==2.3.5 pandas==2.3.3 scipy==1.16.3 statsmodels==0.14.6)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "${peers[*]}" ]; then
    echo "forecast: installing ${peers[*]} with pip into .build-venv/" >&2
    .build-venv/bin/pip --quiet --disable-pip-version-check install "${peers[@]}"
    echo "${peers[*]}" >"$stamp"
fi
fixture=$(mktemp)
trap 'rm -f "$fixture" "$fixture.log"' EXIT
PYTHONDONTWRITEBYTECODE=1 .build-venv/bin/python Tests/forecast/fixture.py >"$fixture"
IOTFLOW_FORECAST="$fixture" swift test ${TEST_FLAGS:-} --filter ForecastReferenceTests | tee "$fixture.log"
# A test that was skipped, or is not there any more, proves nothing.
count=$(sed -n 's/.*reference values compared: \([0-9]*\).*/\1/p' "$fixture.log")
[ "${count:-0}" -ge 2000 ] || { echo "forecast: only ${count:-0} values compared" >&2; exit 1; }
