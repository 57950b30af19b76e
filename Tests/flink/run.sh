#!/usr/bin/env bash
# Holds the stream engine against Apache Flink: twelve conditions on the same recorded events must
# give the same rows. Not part of `make test`: Flink is half a gigabyte and needs Java 17.
#
#     Tests/flink/run.sh [--events N] [--seed N] [--only N[,N]...] [--keep]
#
#   IOTFLOW   the program to test; without it the release build is made and taken
set -euo pipefail
cd "$(dirname "$0")/../.."
packaging/dependencies build test
if ! command -v java >/dev/null; then
    echo "flink: Java 17 is not in PATH (Debian: openjdk-17-jre-headless)" >&2
    exit 1
fi
version=2.3.0
if [ "$(cat .build-flink/installed 2>/dev/null)" != "$version" ]; then
    echo "flink: installing apache-flink==$version with pip into .build-flink/" >&2
    python3 -m venv .build-flink
    .build-flink/bin/pip --quiet --disable-pip-version-check install "apache-flink==$version"
    echo "$version" > .build-flink/installed
fi
if [ -z "${IOTFLOW:-}" ]; then
    swift build -c release --product iotflow --quiet
    IOTFLOW=$(swift build -c release --show-bin-path)/iotflow
fi
export IOTFLOW PYTHONDONTWRITEBYTECODE=1
exec .build-flink/bin/python Tests/flink/run.py --directory .build-flink/run "$@"
