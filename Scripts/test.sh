#!/usr/bin/env bash
# Runs the tests, and repeats at the end of their long output what failed.
set -euo pipefail
cd "$(dirname "$0")/.."

log=.build/test.log
mkdir -p .build
status=0
swift test -c release --skip-build "$@" 2>&1 | tee "$log" || status=$?
[ "$status" -eq 0 ] && exit 0

echo "test: what failed (all of the output is in $log):"
# An issue with the values under it; the lines of suites that failed by it say nothing more.
grep -aE -A 8 'recorded an issue|Fatal error|runtime failure|crashed:|unexpected signal' "$log" |
  grep -avE '^(◇|✔|➜)|Suite |failed after' | cut -c 1-400 | head -60 || true
exit "$status"
