/* SPDX-License-Identifier: MIT */
/* Handlers for the node itself: status, health, description. */
#include <stdlib.h>
#include <string.h>

#include "http/bft_json.h"
#include "http/call.h"
#include "http/json_out.h"
#include "http/network_json.h"
#include "http/ready.h"
#include "loop/clock.h"

static void out_pool(struct buf *out, const struct mempool *pool)
{
	out_text(out, ",\"mempool\":{\"transactions\":");
	out_uint(out, mempool_count(pool));
	out_text(out, ",\"executable\":");
	out_uint(out, mempool_executable(pool));
	out_text(out, ",\"bytes\":");
	out_uint(out, mempool_bytes(pool));
	out_text(out, "}");
}

/* What a wallet puts in the place of data that its user did not give. */
static void out_placeholder(struct buf *out, const struct placeholder *p)
{
	switch (p->kind) {
	case PLACEHOLDER_NONE:
		return;
	case PLACEHOLDER_RND:
		out_text(out, ",\"tx_placeholder\":[\"rnd\",");
		out_uint(out, p->length);
		out_text(out, "]");
		return;
	case PLACEHOLDER_PREDEF:
		out_text(out, ",\"tx_placeholder\":[\"predef\",");
		out_string(out, span_str(p->text));
		out_text(out, "]");
		return;
	}
	BUG("placeholder kind");
}

static void out_chain(struct buf *out, const struct api *api)
{
	const struct rules *rules = node_rules(api->cfg.node);
	struct node_tip tip;

	node_tip(api->cfg.node, &tip);
	out_text(out, ",\"network_id\":");
	out_string(out, span_str(rules->network_id));
	out_text(out, ",\"chain_id\":");
	out_hash(out, node_genesis_hash(api->cfg.node));
	out_text(out, ",\"engine\":");
	out_string(out, span_str(engine_ops_of(rules->engine)->name));
	out_text(out, ",\"height\":");
	out_uint(out, tip.height);
	out_text(out, ",\"hash\":");
	out_hash(out, &tip.hash);
	out_text(out, ",\"time\":");
	out_uint(out, tip.time);
	out_text(out, ",\"state_root\":");
	out_hash(out, &tip.state_root);
	out_text(out, ",\"settled_height\":");
	out_uint(out, tip.settled);
	out_maybe(out, "final_height", node_has_finality(api->cfg.node),
		  tip.final);
	out_text(out, ",\"flushed_height\":");
	out_uint(out, tip.flushed);
	out_text(out, ",\"supply\":");
	out_uint(out, tip.supply);
	out_text(out, ",\"min_fee\":");
	out_uint(out, rules->min_fee);
	out_text(out, ",\"max_tx_bytes\":");
	out_uint(out, rules->max_tx_bytes);
	out_text(out, ",\"confirmations\":");
	out_uint(out, rules->confirmations);
	out_text(out, ",\"new_address_balance\":");
	out_uint(out, rules->new_address_balance);
	out_placeholder(out, &rules->tx_placeholder);
}

static void out_network(struct buf *out, const struct node *n)
{
	struct sync_info sync;
	struct node_tip tip;

	node_tip(n, &tip);
	node_sync(n, &sync);
	out_text(out, ",\"peers\":");
	out_uint(out, node_peer_count(n));
	out_text(out, ",\"sync\":");
	out_sync(out, &sync, tip.height);
	out_text(out, ",\"halted\":");
	out_bool(out, sync.halted);
}

/* Of validators that vote. */
static void out_voting(struct buf *out, const struct node *n)
{
	char waiting[BFT_WAITING_MAX] = "";
	struct bft_view view;

	view.info.silent = NULL;
	if (bft_view_of(&view, n, clock_now_ms()))
		bft_waiting_text(waiting, &view, false);
	out_words(out, "waiting", *waiting ? waiting : NULL);
	out_words(out, "silent", view.info.silent);
}

void handle_v1_status(struct call *c)
{
	const struct api *api = c->api;
	struct buf out = {0};

	out_text(&out, "{\"version\":");
	out_string(&out, span_str(api->cfg.version));
	out_chain(&out, api);
	out_text(&out, ",\"validator\":");
	out_bool(&out, node_is_validator(api->cfg.node));
	out_text(&out, ",\"account\":");
	if (api->cfg.account)
		out_address(&out, api->cfg.account);
	else
		out_text(&out, "null");
	out_voting(&out, api->cfg.node);
	out_network(&out, api->cfg.node);
	out_pool(&out, node_mempool(api->cfg.node));
	out_text(&out, ",\"uptime\":");
	out_uint(&out, (clock_steady_ms() - api->started) / 1000);
	out_text(&out, "}\n");
	http_reply_tagged(c->r, HTTP_JSON, buf_span(&out));
	buf_release(&out);
}

void handle_health(struct call *c)
{
	http_reply_header(c->r, "Cache-Control", "no-store");
	http_reply(c->r, 200, HTTP_JSON, span_str("{\"status\":\"ok\"}\n"));
}

static enum err check_network(const struct node *n, struct fault *f)
{
	const struct rules *rules = node_rules(n);
	/* beyond half a slot the others are in another at our turn */
	struct readiness r = {.authorities = rules->miner_count,
			      .peers = node_peer_count(n),
			      .missing = "",
			      .offset_max = rules->slot_ms / 2};
	char missing[BFT_WAITING_MAX];
	struct bft_view view;
	struct node_tip tip;

	if (bft_view_of(&view, n, clock_now_ms())) {
		bft_waiting_text(missing, &view, true);
		r.authorities = view.info.count;
		r.quorum = view.info.quorum;
		r.missing = bft_is_short(&view) ? missing : "";
		/* beyond that no proposal of theirs is taken, or none of ours
		 */
		r.offset_max = rules->max_drift_ms;
	}
	node_tip(n, &tip);
	r.height = tip.height;
	node_sync(n, &r.sync);
	r.has_offset = node_clock_offset(n, &r.offset);
	return ready_check(&r, f);
}

void handle_ready(struct call *c)
{
	const struct api_config *cfg = &c->api->cfg;
	const char *failing = cfg->check ? cfg->check(cfg->ctx) : NULL;
	struct fault f = {0};

	http_reply_header(c->r, "Cache-Control", "no-store");
	if (failing)
		call_fault(c, ERR_UNAVAILABLE, "", "not ready: %s", failing);
	else if (check_network(cfg->node, &f))
		call_refuse(c, &f);
	else
		http_reply(c->r, 200, HTTP_JSON,
			   span_str("{\"status\":\"ready\"}\n"));
}

void handle_openapi(struct call *c)
{
	struct buf *text = &c->api->openapi;

	if (!text->len)
		api_openapi(text, c->api->cfg.version);
	http_reply_tagged(c->r, HTTP_JSON, buf_span(text));
}
