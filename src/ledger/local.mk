libcore_a_SOURCES += \
	src/ledger/account.c src/ledger/account.h \
	src/ledger/apply.c src/ledger/apply.h \
	src/ledger/delta.c src/ledger/delta.h \
	src/ledger/genesis.h src/ledger/genesis_json.c \
	src/ledger/genesis_names.c \
	src/ledger/rules.c src/ledger/rules_table.h

check_PROGRAMS += tests/unit/check_genesis
tests_unit_check_genesis_SOURCES = tests/unit/check_genesis.c
