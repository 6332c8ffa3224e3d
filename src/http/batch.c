/* SPDX-License-Identifier: MIT */
/* Transactions of a body on their way to a submission; see the header. */
#include "http/batch.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_DEFAULT 30 /* seconds */

void batch_begin(struct batch *b, struct call *c, size_t count, bool many)
{
	b->s = submission_new(c->api, SUBMISSION_PUSH, count, many);
	b->ends = xcalloc(count + 1, sizeof(*b->ends));
	b->count = 0;
}

void batch_send(struct batch *b, struct call *c)
{
	struct span *txs = xcalloc(b->count + 1, sizeof(*txs));
	const struct arg *wait = &c->args.arg[TXS_WAIT];
	const struct arg *timeout = &c->args.arg[TXS_TIMEOUT];
	size_t i, from = 0;

	for (i = 0; i < b->count; i++) {
		/* what could not be read is empty, and raw may be NULL */
		if (b->ends[i] > from)
			txs[i] = SPAN(b->raw.data + from, b->ends[i] - from);
		from = b->ends[i];
	}
	if (c->route->handle == handle_v1_txs && wait->given)
		submission_wait(b->s, (enum wait_for)wait->number,
				timeout->given ? timeout->number
					       : WAIT_DEFAULT);
	submission_send(b->s, c, txs);
	b->s = NULL;
	free(txs);
}

void batch_release(struct batch *b)
{
	if (b->s)
		submission_free(b->s);
	buf_release(&b->raw);
	free(b->ends);
}

static enum err read_one(struct buf *raw, const struct call *c,
			 const json_t *in, struct fault *f)
{
	struct hash named;
	struct tx tx;
	size_t from = raw->len;
	enum err e = tx_from_json(raw, in, f);

	if (e || !tx_json_id(&named, in))
		return e;
	e = tx_decode(&tx, SPAN(raw->data + from, raw->len - from),
		      TX_BYTES_MAX, f);
	if (e)
		return e;
	tx_hash(&tx, node_genesis_hash(c->api->cfg.node));
	if (hash_eq(&tx.id, &named))
		return ERR_OK;
	return fault_set(f, ERR_ID_MISMATCH, "id",
			 "not the id of this transaction on this chain; leave "
			 "it out, or compute it as doc/protocol.md says");
}

void batch_add_json(struct batch *b, const struct call *c, const json_t *in)
{
	size_t from = b->raw.len;
	struct fault f;

	memset(&f, 0, sizeof(f));
	if (read_one(&b->raw, c, in, &f)) {
		b->raw.len = from;
		submission_refuse(b->s, b->count, &f);
	}
	b->ends[b->count++] = b->raw.len;
}

void batch_add_refused(struct batch *b, const struct fault *f)
{
	submission_refuse(b->s, b->count, f);
	b->ends[b->count++] = b->raw.len;
}
