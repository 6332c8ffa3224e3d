/* SPDX-License-Identifier: MIT */
/* Handlers for blocks and the chain. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/block_json.h"
#include "http/json_out.h"
#include "http/raw.h"

void handle_running(struct call *c)
{
	http_reply_tagged(c->r, c->route->type, span_str("running\n"));
}

static uint64_t tip_height(const struct api *api)
{
	struct node_tip tip;

	node_tip(api->cfg.node, &tip);
	return tip.height;
}

static void reply_number(struct call *c, uint64_t v)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)v);

	http_reply_tagged(c->r, HTTP_JSON, SPAN(text, n));
}

void handle_chainlength(struct call *c)
{
	reply_number(c, tip_height(c->api) + 1);
}

/* --- one block ----------------------------------------------------------- */

struct block_stream {
	struct api *api;
	struct block_writer w;
};

static enum http_more block_more(void *ctx, struct buf *out)
{
	struct block_stream *s = ctx;
	size_t pieces = SLICE_PIECES;
	enum err e = block_writer_step(&s->w, s->api, out, &pieces);

	if (e) {
		api_env_failed(s->api, e);
		return HTTP_ABORT;
	}
	if (s->w.part != PART_DONE)
		return HTTP_MORE;
	out_text(out, "\n");
	return HTTP_END;
}

static void block_done(void *ctx)
{
	struct block_stream *s = ctx;

	block_writer_close(&s->w);
	free(s);
}

static const struct http_stream block_stream_ops = {.more = block_more,
						    .done = block_done};

/*
 * Answer with a block. Asked for by its hash once it is settled, it never
 * changes any more; else its tag holds what may still change.
 */
static void reply_block(struct call *c, uint64_t height, bool by_hash, bool all)
{
	struct block_stream *s = xcalloc(1, sizeof(*s));
	const char *control = "no-cache";
	char tag[HASH_HEX_LEN + 40], hex[HASH_HEX_LEN];
	const struct block_info *b = &s->w.info;
	enum err e;

	s->api = c->api;
	e = block_writer_open(&s->w, c->api, height, all);
	if (e) {
		free(s);
		call_query_failed(c, e, NO_SUCH_BLOCK);
		return;
	}
	hash_hex(hex, &b->hash);
	if (by_hash && b->settled) {
		control = CACHE_FOR_EVER;
		snprintf(tag, sizeof(tag), "%s%s", hex, all ? "-all" : "");
	} else {
		snprintf(tag, sizeof(tag), "%s-%llu%s%s", hex,
			 (unsigned long long)b->confirmations,
			 b->settled ? "s" : "", all ? "-all" : "");
	}
	http_set_cache(c->r, tag, control);
	if (http_has_tag(c->r, tag)) {
		http_not_modified(c->r);
		block_done(s);
		return;
	}
	http_stream(c->r, 200, HTTP_JSON, &block_stream_ops, s, false);
}

/* false: it is answered that there is none. */
static bool find_block(uint64_t *height, struct call *c,
		       const struct hash *hash)
{
	enum err e = query_block_height(height, c->api->cfg.node,
					api_view(c->api), hash);

	if (e)
		call_query_failed(c, e, "there is no block of this hash");
	return !e;
}

void handle_block(struct call *c)
{
	const struct arg *index = &c->args.arg[BLOCK_INDEX];
	const struct arg *hash = &c->args.arg[BLOCK_HASH];
	bool all = c->args.arg[BLOCK_STATE].given;
	uint64_t height;

	if (index->given && hash->given)
		call_fault(c, ERR_DUPLICATE_FIELD, "hash",
			   "give either index or hash");
	else if (index->given)
		reply_block(c, index->number, false, all);
	else if (!hash->given)
		call_fault(c, ERR_MISSING_FIELD, "index",
			   "expected index=N or hash=H");
	else if (find_block(&height, c, &hash->hash))
		reply_block(c, height, true, all);
}

static void reply_v1_block(struct call *c, uint64_t height, bool by_hash)
{
	if (call_wants_bytes(c))
		reply_block_bytes(c, height, by_hash);
	else
		reply_block(c, height, by_hash,
			    c->args.arg[BLOCKS_STATE].given);
}

void handle_v1_block(struct call *c)
{
	const char *id = c->args.arg[BLOCKS_ID].text;
	struct node_tip tip;
	struct hash hash;
	uint64_t height;

	node_tip(c->api->cfg.node, &tip);
	if (hash_from_hex(&hash, span_str(id))) {
		if (find_block(&height, c, &hash))
			reply_v1_block(c, height, true);
	} else if (decimal_decode(&height, AMOUNT_MAX, span_str(id))) {
		reply_v1_block(c, height, false);
	} else if (!strcmp(id, "latest")) {
		reply_v1_block(c, tip.height, false);
	} else if (!strcmp(id, "settled")) {
		reply_v1_block(c, tip.settled, false);
	} else if (!strcmp(id, "final") &&
		   node_has_finality(c->api->cfg.node)) {
		reply_v1_block(c, tip.final, false);
	} else if (!strcmp(id, "final")) {
		call_fault(c, ERR_NO_FINALITY, "id",
			   "blocks of this chain are settled, never final");
	} else {
		call_fault(c, ERR_MALFORMED, "id",
			   "\"%.70s\" is not a number, a hash, latest, settled "
			   "or final",
			   id);
	}
}

void handle_own_block(struct call *c)
{
	const struct address *own = c->api->cfg.account;

	if (!own || !address_eq(own, &c->args.arg[OWN_ADDRESS].address))
		call_fault(c, ERR_NOT_FOUND, "address",
			   "this is not the node's account");
	else
		reply_block(c, c->args.arg[OWN_BLOCK].number, false,
			    c->args.arg[OWN_STATE].given);
}

/* --- many blocks --------------------------------------------------------- */

struct chain_stream {
	struct api *api;
	struct block_writer w;
	bool begun;
	uint64_t next;
	uint64_t left;
};

/* Loading a full block costs about as much as printing a hundred
 * transactions. */
static void charge_load(size_t *pieces, const struct block_info *b)
{
	size_t cost = 1 + b->raw.len / 16384;

	*pieces = *pieces > cost ? *pieces - cost : 0;
}

static enum http_more chain_more(void *ctx, struct buf *out)
{
	struct chain_stream *s = ctx;
	size_t pieces = SLICE_PIECES;
	enum err e = ERR_OK;

	if (!s->begun)
		out_text(out, "[");
	while (!e && pieces && out->len < SLICE_BYTES) {
		if (!s->w.open) {
			if (!s->left || s->next > tip_height(s->api)) {
				out_text(out, "]\n");
				return HTTP_END;
			}
			if (s->begun)
				out_text(out, ",");
			s->begun = true;
			e = block_writer_open(&s->w, s->api, s->next, false);
			if (e)
				break;
			charge_load(&pieces, &s->w.info);
			s->next++;
			s->left--;
			continue;
		}
		e = block_writer_step(&s->w, s->api, out, &pieces);
		if (!e && s->w.part == PART_DONE)
			block_writer_close(&s->w);
	}
	if (e) {
		api_env_failed(s->api, e);
		return HTTP_ABORT;
	}
	s->begun = true;
	return HTTP_MORE;
}

static void chain_done(void *ctx)
{
	struct chain_stream *s = ctx;

	block_writer_close(&s->w);
	free(s);
}

static const struct http_stream chain_stream_ops = {.more = chain_more,
						    .done = chain_done};

void handle_blockchain(struct call *c)
{
	const struct arg *from = &c->args.arg[CHAIN_FROM];
	const struct arg *limit = &c->args.arg[CHAIN_LIMIT];
	struct chain_stream *s = xcalloc(1, sizeof(*s));

	s->api = c->api;
	s->next = from->given ? from->number : 0;
	s->left = limit->given ? limit->number : UINT64_MAX;
	http_stream(c->r, 200, HTTP_JSON, &chain_stream_ops, s, true);
}

/* --- /v1/blocks: heads, newest first ------------------------------------- */

struct heads_stream {
	struct api *api;
	bool begun;
	bool any;
	bool ended; /* the genesis was written */
	uint64_t next;
	uint64_t left;
};

static enum err out_head(struct buf *out, struct api *api, uint64_t height,
			 size_t *pieces)
{
	struct block_info b;
	enum err e = query_block(&b, api->cfg.node, api_view(api), height);

	if (e)
		return e;
	charge_load(pieces, &b);
	out_block_head(out, api, &b);
	out_text(out, ",\"transactions\":");
	out_uint(out, b.block.tx_count);
	out_block_standing(out, &b);
	out_text(out, "}");
	block_info_release(&b);
	return ERR_OK;
}

static enum http_more heads_more(void *ctx, struct buf *out)
{
	struct heads_stream *s = ctx;
	size_t pieces = SLICE_PIECES;
	enum err e;

	if (!s->begun)
		out_text(out, "{\"items\":[");
	s->begun = true;
	while (s->left && !s->ended) {
		if (!pieces)
			return HTTP_MORE;
		if (s->any)
			out_text(out, ",");
		s->any = true;
		e = out_head(out, s->api, s->next, &pieces);
		if (e) {
			api_env_failed(s->api, e);
			return HTTP_ABORT;
		}
		s->left--;
		if (s->next)
			s->next--;
		else
			s->ended = true;
	}
	out_text(out, "],\"next\":");
	if (s->ended) {
		out_text(out, "null");
	} else {
		out_text(out, "\"");
		out_uint(out, s->next);
		out_text(out, "\"");
	}
	out_text(out, "}\n");
	return HTTP_END;
}

static const struct http_stream heads_stream_ops = {.more = heads_more,
						    .done = free};

void handle_v1_blocks(struct call *c)
{
	const struct arg *cursor = &c->args.arg[BLOCKS_CURSOR];
	const struct arg *limit = &c->args.arg[BLOCKS_LIMIT];
	struct heads_stream *s = xcalloc(1, sizeof(*s));
	uint64_t tip = tip_height(c->api);

	s->api = c->api;
	s->next = cursor->given && cursor->number < tip ? cursor->number : tip;
	s->left = limit->given ? limit->number : 20;
	http_stream(c->r, 200, HTTP_JSON, &heads_stream_ops, s, true);
}
