libshell_a_SOURCES += \
	src/store/dir_lock.c src/store/dir_lock.h \
	src/store/file.c src/store/file.h \
	src/store/key_pem.c src/store/key_pem.h \
	src/store/keyfile.c src/store/keyfile.h src/store/journal.h \
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
