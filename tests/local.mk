# Unit tests are listed in the local.mk of the floor that they test:
#   check_PROGRAMS += tests/unit/check_MODULE
#   tests_unit_check_MODULE_SOURCES = tests/unit/check_MODULE.c
TESTS += $(check_PROGRAMS)
