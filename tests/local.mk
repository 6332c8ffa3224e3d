# Unit tests are listed in the local.mk of the floor that they test:
#   check_PROGRAMS += tests/unit/check_MODULE
#   tests_unit_check_MODULE_SOURCES = tests/unit/check_MODULE.c
TESTS += $(check_PROGRAMS)

TEST_EXTENSIONS = .py .sh
PY_LOG_COMPILER = $(PYTHON)
SH_LOG_COMPILER = $(SHELL)
# What tests may know of the build. CCOIN_BUILD is where the programs are.
AM_TESTS_ENVIRONMENT = \
	CCOIN_BUILD='$(abs_builddir)'; export CCOIN_BUILD; \
	CCOIN_SOURCE='$(abs_srcdir)'; export CCOIN_SOURCE; \
	CHECK_CC='$(CC) $(AM_CPPFLAGS) $(CPPFLAGS)'; export CHECK_CC; \
	NM='$(NM)'; export NM; \
	PYTHON='$(PYTHON)'; export PYTHON; \
	CK_TIMEOUT_MULTIPLIER=10; export CK_TIMEOUT_MULTIPLIER; \
	PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE;

# The house: checks of the source, and that the checks can fail.
HOUSE_TESTS = tests/house/source.sh tests/house/selftest.sh \
	tests/house/options.sh tests/house/bugs.sh
TESTS += $(HOUSE_TESTS)
EXTRA_DIST += $(HOUSE_TESTS) tests/bugs

# The same chains whatever the compiler; see scripts/same-roots.
check_PROGRAMS += tests/roots
tests_roots_SOURCES = tests/roots.c
tests_roots_LDADD = $(CORE_LIBS)
EXTRA_DIST += tests/roots.expected

include tests/sim/local.mk
include tests/fuzz/local.mk
include tests/functional/local.mk
