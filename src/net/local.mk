libshell_a_SOURCES += \
	src/net/accept.c \
	src/net/peerbook.c src/net/peerbook.h \
	src/net/peerbook_file.c src/net/peerbook_file.h \
	src/net/peerbook_json.c \
	src/net/channel.c src/net/channel.h \
	src/net/channel_internal.h \
	src/net/channel_io.c \
	src/net/dial.c src/net/dial.h \
	src/net/fetch_genesis.c src/net/fetch_genesis.h \
	src/net/frame.c src/net/frame.h \
	src/net/net.c src/net/net.h \
	src/net/net_internal.h \
	src/net/outbound.c \
	src/net/resolve.c src/net/resolve.h \
	src/net/stream.c src/net/stream.h \
	src/net/tls.c src/net/tls.h \
	src/net/where.c src/net/where.h

check_PROGRAMS += tests/unit/check_frame tests/unit/check_dial \
	tests/unit/check_peerbook
tests_unit_check_frame_SOURCES = tests/unit/check_frame.c
tests_unit_check_dial_SOURCES = tests/unit/check_dial.c
tests_unit_check_peerbook_SOURCES = tests/unit/check_peerbook.c \
	tests/unit/scratch.c tests/unit/scratch.h

net_fixture = tests/unit/net_fixture.c tests/unit/net_fixture.h \
	tests/unit/scratch.c tests/unit/scratch.h tests/unit/test_keys.h
check_PROGRAMS += tests/unit/check_net
tests_unit_check_net_SOURCES = tests/unit/check_net.c $(net_fixture)
tests_unit_check_net_LDADD = $(LDADD) $(SSL_LIBS)
check_PROGRAMS += tests/unit/check_net_flood
tests_unit_check_net_flood_SOURCES = tests/unit/check_net_flood.c \
	$(net_fixture)
tests_unit_check_net_flood_LDADD = $(LDADD) $(SSL_LIBS)
