/* SPDX-License-Identifier: MIT */
/* Handlers that read transactions: pending, by id, how deep. */
#include "http/tx_status.h"

#include <stdlib.h>

#include "http/block_json.h"
#include "http/json_out.h"

const char *tx_status_name(enum tx_state s)
{
	switch (s) {
	case TX_PENDING:
	case TX_QUEUED:
		return "pending";
	case TX_INCLUDED:
		return "included";
	case TX_SETTLED:
		return "settled";
	case TX_FINAL:
		return "final";
	case TX_DROPPED:
		return "dropped";
	}
	BUG("a transaction in no state");
}

bool tx_is_in_block(enum tx_state s)
{
	return s == TX_INCLUDED || s == TX_SETTLED || s == TX_FINAL;
}

/* --- /unprocessed -------------------------------------------------------- */

struct pool_stream {
	struct api *api;
	uint64_t arrival;
	bool begun;
	bool any;
};

static enum http_more pool_more(void *ctx, struct buf *out)
{
	struct pool_stream *s = ctx;
	const struct mempool *pool = node_mempool(s->api->cfg.node);
	struct mempool_entry entry;
	size_t pieces;
	enum err e;

	if (!s->begun)
		out_text(out, "[");
	s->begun = true;
	for (pieces = SLICE_PIECES; pieces; pieces--) {
		if (!mempool_next(pool, &entry, &s->arrival)) {
			out_text(out, "]\n");
			return HTTP_END;
		}
		if (s->any)
			out_text(out, ",");
		s->any = true;
		e = out_tx(out, s->api, entry.tx, NULL);
		if (e) {
			api_env_failed(s->api, e);
			return HTTP_ABORT;
		}
	}
	return HTTP_MORE;
}

static const struct http_stream pool_ops = {.more = pool_more, .done = free};

void handle_unprocessed(struct call *c)
{
	struct pool_stream *s = xcalloc(1, sizeof(*s));

	s->api = c->api;
	http_stream(c->r, 200, HTTP_JSON, &pool_ops, s, true);
}

/* --- one transaction ----------------------------------------------------- */

#define NO_SUCH_TX                                                             \
	"no transaction of this id is pending, in a block, or was "            \
	"dropped lately"

void handle_confirmations(struct call *c)
{
	struct node_tip tip;
	struct buf out = {0};
	enum tx_state state;
	uint64_t height;
	uint32_t index;
	enum err e, reason;

	node_tip(c->api->cfg.node, &tip);
	e = query_tx_place(&state, &height, &index, &reason, c->api->cfg.node,
			   api_view(c->api),
			   &c->args.arg[CONFIRMATIONS_ID].hash);
	if (e) {
		call_query_failed(c, e, NO_SUCH_TX);
		return;
	}
	out_uint(&out, tx_is_in_block(state) ? tip.height - height + 1 : 0);
	out_text(&out, "\n");
	if (state == TX_DROPPED)
		call_fault(c, ERR_NOT_FOUND, "transaction_id",
			   "the transaction was dropped");
	else
		http_reply_tagged(c->r, HTTP_JSON, buf_span(&out));
	buf_release(&out);
}

enum err out_tx_info(struct buf *out, struct api *api, const struct tx_info *t)
{
	struct tx_place place = {t->height, &t->block, t->confirmations};
	bool in_block = tx_is_in_block(t->state);

	if (t->state == TX_DROPPED) {
		out_text(out, "null");
		return ERR_OK;
	}
	return out_tx(out, api, &t->tx, in_block ? &place : NULL);
}

void handle_v1_tx(struct call *c)
{
	struct tx_info t;
	struct buf out = {0};
	enum err e;

	e = query_tx(&t, c->api->cfg.node, api_view(c->api),
		     &c->args.arg[TXS_ID].hash);
	if (e) {
		call_query_failed(c, e, NO_SUCH_TX);
		return;
	}
	out_text(&out, "{\"tx\":");
	e = out_tx_info(&out, c->api, &t);
	out_text(&out, ",\"status\":\"");
	out_text(&out, tx_status_name(t.state));
	out_text(&out, "\"");
	if (tx_is_in_block(t.state)) {
		out_text(&out, ",\"height\":");
		out_uint(&out, t.height);
		out_text(&out, ",\"confirmations\":");
		out_uint(&out, t.confirmations);
	}
	if (t.state == TX_QUEUED || t.state == TX_DROPPED) {
		out_text(&out, ",\"reason\":\"");
		out_text(&out, err_code(t.state == TX_QUEUED ? ERR_NONCE_GAP
							     : t.reason));
		out_text(&out, "\"");
	}
	out_text(&out, "}\n");
	tx_info_release(&t);
	if (e)
		call_query_failed(c, e, "");
	else
		http_reply_tagged(c->r, HTTP_JSON, buf_span(&out));
	buf_release(&out);
}
