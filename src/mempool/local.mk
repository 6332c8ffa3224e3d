libcore_a_SOURCES += \
	src/mempool/admit.c \
	src/mempool/index.c src/mempool/index.h \
	src/mempool/mempool.c src/mempool/mempool.h \
	src/mempool/pick.c \
	src/mempool/pool.h \
	src/mempool/queue.c

check_PROGRAMS += tests/unit/check_mempool
tests_unit_check_mempool_SOURCES = tests/unit/check_mempool.c \
	tests/unit/check_mempool.h tests/unit/check_mempool_model.c
