libcore_a_SOURCES += \
	src/crypto/check.c src/crypto/check.h \
	src/crypto/hash.c src/crypto/hash.h \
	src/crypto/key.c src/crypto/key.h src/crypto/key_openssl.h \
	src/crypto/merkle.c src/crypto/merkle.h \
	src/crypto/verifier.c

check_PROGRAMS += tests/unit/check_crypto tests/unit/check_key \
	tests/unit/check_signature
tests_unit_check_crypto_SOURCES = tests/unit/check_crypto.c
tests_unit_check_key_SOURCES = tests/unit/check_key.c tests/unit/test_keys.h
tests_unit_check_signature_SOURCES = tests/unit/check_signature.c \
	tests/unit/test_keys.h
