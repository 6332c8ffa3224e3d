libcore_a_SOURCES += \
	src/node/event.c src/node/event.h \
	src/node/internal.h \
	src/node/node.c src/node/node.h \
	src/node/produce.c \
	src/node/query.c src/node/query.h \
	src/node/query_tx.c \
	src/node/submit.c \
	src/node/verify.c src/node/verify.h
