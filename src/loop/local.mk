libshell_a_SOURCES += \
	src/loop/clock.c src/loop/clock.h \
	src/loop/log.c src/loop/log.h \
	src/loop/place.c src/loop/place.h \
	src/loop/signals.c src/loop/signals.h \
	src/loop/workers.c src/loop/workers.h

check_PROGRAMS += tests/unit/check_loop tests/unit/check_place \
	tests/unit/check_workers
tests_unit_check_loop_SOURCES = tests/unit/check_loop.c
tests_unit_check_place_SOURCES = tests/unit/check_place.c
tests_unit_check_workers_SOURCES = tests/unit/check_workers.c
