libcore_a_SOURCES += \
	src/consensus/bft.c src/consensus/bft_cast.c \
	src/consensus/bft_effects.c src/consensus/bft_inputs.c \
	src/consensus/bft_internal.h src/consensus/bft_known.c \
	src/consensus/bft_machine.c src/consensus/bft_machine.h \
	src/consensus/bft_table.c \
	src/consensus/engine.c src/consensus/engine.h \
	src/consensus/poa.c \
	src/consensus/poa_state.c src/consensus/poa_state.h \
	src/consensus/work.c src/consensus/work.h

check_PROGRAMS += tests/unit/check_poa
poa_fixture = tests/unit/poa_fixture.c tests/unit/poa_fixture.h \
	tests/unit/driver.c tests/unit/driver.h
tests_unit_check_poa_SOURCES = tests/unit/check_poa.c $(poa_fixture)
check_PROGRAMS += tests/unit/check_poa_model
tests_unit_check_poa_model_SOURCES = tests/unit/check_poa_model.c \
	$(poa_fixture)
check_PROGRAMS += tests/unit/check_bft_engine
tests_unit_check_bft_engine_SOURCES = tests/unit/check_bft_engine.c \
	tests/unit/numbered_keys.h
check_PROGRAMS += tests/unit/check_bft_machine
tests_unit_check_bft_machine_SOURCES = tests/unit/check_bft_machine.c \
	tests/unit/bft_rig.c tests/unit/bft_rig.h
check_PROGRAMS += tests/unit/check_bft_time
tests_unit_check_bft_time_SOURCES = tests/unit/check_bft_time.c \
	tests/unit/bft_rig.c tests/unit/bft_rig.h
