/* SPDX-License-Identifier: MIT */
/*
 * doc/vectors.json: examples of every byte layout and hash of
 * doc/protocol.md, made by the production code. With --print, print them;
 * without, compare them with the committed file, so that no format changes
 * unnoticed.
 */
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/text.h"
#include "codec/msgpack.h"
#include "crypto/merkle.h"
#include "unit/test_keys.h"

json_t *hex_json(struct span bytes)
{
	char *text = xmalloc(2 * bytes.len + 1);
	json_t *value;

	hex_encode(text, bytes);
	value = json_string(text);
	free(text);
	return value;
}

json_t *hash_json(const struct hash *h)
{
	return hex_json(hash_span(h));
}

json_t *address_json(const struct address *a)
{
	return hex_json(address_span(a));
}

void add(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value))
		BUG("out of memory");
}

json_t *uint_json(uint64_t v)
{
	return json_integer((json_int_t)v);
}

/* --- msgpack ---- */

static json_t *msgpack_examples(void)
{
	static const uint64_t uints[] = {
		0,
		1,
		127,
		128,
		255,
		256,
		65535,
		65536,
		UINT32_MAX,
		AMOUNT_MAX,
		UINT64_C(1) << 32,
	};
	static const size_t lengths[] = {0, 20, 255, 256, 65536};
	static const size_t counts[] = {0, 15, 16, 65535, 65536};
	static const uint8_t zeros[65536];
	json_t *o = json_object(), *list = json_array(), *item;
	struct buf b = {0};
	size_t i;

	for (i = 0; i < ARRAY_LEN(uints); i++) {
		buf_reset(&b);
		mp_uint(&b, uints[i]);
		item = json_object();
		add(item, "value", uint_json(uints[i]));
		add(item, "bytes", hex_json(buf_span(&b)));
		json_array_append_new(list, item);
	}
	add(o, "integers", list);
	list = json_array();
	for (i = 0; i < ARRAY_LEN(lengths); i++) {
		buf_reset(&b);
		mp_bin(&b, SPAN(zeros, lengths[i]));
		item = json_object();
		add(item, "length", uint_json(lengths[i]));
		add(item, "head", hex_json(SPAN(b.data, b.len - lengths[i])));
		json_array_append_new(list, item);
	}
	add(o, "bins", list);
	list = json_array();
	for (i = 0; i < ARRAY_LEN(counts); i++) {
		buf_reset(&b);
		mp_array(&b, counts[i]);
		item = json_object();
		add(item, "count", uint_json(counts[i]));
		add(item, "head", hex_json(buf_span(&b)));
		json_array_append_new(list, item);
	}
	add(o, "arrays", list);
	buf_release(&b);
	return o;
}

/* --- trees ---- */

static json_t *merkle_examples(void)
{
	json_t *list = json_array(), *item, *leaves;
	struct hash h[9], root;
	size_t n, i;
	uint8_t byte;

	for (i = 0; i < ARRAY_LEN(h); i++) {
		byte = (uint8_t)i;
		sha256(&h[i], SPAN(&byte, 1));
	}
	for (n = 0; n <= ARRAY_LEN(h); n++) {
		item = json_object();
		leaves = json_array();
		for (i = 0; i < n; i++)
			json_array_append_new(leaves, hash_json(&h[i]));
		merkle_root(&root, h, n);
		add(item, "leaves", leaves);
		add(item, "root", hash_json(&root));
		json_array_append_new(list, item);
	}
	return list;
}

/* --- the file ---- */

static json_t *make(struct example *x)
{
	json_t *o = json_object(), *genesis, *blocks, *refused;
	struct buf txs[TX_EXAMPLES] = {{0}}, ops[OP_EXAMPLES] = {{0}};
	size_t i;

	add(o, "about",
	    json_string("Examples for doc/protocol.md; bytes are in hex. All "
			"transactions and blocks are of the chain whose "
			"genesis is named \"full\"."));
	add(o, "keys", key_examples(x));
	add(o, "refused_public_keys", key_refusals(x));
	add(o, "ed25519_signatures", signature_examples());
	add(o, "msgpack", msgpack_examples());
	genesis = genesis_examples(x);
	add(o, "transactions", tx_examples(x, txs));
	add(o, "operations", op_examples(x, ops));
	refused = tx_refusals(x, buf_span(&txs[1]));
	op_refusals(refused, ops);
	add(o, "refused_transactions", refused);
	add(o, "merkle", merkle_examples());
	add(o, "states", state_examples());
	add(o, "genesis", genesis);
	blocks = block_examples(x, txs);
	add(o, "blocks", blocks);
	add(o, "messages", message_examples(x, txs, blocks));
	add(o, "refused_messages", message_refusals());
	add(o, "errors", error_examples());
	for (i = 0; i < TX_EXAMPLES; i++)
		buf_release(&txs[i]);
	for (i = 0; i < OP_EXAMPLES; i++)
		buf_release(&ops[i]);
	return o;
}

static int compare(const char *text)
{
	const char *srcdir = getenv("srcdir");
	struct buf file = {0};
	char path[512], chunk[4096];
	size_t got;
	FILE *in;
	bool same;

	snprintf(path, sizeof(path), "%s/doc/vectors.json",
		 srcdir ? srcdir : ".");
	in = fopen(path, "r");
	if (!in) {
		fprintf(stderr, "vectors: %s cannot be opened\n", path);
		return EXIT_FAILURE;
	}
	while ((got = fread(chunk, 1, sizeof(chunk), in)))
		buf_append(&file, chunk, got);
	fclose(in);
	same = file.len && file.data[file.len - 1] == '\n' &&
	       span_eq(SPAN(file.data, file.len - 1), span_str(text));
	buf_release(&file);
	if (same)
		return EXIT_SUCCESS;
	fprintf(stderr,
		"vectors: %s is not what the code makes: a format changed. "
		"When that is meant, say so in doc/protocol.md and run make "
		"vectors\n",
		path);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct example x = {
		.rsa = test_key(TEST_RSA_PEM),
		.ed25519 = test_key(TEST_ED25519_PEM),
	};
	json_t *o = make(&x);
	char *text = json_dumps(o, JSON_INDENT(1));
	int status = EXIT_SUCCESS;

	if (!text)
		BUG("out of memory");
	if (argc == 2 && !strcmp(argv[1], "--print"))
		puts(text);
	else
		status = compare(text);
	free(text);
	json_decref(o);
	genesis_release(&x.genesis);
	rules_release(&x.rules);
	secret_key_free(x.rsa);
	secret_key_free(x.ed25519);
	return status;
}
