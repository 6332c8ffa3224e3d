/* SPDX-License-Identifier: MIT */
/*
 * No signature but the right one, and a cache that changes no answer.
 */
#include <check.h>
#include <pthread.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/rng.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "test_keys.h"

static struct secret_key *rsa, *rsa2, *ed;
static struct hash message;

static void open_keys(void)
{
	rsa = test_key(TEST_RSA_PEM);
	rsa2 = test_key(TEST_RSA2_PEM);
	ed = test_key(TEST_ED25519_PEM);
	digest(&message, DOMAIN_TX, &(struct hash){{1}}, span_str("pay"));
}

static void close_keys(void)
{
	secret_key_free(rsa);
	secret_key_free(rsa2);
	secret_key_free(ed);
}

static void sign(struct buf *sig, const struct secret_key *key)
{
	ck_assert_int_eq(secret_key_sign(key, sig, &message), ERR_OK);
}

static enum err check_once(const struct secret_key *key, const struct hash *h,
			   struct span sig)
{
	struct verifier *v = verifier_new(2);
	enum err err = verifier_check(v, secret_key_public(key), h, sig);

	verifier_free(v);
	return err;
}

static void ck_bad(const struct secret_key *key, struct span sig)
{
	ck_assert_int_eq(check_once(key, &message, sig), ERR_BAD_SIGNATURE);
}

START_TEST(what_a_key_signs_it_verifies)
{
	struct buf a = {0}, b = {0};

	sign(&a, rsa);
	sign(&b, rsa);
	ck_assert_uint_eq(a.len, 256);
	ck_assert(!span_eq(buf_span(&a), buf_span(&b)));
	ck_assert_int_eq(check_once(rsa, &message, buf_span(&a)), ERR_OK);
	ck_assert_int_eq(check_once(rsa, &message, buf_span(&b)), ERR_OK);
	buf_reset(&a);
	buf_byte(&a, 'x'); /* a signature is appended */
	sign(&a, ed);
	ck_assert_uint_eq(a.len, 65);
	ck_assert_int_eq(check_once(ed, &message, SPAN(a.data + 1, 64)),
			 ERR_OK);
	buf_release(&a);
	buf_release(&b);
}
END_TEST

/* The digest is PSS's message hash: whoever hashes the message gets there. */
START_TEST(other_software_accepts_our_signatures)
{
	static const char text[] = "message";
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *p;
	struct hash h;
	struct buf sig = {0};

	sha256(&h, span_str(text));
	ck_assert_int_eq(secret_key_sign(rsa, &sig, &h), ERR_OK);
	ck_assert_int_eq(EVP_DigestVerifyInit(ctx, &p, EVP_sha256(), NULL,
					      (EVP_PKEY *)secret_key_pkey(rsa)),
			 1);
	ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING),
			 0);
	ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_pss_saltlen(p, 32), 0);
	ck_assert_int_eq(EVP_DigestVerify(ctx, sig.data, sig.len,
					  (const unsigned char *)text,
					  strlen(text)),
			 1);
	buf_release(&sig);
	EVP_MD_CTX_free(ctx);
}
END_TEST

START_TEST(every_flipped_bit_of_a_signature_is_refused)
{
	struct secret_key *keys[2];
	struct verifier *v = verifier_new(2);
	struct buf sig = {0};
	size_t i, k;

	keys[0] = rsa;
	keys[1] = ed;
	for (k = 0; k < 2; k++) {
		buf_reset(&sig);
		sign(&sig, keys[k]);
		/* the first check fills the cache, the others use it */
		ck_assert_int_eq(verifier_check(v, secret_key_public(keys[k]),
						&message, buf_span(&sig)),
				 ERR_OK);
		for (i = 0; i < sig.len * 8; i++) {
			sig.data[i / 8] ^= (uint8_t)(1 << i % 8);
			ck_assert_int_eq(
				verifier_check(v, secret_key_public(keys[k]),
					       &message, buf_span(&sig)),
				ERR_BAD_SIGNATURE);
			sig.data[i / 8] ^= (uint8_t)(1 << i % 8);
		}
		ck_assert_int_eq(verifier_check(v, secret_key_public(keys[k]),
						&message, buf_span(&sig)),
				 ERR_OK);
	}
	buf_release(&sig);
	verifier_free(v);
}
END_TEST

START_TEST(a_signature_of_another_key_or_digest_is_refused)
{
	struct buf sig = {0};
	struct hash other;
	size_t i;

	sign(&sig, rsa);
	ck_bad(rsa2, buf_span(&sig));
	ck_bad(ed, buf_span(&sig));
	digest(&other, DOMAIN_TX, &(struct hash){{2}}, span_str("pay"));
	ck_assert_int_eq(check_once(rsa, &other, buf_span(&sig)),
			 ERR_BAD_SIGNATURE);
	for (i = 0; i < HASH_LEN * 8; i += 37) {
		other = message;
		other.b[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_int_eq(check_once(rsa, &other, buf_span(&sig)),
				 ERR_BAD_SIGNATURE);
	}
	buf_release(&sig);
}
END_TEST

START_TEST(a_signature_of_another_length_is_refused)
{
	struct buf sig = {0};

	sign(&sig, rsa);
	buf_byte(&sig, 0);
	ck_bad(rsa, buf_span(&sig));
	for (sig.len = 0; sig.len < 256; sig.len += 15)
		ck_bad(rsa, buf_span(&sig));
	ck_bad(rsa, SPAN(NULL, 0));
	ck_bad(ed, SPAN(NULL, 0));
	buf_release(&sig);
}
END_TEST

/* s + L is the same scalar: RFC 8032 5.1.7 refuses it, and so must we, or
 * one transaction would have two sets of full bytes that pass. */
START_TEST(an_ed25519_signature_has_one_form)
{
	static const uint8_t order[32] = {
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
		0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
		0,    0,    0,	  0,	0,    0,    0,	  0,
		0,    0,    0,	  0,	0,    0,    0,	  0x10,
	};
	struct buf sig = {0};
	unsigned carry = 0;
	size_t i;

	sign(&sig, ed);
	for (i = 0; i < 32; i++) {
		carry += sig.data[32 + i] + order[i];
		sig.data[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	ck_bad(ed, buf_span(&sig));
	buf_release(&sig);
}
END_TEST

START_TEST(an_rsa_signature_not_below_the_modulus_is_refused)
{
	struct buf sig = {0};
	struct span spki = secret_key_public(rsa);
	unsigned carry, tries = 0;
	size_t i;

	/* s + n is s again, where it fits. Salts are random: try until it
	 * does, which is one time in eight for this modulus. */
	do {
		buf_reset(&sig);
		sign(&sig, rsa);
		carry = 0;
		for (i = 256; i-- > 0;) {
			carry += sig.data[i] + spki.data[33 + i];
			sig.data[i] = (uint8_t)carry;
			carry >>= 8;
		}
		ck_bad(rsa, buf_span(&sig));
	} while (carry && ++tries < 1000);
	ck_assert(!carry);
	memset(sig.data, 0xff, 256);
	ck_bad(rsa, buf_span(&sig));
	memset(sig.data, 0, 256);
	ck_bad(rsa, buf_span(&sig));
	buf_release(&sig);
}
END_TEST

static void sign_as(struct buf *sig, int padding, int salt, const EVP_MD *mgf)
{
	EVP_PKEY_CTX *c =
		EVP_PKEY_CTX_new((EVP_PKEY *)secret_key_pkey(rsa), NULL);
	size_t len = 256;

	ck_assert_int_gt(EVP_PKEY_sign_init(c), 0);
	ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_padding(c, padding), 0);
	ck_assert_int_gt(EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()), 0);
	if (padding == RSA_PKCS1_PSS_PADDING) {
		ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_mgf1_md(c, mgf), 0);
		ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_pss_saltlen(c, salt), 0);
	}
	buf_reset(sig);
	buf_reserve(sig, len);
	ck_assert_int_gt(EVP_PKEY_sign(c, sig->data, &len, message.b, 32), 0);
	sig->len = len;
	EVP_PKEY_CTX_free(c);
}

START_TEST(only_one_set_of_pss_parameters_is_accepted)
{
	static const int salts[] = {0, 20, 31, 33, 64, 222};
	struct buf sig = {0};
	size_t i;

	sign_as(&sig, RSA_PKCS1_PSS_PADDING, 32, EVP_sha256());
	ck_assert_int_eq(check_once(rsa, &message, buf_span(&sig)), ERR_OK);
	for (i = 0; i < ARRAY_LEN(salts); i++) {
		sign_as(&sig, RSA_PKCS1_PSS_PADDING, salts[i], EVP_sha256());
		ck_bad(rsa, buf_span(&sig));
	}
	sign_as(&sig, RSA_PKCS1_PSS_PADDING, 32, EVP_sha1());
	ck_bad(rsa, buf_span(&sig));
	sign_as(&sig, RSA_PKCS1_PADDING, 0, NULL);
	ck_bad(rsa, buf_span(&sig));
	buf_release(&sig);
}
END_TEST

/* --- the cache ---- */

#define MANY 24

START_TEST(the_cache_forgets_keys_but_never_mixes_them_up)
{
	struct secret_key *keys[MANY];
	struct buf sigs[MANY] = {{0}};
	struct verifier *v;
	struct rng rng;
	size_t max, i, k, s;

	for (i = 0; i < MANY; i++) {
		ck_assert_int_eq(secret_key_take(&keys[i],
						 i == 0	  ? EVP_RSA_gen(2048)
						 : i == 1 ? EVP_RSA_gen(2048)
							  : EVP_PKEY_Q_keygen(
								    NULL, NULL,
								    "ED25519")),
				 ERR_OK);
		sign(&sigs[i], keys[i]);
	}
	rng_seed(&rng, 7);
	for (max = 0; max <= 2 * MANY; max = max * 2 + 1) {
		v = verifier_new(max);
		for (i = 0; i < 150; i++) {
			k = rng_below(&rng, MANY);
			s = rng_below(&rng, 3) ? k : rng_below(&rng, MANY);
			ck_assert_int_eq(
				verifier_check(v, secret_key_public(keys[k]),
					       &message, buf_span(&sigs[s])),
				s == k ? ERR_OK : ERR_BAD_SIGNATURE);
		}
		verifier_free(v);
	}
	for (i = 0; i < MANY; i++) {
		secret_key_free(keys[i]);
		buf_release(&sigs[i]);
	}
}
END_TEST

static void *sign_some(void *arg)
{
	struct buf sig = {0};
	size_t *good = arg, i;

	for (i = 0; i < 8; i++) {
		buf_reset(&sig);
		*good +=
			!secret_key_sign(i & 1 ? rsa : ed, &sig, &message) &&
			!check_once(i & 1 ? rsa : ed, &message, buf_span(&sig));
	}
	buf_release(&sig);
	return NULL;
}

START_TEST(threads_may_sign_with_one_key)
{
	pthread_t threads[3];
	size_t good[3] = {0}, i;

	for (i = 0; i < 3; i++)
		ck_assert(!pthread_create(&threads[i], NULL, sign_some,
					  &good[i]));
	for (i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_uint_eq(good[i], 8);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_a_key_signs_it_verifies,
		other_software_accepts_our_signatures,
		every_flipped_bit_of_a_signature_is_refused,
		a_signature_of_another_key_or_digest_is_refused,
		a_signature_of_another_length_is_refused,
		an_ed25519_signature_has_one_form,
		an_rsa_signature_not_below_the_modulus_is_refused,
		only_one_set_of_pss_parameters_is_accepted,
		the_cache_forgets_keys_but_never_mixes_them_up,
		threads_may_sign_with_one_key,
	};
	Suite *s = suite_create("signature");
	TCase *c = tcase_create("signature");
	SRunner *r;
	size_t i;
	int failed;

	tcase_add_checked_fixture(c, open_keys, close_keys);
	tcase_set_timeout(c, 60);
	for (i = 0; i < ARRAY_LEN(tests); i++)
		tcase_add_test(c, tests[i]);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
