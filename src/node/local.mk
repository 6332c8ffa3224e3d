libcore_a_SOURCES += \
	src/node/event.c src/node/event.h \
	src/node/internal.h \
	src/node/node.c src/node/node.h \
	src/node/produce.c \
	src/node/query.h \
	src/node/submit.c
