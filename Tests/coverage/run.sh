#!/usr/bin/env bash
# Runs all tests and refuses code that they do not reach: see floors.txt for how much of what.
#
#     Tests/coverage/run.sh [--filter REGEX]...     arguments for `swift test`
set -euo pipefail
cd "$(dirname "$0")/../.."
packaging/dependencies build test
directory=.build-coverage
mkdir -p "$directory"
rm -rf "$directory"/*/debug/codecov
swift build --build-tests --enable-code-coverage --scratch-path "$directory" --quiet
swift test --skip-build --enable-code-coverage --scratch-path "$directory" --parallel --quiet "$@"
# The one beside the compiler; another in PATH may be too old for its files.
tools=$(dirname "$(readlink -f "$(command -v swift)")")
binary=$(swift build --show-bin-path --scratch-path "$directory")
"$tools/llvm-cov" export "$binary"/*.xctest -instr-profile "$binary/codecov/default.profdata" \
    Sources/Language Sources/Streams > "$directory/export.json"
python3 Tests/coverage/gate.py "$directory/export.json" Tests/coverage/floors.txt
