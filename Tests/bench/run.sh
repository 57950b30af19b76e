#!/usr/bin/env bash
# The benchmark: everything is built here, optimised, and measured in one run.
set -euo pipefail
cd "$(dirname "$0")/../.."
# As the packages are built: nobody looks for symbols in a program, and short relocations, which only
# lld knows, make it smaller.
for product in iotflowd iotflow firmware-sim bench-streams bench-history; do
    swift build -c release --static-swift-stdlib -Xswiftc -Xclang-linker -Xswiftc -fuse-ld=lld \
        -Xlinker --no-export-dynamic -Xlinker --icf=safe \
        -Xlinker -z -Xlinker pack-relative-relocs --product "$product"
done
status=0
.build/release/bench-streams || status=1
.build/release/bench-streams rules || status=1
history=$(mktemp -d)
trap 'rm -rf "$history"' EXIT
.build/release/bench-history "$history" || status=1
python3 Tests/bench/run_stream.py .build/release/iotflow .build/release/bench-streams || status=1
python3 Tests/bench/commands.py .build/release/iotflowd .build/release/iotflow \
    .build/release/firmware-sim || status=1
python3 Tests/bench/run.py .build/release/iotflowd .build/release/iotflow "$@" || status=1
exit "$status"
