libcore_a_SOURCES += \
	src/ledger/account.c src/ledger/account.h \
	src/ledger/apply.c src/ledger/apply.h \
	src/ledger/delta.c src/ledger/delta.h
