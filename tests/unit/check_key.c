/* SPDX-License-Identifier: MIT */
/*
 * One encoding to a key, and none but sound keys of the types that we know.
 */
#include <check.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/rng.h"
#include "base/text.h"
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

static void spki_of(struct buf *out, const struct secret_key *key)
{
	buf_reset(out);
	buf_append_span(out, secret_key_public(key));
}

static void sign(struct buf *sig, const struct secret_key *key)
{
	ck_assert_int_eq(secret_key_sign(key, sig, &message), ERR_OK);
}

static void ck_refused(const struct buf *spki)
{
	struct verifier *v = verifier_new(4);
	enum key_type type;
	struct buf sig = {0};

	sign(&sig, rsa);
	ck_assert_int_eq(key_check(&type, buf_span(spki)), ERR_BAD_PUBLIC_KEY);
	ck_assert_int_eq(
		verifier_check(v, buf_span(spki), &message, buf_span(&sig)),
		ERR_BAD_PUBLIC_KEY);
	buf_release(&sig);
	verifier_free(v);
}

START_TEST(an_address_is_the_head_of_the_keys_hash)
{
	struct address a;
	struct hash h;

	key_address(&a, secret_key_public(rsa));
	sha256(&h, secret_key_public(rsa));
	ck_assert_mem_eq(a.b, h.b, ADDRESS_LEN);
	ck_assert(address_eq(&a, secret_key_address(rsa)));
	ck_assert_uint_eq(secret_key_public(rsa).len, 294);
	ck_assert_uint_eq(secret_key_public(ed).len, 44);
	ck_assert_uint_eq(key_signature_len(KEY_RSA2048), 256);
	ck_assert_uint_eq(key_signature_len(KEY_ED25519), 64);
}
END_TEST

/* Every bit but those that make another sound modulus or another point. */
START_TEST(every_flipped_bit_of_a_keys_frame_is_refused)
{
	struct buf s = {0};
	size_t i;
	bool free_bit;
	enum err err;

	spki_of(&s, rsa);
	for (i = 0; i < s.len * 8; i++) {
		free_bit = i >= 33 * 8 && i < (33 + 256) * 8 &&
			   i != 33 * 8 + 7 && i != (33 + 255) * 8;
		s.data[i / 8] ^= (uint8_t)(1 << i % 8);
		err = key_check(NULL, buf_span(&s));
		ck_assert_int_eq(err, free_bit ? ERR_OK : ERR_BAD_PUBLIC_KEY);
		s.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	spki_of(&s, ed);
	for (i = 0; i < 12 * 8; i++) {
		s.data[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_refused(&s);
		s.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert_int_eq(key_check(NULL, buf_span(&s)), ERR_OK);
	buf_release(&s);
}
END_TEST

START_TEST(a_key_of_another_length_is_refused)
{
	struct secret_key *keys[2];
	struct buf s = {0};
	size_t i, len;

	keys[0] = rsa;
	keys[1] = ed;
	for (i = 0; i < 2; i++) {
		spki_of(&s, keys[i]);
		len = s.len;
		buf_byte(&s, 0);
		ck_refused(&s);
		for (s.len = 0; s.len < len; s.len++)
			ck_assert_int_eq(key_check(NULL, buf_span(&s)),
					 ERR_BAD_PUBLIC_KEY);
		ck_assert_int_eq(key_check(NULL, buf_span(&s)), ERR_OK);
		while (s.len < 5000)
			buf_byte(&s, 0);
		ck_refused(&s);
	}
	ck_assert_int_eq(key_check(NULL, SPAN(NULL, 0)), ERR_BAD_PUBLIC_KEY);
	buf_release(&s);
}
END_TEST

/* Replace len bytes at a place by others. */
static void splice(struct buf *s, size_t at, size_t len, struct span by)
{
	struct buf out = {0};

	buf_append(&out, s->data, at);
	buf_append_span(&out, by);
	buf_append(&out, s->data + at + len, s->len - at - len);
	buf_release(s);
	*s = out;
}

static void bump(struct buf *s, size_t at, int by)
{
	s->data[at] = (uint8_t)(s->data[at] + by);
}

START_TEST(other_encodings_of_a_key_are_refused)
{
	static const uint8_t indefinite[] = {0x30, 0x80};
	static const uint8_t end[] = {0, 0};
	static const uint8_t long_len[] = {0x30, 0x81, 0x0d};
	static const uint8_t zero[] = {0};
	static const uint8_t three[] = {0x02, 0x01, 0x03};
	static const uint8_t padded_e[] = {0x02, 0x04, 0, 1, 0, 1};
	static const uint8_t long_e[] = {0x02, 0x81, 0x03, 1, 0, 1};
	struct buf s = {0};

	spki_of(&s, rsa); /* BER: indefinite length, ended by two zeros */
	splice(&s, 0, 4, SPAN_OF(indefinite));
	buf_append(&s, end, 2);
	ck_refused(&s);
	spki_of(&s, rsa); /* a length in more bytes than it needs */
	splice(&s, 4, 2, SPAN_OF(long_len));
	bump(&s, 3, 1);
	ck_refused(&s);
	spki_of(&s, rsa); /* parameters left out */
	splice(&s, 17, 2, SPAN(NULL, 0));
	bump(&s, 3, -2);
	bump(&s, 5, -2);
	ck_refused(&s);
	spki_of(&s, rsa); /* a second zero before the modulus */
	splice(&s, 32, 0, SPAN_OF(zero));
	bump(&s, 3, 1);
	bump(&s, 22, 1);
	bump(&s, 27, 1);
	bump(&s, 31, 1);
	ck_refused(&s);
	spki_of(&s, rsa); /* e = 3 */
	splice(&s, 289, 5, SPAN_OF(three));
	bump(&s, 3, -2);
	bump(&s, 22, -2);
	bump(&s, 27, -2);
	ck_refused(&s);
	spki_of(&s, rsa); /* 65537 with a zero before it */
	splice(&s, 289, 5, SPAN_OF(padded_e));
	bump(&s, 3, 1);
	bump(&s, 22, 1);
	bump(&s, 27, 1);
	ck_refused(&s);
	spki_of(&s, rsa); /* 65537 with a long length */
	splice(&s, 289, 5, SPAN_OF(long_e));
	bump(&s, 3, 1);
	bump(&s, 22, 1);
	bump(&s, 27, 1);
	ck_refused(&s);
	spki_of(&s, rsa); /* RSASSA-PSS, a key that brings its own rules */
	s.data[16] = 0x0a;
	ck_refused(&s);
	spki_of(&s, ed); /* Ed448 and X25519 */
	s.data[8] = 0x71;
	ck_refused(&s);
	s.data[8] = 0x6e;
	ck_refused(&s);
	buf_release(&s);
}
END_TEST

START_TEST(a_point_with_two_names_or_of_small_order_is_refused)
{
	static const char *const bad[] = {
		/* small order */
		"00000000000000000000000000000000000000000000000000000000000000"
		"00",
		"01000000000000000000000000000000000000000000000000000000000000"
		"00",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc"
		"05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03"
		"7a",
		/* y = p, p + 1 and 2^255 - 1 */
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
	};
	static const char *const good[] = {
		/* p - 2, and y beyond p in no byte but the lowest */
		"ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7e",
		"fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
		"7f",
	};
	struct buf s = {0};
	size_t i;

	spki_of(&s, ed);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert(hex_decode(s.data + 12, 32, span_str(bad[i])));
		ck_refused(&s);
		s.data[43] |= 0x80;
		ck_refused(&s);
	}
	for (i = 0; i < ARRAY_LEN(good); i++) {
		ck_assert(hex_decode(s.data + 12, 32, span_str(good[i])));
		ck_assert_int_eq(key_check(NULL, buf_span(&s)), ERR_OK);
	}
	buf_release(&s);
}
END_TEST

START_TEST(a_key_pair_of_another_type_is_not_taken)
{
	struct secret_key *key = rsa;
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

	ck_assert_ptr_nonnull(pkey);
	ck_assert_int_eq(secret_key_take(&key, pkey), ERR_BAD_PUBLIC_KEY);
	ck_assert_ptr_null(key);
	/* the public half alone */
	pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
					   secret_key_public(ed).data + 12, 32);
	ck_assert_ptr_nonnull(pkey);
	ck_assert_int_eq(secret_key_take(&key, pkey), ERR_BAD_PUBLIC_KEY);
	ck_assert_ptr_null(key);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		an_address_is_the_head_of_the_keys_hash,
		every_flipped_bit_of_a_keys_frame_is_refused,
		a_key_of_another_length_is_refused,
		other_encodings_of_a_key_are_refused,
		a_point_with_two_names_or_of_small_order_is_refused,
		a_key_pair_of_another_type_is_not_taken,
	};
	Suite *s = suite_create("key");
	TCase *c = tcase_create("key");
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
