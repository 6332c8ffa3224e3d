#!/bin/sh
# SPDX-License-Identifier: MIT
# Protects the replay of a seed of the round machine: the same trace, to the
# byte, also when memory holds other rubbish and behind another seed.
sim=$CCOIN_BUILD/tests/sim/bft/ccoin-bft-sim
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
bad=0

# Its events, without the summary.
events() {
	"$sim" --trace "$@" | grep '^ *[0-9]*\.[0-9][0-9][0-9] '
}

verdict() {
	if [ "$1" = 0 ]; then
		echo "ok $2"
	else
		echo "not ok $2"
		bad=1
	fi
}

for n in 4 5 7; do
	events -n $n --seeds 9 >"$dir/a"
	MALLOC_PERTURB_=165 events -n $n --seeds 8..9 >"$dir/b"
	tail -n "$(wc -l <"$dir/a")" "$dir/b" >"$dir/c"
	cmp -s "$dir/a" "$dir/c"
	verdict $? "the same trace of $n, also behind another seed"
	[ "$(wc -l <"$dir/a")" -gt 20 ]
	verdict $? "a trace of $n that says something"
done
"$sim" --twice --seeds 1..60 >"$dir/twice"
verdict $? "each seed twice in one process"
! "$sim" --seeds 9..1 2>"$dir/told" && grep -q ": expected " "$dir/told"
verdict $? "seeds that go down are refused"
! "$sim" -n 0 2>"$dir/told" && grep -q ": expected " "$dir/told"
verdict $? "no validators are refused"
exit $bad
