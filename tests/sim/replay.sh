#!/bin/sh
# SPDX-License-Identifier: MIT
# Protects the replay of a seed: the same seed gives the same trace, to the
# byte, also when memory holds other rubbish, and another seed another; and
# the worlds of one process do not reach each other.
# shellcheck disable=SC2317 # check calls them
sim=$CCOIN_BUILD/tests/sim/ccoin-sim
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
bad=0
check() {
	name=$1
	shift
	if "$@"; then
		echo "ok $name"
	else
		echo "not ok $name"
		bad=1
	fi
}

trace() {
	out=$1
	shift
	# the last line is how long it took
	"$sim" --trace "$@" | sed '$d' >"$dir/$out"
}

same() {
	cmp -s "$dir/$1" "$dir/$2"
}

differs() {
	! same "$1" "$2"
}

says_something() {
	[ "$(wc -l <"$dir/$1")" -gt 1000 ]
}

replays() {
	"$sim" --twice --seeds 1..12 >"$dir/twice"
}

refuses() {
	! "$sim" "$@" 2>"$dir/told" && grep -q ": expected " "$dir/told"
}

# Its events, without the summary, which is over all seeds.
events() {
	grep '^ *[0-9]*\.[0-9][0-9][0-9] ' "$dir/$1"
}

for n in 4 5 7; do
	trace a -n $n --seeds 7..9
	MALLOC_PERTURB_=165 trace b -n $n --seeds 7..9
	check "the same trace of $n authorities" same a b
	check "a trace of $n that says something" says_something a
done
trace c -n 4 --seeds 9
trace d -n 4 --seeds 8..9
events c >"$dir/e"
events d | tail -n "$(wc -l <"$dir/e")" >"$dir/f"
check "a seed is the same behind another" same e f
trace g -n 4 --seeds 8
check "another seed is another world" differs c g
check "each seed twice in one process" replays
check "seeds that go down are refused" refuses --seeds 9..1
check "no authorities are refused" refuses -n 0
check "more than there can be are refused" refuses -n 4,99
check "jobs that are no number are refused" refuses --jobs 2x
exit $bad
