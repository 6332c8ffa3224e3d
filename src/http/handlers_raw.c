/* SPDX-License-Identifier: MIT */
/* Canonical bytes as answers, and GET /v1/genesis, whose JSON is the same
 * rules in the form of the file. In slices: alloc may hold a million. */
#include "http/raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/accept.h"
#include "http/block_json.h"
#include "http/json_out.h"

bool call_wants_bytes(struct call *c)
{
	http_reply_header(c->r, "Vary", "Accept");
	return accept_prefers(http_header(c->r, HTTP_ACCEPT), HTTP_MSGPACK);
}

/* Whether the client has what this tag names; then it is answered. */
static bool reply_if_known(struct call *c, const char *tag, const char *control)
{
	http_set_cache(c->r, tag, control);
	if (!http_has_tag(c->r, tag))
		return false;
	http_not_modified(c->r);
	return true;
}

/* Append the next slice of whole; at counts on. */
static enum http_more slice(struct buf *out, struct span whole, size_t *at)
{
	size_t len = whole.len - *at;

	if (len > SLICE_BYTES)
		len = SLICE_BYTES;
	buf_append(out, whole.data + *at, len);
	*at += len;
	return *at < whole.len ? HTTP_MORE : HTTP_END;
}

/* --- a block ------------------------------------------------------------- */

struct bytes_stream {
	struct buf bytes;
	size_t at;
};

static enum http_more bytes_more(void *ctx, struct buf *out)
{
	struct bytes_stream *s = ctx;

	return slice(out, buf_span(&s->bytes), &s->at);
}

static void bytes_done(void *ctx)
{
	struct bytes_stream *s = ctx;

	buf_release(&s->bytes);
	free(s);
}

static const struct http_stream bytes_ops = {.more = bytes_more,
					     .done = bytes_done};

void reply_block_bytes(struct call *c, uint64_t height, bool by_hash)
{
	struct bytes_stream *s = xcalloc(1, sizeof(*s));
	char tag[HASH_HEX_LEN + 8], hex[HASH_HEX_LEN];
	struct block_info info;
	bool settled;
	enum err e;

	e = query_block(&info, c->api->cfg.node, api_view(c->api), height);
	if (e) {
		bytes_done(s);
		call_query_failed(c, e, NO_SUCH_BLOCK);
		return;
	}
	s->bytes = info.raw;
	info.raw = (struct buf){0};
	hash_hex(hex, &info.hash);
	settled = info.settled;
	block_info_release(&info);
	/* nothing in them changes as the chain grows */
	snprintf(tag, sizeof(tag), "%s-bytes", hex);
	if (reply_if_known(c, tag,
			   by_hash && settled ? CACHE_FOR_EVER : "no-cache"))
		bytes_done(s);
	else
		http_stream(c->r, 200, HTTP_MSGPACK, &bytes_ops, s, false);
}

/* --- the rules as bytes -------------------------------------------------- */

struct rules_stream {
	struct api *api;
	size_t at;
};

static enum http_more rules_more(void *ctx, struct buf *out)
{
	struct rules_stream *s = ctx;
	struct span rules;
	enum err e;

	/* they never change, so each slice may look them up anew */
	e = query_rules_bytes(&rules, api_view(s->api));
	if (!e)
		return slice(out, rules, &s->at);
	api_env_failed(s->api, e);
	return HTTP_ABORT;
}

static const struct http_stream rules_ops = {.more = rules_more, .done = free};

static void reply_rules(struct call *c, const struct hash *rules_hash)
{
	struct rules_stream *s;
	char hex[HASH_HEX_LEN];

	if (reply_if_known(c, hash_hex(hex, rules_hash), "no-cache"))
		return;
	s = xcalloc(1, sizeof(*s));
	s->api = c->api;
	http_stream(c->r, 200, HTTP_MSGPACK, &rules_ops, s, false);
}

/* --- the rules as JSON --------------------------------------------------- */

/* {"chain_id":...,"rules_hash":...,"network_id":... without the last brace */
static void out_genesis(struct buf *out, const struct api *api,
			const struct hash *rules_hash)
{
	struct buf file = {0};

	genesis_print(&file, node_rules(api->cfg.node));
	out_text(out, "{\"chain_id\":");
	out_hash(out, node_genesis_hash(api->cfg.node));
	out_text(out, ",\"rules_hash\":");
	out_hash(out, rules_hash);
	out_text(out, ",");
	buf_append(out, file.data + 1, file.len - 2);
	buf_release(&file);
}

struct genesis_stream {
	struct api *api;
	struct hash rules_hash;
	bool begun;
	bool alloc;
	struct alloc_walk walk;
};

static enum http_more alloc_more(struct genesis_stream *s, struct buf *out)
{
	struct span rules;
	struct alloc a;
	enum err e;

	e = query_rules_bytes(&rules, api_view(s->api));
	if (e) {
		api_env_failed(s->api, e);
		return HTTP_ABORT;
	}
	while (out->len < SLICE_BYTES) {
		bool first = !s->walk.begun;

		if (!alloc_walk_next(&a, &s->walk, rules))
			return s->walk.left ? HTTP_ABORT : HTTP_END;
		if (!first)
			out_text(out, ",");
		out_address(out, &a.address);
		out_text(out, ":{\"balance\":");
		out_uint(out, a.balance);
		out_text(out, "}");
	}
	return HTTP_MORE;
}

static enum http_more genesis_more(void *ctx, struct buf *out)
{
	struct genesis_stream *s = ctx;
	enum http_more more = HTTP_END;

	if (!s->begun) {
		out_genesis(out, s->api, &s->rules_hash);
		if (s->alloc)
			out_text(out, ",\"alloc\":{");
		s->begun = true;
	}
	if (s->alloc)
		more = alloc_more(s, out);
	if (more == HTTP_END)
		out_text(out, s->alloc ? "}}\n" : "}\n");
	return more;
}

static const struct http_stream genesis_ops = {.more = genesis_more,
					       .done = free};

void handle_v1_genesis(struct call *c)
{
	const struct arg *alloc = &c->args.arg[GENESIS_ALLOC];
	struct genesis_stream *s;
	struct hash rules_hash;
	enum err e;

	e = query_rules_hash(&rules_hash, c->api->cfg.node, api_view(c->api));
	if (e) {
		call_query_failed(c, e, "");
		return;
	}
	if (call_wants_bytes(c)) {
		reply_rules(c, &rules_hash);
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->api = c->api;
	s->rules_hash = rules_hash;
	s->alloc = alloc->given && alloc->number;
	http_stream(c->r, 200, HTTP_JSON, &genesis_ops, s, true);
}
