#!/bin/sh
# SPDX-License-Identifier: MIT
# Protects the rules of the house: floors, purity, headers, format and so on.
exec "$PYTHON" "$CCOIN_SOURCE/scripts/check/source" "$CCOIN_SOURCE" \
	--libcore="$CCOIN_BUILD/libcore.a" --nm="$NM" --cc="$CHECK_CC"
