libshell_a_SOURCES += \
	src/discovery/claim.c src/discovery/claim.h \
	src/discovery/member_json.c src/discovery/member_json.h \
	src/discovery/members.c src/discovery/members.h \
	src/discovery/service.c src/discovery/service.h

check_PROGRAMS += tests/unit/check_members
tests_unit_check_members_SOURCES = tests/unit/check_members.c \
	tests/unit/test_keys.h
