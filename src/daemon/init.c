/* SPDX-License-Identifier: MIT */
/* Make a chain in a store; see the header. */
#include "daemon/init.h"

#include <stdio.h>
#include <string.h>

#include "chain/genesis.h"
#include "store/file.h"

#define TRIES (1u << 18) /* between two words on progress: some 20 ms */

/* "FILE: FIELD: WHAT", with the field said once. */
static enum err file_fault(struct fault *f, enum err e, const char *path,
			   const struct fault *why)
{
	const char *what = why->detail[0] ? why->detail : err_text(e);
	bool said = !strncmp(what, why->field, strlen(why->field));

	return fault_set(f, e, "", "%s: %s%s%s", path, said ? "" : why->field,
			 said ? "" : ": ", what);
}

enum err init_read_genesis(struct rules *out, const char *path, struct fault *f)
{
	struct buf text = {0};
	struct fault why = {0};
	enum err e;

	*out = (struct rules){0};
	e = file_read(&text, path, GENESIS_FILE_MAX, f);
	if (!e) {
		e = genesis_parse(out, buf_span(&text), &why);
		if (e)
			file_fault(f, e, path, &why);
	}
	buf_release(&text);
	return e;
}

static enum err refuse_chain(struct store *store, struct fault *f)
{
	char hex[HASH_HEX_LEN];
	struct hash genesis;
	struct rules rules;
	enum err e;

	e = genesis_load(&rules, &genesis, store_view(store), f);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	if (e)
		return e;
	rules_release(&rules);
	return fault_set(f, ERR_EXISTS, "", "it holds chain %s already",
			 hash_hex(hex, &genesis));
}

static enum err mine(struct init_result *r, const struct genesis *g,
		     const struct init_progress *progress, struct fault *f)
{
	while (!genesis_mine(&r->pow, &r->nonce, g, TRIES))
		if (progress && !progress->mining(progress->ctx, r->nonce))
			return fault_set(f, ERR_TIMEOUT, "",
					 "interrupted after %llu tries",
					 (unsigned long long)r->nonce);
	return ERR_OK;
}

static enum err write_batches(struct store *store, const struct genesis *g,
			      uint64_t nonce,
			      const struct init_progress *progress,
			      struct fault *f)
{
	uint64_t all = genesis_entries(g);
	struct kv_batch batch = {0};
	size_t at = 0;
	enum err e;

	while (genesis_batch(g, nonce, &at, &batch)) {
		e = store_commit_sync(store, &batch, f);
		kv_batch_release(&batch);
		/* an old view would keep every page that was replaced */
		if (!e)
			e = store_view_renew(store, f);
		if (e)
			return e;
		/* After the last batch it is too late to give up. */
		if (progress && at <= all &&
		    !progress->storing(progress->ctx, at, all))
			return fault_set(f, ERR_TIMEOUT, "",
					 "interrupted while storing");
	}
	return ERR_OK;
}

/* What a making that was interrupted left. */
static enum err clear(struct store *store, struct fault *f)
{
	struct kv_batch batch = {0};
	enum err e;
	bool more;

	do {
		e = genesis_clear(&batch, store_view(store));
		if (e)
			fault_set(f, e, "", "the store cannot be read");
		more = batch.count;
		if (!e && more)
			e = store_commit_sync(store, &batch, f);
		kv_batch_release(&batch);
		if (!e && more)
			e = store_view_renew(store, f);
	} while (!e && more);
	return e;
}

/* Is there room for a chain? */
static enum err prepare(struct store *store, struct fault *f)
{
	enum err e = refuse_chain(store, f);

	return e ? e : clear(store, f);
}

enum err init_store(struct init_result *out, struct store *store,
		    const struct rules *rules,
		    const struct init_progress *progress, struct fault *f)
{
	struct init_result r = {0};
	struct genesis g;
	enum err e = prepare(store, f);

	if (e)
		return e;
	genesis_make(&g, rules);
	r.genesis = g.hash;
	e = mine(&r, &g, progress, f);
	if (!e)
		e = write_batches(store, &g, r.nonce, progress, f);
	genesis_release(&g);
	if (!e)
		e = store_view_renew(store, f);
	if (!e && out)
		*out = r;
	return e;
}

enum err init_store_sealed(struct store *store, const struct rules *rules,
			   uint64_t nonce, struct fault *f)
{
	struct genesis g;
	enum err e = prepare(store, f);

	if (e)
		return e;
	genesis_make(&g, rules);
	e = write_batches(store, &g, nonce, NULL, f);
	genesis_release(&g);
	return e ? e : store_view_renew(store, f);
}
