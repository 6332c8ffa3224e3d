#!/bin/sh
# SPDX-License-Identifier: MIT
# Protects the planted bugs: each still applies to the source as it is, so a
# change of a rule's code takes its bug along. scripts/bugs then shows that a
# test catches each; it takes minutes, so make check leaves it out.
"$PYTHON" "$CCOIN_SOURCE/scripts/bugs" --check || exit 1

# And that this can fail.
CCOIN_BUGS=$(mktemp -d) || exit 1
export CCOIN_BUGS
trap 'rm -rf "$CCOIN_BUGS"' EXIT
head='rule: one
bug: two
tests: check_base
'
diff='--- a/src/base/amount.c
+++ b/src/base/amount.c
@@ -1,1 +1,1 @@'
bad=0
refused() {
	printf '%s\n' "$2" >"$CCOIN_BUGS/planted.patch"
	if "$PYTHON" "$CCOIN_SOURCE/scripts/bugs" --check >/dev/null 2>&1; then
		echo "not ok $1 is refused"
		bad=1
	else
		echo "ok $1 is refused"
	fi
}
refused "a patch of lines that are not there" "$head$diff
-never written
+x"
refused "a patch of lines that are there twice" "$head--- a/src/base/bytes.c
+++ b/src/base/bytes.c
@@ -1,1 +1,1 @@
-{
+x"
refused "a patch without a header" "$diff
-#include \"base/amount.h\"
+x"
refused "a patch that was cut short" "$head$diff
-#include \"base/amount.h\""
refused "a patch of nothing" "$head"
refused "a patch for the simulator without its seeds" "${head%check_base*}sim
$diff
-#include \"base/amount.h\"
+x"
refused "a patch of what is no source" "$head--- a/README.md
+++ b/README.md
@@ -1,1 +1,1 @@
-x
+y"
printf '%s\n' "$head$diff
-#include \"base/amount.h\"
+x" >"$CCOIN_BUGS/planted.patch"
if "$PYTHON" "$CCOIN_SOURCE/scripts/bugs" --check; then
	echo "ok a good patch is taken"
else
	echo "not ok a good patch is taken"
	bad=1
fi
exit $bad
