/* SPDX-License-Identifier: MIT */
/* Handlers for the node itself: status, health, figures, description. */
#include <stdlib.h>
#include <string.h>

#include "http/call.h"
#include "http/json_out.h"
#include "loop/clock.h"

static const char *engine_name(enum engine_kind k)
{
	switch (k) {
	case ENGINE_POA:
		return "poa";
	}
	BUG("an engine of no name");
}

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
	out_string(out, span_str(engine_name(rules->engine)));
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
	out_text(&out, ",\"peers\":0");
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

void handle_ready(struct call *c)
{
	const struct api_config *cfg = &c->api->cfg;
	const char *failing = cfg->check ? cfg->check(cfg->ctx) : NULL;

	http_reply_header(c->r, "Cache-Control", "no-store");
	if (failing)
		call_fault(c, ERR_UNAVAILABLE, "", "not ready: %s", failing);
	else
		http_reply(c->r, 200, HTTP_JSON,
			   span_str("{\"status\":\"ready\"}\n"));
}

/* --- /metrics ------------------------------------------------------------ */

static void out_metric(struct buf *out, const char *name, const char *type,
		       const char *help, uint64_t v)
{
	out_text(out, "# HELP ");
	out_text(out, name);
	out_text(out, " ");
	out_text(out, help);
	out_text(out, "\n# TYPE ");
	out_text(out, name);
	out_text(out, " ");
	out_text(out, type);
	out_text(out, "\n");
	out_text(out, name);
	out_text(out, " ");
	out_uint(out, v);
	out_text(out, "\n");
}

static void out_requests(struct buf *out, const struct api *api)
{
	char class[2] = "0";
	size_t i, k;

	out_text(out, "# HELP ccoin_http_requests_total Requests answered\n"
		      "# TYPE ccoin_http_requests_total counter\n");
	for (i = 0; i <= route_count; i++) {
		for (k = 1; k < STATUS_CLASSES; k++) {
			if (!api->counts[i][k])
				continue;
			class[0] = (char)('0' + k);
			out_text(out, "ccoin_http_requests_total{route=\"");
			out_text(out, i < route_count ? route_table[i].path
						      : "other");
			out_text(out, "\",status=\"");
			out_text(out, class);
			out_text(out, "xx\"} ");
			out_uint(out, api->counts[i][k]);
			out_text(out, "\n");
		}
	}
}

void handle_metrics(struct call *c)
{
	const struct api *api = c->api;
	const struct mempool *pool = node_mempool(api->cfg.node);
	struct buf out = {0};
	struct node_tip tip;

	node_tip(api->cfg.node, &tip);
	out_metric(&out, "ccoin_height", "gauge", "Number of the tip",
		   tip.height);
	out_metric(&out, "ccoin_settled_height", "gauge",
		   "Number of the last settled block", tip.settled);
	/* without finality only the genesis can never change */
	out_metric(&out, "ccoin_final_height", "gauge",
		   "Number of the last final block", 0);
	out_metric(&out, "ccoin_flushed_height", "gauge",
		   "Block up to which derived tables are written", tip.flushed);
	out_metric(&out, "ccoin_unflushed_entries", "gauge",
		   "Entries of derived tables that wait in memory",
		   tip.unflushed);
	out_metric(&out, "ccoin_supply", "gauge", "Sum of all balances",
		   tip.supply);
	out_metric(&out, "ccoin_peers", "gauge", "Connected peers", 0);
	out_metric(&out, "ccoin_mempool_transactions", "gauge",
		   "Pending and queued transactions", mempool_count(pool));
	out_metric(&out, "ccoin_mempool_executable", "gauge",
		   "Transactions that could be in the next block",
		   mempool_executable(pool));
	out_metric(&out, "ccoin_mempool_bytes", "gauge",
		   "Memory that the pool counts", mempool_bytes(pool));
	out_metric(&out, "ccoin_mempool_dropped_total", "counter",
		   "Transactions dropped from the pool", mempool_drops(pool));
	out_metric(&out, "ccoin_reorgs_total", "counter",
		   "Blocks of the chain that were replaced", 0);
	out_metric(&out, "ccoin_http_connections", "gauge",
		   "Open HTTP connections",
		   http_server_connections(api->server));
	out_metric(&out, "ccoin_uptime_seconds", "gauge",
		   "Seconds since the start",
		   (clock_steady_ms() - api->started) / 1000);
	out_requests(&out, api);
	http_reply_header(c->r, "Cache-Control", "no-store");
	http_reply(c->r, 200, c->route->type, buf_span(&out));
	buf_release(&out);
}

void handle_openapi(struct call *c)
{
	struct buf *text = &c->api->openapi;

	if (!text->len)
		api_openapi(text, c->api->cfg.version);
	http_reply_tagged(c->r, HTTP_JSON, buf_span(text));
}
