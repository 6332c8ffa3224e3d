/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 against FIPS 180-4 and against EVP, digests and Merkle trees
 * against values computed elsewhere.
 */
#include <check.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/mem.h"
#include "base/rng.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"

static void ck_hash(const struct hash *h, const char *hex)
{
	char text[HASH_HEX_LEN];

	ck_assert_str_eq(hash_hex(text, h), hex);
}

/* --- hashes ---- */

START_TEST(sha256_gives_the_standards_vectors)
{
	struct hash h;
	struct buf a = {0};
	size_t i;

	sha256(&h, SPAN(NULL, 0));
	ck_hash(&h, "e3b0c44298fc1c149afbf4c8996fb924"
		    "27ae41e4649b934ca495991b7852b855");
	sha256(&h, span_str("abc"));
	ck_hash(&h, "ba7816bf8f01cfea414140de5dae2223"
		    "b00361a396177a9cb410ff61f20015ad");
	sha256(&h, span_str("abcdbcdecdefdefgefghfghighijhijkijkljklmklmn"
			    "lmnomnopnopq"));
	ck_hash(&h, "248d6a61d20638b8e5c026930c3e6039"
		    "a33ce45964ff2167f6ecedd419db06c1");
	for (i = 0; i < 1000000; i++)
		buf_byte(&a, 'a');
	sha256(&h, buf_span(&a));
	ck_hash(&h, "cdc76e5c9914fb9281a1c7e284d73e67"
		    "f1809a48a497200e046d39ccc7112cd0");
	buf_release(&a);
}
END_TEST

static void evp_sha256_of(struct hash *out, const uint8_t *data, size_t len)
{
	ck_assert(EVP_Digest(data, len, out->b, NULL, EVP_sha256(), NULL));
}

START_TEST(short_cuts_agree_with_the_general_function)
{
	uint8_t data[200];
	struct hash got, want, a, b;
	struct rng rng;
	size_t i, cut;

	rng_seed(&rng, 1);
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)rng_next(&rng);
	for (i = 0; i <= sizeof(data); i++) {
		evp_sha256_of(&want, data, i);
		sha256(&got, SPAN(data, i));
		ck_assert(hash_eq(&got, &want));
		cut = i ? rng_below(&rng, i + 1) : 0;
		sha256_2(&got, SPAN(data, cut), SPAN(data + cut, i - cut));
		ck_assert(hash_eq(&got, &want));
	}
	memcpy(a.b, data + 1, HASH_LEN);
	memcpy(b.b, data + 1 + HASH_LEN, HASH_LEN);
	evp_sha256_of(&want, data, 65);
	hash_pair(&got, data[0], &a, &b);
	ck_assert(hash_eq(&got, &want));
	hash_pair(&b, data[0], &a, &b);
	ck_assert(hash_eq(&b, &want));
	memcpy(b.b, data + 1 + HASH_LEN, HASH_LEN);
	hash_pair(&a, data[0], &a, &b);
	ck_assert(hash_eq(&a, &want));
	memcpy(a.b, data + 8, HASH_LEN);
	evp_sha256_of(&want, data, 8 + HASH_LEN);
	pow_hash(&got, get_be64(data), &a);
	ck_assert(hash_eq(&got, &want));
}
END_TEST

START_TEST(digest_is_bound_to_role_and_chain)
{
	struct hash chain, other, h, g;

	memset(chain.b, 0x11, HASH_LEN);
	memset(other.b, 0x12, HASH_LEN);
	digest(&h, DOMAIN_TX, &chain, span_str("body"));
	ck_hash(&h, "0b0fc6e62c65ef6e59774779d6b5598e"
		    "0c6def9c2ee9710b3a53a566439d2a7e");
	digest(&g, DOMAIN_HEADER, &chain, span_str("body"));
	ck_assert(!hash_eq(&h, &g));
	digest(&g, DOMAIN_TX, &other, span_str("body"));
	ck_assert(!hash_eq(&h, &g));
}
END_TEST

START_TEST(hashcash_counts_leading_zero_digits)
{
	struct hash h;
	unsigned zeros, d;

	memset(h.b, 0x22, HASH_LEN);
	pow_hash(&h, UINT64_C(0x0102030405060708), &h);
	ck_hash(&h, "68342abd19965fddfd627f2d7612b2c2"
		    "a20d7d1ce197cf7f00941636f8d97e0f");
	for (zeros = 0; zeros < 64; zeros++) {
		memset(h.b, 0, HASH_LEN);
		h.b[zeros / 2] = zeros & 1 ? 0x01 : 0x10;
		for (d = 0; d <= 65; d++)
			ck_assert_int_eq(hash_has_zero_digits(&h, d),
					 d <= zeros);
	}
	memset(h.b, 0, HASH_LEN);
	ck_assert(hash_has_zero_digits(&h, 64));
	ck_assert(!hash_has_zero_digits(&h, 65));
	ck_assert(!hash_has_zero_digits(&h, UINT32_MAX));
}
END_TEST

START_TEST(hex_of_hashes_and_addresses_is_exact)
{
	char hex[HASH_HEX_LEN], short_hex[ADDRESS_HEX_LEN];
	struct address a, b;
	struct hash h, g;

	sha256(&h, span_str("x"));
	hash_hex(hex, &h);
	ck_assert(hash_from_hex(&g, span_str(hex)));
	ck_assert(hash_eq(&h, &g));
	ck_assert(!hash_from_hex(&g, SPAN(hex, 63)));
	ck_assert(!hash_from_hex(&g, SPAN(hex, 65)));
	memcpy(a.b, h.b, ADDRESS_LEN);
	address_hex(short_hex, &a);
	ck_assert(address_from_hex(&b, span_str(short_hex)));
	ck_assert(address_eq(&a, &b));
	ck_assert(!address_from_hex(&b, span_str(hex)));
	b.b[19] ^= 1;
	ck_assert(!address_eq(&a, &b));
	ck_assert(!hash_is_zero(&h));
	memset(&h, 0, sizeof(h));
	ck_assert(hash_is_zero(&h));
	h.b[31] = 1;
	ck_assert(!hash_is_zero(&h));
}
END_TEST

/* --- Merkle ---- */

#define LEAVES 301

static void make_leaves(struct hash *leaves)
{
	size_t i;

	for (i = 0; i < LEAVES; i++)
		sha256(&leaves[i],
		       SPAN(((uint8_t[]){(uint8_t)i, (uint8_t)(i >> 8)}), 2));
}

/* RFC 6962 2.1, to the letter. */
static void naive_root(struct hash *out, const struct hash *l, size_t n)
{
	struct hash left, right;
	size_t k = 1;
	uint8_t tag = 0;

	if (!n) {
		sha256(out, SPAN(NULL, 0));
	} else if (n == 1) {
		sha256_2(out, SPAN(&tag, 1), hash_span(l));
	} else {
		while (2 * k < n)
			k *= 2;
		naive_root(&left, l, k);
		naive_root(&right, l + k, n - k);
		hash_pair(out, 1, &left, &right);
	}
}

START_TEST(merkle_roots_are_those_of_rfc_6962)
{
	static const struct {
		size_t n;
		const char *root;
	} known[] = {
		{0, "e3b0c44298fc1c149afbf4c8996fb924"
		    "27ae41e4649b934ca495991b7852b855"},
		{1, "d37300dc2c6e038a83ee197ca0e181a7"
		    "7f6875afd9f537d31ca4995876481319"},
		{2, "04f89961dc9136b6f3c1f7b51a1d4bed"
		    "9dd47e713b81fd6be8241f72663e992f"},
		{3, "1a40fb6a7e1fccbe40993b03c1157e2f"
		    "8e3c4af505db37925f5dc6adb747fb4e"},
		{5, "ab2cf731ad4ed070c7a6c2d235c57b09"
		    "77eaac14fe35756a9930333c355db3d2"},
		{7, "f53bb4c774794b67f3c87f3a5c4734ee"
		    "8e1f193fced013ff8163b8e32ffab32b"},
		{8, "c734ee60b117aaec6b928afe2bd0f01c"
		    "6d6dbe1a24e579b6f443c19fa4c404a6"},
		{300, "57a073f1bb69a0b806cfc1de8445ed8b"
		      "9816ec90c579f172575f75fd3d1de828"},
	};
	struct hash leaves[LEAVES], root;
	size_t i;

	make_leaves(leaves);
	for (i = 0; i < ARRAY_LEN(known); i++) {
		merkle_root(&root, leaves, known[i].n);
		ck_hash(&root, known[i].root);
	}
}
END_TEST

START_TEST(a_growing_range_has_the_merkle_root_at_every_length)
{
	struct hash leaves[LEAVES], a, b, want;
	struct mmr m = {0};
	size_t n;

	make_leaves(leaves);
	for (n = 0; n < LEAVES; n++) {
		ck_assert_uint_eq(m.count, n);
		mmr_root(&a, &m);
		merkle_root(&b, leaves, n);
		naive_root(&want, leaves, n);
		ck_assert(hash_eq(&a, &want));
		ck_assert(hash_eq(&b, &want));
		mmr_append(&m, &leaves[n]);
	}
}
END_TEST

START_TEST(an_odd_leaf_is_never_doubled)
{
	struct hash leaves[LEAVES], odd, even;
	size_t n;

	make_leaves(leaves);
	for (n = 1; n < 20; n += 2) {
		merkle_root(&odd, leaves, n);
		leaves[n] = leaves[n - 1];
		merkle_root(&even, leaves, n + 1);
		ck_assert(!hash_eq(&odd, &even));
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		sha256_gives_the_standards_vectors,
		short_cuts_agree_with_the_general_function,
		digest_is_bound_to_role_and_chain,
		hashcash_counts_leading_zero_digits,
		hex_of_hashes_and_addresses_is_exact,
		merkle_roots_are_those_of_rfc_6962,
		a_growing_range_has_the_merkle_root_at_every_length,
		an_odd_leaf_is_never_doubled,
	};
	Suite *s = suite_create("crypto");
	TCase *c = tcase_create("crypto");
	SRunner *r;
	size_t i;
	int failed;

	for (i = 0; i < ARRAY_LEN(tests); i++)
		tcase_add_test(c, tests[i]);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
