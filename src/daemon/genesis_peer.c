/* SPDX-License-Identifier: MIT */
/* A genesis from a peer; see the header. */
#include <config.h>

#include "daemon/genesis_peer.h"

#include <stdio.h>
#include <unistd.h>

#include "chain/genesis.h"
#include "daemon/init.h"
#include "loop/log.h"
#include "net/fetch_genesis.h"

/* On a terminal, a line that is written over. */
static void show(void *ctx, uint64_t done, uint64_t total)
{
	const char *where = ctx;

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\rgenesis from %s: %llu of %llu bytes%s",
			where, (unsigned long long)done,
			(unsigned long long)total, done == total ? "\n" : "");
}

static enum err compare(const struct genesis *got, const struct hash *want,
			const char *where, struct fault *f)
{
	char a[HASH_HEX_LEN], b[HASH_HEX_LEN];

	if (hash_eq(&got->hash, want))
		return ERR_OK;
	return fault_set(f, ERR_OTHER_CHAIN, "--genesis-hash",
			 "%s has the chain %s, not %s", where,
			 hash_hex(a, &got->hash), hash_hex(b, want));
}

/* Whether the rules are those of the hash, and the nonce seals them. */
static enum err check(const struct rules *rules, uint64_t nonce,
		      const struct config *config, const char *where,
		      struct fault *f)
{
	struct genesis g;
	struct hash pow;
	enum err e;

	genesis_make(&g, rules);
	e = compare(&g, &config->genesis_hash.value, where, f);
	if (!e && !genesis_mine(&pow, &nonce, &g, 1))
		e = fault_set(f, ERR_BAD_SEAL, "",
			      "%s: nonce %llu does not seal this genesis",
			      where, (unsigned long long)nonce);
	genesis_release(&g);
	return e;
}

static enum err ask_one(struct rules *rules, uint64_t *nonce,
			const struct config *config, const char *where,
			const struct secret_key *key, struct fault *f)
{
	struct fetch_from from = {.where = where,
				  .key = key,
				  .plain = config->p2p_plain,
				  .progress = show,
				  .ctx = (void *)where};
	struct fetched got;
	enum err e = fetch_genesis(&got, &from, f);

	*rules = (struct rules){0};
	if (e)
		return e;
	*nonce = got.nonce;
	e = rules_decode(rules, buf_span(&got.rules_raw));
	buf_release(&got.rules_raw);
	if (e)
		return fault_set(f, ERR_MALFORMED, "",
				 "%s: what it sent are no rules", where);
	e = check(rules, *nonce, config, where, f);
	if (e)
		rules_release(rules);
	return e;
}

enum err genesis_from_peers(struct store *store, const struct config *config,
			    const struct secret_key *key, struct fault *f)
{
	char hex[HASH_HEX_LEN];
	enum err e = ERR_NOT_FOUND;
	struct rules rules;
	uint64_t nonce;
	size_t i;

	for (i = 0; e && i < config->connect.count; i++) {
		if (i)
			log_warning("%s; asking the next", f->detail);
		e = ask_one(&rules, &nonce, config, config->connect.list[i],
			    key, f);
	}
	if (e)
		return e;
	e = init_store_sealed(store, &rules, nonce, f);
	if (!e)
		log_info("made chain %s with %zu accounts, from %s",
			 hash_hex(hex, &config->genesis_hash.value),
			 rules.alloc_count, config->connect.list[i - 1]);
	rules_release(&rules);
	return e;
}
