# A unit test is tests/unit/check_MODULE.c over Check; add its name here.
UNIT_TESTS =
