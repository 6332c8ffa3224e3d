libcore_a_SOURCES += \
	src/consensus/engine.c src/consensus/engine.h \
	src/consensus/poa.c \
	src/consensus/work.c src/consensus/work.h
