# Whole nodes in worlds of their own; see doc/sim.md and scripts/sim. Without
# arguments it is the short run of make check.
check_PROGRAMS += tests/sim/ccoin-sim
tests_sim_ccoin_sim_SOURCES = \
	tests/sim/answers.c \
	tests/sim/attacker.c \
	tests/sim/client.c \
	tests/sim/deep.c \
	tests/sim/dial.c \
	tests/sim/end.c \
	tests/sim/engine_poa.c \
	tests/sim/forge.c \
	tests/sim/host.c \
	tests/sim/invariants.c \
	tests/sim/keys.c tests/sim/keys.h \
	tests/sim/main.c \
	tests/sim/model.c tests/sim/model.h \
	tests/sim/net.c \
	tests/sim/queue.c \
	tests/sim/scenario.c \
	tests/sim/sim.h \
	tests/sim/stats.h \
	tests/sim/world.c
tests_sim_ccoin_sim_LDADD = $(CORE_LIBS)

SIM_TESTS = tests/sim/replay.sh
TESTS += $(SIM_TESTS)
EXTRA_DIST += $(SIM_TESTS)
