#!/bin/bash
# Kills gateways and stops brokers, and holds the books against what was acknowledged.
# Usage: Tests/crash/run.sh [kill] [broker] [critical]      (default: all)
#   IOTFLOWD, IOTFLOW   the programs to test; without them the debug build is made and taken
#   SEED                repeats a run
set -euo pipefail
cd "$(dirname "$0")/../.."
packaging/dependencies test
if [ -z "${IOTFLOWD:-}" ] || [ -z "${IOTFLOW:-}" ]; then
    [ -x .build/debug/iotflowd ] && [ -x .build/debug/iotflow ] || swift build --quiet
fi
export PYTHONPATH=Tests PYTHONDONTWRITEBYTECODE=1
exec .build-venv/bin/python -m crash.crash "$@"
