#!/usr/bin/env bash
# Refuses code that the tests do not reach: see floors.txt for how much of what. Builds and runs
# nothing, but reads what the last `make test` has noted.
set -euo pipefail
cd "$(dirname "$0")/../.."
directory=.build-test/debug
profile=$directory/codecov/default.profdata
say() { echo "coverage: $*" >&2; exit 1; }
[ -e "$profile" ] || say "nothing is noted of a test run that succeeded; run make test"
changed=$(find Sources Tests -name '*.swift' -newer "$profile" -print -quit)
[ -z "$changed" ] || say "$changed is newer than the last test run; run make test"
# The one beside the compiler; another in PATH may be too old for its files.
tools=$(dirname "$(readlink -f "$(command -v swift)")")
"$tools/llvm-cov" export "$directory"/*.xctest -instr-profile "$profile" \
    Sources/Forecast Sources/Language Sources/Streams Sources/Twins > "$directory/coverage.json"
exec python3 Tests/coverage/gate.py "$directory/coverage.json" Tests/coverage/floors.txt
