#!/bin/sh
# SPDX-License-Identifier: MIT
# Protects the promise that --help and the man page name the same options.
bad=0 seen=0
for page in "$CCOIN_SOURCE"/man/*.1; do
	name=$(basename "$page" .1)
	if command -v mandoc >/dev/null; then
		if mandoc -T lint -W warning "$page"; then
			echo "ok $name.1 is well-formed"
		else
			echo "not ok $name.1 is well-formed"
			bad=1
		fi
	fi
	if ! [ -x "$CCOIN_BUILD/$name" ]; then
		echo "skip $name: not built"
		continue
	fi
	seen=1
	if "$PYTHON" "$CCOIN_SOURCE/scripts/check/options" \
		"$CCOIN_BUILD/$name" "$page"; then
		echo "ok $name --help and $name.1 agree"
	else
		echo "not ok $name --help and $name.1 agree"
		bad=1
	fi
done
[ $bad = 0 ] || exit 1
[ $seen = 1 ] || exit 77
