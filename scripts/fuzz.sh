#!/usr/bin/env bash
# Runs every fuzz test in turn, each for the given time. A crasher is kept by go test
# under the package's testdata/fuzz, and ends the run.
#
#   scripts/fuzz.sh [30s]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
time=${1:-30s}

count=0
while IFS=: read -r file name; do
	echo "== $name in $(dirname "$file"), $time"
	go test -tags nomsgpack -run '^$' -fuzz "^$name\$" -fuzztime "$time" "./$(dirname "$file")" </dev/null
	count=$((count + 1))
done < <(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sed 's/func //')
echo "$count fuzz tests ran"
