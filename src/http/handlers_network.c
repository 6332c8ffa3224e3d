/* SPDX-License-Identifier: MIT */
/* Handlers for the network: peers, authorities, consensus, evidence. */
#include <stdlib.h>
#include <string.h>

#include "http/bft_json.h"
#include "http/call.h"
#include "http/governance_json.h"
#include "http/json_out.h"
#include "http/network_json.h"
#include "loop/clock.h"

#define PAGE_DEFAULT 50

static size_t limit_of(const struct call *c)
{
	const struct arg *a = &c->args.arg[NETWORK_LIMIT];

	return a->given ? (size_t)a->number : PAGE_DEFAULT;
}

static void begin_items(struct buf *out)
{
	out_text(out, "{\"items\":[");
}

static void comma(struct buf *out, bool *any)
{
	if (*any)
		out_text(out, ",");
	*any = true;
}

/* The object is left open. */
static void end_items(struct buf *out, bool more, uint64_t next)
{
	out_text(out, "],\"next\":");
	if (more) {
		out_text(out, "\"");
		out_uint(out, next);
		out_text(out, "\"");
	} else {
		out_text(out, "null");
	}
}

/* True for this moment alone. */
static void reply_now(struct call *c, const struct buf *out)
{
	http_reply_header(c->r, "Cache-Control", "no-store");
	http_reply(c->r, 200, HTTP_JSON, buf_span(out));
}

/* --- peers --------------------------------------------------------------- */

/* All of them, by number; free() it. */
static struct peer_info *all_peers(const struct node *n, size_t *count)
{
	size_t cap = node_peer_count(n), at = 0;
	struct peer_info *list = xcalloc(cap + 1, sizeof(*list));

	*count = 0;
	while (*count < cap && node_peer_next(n, &at, &list[*count]))
		(*count)++;
	return list;
}

static bool traffic_of(const struct api *api, uint64_t peer,
		       struct api_traffic *out)
{
	return api->cfg.traffic && api->cfg.traffic(api->cfg.ctx, peer, out);
}

void handle_v1_peers(struct call *c)
{
	const struct arg *after = &c->args.arg[NETWORK_CURSOR];
	size_t count, i = 0, left = limit_of(c);
	struct peer_info *list = all_peers(c->api->cfg.node, &count);
	struct api_traffic traffic;
	struct buf out = {0};
	bool any = false;

	while (after->given && i < count && list[i].peer <= after->number)
		i++;
	begin_items(&out);
	for (; i < count && left; i++, left--) {
		comma(&out, &any);
		out_peer(&out, &list[i],
			 traffic_of(c->api, list[i].peer, &traffic) ? &traffic
								    : NULL);
	}
	end_items(&out, i < count && i, i ? list[i - 1].peer : 0);
	out_text(&out, "}\n");
	reply_now(c, &out);
	free(list);
	buf_release(&out);
}

/* --- authorities --------------------------------------------------------- */

static bool is_self(const struct api *api, const struct address *a)
{
	return node_is_validator(api->cfg.node) && api->cfg.account &&
	       address_eq(api->cfg.account, a);
}

static bool is_peer(const struct peer_info *list, size_t count,
		    const struct address *a)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (list[i].authority && address_eq(&list[i].id, a))
			return true;
	return false;
}

static void reply_bft_validators(struct call *c, const struct bft_view *v,
				 size_t i)
{
	const struct governance *g = node_governance(c->api->cfg.node);
	size_t left = limit_of(c);
	struct buf out = {0};
	bool any = false;

	begin_items(&out);
	for (; left && i < v->info.count; i++, left--) {
		comma(&out, &any);
		out_bft_member(&out, v, i);
	}
	end_items(&out, i < v->info.count, i);
	if (g) /* after the tip, which is below the height */
		out_governance(&out, g, v->info.height - 1);
	out_text(&out, "}\n");
	reply_now(c, &out);
	buf_release(&out);
}

void handle_v1_validators(struct call *c)
{
	const struct arg *cursor = &c->args.arg[NETWORK_CURSOR];
	size_t count, i = cursor->given ? (size_t)cursor->number : 0;
	size_t left = limit_of(c);
	struct engine_authority a;
	struct peer_info *list;
	struct bft_view view;
	struct buf out = {0};
	bool any = false, self;

	if (bft_view_of(&view, c->api->cfg.node, clock_now_ms())) {
		reply_bft_validators(c, &view, i);
		return;
	}
	list = all_peers(c->api->cfg.node, &count);
	begin_items(&out);
	for (; left && node_authority(c->api->cfg.node, i, &a); i++, left--) {
		self = is_self(c->api, &a.account);
		comma(&out, &any);
		out_authority(&out, &a,
			      self || is_peer(list, count, &a.account), self);
	}
	end_items(&out, !left && node_authority(c->api->cfg.node, i, &a), i);
	out_text(&out, "}\n");
	http_reply_tagged(c->r, HTTP_JSON, buf_span(&out));
	free(list);
	buf_release(&out);
}

/* --- consensus ----------------------------------------------------------- */

/* Authorities that have signed neither the last block with transactions nor
 * one after it. */
static void out_waiting_for(struct buf *out, const struct api *api,
			    const struct engine_status *s, uint64_t now)
{
	struct engine_authority a;
	struct peer_info *list;
	size_t count, i;
	bool any = false, here;

	list = all_peers(api->cfg.node, &count);
	out_text(out, ",\"waiting_for\":[");
	for (i = 0; s->filling && node_authority(api->cfg.node, i, &a); i++) {
		if (a.has_height && a.height >= s->last_with_txs)
			continue;
		here = is_self(api, &a.account) ||
		       is_peer(list, count, &a.account);
		comma(out, &any);
		out_waiting(out, &a,
			    here	   ? now
			    : a.has_height ? a.slot_start
					   : 0);
	}
	out_text(out, "]");
	free(list);
}

static void out_halted(struct buf *out, const struct sync_info *s)
{
	out_text(out, ",\"halted\":");
	if (!s->halted) {
		out_text(out, "null");
		return;
	}
	out_text(out, "{\"by\":");
	out_hash(out, &s->halted_by);
	out_text(out, "}");
}

static void out_turn(struct buf *out, const struct engine_status *s)
{
	out_text(out, ",\"slot\":");
	out_uint(out, s->slot);
	out_text(out, ",\"slot_ms\":");
	out_uint(out, s->slot_ms);
	out_text(out, ",\"slot_start\":");
	out_uint(out, s->slot_start);
	out_text(out, ",\"turn\":");
	out_address(out, &s->turn);
	out_maybe(out, "next_own_slot", s->has_own_slot, s->own_slot);
	out_text(out, ",\"quorum\":");
	out_uint(out, s->quorum);
}

/* Where an engine with slots stands. */
static void out_slots(struct buf *out, const struct api *api, uint64_t settled,
		      uint64_t now)
{
	struct engine_status s;

	node_engine_status(api->cfg.node, now, &s);
	out_turn(out, &s);
	out_text(out, ",\"settled_height\":");
	out_uint(out, settled);
	out_text(out, ",\"filling\":");
	out_bool(out, s.filling);
	out_text(out, ",\"signed\":");
	out_uint(out, s.signed_count);
	out_waiting_for(out, api, &s, now);
}

void handle_v1_consensus(struct call *c)
{
	const struct node *n = c->api->cfg.node;
	uint64_t now = clock_now_ms();
	struct buf out = {0};
	struct bft_view view;
	struct sync_info sync;
	struct node_tip tip;

	node_tip(n, &tip);
	node_sync(n, &sync);
	out_text(&out, "{\"engine\":");
	out_string(&out, span_str(engine_ops_of(node_rules(n)->engine)->name));
	if (bft_view_of(&view, n, now))
		out_bft(&out, &view, tip.settled);
	else
		out_slots(&out, c->api, tip.settled, now);
	out_text(&out, ",\"sync\":");
	out_sync(&out, &sync, tip.height);
	out_text(&out, ",\"reorgs\":");
	out_uint(&out, sync.reorgs);
	out_text(&out, ",\"reorg_depth_max\":");
	out_uint(&out, sync.deepest);
	out_halted(&out, &sync);
	out_text(&out, "}\n");
	reply_now(c, &out);
	buf_release(&out);
}

/* --- evidence ------------------------------------------------------------ */

void handle_v1_evidence(struct call *c)
{
	const struct arg *cursor = &c->args.arg[NETWORK_CURSOR];
	const struct hash *after = cursor->given ? &cursor->hash : NULL;
	struct kv_view *view = api_view(c->api);
	size_t left = limit_of(c);
	struct evidence_info e;
	struct buf out = {0};
	bool any = false;
	struct hash last = {{0}};
	enum err err;

	begin_items(&out);
	while (!(err = query_evidence(&e, c->api->cfg.node, view, after)) &&
	       left--) {
		comma(&out, &any);
		out_evidence(&out, &e);
		last = e.id;
		after = &last;
	}
	out_text(&out, "],\"next\":");
	if (!err)
		out_hash(&out, &last);
	else
		out_text(&out, "null");
	out_text(&out, "}\n");
	if (err && err != ERR_NOT_FOUND)
		call_query_failed(c, err, "");
	else
		http_reply_tagged(c->r, HTTP_JSON, buf_span(&out));
	buf_release(&out);
}
