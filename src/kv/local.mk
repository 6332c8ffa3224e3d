libcore_a_SOURCES += \
	src/kv/kv.c \
	src/kv/kv.h \
	src/kv/kv_mem.c \
	src/kv/kv_overlay.c
check_PROGRAMS += tests/unit/check_kv
tests_unit_check_kv_SOURCES = tests/unit/check_kv.c \
	tests/unit/scratch.c tests/unit/scratch.h
check_PROGRAMS += tests/unit/check_overlay
tests_unit_check_overlay_SOURCES = tests/unit/check_overlay.c
