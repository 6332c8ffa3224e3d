#!/bin/sh
# SPDX-License-Identifier: MIT
# Protects bft in whole nodes: the short run of ccoin-sim with that engine (it
# runs poa without arguments), and that a seed gives the same world again.
sim=$CCOIN_BUILD/tests/sim/ccoin-sim
bad=0
verdict() {
	if [ "$1" = 0 ]; then
		echo "ok $2"
	else
		echo "not ok $2"
		bad=1
	fi
}

"$sim" --engine bft --seeds 1..120
verdict $? "worlds of whole nodes with bft"
"$sim" --engine bft --twice --seeds 121..126
verdict $? "each seed twice in one process"
! "$sim" --engine none --seeds 1
verdict $? "an engine that there is not is refused"
exit $bad
