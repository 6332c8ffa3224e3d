libcore_a_SOURCES += \
	src/crypto/hash.c src/crypto/hash.h \
	src/crypto/key.c src/crypto/key.h src/crypto/key_openssl.h \
	src/crypto/merkle.c src/crypto/merkle.h \
	src/crypto/verifier.c
