libcore_a_SOURCES += \
	src/chain/branch.c src/chain/branch.h \
	src/chain/candidate.c \
	src/chain/chain.c src/chain/chain.h \
	src/chain/derive.c src/chain/derive.h \
	src/chain/flush.c \
	src/chain/genesis.c src/chain/genesis.h \
	src/chain/internal.h \
	src/chain/log.c \
	src/chain/orphans.c \
	src/chain/tables.c src/chain/tables.h \
	src/chain/touched.c src/chain/touched.h \
	src/chain/tree.c src/chain/tree.h
check_PROGRAMS += tests/unit/check_chain
tests_unit_check_chain_SOURCES = tests/unit/check_chain.c \
	tests/unit/driver.c tests/unit/driver.h
chain_model = tests/unit/chain_model.c tests/unit/chain_model.h \
	tests/unit/driver.c tests/unit/driver.h
check_PROGRAMS += tests/unit/check_chain_model tests/unit/check_foreign
tests_unit_check_chain_model_SOURCES = tests/unit/check_chain_model.c \
	$(chain_model)
tests_unit_check_foreign_SOURCES = tests/unit/check_foreign.c $(chain_model)
check_PROGRAMS += tests/unit/check_branch
tests_unit_check_branch_SOURCES = tests/unit/check_branch.c \
	tests/unit/branch_world.c tests/unit/branch_world.h $(chain_model)
check_PROGRAMS += tests/unit/check_tree
tests_unit_check_tree_SOURCES = tests/unit/check_tree.c
check_PROGRAMS += tests/unit/check_chain_bft
tests_unit_check_chain_bft_SOURCES = tests/unit/check_chain_bft.c \
	tests/unit/numbered_keys.h tests/unit/tx_ops.c tests/unit/tx_ops.h
