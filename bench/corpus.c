/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "bench/corpus.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "chain/genesis.h"
#include "codec/tx.h"
#include "daemon/init.h"
#include "store/key_pem.h"

#define THREADS_MAX 16

/* Numbers 0..count-1 shared out among the cores. */
struct share {
	void (*each)(void *ctx, size_t i);
	void *ctx;
	size_t from, count, step;
};

static void *share_main(void *arg)
{
	const struct share *s = arg;
	size_t i;

	for (i = s->from; i < s->count; i += s->step)
		s->each(s->ctx, i);
	return NULL;
}

static void on_all_cores(void (*each)(void *ctx, size_t i), void *ctx,
			 size_t count)
{
	struct share share[THREADS_MAX];
	pthread_t threads[THREADS_MAX];
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = cores > THREADS_MAX ? THREADS_MAX
		   : cores < 1	       ? 1
				       : (size_t)cores;
	size_t i;

	for (i = 0; i < n; i++) {
		share[i] = (struct share){each, ctx, i, count, n};
		if (pthread_create(&threads[i], NULL, share_main, &share[i]))
			die("no thread");
	}
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

/* --- lists of byte strings, each behind its length ---------------------- */

static void list_put(struct buf *out, struct span s)
{
	uint8_t len[4];

	put_be32(len, (uint32_t)s.len);
	buf_append(out, len, sizeof(len));
	buf_append_span(out, s);
}

static bool list_next(struct span *s, struct span *rest)
{
	size_t len;

	if (rest->len < 4)
		return false;
	len = get_be32(rest->data);
	if (rest->len - 4 < len)
		return false;
	*s = SPAN(rest->data + 4, len);
	*rest = SPAN(s->data + len, rest->len - 4 - len);
	return true;
}

/* --- keys -------------------------------------------------------------- */

struct keys {
	struct secret_key **list;
	struct buf *der; /* those that are new */
	size_t had, count;
};

static void take_key(struct keys *k, size_t i, EVP_PKEY *pkey)
{
	if (!pkey || secret_key_take(&k->list[i], pkey))
		die("key %zu cannot be made or read", i);
}

static void make_key(void *ctx, size_t n)
{
	struct keys *k = ctx;
	size_t i = k->had + n;
	uint8_t *der = NULL;
	EVP_PKEY *pkey = EVP_RSA_gen(2048);
	int len = pkey ? i2d_PrivateKey(pkey, &der) : 0;

	if (len <= 0)
		die("OpenSSL makes no key");
	buf_append(&k->der[n], der, (size_t)len);
	OPENSSL_free(der);
	take_key(k, i, pkey);
}

static void keys_load(struct keys *k, const char *cache, size_t count)
{
	char *path = path_of(cache, "keys");
	struct buf file = {0};
	struct span rest, one;
	const uint8_t *at;
	size_t i;

	*k = (struct keys){.count = count};
	k->list = xcalloc(count, sizeof(struct secret_key *));
	file_load(&file, path);
	rest = buf_span(&file);
	while (k->had < count && list_next(&one, &rest)) {
		at = one.data;
		take_key(k, k->had++,
			 d2i_AutoPrivateKey(NULL, &at, (long)one.len));
	}
	if (k->had < count) {
		note("making %zu RSA-2048 keys, once: some %.0f s",
		     count - k->had, 0.1 * (double)(count - k->had));
		k->der = xcalloc(count - k->had, sizeof(*k->der));
		on_all_cores(make_key, k, count - k->had);
		for (i = 0; i < count - k->had; i++) {
			list_put(&file, buf_span(&k->der[i]));
			buf_release(&k->der[i]);
		}
		free(k->der);
		file_save(path, buf_span(&file));
	}
	buf_release(&file);
	free(path);
}

static void keys_release(struct keys *k)
{
	size_t i;

	for (i = 0; i < k->count; i++)
		secret_key_free(k->list[i]);
	free(k->list);
}

void corpus_give_key(const struct corpus *c, const char *cache,
		     const char *datadir)
{
	char name[ADDRESS_HEX_LEN + 16], hex[ADDRESS_HEX_LEN];
	char *dir = path_of(datadir, "keys"), *path;
	struct key_pem pem;
	struct keys k;

	keys_load(&k, cache, 1);
	snprintf(name, sizeof(name), "%s.pem",
		 address_hex(hex, &c->address[0]));
	path = path_of(dir, name);
	make_dir(dir);
	if (key_pem_write(&pem, k.list[0], NULL))
		die("the key cannot be written");
	file_save(path, SPAN(pem.text, pem.len));
	keys_release(&k);
	free(path);
	free(dir);
}

/* --- genesis ----------------------------------------------------------- */

struct address corpus_account(size_t i)
{
	uint8_t number[8];
	struct address a;
	struct hash h;

	put_be64(number, i);
	sha256(&h, SPAN_OF(number));
	memcpy(a.b, h.b, ADDRESS_LEN);
	return a;
}

static void put_text(struct buf *out, const char *text)
{
	buf_append_span(out, span_str(text));
}

static void write_genesis(const struct corpus *c)
{
	struct buf out = {0};
	char hex[ADDRESS_HEX_LEN], line[128];
	size_t i;

	put_text(&out, "{\"network_id\":\"bench\",\"miners\":[\"");
	put_text(&out, address_hex(hex, &c->address[0]));
	snprintf(line, sizeof(line),
		 "\"],\"block_mining\":{\"interval\":0,\"min_bound\":1,"
		 "\"max_bound\":%zu,\"reward\":0},",
		 c->block);
	put_text(&out, line);
	put_text(&out, "\"consensus\":{\"slot_ms\":20},"
		       "\"genesis_block\":{\"time\":0},\n\"alloc\":{");
	for (i = 0; i < c->accounts; i++) {
		snprintf(line, sizeof(line), "%s\"%s\":{\"balance\":%d}",
			 i ? ",\n" : "", address_hex(hex, &c->address[i]),
			 CORPUS_BALANCE);
		put_text(&out, line);
	}
	put_text(&out, "}}\n");
	file_save(c->genesis_path, buf_span(&out));
	buf_release(&out);
}

static void read_chain_id(struct corpus *c)
{
	struct genesis g;
	struct rules rules;
	struct fault f;

	if (init_read_genesis(&rules, c->genesis_path, &f))
		die_fault("genesis", &f);
	genesis_make(&g, &rules);
	c->chain = g.hash;
	genesis_release(&g);
	rules_release(&rules);
}

static void make_genesis(struct corpus *c, const char *cache)
{
	char name[64];
	size_t i;

	for (i = c->senders; i < c->accounts; i++)
		c->address[i] = corpus_account(i);
	snprintf(name, sizeof(name), "genesis-%zu-%zu-%zu.json", c->senders,
		 c->accounts, c->block);
	c->genesis_path = path_of(cache, name);
	write_genesis(c);
	read_chain_id(c);
}

/* --- transactions ------------------------------------------------------ */

struct signing {
	const struct corpus *c;
	const struct keys *keys;
	struct buf *txs;
};

static void sign_all_of(void *ctx, size_t sender)
{
	const struct signing *s = ctx;
	const struct corpus *c = s->c;
	struct buf signature = {0};
	struct hash id;
	size_t nonce, to;

	for (nonce = 0; nonce < c->rounds; nonce++) {
		struct tx tx = {.sender = c->address[sender],
				.nonce = nonce,
				.amount = 1};

		/* spread over those who do not send, if there are any */
		to = nonce * c->senders + sender;
		tx.recipient =
			c->accounts > c->senders
				? c->address[c->senders +
					     to * 7919 %
						     (c->accounts - c->senders)]
				: c->address[(sender + 1) % c->senders];
		if (!nonce)
			tx.key = secret_key_public(s->keys->list[sender]);
		tx_signing_digest(&id, &tx, &c->chain);
		buf_reset(&signature);
		if (secret_key_sign(s->keys->list[sender], &signature, &id))
			die("signing failed");
		tx.signature = buf_span(&signature);
		tx_encode(&s->txs[nonce * c->senders + sender], &tx);
	}
	buf_release(&signature);
}

static void make_txs(struct corpus *c, const struct keys *keys,
		     const char *path)
{
	size_t i, count = c->senders * c->rounds;
	struct signing s = {c, keys, xcalloc(count, sizeof(struct buf))};
	struct buf file = {0};

	note("signing %zu transactions, once: some %.0f s", count,
	     (double)count / 8000);
	on_all_cores(sign_all_of, &s, c->senders);
	for (i = 0; i < count; i++) {
		list_put(&file, buf_span(&s.txs[i]));
		buf_release(&s.txs[i]);
	}
	free(s.txs);
	file_save(path, buf_span(&file));
	buf_release(&file);
}

static bool load_txs(struct corpus *c, const char *path)
{
	size_t i = 0, count = c->senders * c->rounds;
	struct buf file = {0};
	struct span rest, one;
	bool there = file_load(&file, path);

	rest = buf_span(&file);
	for (; there && i < count && list_next(&one, &rest); i++) {
		buf_append_span(&c->raw, one);
		c->ends[i] = c->raw.len;
	}
	buf_release(&file);
	if (there && i < count)
		die("%s is cut short: remove it", path);
	return there;
}

void corpus_make(struct corpus *out, const char *cache, size_t senders,
		 size_t accounts, size_t rounds, size_t block)
{
	char name[128], hex[HASH_HEX_LEN], *path;
	struct keys keys;
	size_t i;

	*out = (struct corpus){.senders = senders,
			       .accounts = accounts,
			       .rounds = rounds,
			       .block = block};
	out->address = xcalloc(accounts, sizeof(*out->address));
	out->ends = xcalloc(senders * rounds, sizeof(*out->ends));
	keys_load(&keys, cache, senders);
	for (i = 0; i < senders; i++)
		out->address[i] = *secret_key_address(keys.list[i]);
	make_genesis(out, cache);
	snprintf(name, sizeof(name), "txs-%zu-%zu-%.16s", senders, rounds,
		 hash_hex(hex, &out->chain));
	path = path_of(cache, name);
	if (!load_txs(out, path)) {
		make_txs(out, &keys, path);
		if (!load_txs(out, path))
			die("%s is gone", path);
	}
	free(path);
	keys_release(&keys);
}

void corpus_release(struct corpus *c)
{
	free(c->genesis_path);
	free(c->address);
	free(c->ends);
	buf_release(&c->raw);
	*c = (struct corpus){0};
}

struct span corpus_tx(const struct corpus *c, size_t nonce, size_t sender)
{
	size_t i = nonce * c->senders + sender;
	size_t from = i ? c->ends[i - 1] : 0;

	return SPAN(c->raw.data + from, c->ends[i] - from);
}
