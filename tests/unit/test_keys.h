/* SPDX-License-Identifier: MIT */
/*
 * Fixed keys for tests: making an RSA key takes 0.18 s, and a fixed one makes
 * a failure repeat. Nothing of value was ever theirs.
 */
#ifndef TESTS_UNIT_TEST_KEYS_H
#define TESTS_UNIT_TEST_KEYS_H

#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

#include "crypto/key.h"

/* clang-format off */
#define TEST_RSA_PEM \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MIIEvwIBADANBgkqhkiG9w0BAQEFAASCBKkwggSlAgEAAoIBAQDZVNLvyWcnpYF+\n" \
	"MiWuD09kdKr7YaRaAcI0tmmhGIZ1OxnelKCvjinJL/8ioDdheZV5w9hdmv/YwObe\n" \
	"vl2EPUfAb/HLg0VR+QXnLjB9aBl710eYHJUfFXG8chsISQN4xFG0mJWMqBUFAc7m\n" \
	"nNkhEkfA93mO3q39RlzvmOt1MbSklpMiu0SHS31a/af7KHV6+DF8PZNaJ58fURov\n" \
	"Ni9FbZ1j4jS46NXWlnxpN4P6tKpunAc5DRGE8gG7BaYCnG1LwIbe1NXBZkrSF+5T\n" \
	"Mt2g7V9xzP3ZdMY6jeJ9SWViYFbWth3U1KiqFW2SyAKR1F0xbABWfQhEHx39BpuA\n" \
	"CK0BLBgXAgMBAAECggEAF6+Jb621CtqcUssXVTGA9xNKASyik1amukT5HSAFo2gm\n" \
	"CR6MpqVpQ25yMW1hq8Nq+YLRJV57rL1VTAhWO8/L7pqksQfk+aqYrJnZmglK4bbU\n" \
	"LC1NST52j1GmRZBjivlmaDbK8bHt3IZWbMbCWTrbTBoMivgU4UoWXdx+KN8ab2dw\n" \
	"Ov+nVP57sz7a+QkWUm4lWbGYssVg1EUwHEdsT534HyimehoRvXzisWoYvHmRx2B+\n" \
	"5ejwTsAFp0kXmNbwlsz8ckFu/ZajPttVEL/bZwvRHjWZsa2XBSviHNYEKIjyPSb8\n" \
	"VxmFlMYjc5y32kFlhriIaujjQV8GoChyC3a0z7lxeQKBgQD2ClpkOm5VlO5eh9k+\n" \
	"DlUDDtDmAGd+nLqAY9jh0rAsc/G82+xAVoZ3oZwtEZF97cz/5NcTJ/2NtxYrSLYO\n" \
	"0hnLBvrL7Qtg/AbLvQVgLDeU3UGFjtz/wd/Lj33i/w0I+8e7ZSwf0LntWnDwcSdG\n" \
	"1SzU0lfAW80LW28genII4uNFvwKBgQDiIPd4tlErFLHSVYpqEXUBz2ZkCnvPFxSJ\n" \
	"APJdhZUuqUR5/J2Jhuv5J/4vjcicRxf08gvMzhh6RtNLRipYdoxc/0OaAJjjzAve\n" \
	"gJFgLTc++bx8rAlZzsHvjH9vcZrH4AM+pSOlByxcXoqYOwv36JVK+CwoFrCWc2Oc\n" \
	"Nu7/yUIzqQKBgQCtgkWWkyJGFj43yeOpAKBxBJzK5pQV1N8tNby4HEWDQ8zBW/Jy\n" \
	"uNIhQYYKvm30+aNs/muyJayIqQnoQmGpd/8aj3SEJUm1/mWofkdxOB2GTLYtQr+V\n" \
	"WZrCShID58vAfxauj72bPi4wNWyaE6IYMLNp7mBV1id2j+eBZvhOTfrqrwKBgQCk\n" \
	"iSRIOzCYTjiNORy7zPP8WzK/fDlWGA8jGQNBNV+1Ugi3Ui420WuGIal8ZIgh3kD6\n" \
	"Q9x+Kz/4SOyZivZo4+mCCWLg/apBpkjEn3woJP5b3k9dz7gGFsFaUjqvllPvN3pk\n" \
	"7Lgg7jVDCK+D0QMGYb+viyBmEwxujItgMUB58bEv8QKBgQDfe94enVGuLHPxej5D\n" \
	"Ds+1487IiFoSP98V+xSxzFZpL9IcCPgdLcmTyB9egKZEhur6CuSlqYQ8M/dx6Xs2\n" \
	"+Rn2AQtEL5VPG3GvIFokA6N+1toPrX16OATJM4ZEFQ73IhD14mEoFdeTt3+hUrON\n" \
	"bGUL7XENzijyWYqj2B/bpiLtRg==\n" \
	"-----END PRIVATE KEY-----\n"

#define TEST_RSA2_PEM \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCPWHsJLnDrX2rB\n" \
	"5WZehxUiFgnnKCVdDk/ZMuKNamzfJKZZJwGxAvn8p+sD3FOZHmLkBwpeJXmOPRp3\n" \
	"Hg2KKypn4DSk/fgxBd2FcGZSWNNx/hVq1UzM6KDeAoz7jAsCvsl9zu6nMyS2ZAof\n" \
	"Khik2YPYZ0zJ32kh+XsXDsMvupLMuAEWQrfzA6ku42ccD8J4spX65bh0mospO+Wl\n" \
	"1txIck6z0p6w/XTfH3Nvey+tX70W8ydXXHkP0mFzB7RVYNf2C44UXiNpXojgPd8S\n" \
	"h6Du0QLoIyRjeOyQ/d6MIXlkLzcBhnuwRzJLI2xpIgICn18cjg3JxR3i+8KPctLy\n" \
	"N4WhQ/zbAgMBAAECggEAO5L1R2KSsW+taboSKnUPlmP8Z6JqrNr22njoaQdzCeYs\n" \
	"cF7iuBNZm+SZqrgV0kwro0M9ztTaSQAiEKFf1S2NaTBoEK4wSQd8AiotjEm4Tubf\n" \
	"NdBCI+MGgF4lA6I3LUPnb67hxoFd36OCBWO0bEauIfEEm92KzwDlZDbRbfOncQbk\n" \
	"sk/1gZe7GASmmwhDhDe3XQQmM0DsMDTNunc89axcoM0+q9TP5AdbyudQK9l/NuCh\n" \
	"fn8nTT0cIlM+hyOm2KtWcjHA0Zaos/iC1pep0dBmb72U+iMO97gLt2ZvAyYEZ3Lm\n" \
	"EYDPP1YMXjXa52ZlVbUiwHnGC9ahWDRKop4b/qm7WQKBgQDGO5y7Kit4nQPPetXU\n" \
	"zygWjTwiVqiffOKmC5qgNc4Jpn5DLDLVO9BEsWYLbNg4CKJBYsxUuOwNLCZenLCT\n" \
	"2RE9sLcpwUCI+Cw81VStDxKXkqV91AzBeF2IcKCoifbw9zZfVv+u/mzYozBoD690\n" \
	"/7jGoFlMlDPfIfDRmIG7X0603wKBgQC5HjiMJFnJKiOnYq1jwYP/Y3qBP1kKw4ue\n" \
	"Qc9cvpfNyXEfkkF1HlIgSzd3Sl+LmBZzsNPytYsn1ZwMBTttb/9LXX55ktfCIWj4\n" \
	"ih2VurW0PZH7t7czDMFZ00LfZ+2OUGX1YHYYuSfk5LRbRjDFG53A/rnfCK1HNXl7\n" \
	"XmvhUMObhQKBgQCHHlT7oofVA7l4L/MWxkk97fECOu1fIKHgqmIwN9yD6W+A29ye\n" \
	"SdHxMLYsrXlH4GKwjOZYDWAgrmpM7SLS9A9zbEO8+1PAyOBmasb32yFCHZweA27a\n" \
	"ZO/kM1je6INgxjDSlZtcLWIF3F3/YEmpRzEselnD//THb/wU8Y3kKNeeIwKBgERT\n" \
	"ODHZlN4f1IsKa87e9RZFJEkiFX5YkGa4CY5Etoj46ezqMYjFyTAsMuuvorZGSzsm\n" \
	"MARsJ1FrkS4KnFWXOdYaSv0aStJXPIRHjgXepQRCmWgb9d08vvylchA9LrwRRqCb\n" \
	"mtsjM+tS0pLBxGxr9fzux7HfZP1calszjYPbKGd1AoGAETa2Hs+gUsCT6JtDbYxy\n" \
	"bRUkWc2Zp30EkfTcy1KlnXt5FlRW47mlbLfx0oiVxGSPRPpGLXLO6wQcaMJxB1BC\n" \
	"tsTLk4hF0aU8QlSKjyjmeNTRiWnziWPvKKuhP9EFbumNBMIXjBlnVOh7400CoPF/\n" \
	"R85zrdPbHzvtgcVSpRwSc98=\n" \
	"-----END PRIVATE KEY-----\n"

#define TEST_ED25519_PEM \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MC4CAQAwBQYDK2VwBCIEIFCUeaABS35oQ2pS5XCaHL0B3KFeUBu4czLM3uO1g0jH\n" \
	"-----END PRIVATE KEY-----\n"

/* clang-format on */

/* The key of a PEM above; secret_key_free() it. */
static inline struct secret_key *test_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	struct secret_key *key;
	EVP_PKEY *pkey;

	if (!bio)
		abort();
	pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (!pkey || secret_key_take(&key, pkey))
		abort();
	return key;
}

#endif
