#!/bin/bash
# Replays real readings over CoAP, with datagrams lost, doubled and out of order, and holds what the
# gateway publishes against a reference that is computed from the same files.
# Usage: Tests/replay/run.sh
#   IOTFLOWD, IOTFLOW, FIRMWARE_SIM   the programs to test; without them the debug build is taken
#   IOTFLOW_DATA   the directory of the readings (default: ../shared/data, else the extracts in here)
#   SEED           repeats a run
#   TEST_FLAGS     arguments for swift test, such as where it has been built
set -euo pipefail
cd "$(dirname "$0")/../.."
packaging/dependencies test
if [ -z "${IOTFLOWD:-}" ] || [ -z "${IOTFLOW:-}" ] || [ -z "${FIRMWARE_SIM:-}" ]; then
    [ -x .build/debug/iotflowd ] && [ -x .build/debug/iotflow ] \
        && [ -x .build/debug/firmware-sim ] || swift build --quiet
fi
# The streams over the whole files, of which the tests beside have the first rows only.
data=${IOTFLOW_DATA:-../shared/data}
if [ -d "$data" ]; then
    IOTFLOW_DATA=$(realpath "$data") swift test ${TEST_FLAGS:-} --filter RealReadingsTests --quiet
fi
export PYTHONPATH=Tests PYTHONDONTWRITEBYTECODE=1
exec .build-venv/bin/python -m replay.replay "$@"
