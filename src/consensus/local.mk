libcore_a_SOURCES += \
	src/consensus/engine.c src/consensus/engine.h \
	src/consensus/poa.c \
	src/consensus/work.c src/consensus/work.h

check_PROGRAMS += tests/unit/check_poa
tests_unit_check_poa_SOURCES = tests/unit/check_poa.c tests/unit/driver.c \
	tests/unit/driver.h
