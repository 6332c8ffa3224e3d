# What is measured, beside its ceiling: `make bench`, or, in seconds and with
# few senders, `make bench BENCH=quick`. Keys and signed transactions are kept
# in bench-cache/. BENCH_PARTS="start blocks" runs these parts alone.
EXTRA_PROGRAMS = bench/bench bench/chain
bench_bench_SOURCES = \
	bench/bench.c \
	bench/blocks.c \
	bench/corpus.c bench/corpus.h \
	bench/figures.c bench/figures.h \
	bench/load.c bench/load.h \
	bench/server.c bench/server.h \
	bench/stages.c \
	bench/util.c bench/util.h
bench_bench_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
bench_bench_LDADD = $(SHELL_LIBS)
CLEANFILES += bench/bench$(EXEEXT) bench/chain$(EXEEXT)
bench_chain_SOURCES = \
	bench/chain.c \
	bench/corpus.c bench/corpus.h \
	bench/figures.c bench/figures.h \
	bench/load.c bench/load.h \
	bench/server.c bench/server.h \
	bench/stages.c \
	bench/util.c bench/util.h
bench_chain_CPPFLAGS = $(bench_bench_CPPFLAGS)
bench_chain_LDADD = $(SHELL_LIBS)

BENCH = full
BENCH_CACHE = bench-cache

BENCH_PARTS =

bench: bench/bench$(EXEEXT) ccoind$(EXEEXT)
	$(AM_V_at)./bench/bench$(EXEEXT) $(BENCH) $(BENCH_CACHE) \
		./ccoind$(EXEEXT) $(BENCH_PARTS)

# How fast a node that starts with nothing catches up: scripts/join-test.
JOIN_TRANSACTIONS = 200000

bench-join: bench/chain$(EXEEXT) ccoind$(EXEEXT)
	$(AM_V_at)CCOIN_BUILD=. CCOIN_SOURCE=$(srcdir) $(PYTHON) \
		$(srcdir)/tests/functional/joining.py $(JOIN_TRANSACTIONS) \
		$(BENCH_CACHE)

distclean-local: bench-clean
bench-clean:
	rm -rf $(BENCH_CACHE)

# That it works is a test; how fast it is depends on the machine.
TESTS += bench/smoke.sh
EXTRA_DIST += bench/smoke.sh
bench/smoke.log: bench/bench$(EXEEXT) ccoind$(EXEEXT)

.PHONY: bench bench-join bench-clean
