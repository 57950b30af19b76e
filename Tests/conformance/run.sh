#!/bin/bash
# Speaks to the gateway as other people's clients do, and as nobody should.
# Usage: Tests/conformance/run.sh [clients] [overload] [bad] [fuzz] [twins] [metrics]      (default: all)
#   IOTFLOWD, IOTFLOW   the programs to test; without them the debug build is made and taken
#   SEED                repeats a run
set -euo pipefail
cd "$(dirname "$0")/../.."
packaging/dependencies test
if [ -z "${IOTFLOWD:-}" ] || [ -z "${IOTFLOW:-}" ]; then
    [ -x .build/debug/iotflowd ] && [ -x .build/debug/iotflow ] || swift build --quiet
fi
export PYTHONPATH=Tests PYTHONDONTWRITEBYTECODE=1
exec .build-venv/bin/python -m conformance.conformance "$@"
