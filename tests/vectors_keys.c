/* SPDX-License-Identifier: MIT */
/* Public keys and Ed25519 signatures of doc/vectors.json, and its list of
 * error codes. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypto/key.h"
#include "http/call.h"
#include "unit/test_keys.h"
#include "vectors.h"

/* --- keys ---- */

static json_t *key_example(const char *type, const char *pem,
			   const struct secret_key *key)
{
	json_t *o = json_object();

	add(o, "type", json_string(type));
	add(o, "private_key_pem", json_string(pem));
	add(o, "public_key", hex_json(secret_key_public(key)));
	add(o, "address", address_json(secret_key_address(key)));
	return o;
}

json_t *key_examples(const struct example *x)
{
	json_t *list = json_array();

	json_array_append_new(list, key_example("rsa", TEST_RSA_PEM, x->rsa));
	json_array_append_new(
		list, key_example("ed25519", TEST_ED25519_PEM, x->ed25519));
	return list;
}

static void refuse(json_t *list, const char *name, struct span key)
{
	json_t *o = json_object();

	if (!key_check(NULL, key))
		BUG("a bad key is taken");
	add(o, "name", json_string(name));
	add(o, "public_key", hex_json(key));
	json_array_append_new(list, o);
}

/* The key with the byte at a place xored; from the end when at < 0. */
static void refuse_changed(json_t *list, const char *name, struct span key,
			   int at, uint8_t flip)
{
	uint8_t copy[KEY_SPKI_MAX];
	size_t place = at < 0 ? key.len - (size_t)-at : (size_t)at;

	memcpy(copy, key.data, key.len);
	copy[place] ^= flip;
	refuse(list, name, SPAN(copy, key.len));
}

/* y is a small number, or the prime less one */
static void refuse_y(json_t *list, const char *name, const char *y)
{
	uint8_t key[44] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
			   0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

	if (!hex_decode(key + 12, 32, span_str(y)))
		BUG("32 bytes in hex");
	refuse(list, name, SPAN_OF(key));
}

#define ZEROS30 "000000000000000000000000000000000000000000000000000000000000"
#define ONES30 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define ORDER_8 "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc"
#define ORDER_8_NEG                                                            \
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03"

json_t *key_refusals(const struct example *x)
{
	/* offsets into the DER of doc/protocol.md */
	enum { OID_END = 17, ED25519_OID_END = 8, MODULUS = 33 };
	struct span rsa = secret_key_public(x->rsa);
	struct span ed = secret_key_public(x->ed25519);
	json_t *list = json_array();

	refuse_y(list, "order 1: y = 1", "01" ZEROS30 "00");
	refuse_y(list, "order 1, the sign of x = 0 set", "01" ZEROS30 "80");
	refuse_y(list, "order 2: y = p - 1", "ec" ONES30 "7f");
	refuse_y(list, "order 2, the sign of x = 0 set", "ec" ONES30 "ff");
	refuse_y(list, "order 4: y = 0", "00" ZEROS30 "00");
	refuse_y(list, "order 4, the other x", "00" ZEROS30 "80");
	refuse_y(list, "order 8", ORDER_8 "05");
	refuse_y(list, "order 8, the other x", ORDER_8 "85");
	refuse_y(list, "order 8, the other y", ORDER_8_NEG "7a");
	refuse_y(list, "order 8, the other y and x", ORDER_8_NEG "fa");
	refuse_y(list, "y = p", "ed" ONES30 "7f");
	refuse_y(list, "y = p + 3", "f0" ONES30 "7f");
	refuse_y(list, "y = 2^255 - 1", "ff" ONES30 "7f");
	refuse_y(list, "y = 2^255 - 1, the sign of x set", "ff" ONES30 "ff");
	refuse_changed(list, "X25519 in the place of Ed25519", ed,
		       ED25519_OID_END, 0x70 ^ 0x6e);
	refuse(list, "Ed25519, a byte too few", SPAN(ed.data, ed.len - 1));
	refuse(list, "RSA, a byte too few", SPAN(rsa.data, rsa.len - 1));
	refuse_changed(list, "RSA-PSS in the place of rsaEncryption", rsa,
		       OID_END, 0x01 ^ 0x0a);
	refuse_changed(list, "a modulus of 2047 bits", rsa, MODULUS, 0x80);
	refuse_changed(list, "an even modulus", rsa, -6, 0x01);
	refuse_changed(list, "the exponent 65539", rsa, -1, 0x02);
	refuse(list, "empty", SPAN("", 0));
	return list;
}

/* --- Ed25519 signatures ---- */

/* Made once, by arithmetic that the production code has no use for. */
static const struct {
	const char *name, *key, *message, *signature;
	bool valid;
} signatures[] = {
	{"as it is made",
	 "88aa55e6afeed8960a3191de78600347db8acd0a3795412f275f049b86260488",
	 "d3c9d7580533a8255a949c56e43ae64c7e56a3c3cdbbfa2058b18e5b06c894c4",
	 "3e54c441927f9f0ee5e13e34f0b0404c5043651a8f4b7ef087a1c42262a85d0a"
	 "2d06901d772b95174101a19aaa81a96d39e0d0ecbebdf8fe328c54ca7d652a00",
	 true},
	{"S + L in the place of S",
	 "88aa55e6afeed8960a3191de78600347db8acd0a3795412f275f049b86260488",
	 "d3c9d7580533a8255a949c56e43ae64c7e56a3c3cdbbfa2058b18e5b06c894c4",
	 "3e54c441927f9f0ee5e13e34f0b0404c5043651a8f4b7ef087a1c42262a85d0a"
	 "1ada857a918ea76f179e983d897b888239e0d0ecbebdf8fe328c54ca7d652a10",
	 false},
	{"R is the neutral element",
	 "88aa55e6afeed8960a3191de78600347db8acd0a3795412f275f049b86260488",
	 "d3c9d7580533a8255a949c56e43ae64c7e56a3c3cdbbfa2058b18e5b06c894c4",
	 "0100000000000000000000000000000000000000000000000000000000000000"
	 "4c5681c1e6e4166020720f300bdfea322f5a14507b0e9b535dc7f97f80421f02",
	 true},
	{"the same R written as y = p + 1",
	 "88aa55e6afeed8960a3191de78600347db8acd0a3795412f275f049b86260488",
	 "d3c9d7580533a8255a949c56e43ae64c7e56a3c3cdbbfa2058b18e5b06c894c4",
	 "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
	 "ef78ed3e4f75c7a849224d8662de4a3e26a724c95373fa62a36b20386ec69300",
	 false},
	{"the same R with the sign of x = 0 set",
	 "88aa55e6afeed8960a3191de78600347db8acd0a3795412f275f049b86260488",
	 "d3c9d7580533a8255a949c56e43ae64c7e56a3c3cdbbfa2058b18e5b06c894c4",
	 "0100000000000000000000000000000000000000000000000000000000000080"
	 "43a99181cf15fe463dcb271bdb4ec7ac1ca2fdf73c3873ba0a99a90f9be1a80e",
	 false},
	{"a key of mixed order: only 8 times the equation holds",
	 "ef2a32ce8d9c67056724a53f63c0c182a6e021dc6e708741f63a7d50c730982c",
	 "14acf06e203cfbcf09fbb4c2f340f78c3228a1a920cca17cc9041dad06e8f44d",
	 "3e54c441927f9f0ee5e13e34f0b0404c5043651a8f4b7ef087a1c42262a85d0a"
	 "5d0ac07b97663d79d0c1f138f5b01cfe7a32b96f55c5e535f5cf09e7afa59d09",
	 false},
	{"a key of mixed order, k mod L divisible by 8, k itself not",
	 "ef2a32ce8d9c67056724a53f63c0c182a6e021dc6e708741f63a7d50c730982c",
	 "b1a8320173ecbdc36621ad40604d904b0b8d6f6ce0cac4ee39702bd70bc12aa1",
	 "3e54c441927f9f0ee5e13e34f0b0404c5043651a8f4b7ef087a1c42262a85d0a"
	 "710ff57004a59a7797baee4b6433fcb7a254a6799fbc33da350e0f06962d5e09",
	 true},
	{"a key of mixed order, k divisible by 8, k mod L not",
	 "ef2a32ce8d9c67056724a53f63c0c182a6e021dc6e708741f63a7d50c730982c",
	 "dbabc523c6629aa5999e2390bdef547089a71160d710d63c2f9c2d6e8f7d01e1",
	 "3e54c441927f9f0ee5e13e34f0b0404c5043651a8f4b7ef087a1c42262a85d0a"
	 "53a3092aec7289c15f463f4ac0d9da0093779f2c1bb99a1a1af6f61fb1b12308",
	 false},
	{"R of mixed order: only 8 times the equation holds",
	 "88aa55e6afeed8960a3191de78600347db8acd0a3795412f275f049b86260488",
	 "d3c9d7580533a8255a949c56e43ae64c7e56a3c3cdbbfa2058b18e5b06c894c4",
	 "607055ca3d4aa8af26961afb12b1e60a75fac88f9c260ff25806631dbb269159"
	 "353ec1aea183903196c364152d073cfcf5f794b18e5f2065daddb84618db5807",
	 false},
	{"key and R of mixed order that cancel out",
	 "ef2a32ce8d9c67056724a53f63c0c182a6e021dc6e708741f63a7d50c730982c",
	 "85415e67683d938a41d46bbf5ba59d967a5f1f81b2a5cf5d12b4e3ccecdbc408",
	 "607055ca3d4aa8af26961afb12b1e60a75fac88f9c260ff25806631dbb269159"
	 "9ab646ba6104689097e7418cab69e704bbe6303e77ed65633fba14a66d4d640e",
	 true},
	{"a y that no point has (y = 2)",
	 "0200000000000000000000000000000000000000000000000000000000000000",
	 "d3c9d7580533a8255a949c56e43ae64c7e56a3c3cdbbfa2058b18e5b06c894c4",
	 "3e54c441927f9f0ee5e13e34f0b0404c5043651a8f4b7ef087a1c42262a85d0a"
	 "0100000000000000000000000000000000000000000000000000000000000000",
	 false},
	{"S is 0 and R is not what it takes",
	 "88aa55e6afeed8960a3191de78600347db8acd0a3795412f275f049b86260488",
	 "d3c9d7580533a8255a949c56e43ae64c7e56a3c3cdbbfa2058b18e5b06c894c4",
	 "3e54c441927f9f0ee5e13e34f0b0404c5043651a8f4b7ef087a1c42262a85d0a"
	 "0000000000000000000000000000000000000000000000000000000000000000",
	 false},
};

json_t *signature_examples(void)
{
	static const char spki_head[] = "302a300506032b6570032100";
	json_t *list = json_array(), *o;
	struct verifier *v = verifier_new(1);
	uint8_t key[44], signature[64];
	struct hash message;
	size_t i;
	bool valid;

	for (i = 0; i < ARRAY_LEN(signatures); i++) {
		if (!hex_decode(key, 12, span_str(spki_head)) ||
		    !hex_decode(key + 12, 32, span_str(signatures[i].key)) ||
		    !hash_from_hex(&message, span_str(signatures[i].message)) ||
		    !hex_decode(signature, 64,
				span_str(signatures[i].signature)))
			BUG("hex");
		valid = !verifier_check(v, SPAN_OF(key), &message,
					SPAN_OF(signature));
		if (valid != signatures[i].valid)
			BUG("an Ed25519 signature is judged in another way");
		o = json_object();
		add(o, "name", json_string(signatures[i].name));
		add(o, "public_key", hex_json(SPAN_OF(key)));
		add(o, "message", hash_json(&message));
		add(o, "signature", hex_json(SPAN_OF(signature)));
		add(o, "valid", json_boolean(valid));
		json_array_append_new(list, o);
	}
	verifier_free(v);
	return list;
}

/* --- error codes ---- */

json_t *error_examples(void)
{
	json_t *list = json_array(), *o;
	int e;

	for (e = ERR_OK + 1; e < ERR_COUNT; e++) {
		o = json_object();
		add(o, "code", json_string(err_code((enum err)e)));
		add(o, "status", json_integer(status_of((enum err)e)));
		add(o, "title", json_string(err_text((enum err)e)));
		json_array_append_new(list, o);
	}
	return list;
}
