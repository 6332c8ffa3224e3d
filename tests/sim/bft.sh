#!/bin/sh
# SPDX-License-Identifier: MIT
# Whole nodes with bft, the short run (doc/sim.md): no seed breaks what must
# hold, most count, and each is the same twice.
sim=$CCOIN_BUILD/tests/sim/ccoin-sim
out=$("$sim" --engine bft --seeds 1..150) || {
	echo "$out"
	exit 1
}
echo "$out"
counted=$(echo "$out" | sed -n 's/^ *\([0-9]*\) seeds counted$/\1/p')
[ "$counted" -ge 75 ] || {
	echo "not ok: $counted of 150 seeds counted"
	exit 1
}
exec "$sim" --engine bft --twice --seeds 151..156
