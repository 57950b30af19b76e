#!/bin/bash
# Holds every aggregate against numpy and scipy on generated data.
# Usage: Tests/statistics/run.sh
#   SEED         repeats a run
#   TEST_FLAGS   arguments for swift test, such as where it has been built
set -euo pipefail
cd "$(dirname "$0")/../.."
packaging/dependencies test
stamp=.build-venv/statistics
peers=(numpy==2.3.5 scipy==1.16.3)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "${peers[*]}" ]; then
    echo "statistics: installing ${peers[*]} with pip into .build-venv/" >&2
    .build-venv/bin/pip --quiet --disable-pip-version-check install "${peers[@]}"
    echo "${peers[*]}" >"$stamp"
fi
fixture=$(mktemp)
trap 'rm -f "$fixture"' EXIT
PYTHONDONTWRITEBYTECODE=1 .build-venv/bin/python Tests/statistics/fixture.py >"$fixture"
IOTFLOW_STATISTICS="$fixture" swift test ${TEST_FLAGS:-} --filter AggregateReferenceTests | tee "$fixture.log"
# A test that was skipped, or is not there any more, proves nothing.
count=$(sed -n 's/.*reference values compared: \([0-9]*\).*/\1/p' "$fixture.log")
rm -f "$fixture.log"
[ "${count:-0}" -ge 500 ] || { echo "statistics: only ${count:-0} values compared" >&2; exit 1; }
