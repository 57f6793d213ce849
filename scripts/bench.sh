#!/usr/bin/env bash
# Runs the benchmarks of the packages that have any; the others need not compile.
#
#   scripts/bench.sh [PACKAGE...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ $# -gt 0 ] || set -- ./...

mapfile -t dirs < <({ grep -rlE --include='*_test.go' '^func Benchmark' . || true; } | xargs -r -n1 dirname | sort -u)
mapfile -t packages < <(go list -e -f '{{.Dir}}' "$@")
found=()
for dir in "${dirs[@]}"; do
	full=$(cd "$dir" && pwd)
	for package in "${packages[@]}"; do [ "$package" = "$full" ] && found+=("$dir"); done
done
if [ ${#found[@]} = 0 ]; then
	echo "bench.sh: no benchmarks in $*" >&2
	exit 1
fi
# One package at a time: neighbours would share the processors being measured.
exec go test -tags nomsgpack -p 1 -run '^$' -bench . -benchmem -timeout 60m "${found[@]}"
