libcore_a_SOURCES += \
	src/base/amount.c src/base/amount.h \
	src/base/bytes.c src/base/bytes.h \
	src/base/err.c src/base/err.h \
	src/base/map.c src/base/map.h \
	src/base/mem.c src/base/mem.h \
	src/base/omap.c src/base/omap.h \
	src/base/recent.c src/base/recent.h \
	src/base/rng.c src/base/rng.h \
	src/base/text.c src/base/text.h
check_PROGRAMS += tests/unit/check_base tests/unit/check_omap
tests_unit_check_base_SOURCES = tests/unit/check_base.c
tests_unit_check_omap_SOURCES = tests/unit/check_omap.c
