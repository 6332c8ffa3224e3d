libcore_a_SOURCES += \
	src/chain/candidate.c \
	src/chain/chain.c src/chain/chain.h \
	src/chain/derive.c src/chain/derive.h \
	src/chain/flush.c \
	src/chain/genesis.c src/chain/genesis.h \
	src/chain/internal.h \
	src/chain/tables.c src/chain/tables.h
check_PROGRAMS += tests/unit/check_chain
tests_unit_check_chain_SOURCES = tests/unit/check_chain.c \
	tests/unit/driver.c tests/unit/driver.h
check_PROGRAMS += tests/unit/check_chain_model
tests_unit_check_chain_model_SOURCES = tests/unit/check_chain_model.c \
	tests/unit/driver.c tests/unit/driver.h
