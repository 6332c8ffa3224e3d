libcore_a_SOURCES += \
	src/codec/block.c src/codec/block.h \
	src/codec/msgpack.c src/codec/msgpack.h \
	src/codec/tx.c src/codec/tx.h
