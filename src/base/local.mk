libcore_a_SOURCES += \
	src/base/amount.c src/base/amount.h \
	src/base/bytes.c src/base/bytes.h \
	src/base/err.c src/base/err.h \
	src/base/map.c src/base/map.h \
	src/base/mem.c src/base/mem.h \
	src/base/rng.c src/base/rng.h \
	src/base/text.c src/base/text.h
