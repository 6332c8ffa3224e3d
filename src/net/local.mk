libshell_a_SOURCES += \
	src/net/accept.c \
	src/net/book.c src/net/book.h \
	src/net/book_file.c src/net/book_file.h \
	src/net/book_json.c \
	src/net/conn.c src/net/conn.h \
	src/net/conn_internal.h \
	src/net/conn_io.c \
	src/net/dial.c src/net/dial.h \
	src/net/frame.c src/net/frame.h \
	src/net/net.c src/net/net.h \
	src/net/net_internal.h \
	src/net/outbound.c \
	src/net/resolve.c src/net/resolve.h \
	src/net/stream.c src/net/stream.h \
	src/net/tls.c src/net/tls.h \
	src/net/where.c src/net/where.h
