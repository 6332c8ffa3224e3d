# Samples for users, and the examples by which others check their clients.
EXTRA_DIST += \
	genesis/README.md genesis/seed.json genesis/single.json \
	genesis/town.json genesis/hard.json \
	config/ccoin.json config/validator.json config/observer.json \
	scripts/new-chain doc/protocol.md doc/vectors.json

# tests/vectors compares doc/vectors.json with what the code makes.
check_PROGRAMS += tests/vectors
tests_vectors_SOURCES = tests/vectors.c tests/vectors_chain.c \
	tests/vectors_keys.c tests/vectors_bft.c tests/vectors_p2p.c \
	tests/vectors_ops.c tests/vectors_tx.c tests/vectors.h \
	tests/messages.c tests/messages.h \
	$(messages_bft) tests/unit/test_keys.h
tests_vectors_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests

# ... and this compares both with doc/protocol.md.
TESTS += tests/protocol_page.py tests/protocol_p2p.py
EXTRA_DIST += tests/protocol_page.py tests/protocol_p2p.py

vectors: tests/vectors$(EXEEXT)
	$(AM_V_at)./tests/vectors --print >doc-vectors.tmp && \
		mv doc-vectors.tmp $(srcdir)/doc/vectors.json

.PHONY: vectors
