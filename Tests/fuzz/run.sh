#!/usr/bin/env bash
# Gives the language texts that nobody would write: no crash, no hang, bounded memory.
#
#     Tests/fuzz/run.sh [SECONDS]      60 unless said
#
# Starts from corpus/ and from every text of the language's own tests. What fails is left in
# .build-fuzz/ as crash-*, timeout-* or oom-*.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
directory=.build-fuzz
mkdir -p "$directory/sources" "$directory/seeds" "$directory/found"
rm -f "$directory"/sources/* "$directory"/seeds/*

# Both rooms become one module, which has no need to import itself.
for file in Sources/Model/*.swift Sources/Language/*.swift; do
    sed -E 's/^(package )?import Model$//' "$file" > "$directory/sources/${file##*/}"
done
swiftc -O -g -use-ld=lld -sanitize=fuzzer,address -parse-as-library -swift-version 6 -package-name iotflow \
    -module-name Fuzz -enable-upcoming-feature ExistentialAny \
    -enable-upcoming-feature InternalImportsByDefault \
    "$directory"/sources/*.swift Tests/fuzz/Fuzz.swift -o "$directory/fuzz"

python3 - "$directory/seeds" Tests/LanguageTests/*.swift <<'PYTHON'
import hashlib, re, sys
target, *files = sys.argv[1:]
for file in files:
    with open(file, encoding="utf-8") as source:
        for text in re.findall(r'"((?:[^"\\\n]|\\.)+)"', source.read()):
            text = text.replace('\\"', '"').replace("\\\\", "\\")
            for choice in b"0", b"1":
                seed = choice + text.encode()
                with open(f"{target}/{hashlib.sha1(seed).hexdigest()[:16]}", "wb") as out:
                    out.write(seed)
PYTHON

# Leaks are looked for by the tests; here only what one input can do.
ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=32 "$directory/fuzz" -max_total_time="$seconds" -timeout=5 \
    -rss_limit_mb=1024 -max_len=4096 -dict=Tests/fuzz/language.dict -print_final_stats=1 \
    -artifact_prefix="$directory/" "$directory/found" Tests/fuzz/corpus "$directory/seeds" \
    2> "$directory/log" || { tail -40 "$directory/log" >&2; exit 1; }
grep -E '^(stat::number_of_executed_units|stat::peak_rss_mb|Done)' "$directory/log"
