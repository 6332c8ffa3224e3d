libshell_a_SOURCES += \
	src/store/dir_lock.c src/store/dir_lock.h \
	src/store/file.c src/store/file.h \
	src/store/journal.c src/store/journal.h \
	src/store/journal_file.c \
	src/store/journal_grow.c \
	src/store/journal_internal.h \
	src/store/journal_record.c \
	src/store/journal_scan.c \
	src/store/key_pem.c src/store/key_pem.h \
	src/store/keyfile.c src/store/keyfile.h \
	src/store/keyfile_internal.h \
	src/store/keyfile_password.c \
	src/store/kv_lmdb.c src/store/kv_lmdb.h \
	src/store/kv_lmdb_internal.h \
	src/store/kv_lmdb_size.c \
	src/store/kv_lmdb_view.c \
	src/store/kv_lmdb_write.c
check_PROGRAMS += tests/unit/check_store tests/unit/check_store_durable \
	tests/unit/check_store_size
tests_unit_check_store_SOURCES = tests/unit/check_store.c \
	tests/unit/scratch.c tests/unit/scratch.h \
	tests/unit/store_rows.c tests/unit/store_rows.h
tests_unit_check_store_durable_SOURCES = tests/unit/check_store_durable.c \
	tests/unit/scratch.c tests/unit/scratch.h \
	tests/unit/store_rows.c tests/unit/store_rows.h
tests_unit_check_store_size_SOURCES = tests/unit/check_store_size.c \
	tests/unit/scratch.c tests/unit/scratch.h \
	tests/unit/store_rows.c tests/unit/store_rows.h

check_PROGRAMS += tests/unit/check_keyfile
tests_unit_check_keyfile_SOURCES = tests/unit/check_keyfile.c \
	tests/unit/scratch.c tests/unit/scratch.h tests/unit/test_keys.h

check_PROGRAMS += tests/unit/check_file
tests_unit_check_file_SOURCES = tests/unit/check_file.c \
	tests/unit/scratch.c tests/unit/scratch.h \
	tests/unit/store_rows.c tests/unit/store_rows.h

check_PROGRAMS += tests/unit/check_journal tests/unit/check_journal_crash
tests_unit_check_journal_SOURCES = tests/unit/check_journal.c \
	tests/unit/journal_fixture.c tests/unit/journal_fixture.h \
	tests/unit/scratch.c tests/unit/scratch.h \
	tests/unit/store_rows.c tests/unit/store_rows.h
tests_unit_check_journal_crash_SOURCES = tests/unit/check_journal_crash.c \
	tests/unit/disk.c tests/unit/disk.h \
	tests/unit/journal_fixture.c tests/unit/journal_fixture.h \
	tests/unit/scratch.c tests/unit/scratch.h
# What the journal asks of the disk is noted by tests/unit/disk.c.
tests_unit_check_journal_crash_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=pwrite,--wrap=fdatasync,--wrap=fsync,--wrap=rename,--wrap=write
