/* SPDX-License-Identifier: MIT */
/* PUT and POST /pushtx, POST /v1/txs: from a body to canonical bytes. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "codec/msgpack.h"
#include "http/batch.h"

/* Of a body: a transaction has 11 members. The tree of more costs too much. */
#define VALUES_MAX (16 * BATCH_MAX)

enum body_kind { BODY_JSON, BODY_MSGPACK, BODY_OTHER };

static bool is_type(const char *sent, const char *type)
{
	size_t len = strlen(type);

	return !strncasecmp(sent, type, len) &&
	       (!sent[len] || strchr("; \t", sent[len]));
}

/* What curl -d says (a form) is JSON too. */
static enum body_kind kind_of(const struct http_request *r)
{
	const char *sent = http_header(r, HTTP_CONTENT_TYPE);

	if (!sent || is_type(sent, HTTP_JSON) ||
	    is_type(sent, "application/x-www-form-urlencoded") ||
	    !strncasecmp(sent, "text/", 5))
		return BODY_JSON;
	if (is_type(sent, HTTP_MSGPACK))
		return BODY_MSGPACK;
	return BODY_OTHER;
}

/* --- JSON ---------------------------------------------------------------- */

static void push_json_value(struct call *c, const json_t *in)
{
	struct batch b = {0};
	size_t i, n = json_array_size(in);

	if (json_is_array(in) && n > BATCH_MAX) {
		call_fault(c, ERR_TOO_BIG, "",
			   "%zu transactions; expected at most %d", n,
			   BATCH_MAX);
		return;
	}
	if (json_is_array(in)) {
		batch_begin(&b, c, n, true);
		for (i = 0; i < n; i++)
			batch_add_json(&b, c, json_array_get(in, i));
	} else {
		batch_begin(&b, c, 1, false);
		batch_add_json(&b, c, in);
	}
	batch_send(&b, c);
	batch_release(&b);
}

/* Plain transactions need no tree. false: nothing was done. */
static bool push_plain(struct call *c, struct span body)
{
	bool many = body.len && *body.data == '[';
	size_t max = many ? BATCH_MAX : 1;
	struct batch b = {.ends = xcalloc(max, sizeof(*b.ends))};

	b.count = tx_scan_json(&b.raw, b.ends, max, body);
	if (b.count) {
		b.s = submission_new(c->api, SUBMISSION_PUSH, b.count, many);
		batch_send(&b, c);
	}
	batch_release(&b);
	return b.count;
}

static void push_json(struct call *c, struct span body)
{
	struct fault f;
	json_t *in, *inner;

	if (push_plain(c, body))
		return;
	if (body.len > LONG_TEXT) {
		push_long(c, body);
		return;
	}
	in = json_parse_bounded(body, VALUES_MAX, &f);
	if (json_is_string(in)) {
		/* one of the seeds sent JSON within a JSON string */
		inner = json_parse_bounded(
			SPAN(json_string_value(in), json_string_length(in)),
			VALUES_MAX, &f);
		json_decref(in);
		in = inner;
	}
	if (!in) {
		call_refuse(c, &f);
		return;
	}
	if (json_is_object(in) || json_is_array(in))
		push_json_value(c, in);
	else
		call_fault(c, ERR_WRONG_TYPE, "",
			   "expected an object or an array of objects");
	json_decref(in);
}

/* --- msgpack ------------------------------------------------------------- */

/*
 * A body of canonical bytes is either a transaction, [[version, ...], key,
 * signature], or an array of such. Tell them apart by the first element of
 * the first element: an integer in a transaction, an array in a batch.
 */
static bool is_batch(struct span body)
{
	struct mp_reader r;

	mp_reader_init(&r, body);
	if (!mp_read_array(&r, 0, BATCH_MAX) && !r.err)
		return true;
	mp_read_array(&r, 1, 16);
	if (r.err || r.p == r.end)
		return false;
	return (*r.p & 0xf0) == 0x90 || *r.p == 0xdc || *r.p == 0xdd;
}

static void push_msgpack_batch(struct call *c, struct span body)
{
	struct batch b = {0};
	struct mp_reader r;
	struct span one;
	size_t i, n;
	enum err e;

	mp_reader_init(&r, body);
	n = mp_read_array(&r, 0, BATCH_MAX);
	batch_begin(&b, c, n, true);
	for (i = 0; i < n && !r.err; i++) {
		one = mp_read_raw(&r);
		buf_append_span(&b.raw, one);
		b.ends[b.count++] = b.raw.len;
	}
	e = mp_reader_end(&r);
	if (e) {
		/* where one ends and the next begins is not known then */
		if (r.err)
			call_fault(c, e, "",
				   "transaction %zu of %zu is no canonical "
				   "msgpack, so none was taken",
				   i, n);
		else
			call_fault(c, e, "",
				   "bytes follow the array of %zu "
				   "transactions, so none was taken",
				   n);
	} else {
		batch_send(&b, c);
	}
	batch_release(&b);
}

static void push_msgpack(struct call *c, struct span body)
{
	struct batch b = {0};
	struct mp_reader r;
	size_t n;

	if (is_batch(body)) {
		push_msgpack_batch(c, body);
		return;
	}
	mp_reader_init(&r, body);
	n = mp_read_array(&r, 0, SIZE_MAX);
	if (!r.err && n > BATCH_MAX) {
		call_fault(c, ERR_TOO_BIG, "",
			   "%zu transactions; expected at most %d", n,
			   BATCH_MAX);
		return;
	}
	if (!body.len) {
		call_fault(c, ERR_MALFORMED, "", "the body is empty");
		return;
	}
	batch_begin(&b, c, 1, false);
	buf_append_span(&b.raw, body);
	b.ends[b.count++] = b.raw.len;
	batch_send(&b, c);
	batch_release(&b);
}

void handle_pushtx(struct call *c)
{
	struct span body = http_body(c->r);

	switch (kind_of(c->r)) {
	case BODY_JSON:
		push_json(c, body);
		break;
	case BODY_MSGPACK:
		push_msgpack(c, body);
		break;
	case BODY_OTHER:
		call_fault(c, ERR_UNSUPPORTED_MEDIA_TYPE, "Content-Type",
			   "\"%.80s\"; expected application/json or "
			   "application/msgpack",
			   http_header(c->r, HTTP_CONTENT_TYPE));
		break;
	}
}

void handle_v1_txs(struct call *c)
{
	const struct arg *wait = &c->args.arg[TXS_WAIT];

	if (wait->given && wait->number == WAIT_FINAL &&
	    !node_has_finality(c->api->cfg.node)) {
		call_fault(c, ERR_NO_FINALITY, "wait",
			   "transactions of this chain settle, they are never "
			   "final; wait=settled");
		return;
	}
	handle_pushtx(c);
}
