/* SPDX-License-Identifier: MIT */
/* Handlers for balances and accounts. GET /balance is the path that is
 * measured: it allocates nothing of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/block_json.h"
#include "http/json_out.h"

/* The state of confirmations=N: 0 is with pending ones. */
struct depth {
	bool pending;
	bool before; /* there was no chain yet */
	uint64_t height;
};

static struct depth depth_of(const struct api *api, const struct arg *a)
{
	uint64_t n = a->given ? a->number : 1;
	struct node_tip tip;

	node_tip(api->cfg.node, &tip);
	if (!n)
		return (struct depth){.pending = true, .height = tip.height};
	if (n > tip.height + 1)
		return (struct depth){.before = true};
	return (struct depth){.height = tip.height + 1 - n};
}

static enum err balance_at(uint64_t *out, const struct api *api,
			   const struct address *a, const struct depth *d)
{
	struct node *n = api->cfg.node;
	struct account account;
	enum err e;

	if (d->pending)
		return query_balance_pending(out, n, api_view(api), a);
	if (d->before) {
		*out = node_rules(n)->new_address_balance;
		return ERR_OK;
	}
	e = query_account(&account, NULL, n, api_view(api), a, d->height);
	*out = e ? 0 : account.balance;
	return e;
}

void handle_balance(struct call *c)
{
	struct depth d = depth_of(c->api, &c->args.arg[BALANCE_CONFIRMATIONS]);
	uint64_t balance;
	char text[32];
	enum err e;
	int n;

	e = balance_at(&balance, c->api, &c->args.arg[BALANCE_ADDRESS].address,
		       &d);
	if (e) {
		call_query_failed(c, e, "");
		return;
	}
	n = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)balance);
	http_reply_tagged(c->r, HTTP_JSON, SPAN(text, n));
}

/* --- /balances ----------------------------------------------------------- */

struct balances_stream {
	struct api *api;
	char prefix[ADDRESS_HEX_LEN];
	struct depth depth;
	bool has_after;
	struct address after;
	size_t left;
	bool begun;
	bool any;
};

#define PAGE 100

/* One page; *end when there is no other. */
static enum err balances_page(struct balances_stream *s, struct buf *out,
			      bool *end)
{
	struct account page[PAGE];
	struct address last;
	size_t count, i;
	bool more;
	enum err e;

	e = query_accounts(page, &count, &more, &last, s->api->cfg.node,
			   api_view(s->api), s->prefix,
			   s->has_after ? &s->after : NULL, s->depth.height,
			   s->left < PAGE ? s->left : PAGE);
	for (i = 0; !e && i < count; i++) {
		if (s->any)
			out_text(out, ",");
		s->any = true;
		out_address(out, &page[i].address);
		out_text(out, ":");
		if (s->depth.pending)
			e = balance_at(&page[i].balance, s->api,
				       &page[i].address, &s->depth);
		out_uint(out, page[i].balance);
	}
	if (e)
		return e;
	s->left -= count;
	*end = !more || !s->left;
	if (*end)
		return ERR_OK;
	s->after = last;
	s->has_after = true;
	return ERR_OK;
}

static enum http_more balances_more(void *ctx, struct buf *out)
{
	struct balances_stream *s = ctx;
	bool end = s->depth.before;
	int pages;
	enum err e;

	if (!s->begun)
		out_text(out, "{");
	s->begun = true;
	for (pages = 0; !end && pages < 4; pages++) {
		e = balances_page(s, out, &end);
		if (e) {
			api_env_failed(s->api, e);
			return HTTP_ABORT;
		}
	}
	if (!end)
		return HTTP_MORE;
	out_text(out, "}\n");
	return HTTP_END;
}

static const struct http_stream balances_ops = {.more = balances_more,
						.done = free};

void handle_balances(struct call *c)
{
	const struct arg *prefix = &c->args.arg[BALANCES_PREFIX];
	const struct arg *after = &c->args.arg[BALANCES_AFTER];
	const struct arg *limit = &c->args.arg[BALANCES_LIMIT];
	struct balances_stream *s;
	size_t i;

	if (prefix->given &&
	    prefix->text[strspn(prefix->text, "0123456789abcdefABCDEF")]) {
		call_fault(c, ERR_BAD_ADDRESS, "prefix",
			   "\"%s\" is not 0 to 40 hex digits", prefix->text);
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->api = c->api;
	if (prefix->given)
		snprintf(s->prefix, sizeof(s->prefix), "%s", prefix->text);
	for (i = 0; s->prefix[i]; i++)
		if (s->prefix[i] < 'a' && s->prefix[i] > '9')
			s->prefix[i] = (char)(s->prefix[i] | 0x20);
	s->depth = depth_of(c->api, &c->args.arg[BALANCES_CONFIRMATIONS]);
	s->has_after = after->given;
	if (after->given)
		s->after = after->address;
	s->left = limit->given ? (size_t)limit->number : 1000;
	http_stream(c->r, 200, HTTP_JSON, &balances_ops, s, true);
}

/* --- /v1/accounts/{account} ---------------------------------------------- */

void handle_v1_account(struct call *c)
{
	const struct address *address = &c->args.arg[ACCOUNT_ADDRESS].address;
	struct node *n = c->api->cfg.node;
	struct node_tip tip;
	struct account a;
	uint64_t pending;
	struct buf out = {0};
	bool exists;
	enum err e;

	node_tip(n, &tip);
	e = query_account(&a, &exists, n, api_view(c->api), address,
			  tip.height);
	if (!e)
		e = query_balance_pending(&pending, n, api_view(c->api),
					  address);
	if (e) {
		call_query_failed(c, e, "");
		return;
	}
	out_text(&out, "{\"address\":");
	out_address(&out, address);
	out_text(&out, ",\"exists\":");
	out_bool(&out, exists);
	out_text(&out, ",\"balance\":");
	out_uint(&out, a.balance);
	out_text(&out, ",\"pending\":");
	out_uint(&out, pending);
	out_text(&out, ",\"nonce\":");
	out_uint(&out, a.nonce);
	out_text(&out, ",\"next_nonce\":");
	out_uint(&out, mempool_next_nonce(node_mempool(n), address, a.nonce));
	out_text(&out, "}\n");
	http_reply_tagged(c->r, HTTP_JSON, buf_span(&out));
	buf_release(&out);
}
