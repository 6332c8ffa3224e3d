# Real daemons on free ports. One file is one test of automake; each prints a
# line for every test in it. Alone: see CONTRIBUTING.md.
FUNCTIONAL_TESTS = \
	tests/functional/test_authorities.py \
	tests/functional/test_bft.py \
	tests/functional/test_config.py \
	tests/functional/test_crash_points.py \
	tests/functional/test_devnet.py \
	tests/functional/test_discovery.py \
	tests/functional/test_final.py \
	tests/functional/test_flood.py \
	tests/functional/test_flood_votes.py \
	tests/functional/test_join.py \
	tests/functional/test_kill.py \
	tests/functional/test_network.py \
	tests/functional/test_bad_cli.py \
	tests/functional/test_bad_config.py \
	tests/functional/test_bad_datadir.py \
	tests/functional/test_bad_genesis.py \
	tests/functional/test_bad_http.py \
	tests/functional/test_bad_tx.py \
	tests/functional/test_reads.py \
	tests/functional/test_rules.py \
	tests/functional/test_samples.py \
	tests/functional/test_mistakes.py \
	tests/functional/test_openapi.py \
	tests/functional/test_p2p_client.py \
	tests/functional/test_p2p.py \
	tests/functional/test_page.py \
	tests/functional/test_start.py \
	tests/functional/test_strangers.py \
	tests/functional/test_transfer.py \
	tests/functional/test_votes.py \
	tests/functional/test_validator_cli.py \
	tests/functional/test_wallet.py \
	tests/functional/test_wire.py
TESTS += $(FUNCTIONAL_TESTS)
EXTRA_DIST += $(FUNCTIONAL_TESTS) tests/functional/bft_bench.py \
	tests/functional/bftnet.py tests/functional/crash_points.py \
	tests/functional/crashing.py tests/functional/flooded.py \
	tests/functional/flooding.py tests/functional/flooding_votes.py \
	tests/functional/joining.py \
	tests/functional/ledger.py tests/functional/others.py \
	tests/functional/votes.py tests/functional/witness.py \
	tests/functional/killing.py tests/functional/lib.py \
	tests/functional/network.py tests/functional/own.py \
	tests/functional/p2p.py \
	tests/functional/relay.py \
	tests/functional/wire.py

# Libraries that tests load into a daemon to end it at a chosen call, and to
# move its clock. Without sanitizers: they come before the C library.
SHIMS = tests/functional/crash_shim.so tests/functional/clock_shim.so
check_DATA = $(SHIMS)
$(SHIMS): %.so: %.c
	$(AM_V_CC)$(MKDIR_P) $(@D) && $(CC) -D_GNU_SOURCE $(CPPFLAGS) -O1 -g \
		-Wall -Wextra -fPIC -shared -o $@ $<
with-shims: all $(SHIMS)
.PHONY: with-shims
EXTRA_DIST += tests/functional/crash_shim.c tests/functional/clock_shim.c
CLEANFILES += $(SHIMS)
