libshell_a_SOURCES += \
	src/daemon/config.c src/daemon/config.h \
	src/daemon/config_file.c \
	src/daemon/config_p2p.c src/daemon/config_p2p.h \
	src/daemon/config_table.c src/daemon/config_table.h \
	src/daemon/cookie.c src/daemon/cookie.h \
	src/daemon/daemon.c src/daemon/daemon.h \
	src/daemon/daemon_internal.h src/daemon/daemon_make.c \
	src/daemon/dev.c src/daemon/dev.h \
	src/daemon/discovery.c src/daemon/discovery.h \
	src/daemon/init.c src/daemon/init.h \
	src/daemon/genesis_peer.c src/daemon/genesis_peer.h \
	src/daemon/network.c src/daemon/network.h \
	src/daemon/open.c src/daemon/open.h \
	src/daemon/option_json.c \
	src/daemon/option_line.c src/daemon/option_value.h \
	src/daemon/option_refuse.c src/daemon/option_upgrades.c \
	src/daemon/options.c src/daemon/options.h \
	src/daemon/start.c src/daemon/votes.c src/daemon/votes.h
check_PROGRAMS += tests/unit/check_config
tests_unit_check_config_SOURCES = tests/unit/check_config.c
check_PROGRAMS += tests/unit/check_discovery
tests_unit_check_discovery_SOURCES = tests/unit/check_discovery.c \
	tests/unit/http_client.c tests/unit/http_client.h \
	tests/unit/test_keys.h
check_PROGRAMS += tests/unit/check_init
tests_unit_check_init_SOURCES = tests/unit/check_init.c \
	tests/unit/scratch.c tests/unit/scratch.h
