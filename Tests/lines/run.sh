#!/bin/bash
# Runs a line of stations and an emergency against emulated devices on a bad network.
# Usage: Tests/lines/run.sh [wire] [emergency] [line] [trouble] [killed]      (default: all)
#   IOTFLOWD, IOTFLOW, FIRMWARE_SIM   the programs to test; without them the debug build
#   SEED                              repeats a run
set -euo pipefail
cd "$(dirname "$0")/../.."
packaging/dependencies test
if [ -z "${IOTFLOWD:-}" ] || [ -z "${FIRMWARE_SIM:-}" ]; then
    [ -x .build/debug/iotflowd ] && [ -x .build/debug/firmware-sim ] || swift build --quiet
fi
export PYTHONPATH=Tests PYTHONDONTWRITEBYTECODE=1
exec .build-venv/bin/python -m lines.lines "$@"
