#!/bin/sh
# SPDX-License-Identifier: MIT
# Protects the replay of a seed: the same seed gives the same trace, to the
# byte, also when memory holds other rubbish, and another seed another; and
# the worlds of one process do not reach each other.
sim=$CCOIN_BUILD/tests/sim/ccoin-sim
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
bad=0
check() {
	if eval "$2"; then
		echo "ok $1"
	else
		echo "not ok $1"
		bad=1
	fi
}

trace() {
	out=$1
	shift
	# the last line is how long it took
	"$sim" --trace "$@" | sed '$d' >"$dir/$out"
}

for n in 4 5 7; do
	trace a -n $n --seeds 7..9
	MALLOC_PERTURB_=165 trace b -n $n --seeds 7..9
	check "the same trace of $n authorities" 'cmp -s "$dir/a" "$dir/b"'
	check "a trace that says something" '[ "$(wc -l <"$dir/a")" -gt 1000 ]'
done
trace c -n 4 --seeds 9
trace d -n 4 --seeds 8..9
grep -c . "$dir/c" >/dev/null
lines=$(grep -n "violations$" "$dir/c" | head -n 1 | cut -d: -f1)
head -n "$((lines - 3))" "$dir/c" >"$dir/e"
tail -n "$(wc -l <"$dir/c")" "$dir/d" | head -n "$((lines - 3))" >"$dir/f"
check "a seed is the same behind another" 'cmp -s "$dir/e" "$dir/f"'
trace g -n 4 --seeds 8
check "another seed is another world" '! cmp -s "$dir/c" "$dir/g"'
check "each seed twice in one process" \
	'"$sim" --twice --seeds 1..12 >"$dir/h"'
check "nonsense is refused" '! "$sim" --seeds 9..1 2>/dev/null'
exit $bad
