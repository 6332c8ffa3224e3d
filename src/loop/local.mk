libshell_a_SOURCES += \
	src/loop/clock.c src/loop/clock.h \
	src/loop/log.c src/loop/log.h \
	src/loop/signals.c src/loop/signals.h \
	src/loop/workers.c src/loop/workers.h

