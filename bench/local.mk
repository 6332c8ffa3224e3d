# What is measured, beside its ceiling: `make bench`, or, in seconds and with
# few senders, `make bench BENCH=quick`. Keys and signed transactions are kept
# in bench-cache/. BENCH_PARTS="start blocks" runs these parts alone.
EXTRA_PROGRAMS = bench/bench
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
CLEANFILES += bench/bench$(EXEEXT)

BENCH = full
BENCH_CACHE = bench-cache

BENCH_PARTS =

bench: bench/bench$(EXEEXT) ccoind$(EXEEXT)
	$(AM_V_at)./bench/bench$(EXEEXT) $(BENCH) $(BENCH_CACHE) \
		./ccoind$(EXEEXT) $(BENCH_PARTS)

distclean-local: bench-clean
bench-clean:
	rm -rf $(BENCH_CACHE)

# That it works is a test; how fast it is depends on the machine.
TESTS += bench/smoke.sh
EXTRA_DIST += bench/smoke.sh
bench/smoke.log: bench/bench$(EXEEXT) ccoind$(EXEEXT)

.PHONY: bench bench-clean
