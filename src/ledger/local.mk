libcore_a_SOURCES += \
	src/ledger/account.c src/ledger/account.h \
	src/ledger/apply.c src/ledger/apply.h \
	src/ledger/delta.c src/ledger/delta.h \
	src/ledger/genesis.h src/ledger/genesis_json.c \
	src/ledger/genesis_names.c src/ledger/genesis_print.c \
	src/ledger/genesis_validators.c src/ledger/rules_bytes.c \
	src/ledger/rules.c src/ledger/rules_table.h \
	src/ledger/governance.c src/ledger/governance.h \
	src/ledger/governance_bytes.c \
	src/ledger/validators.c src/ledger/validators.h \
	src/ledger/state_node.h src/ledger/state_proof.c \
	src/ledger/state_stream.c \
	src/ledger/state_tree.c src/ledger/state_tree.h

check_PROGRAMS += tests/unit/check_apply
tests_unit_check_apply_SOURCES = tests/unit/check_apply.c
check_PROGRAMS += tests/unit/check_genesis
tests_unit_check_genesis_SOURCES = tests/unit/check_genesis.c
check_PROGRAMS += tests/unit/check_rules
tests_unit_check_rules_SOURCES = tests/unit/check_rules.c
check_PROGRAMS += tests/unit/check_state_tree tests/unit/check_state_proof
tests_unit_check_state_tree_SOURCES = tests/unit/check_state_tree.c \
	tests/unit/state_model.c tests/unit/state_model.h
tests_unit_check_state_proof_SOURCES = tests/unit/check_state_proof.c \
	tests/unit/state_model.c tests/unit/state_model.h
check_PROGRAMS += tests/unit/check_validators
tests_unit_check_validators_SOURCES = tests/unit/check_validators.c \
	tests/unit/numbered_keys.h
check_PROGRAMS += tests/unit/check_governance
tests_unit_check_governance_SOURCES = tests/unit/check_governance.c \
	tests/unit/numbered_keys.h
check_PROGRAMS += tests/unit/check_genesis_bft
tests_unit_check_genesis_bft_SOURCES = tests/unit/check_genesis_bft.c \
	tests/unit/numbered_keys.h
