/* SPDX-License-Identifier: MIT */
/* GET /v1/accounts/{account}/txs: a page of JSON, or all of it as CSV. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/accept.h"
#include "http/block_json.h"
#include "http/json_out.h"

#define PAGE 32

struct history {
	struct api *api;
	struct address address;
	bool csv;
	uint64_t since;
	size_t left; /* to be shown */
	bool begun;
	bool any;
	bool has_before;
	struct activity before; /* shown last */
	bool open;		/* info is a block, kept for its neighbours */
	struct block_info info;
};

static enum err load(struct history *h, uint64_t height, size_t *pieces)
{
	size_t cost;
	enum err e;

	if (h->open && h->info.block.header.height == height)
		return ERR_OK;
	if (h->open)
		block_info_release(&h->info);
	h->open = false;
	e = query_block(&h->info, h->api->cfg.node, api_view(h->api), height);
	if (e)
		return e;
	h->open = true;
	cost = 1 + h->info.raw.len / 16384;
	*pieces = *pieces > cost ? *pieces - cost : 0;
	return ERR_OK;
}

/* A field in quotes (RFC 4180); with a blank before what a spreadsheet would
 * take for a formula. */
static void out_csv_text(struct buf *out, struct span s)
{
	size_t i;

	out_text(out, "\"");
	if (s.len && strchr("=+-@\t\r", s.data[0]))
		out_text(out, " ");
	for (i = 0; i < s.len; i++) {
		if (s.data[i] == '"')
			out_text(out, "\"");
		buf_byte(out, s.data[i]);
	}
	out_text(out, "\"");
}

static void out_csv_hex(struct buf *out, struct span s)
{
	char hex[HASH_HEX_LEN];

	hex_encode(hex, s);
	out_text(out, hex);
	out_text(out, ",");
}

static void out_csv_number(struct buf *out, uint64_t v)
{
	out_uint(out, v);
	out_text(out, ",");
}

/* to and amount: empty and 0 of what pays nobody. */
static void out_csv_operation(struct buf *out, const struct tx *tx)
{
	const struct address *to = tx_recipient(tx);

	out_csv_hex(out, to ? address_span(to) : SPAN("", 0));
	out_csv_number(out, tx->amount);
}

#define CSV_HEAD "block,time,id,number,from,to,amount,fee,valid_until,data\r\n"

static enum err out_csv(struct buf *out, struct history *h, uint32_t index)
{
	const struct header *head = &h->info.block.header;
	struct tx tx;

	if (index >= h->info.block.tx_count ||
	    tx_decode(&tx, h->info.block.txs[index], TX_BYTES_MAX, NULL))
		return ERR_CORRUPT;
	tx_hash(&tx, node_genesis_hash(h->api->cfg.node));
	out_csv_number(out, head->height);
	out_csv_number(out, head->time);
	out_csv_hex(out, hash_span(&tx.id));
	out_csv_number(out, tx.nonce);
	out_csv_hex(out, address_span(&tx.sender));
	out_csv_operation(out, &tx);
	out_csv_number(out, tx.fee);
	out_csv_number(out, tx.valid_until);
	if (span_is_utf8(tx.data)) {
		out_csv_text(out, tx.data);
	} else {
		out_text(out, "\"base64:");
		base64_encode(out, tx.data);
		out_text(out, "\"");
	}
	out_text(out, "\r\n");
	return ERR_OK;
}

static enum err out_item(struct buf *out, struct history *h,
			 const struct activity *a)
{
	if (h->csv)
		return out_csv(out, h, a->index);
	if (h->any)
		out_text(out, ",");
	h->any = true;
	return out_block_tx(out, h->api, &h->info, a->index);
}

static void finish(struct buf *out, const struct history *h, bool others)
{
	if (h->csv)
		return;
	out_text(out, "],\"next\":");
	if (others) {
		out_text(out, "\"");
		out_uint(out, h->before.height);
		out_text(out, ".");
		out_uint(out, h->before.index);
		out_text(out, "\"");
	} else {
		out_text(out, "null");
	}
	out_text(out, "}\n");
}

/* Up to a page; *end when the answer is whole. */
static enum err step(struct history *h, struct buf *out, bool *end,
		     size_t *pieces)
{
	struct activity page[PAGE];
	size_t count, i;
	enum err e;

	e = query_activity(page, &count, h->api->cfg.node, api_view(h->api),
			   &h->address, h->has_before ? &h->before : NULL,
			   h->since, PAGE);
	if (e)
		return e;
	for (i = 0; i < count && *pieces && h->left; i++) {
		e = load(h, page[i].height, pieces);
		if (!e)
			e = out_item(out, h, &page[i]);
		if (e)
			return e;
		h->before = page[i];
		h->has_before = true;
		h->left--;
		*pieces = *pieces ? *pieces - 1 : 0;
	}
	*end = i == count ? count < PAGE : !h->left;
	if (*end)
		finish(out, h, i < count);
	return ERR_OK;
}

static enum http_more history_more(void *ctx, struct buf *out)
{
	struct history *h = ctx;
	size_t pieces = SLICE_PIECES;
	bool end = false;
	enum err e = ERR_OK;

	if (!h->begun)
		out_text(out, h->csv ? CSV_HEAD : "{\"items\":[");
	h->begun = true;
	while (!e && !end && pieces && out->len < SLICE_BYTES)
		e = step(h, out, &end, &pieces);
	if (e) {
		api_env_failed(h->api, e);
		return HTTP_ABORT;
	}
	return end ? HTTP_END : HTTP_MORE;
}

static void history_done(void *ctx)
{
	struct history *h = ctx;

	if (h->open)
		block_info_release(&h->info);
	free(h);
}

static const struct http_stream history_ops = {.more = history_more,
					       .done = history_done};

/* "HEIGHT.INDEX" */
static bool read_cursor(struct activity *out, const char *text)
{
	const char *dot = strchr(text, '.');
	uint64_t index;

	if (!dot ||
	    !decimal_decode(&out->height, AMOUNT_MAX, SPAN(text, dot - text)) ||
	    !decimal_decode(&index, UINT32_MAX, span_str(dot + 1)))
		return false;
	out->index = (uint32_t)index;
	return true;
}

static bool wants_csv(const struct call *c)
{
	const struct arg *format = &c->args.arg[ACCOUNT_FORMAT];
	const char *accept = http_header(c->r, HTTP_ACCEPT);

	if (format->given)
		return format->number == 1;
	http_reply_header(c->r, "Vary", "Accept");
	return accept_prefers(accept, "text/csv");
}

void handle_v1_account_txs(struct call *c)
{
	const struct arg *cursor = &c->args.arg[ACCOUNT_CURSOR];
	const struct arg *limit = &c->args.arg[ACCOUNT_LIMIT];
	const struct arg *since = &c->args.arg[ACCOUNT_SINCE];
	struct activity before = {0};
	struct history *h;

	if (cursor->given && !read_cursor(&before, cursor->text)) {
		call_fault(c, ERR_MALFORMED, "cursor",
			   "\"%s\" is not the next of a page before",
			   cursor->text);
		return;
	}
	h = xcalloc(1, sizeof(*h));
	h->api = c->api;
	h->address = c->args.arg[ACCOUNT_ADDRESS].address;
	h->csv = wants_csv(c);
	h->has_before = cursor->given;
	h->before = before;
	h->since = since->given ? since->number : 0;
	h->left = limit->given ? (size_t)limit->number : h->csv ? SIZE_MAX : 50;
	http_stream(c->r, 200, h->csv ? HTTP_CSV : HTTP_JSON, &history_ops, h,
		    true);
}
