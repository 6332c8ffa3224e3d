# One fuzzer per input that comes from outside. With --enable-fuzzers (clang)
# they are libFuzzer programs, see scripts/fuzz; without, each is a test that
# replays its corpus, whole and cut and with bytes changed.
FUZZERS_ALL = \
	tests/fuzz/fuzz_account \
	tests/fuzz/fuzz_bft \
	tests/fuzz/fuzz_block \
	tests/fuzz/fuzz_delta \
	tests/fuzz/fuzz_frame \
	tests/fuzz/fuzz_genesis \
	tests/fuzz/fuzz_hello \
	tests/fuzz/fuzz_message \
	tests/fuzz/fuzz_node \
	tests/fuzz/fuzz_rules \
	tests/fuzz/fuzz_state_proof \
	tests/fuzz/fuzz_tx \
	tests/fuzz/fuzz_tx_json \
	tests/fuzz/fuzz_vote

if FUZZERS
fuzz_common = tests/fuzz/fuzz.h
fuzz_engine = -fsanitize=fuzzer
noinst_PROGRAMS += $(FUZZERS_ALL)
else
fuzz_common = tests/fuzz/fuzz.h tests/fuzz/replay.c
fuzz_engine =
check_PROGRAMS += $(FUZZERS_ALL)
endif

# a node, for those that need one
fuzz_world = tests/fuzz/world.c tests/fuzz/world.h tests/fuzz/world_chain.c \
	tests/fuzz/world_votes.c tests/messages.c tests/messages.h \
	$(messages_bft) tests/sim/journal.c tests/sim/journal.h
fuzz_steps = $(fuzz_world) tests/fuzz/steps.c tests/fuzz/steps.h

fuzz_link = $(AM_LDFLAGS) $(fuzz_engine)
tests_fuzz_fuzz_account_SOURCES = tests/fuzz/fuzz_account.c $(fuzz_common)
tests_fuzz_fuzz_account_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_bft_SOURCES = tests/fuzz/fuzz_bft.c $(fuzz_steps) \
	$(fuzz_common)
tests_fuzz_fuzz_bft_CPPFLAGS = $(AM_CPPFLAGS) -DPLACES=9
tests_fuzz_fuzz_bft_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_block_SOURCES = tests/fuzz/fuzz_block.c $(fuzz_common)
tests_fuzz_fuzz_block_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_delta_SOURCES = tests/fuzz/fuzz_delta.c $(fuzz_common)
tests_fuzz_fuzz_delta_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_frame_SOURCES = tests/fuzz/fuzz_frame.c $(fuzz_common)
tests_fuzz_fuzz_frame_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_genesis_SOURCES = tests/fuzz/fuzz_genesis.c $(fuzz_common)
tests_fuzz_fuzz_genesis_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_hello_SOURCES = tests/fuzz/fuzz_hello.c $(fuzz_world) \
	$(fuzz_common)
tests_fuzz_fuzz_hello_CPPFLAGS = $(AM_CPPFLAGS) -DPLACES=100
tests_fuzz_fuzz_hello_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_message_SOURCES = tests/fuzz/fuzz_message.c \
	tests/messages.c tests/messages.h $(messages_bft) $(fuzz_common)
tests_fuzz_fuzz_message_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_node_SOURCES = tests/fuzz/fuzz_node.c $(fuzz_steps) \
	$(fuzz_common)
tests_fuzz_fuzz_node_CPPFLAGS = $(AM_CPPFLAGS) -DPLACES=25
tests_fuzz_fuzz_node_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_rules_SOURCES = tests/fuzz/fuzz_rules.c $(fuzz_common)
tests_fuzz_fuzz_rules_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_state_proof_SOURCES = tests/fuzz/fuzz_state_proof.c \
	$(fuzz_common)
tests_fuzz_fuzz_state_proof_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_tx_SOURCES = tests/fuzz/fuzz_tx.c $(fuzz_common)
tests_fuzz_fuzz_tx_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_tx_json_SOURCES = tests/fuzz/fuzz_tx_json.c $(fuzz_common)
tests_fuzz_fuzz_tx_json_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_vote_SOURCES = tests/fuzz/fuzz_vote.c tests/votes.c \
	tests/votes.h $(fuzz_common)
tests_fuzz_fuzz_vote_LDFLAGS = $(fuzz_link)

EXTRA_DIST += tests/fuzz/corpus tests/fuzz/conversations.py \
	tests/fuzz/conversations_bft.py tests/fuzz/make-corpus.py
