#!/bin/sh
# SPDX-License-Identifier: MIT
# Protects the checks themselves: each can fail.
exec "$PYTHON" "$CCOIN_SOURCE/scripts/check/selftest"
