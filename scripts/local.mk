# The checks of the source, the analysers and the commands for people.

EXTRA_DIST += \
	scripts/check/banned scripts/check/common.py scripts/check/floors \
	scripts/check/format scripts/check/headers scripts/check/hygiene \
	scripts/check/options scripts/check/purity scripts/check/selftest \
	scripts/check/sizes scripts/check/source \
	scripts/analyze scripts/bft-bench scripts/bft-sim scripts/bft-test \
	scripts/bugs scripts/count-tests scripts/crash-test scripts/devnet \
	scripts/flood-test scripts/fuzz scripts/join-test \
	scripts/kill-test scripts/lib.sh \
	scripts/net-test \
	scripts/run scripts/same-roots scripts/sim scripts/test \
	.ci/run .clang-format .clang-tidy \
	.editorconfig src/FLOORS

# Floors, purity of the core, headers alone, banned functions, format, sizes.
check-source: libcore.a
	$(AM_V_at)$(PYTHON) $(srcdir)/scripts/check/source $(srcdir) \
		--libcore=libcore.a --nm='$(NM)' \
		--cc='$(CC) $(AM_CPPFLAGS) $(CPPFLAGS)'

# scan-build, cppcheck, clang-tidy: each fails on what it finds.
analyze:
	$(AM_V_at)$(SHELL) $(srcdir)/scripts/analyze

.PHONY: check-source analyze
