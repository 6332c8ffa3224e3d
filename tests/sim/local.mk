# Whole nodes in worlds of their own; see doc/sim.md and scripts/sim. Without
# arguments it is the short run of make check.
check_PROGRAMS += tests/sim/ccoin-sim
tests_sim_ccoin_sim_SOURCES = \
	tests/sim/answers.c \
	tests/sim/attacker.c \
	tests/sim/byzantine.c tests/sim/byzantine.h \
	tests/sim/byzantine_blocks.c \
	tests/sim/client.c \
	tests/sim/client_votes.c \
	tests/sim/deep.c \
	tests/sim/dial.c \
	tests/sim/disk.c \
	tests/sim/end.c \
	tests/sim/engine.h \
	tests/sim/engine_bft.c \
	tests/sim/engine_poa.c \
	tests/sim/forge.c \
	tests/sim/host.c \
	tests/sim/invariants.c \
	tests/sim/journal.c tests/sim/journal.h \
	tests/sim/keys.c tests/sim/keys.h \
	tests/sim/loss.c \
	tests/sim/main.c \
	tests/sim/model.c tests/sim/model.h \
	tests/sim/net.c \
	tests/sim/queue.c \
	tests/sim/scenario.c \
	tests/sim/seeds.c tests/sim/seeds.h \
	tests/sim/sets.c tests/sim/sets.h \
	tests/sim/sim.h \
	tests/sim/stats.h \
	tests/sim/witness.c tests/sim/witness.h \
	tests/sim/world.c
tests_sim_ccoin_sim_LDADD = $(CORE_LIBS)

# The round machine of bft alone; see doc/sim.md and scripts/bft-sim.
check_PROGRAMS += tests/sim/bft/ccoin-bft-sim
tests_sim_bft_ccoin_bft_sim_SOURCES = \
	tests/sim/bft/attack.c \
	tests/sim/bft/check.c \
	tests/sim/bft/faults.c \
	tests/sim/bft/life.c \
	tests/sim/bft/main.c \
	tests/sim/bft/net.c \
	tests/sim/bft/queue.c \
	tests/sim/bft/room.c \
	tests/sim/bft/run.c \
	tests/sim/bft/stats.h \
	tests/sim/bft/world.c tests/sim/bft/world.h \
	tests/sim/seeds.c tests/sim/seeds.h
tests_sim_bft_ccoin_bft_sim_LDADD = $(CORE_LIBS)

SIM_TESTS = tests/sim/bft.sh tests/sim/replay.sh tests/sim/bft/replay.sh
TESTS += $(SIM_TESTS)
EXTRA_DIST += $(SIM_TESTS)
