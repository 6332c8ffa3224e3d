# All but the mains is in the library, so that tests can link it.
libshell_a_SOURCES += \
	src/cmd/book.c src/cmd/book.h \
	src/cmd/client.c src/cmd/client.h \
	src/cmd/wallet.c src/cmd/wallet.h \
	src/cmd/wallet_change.c src/cmd/wallet_change.h \
	src/cmd/wallet_keys.c \
	src/cmd/wallet_network.c \
	src/cmd/wallet_node.c \
	src/cmd/wallet_read.c \
	src/cmd/wallet_rnd.c \
	src/cmd/wallet_send.c \
	src/cmd/wallet_tx.c src/cmd/wallet_tx.h \
	src/cmd/wallet_proposal.c \
	src/cmd/wallet_validator.c \
	src/cmd/wallet_verify.c \
	src/cmd/wallet_votes.c
bin_PROGRAMS += ccoin ccoin-discovery ccoin-init ccoind
ccoin_SOURCES = src/cmd/ccoin.c
ccoin_LDADD = $(SHELL_LIBS)
ccoin_discovery_SOURCES = src/cmd/ccoin_discovery.c
ccoin_discovery_LDADD = $(SHELL_LIBS)
ccoin_init_SOURCES = src/cmd/ccoin_init.c
ccoin_init_LDADD = $(SHELL_LIBS)
ccoind_SOURCES = src/cmd/ccoind.c
ccoind_LDADD = $(SHELL_LIBS)
check_PROGRAMS += tests/unit/check_wallet
tests_unit_check_wallet_SOURCES = tests/unit/check_wallet.c
