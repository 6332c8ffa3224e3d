/* SPDX-License-Identifier: MIT */
/* GET /metrics: figures for Prometheus. */
#include <inttypes.h>
#include <stdio.h>

#include "http/bft_json.h"
#include "http/call.h"
#include "http/json_out.h"
#include "loop/clock.h"
#include "node/network.h"

static void out_about(struct buf *out, const char *name, const char *type,
		      const char *help)
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
}

static void out_metric(struct buf *out, const char *name, const char *type,
		       const char *help, uint64_t v)
{
	out_about(out, name, type, help);
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

/* Milliseconds as seconds. */
static void out_seconds(struct buf *out, int64_t ms)
{
	uint64_t abs = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
	char text[40];

	snprintf(text, sizeof(text), "%s%" PRIu64 ".%03u", ms < 0 ? "-" : "",
		 abs / 1000, (unsigned)(abs % 1000));
	out_text(out, text);
}

static void out_clock(struct buf *out, const struct node *n)
{
	int64_t offset;

	if (!node_clock_offset(n, &offset))
		return;
	out_about(out, "ccoin_clock_offset_seconds", "gauge",
		  "Median of the peers' clocks, ahead of ours");
	out_text(out, "ccoin_clock_offset_seconds ");
	out_seconds(out, offset);
	out_text(out, "\n");
}

static void out_traffic(struct buf *out, const struct api *api)
{
	struct api_traffic t;

	if (!api->cfg.traffic || !api->cfg.traffic(api->cfg.ctx, 0, &t))
		return;
	out_about(out, "ccoin_peer_bytes_total", "counter",
		  "Bytes over connections to peers");
	out_text(out, "ccoin_peer_bytes_total{direction=\"in\"} ");
	out_uint(out, t.bytes_in);
	out_text(out, "\nccoin_peer_bytes_total{direction=\"out\"} ");
	out_uint(out, t.bytes_out);
	out_text(out, "\n");
}

static void out_network(struct buf *out, const struct api *api)
{
	const struct node *n = api->cfg.node;
	struct sync_info sync;
	struct node_tip tip;

	node_sync(n, &sync);
	node_tip(n, &tip);
	out_metric(out, "ccoin_peers", "gauge", "Connected peers",
		   node_peer_count(n));
	out_metric(out, "ccoin_reorgs_total", "counter",
		   "Times that blocks of the chain were replaced", sync.reorgs);
	out_metric(out, "ccoin_reorg_depth_max", "gauge",
		   "Most blocks that were taken back at once", sync.deepest);
	out_metric(out, "ccoin_sync_target_height", "gauge",
		   "Number of the best tip known",
		   sync.target > tip.height ? sync.target : tip.height);
	out_metric(out, "ccoin_halted", "gauge",
		   "1: two conflicting blocks are settled", sync.halted);
	out_metric(out, "ccoin_evidence_total", "gauge",
		   "Pieces of evidence that are kept: those of lately",
		   node_evidence_count(n));
	out_clock(out, n);
	out_traffic(out, api);
}

static void out_votes(struct buf *out, const struct bft_info *info)
{
	size_t i;

	out_about(out, "ccoin_bft_votes_total", "counter",
		  "Votes of other validators that came and held");
	for (i = 0; i < VOTE_KIND_COUNT; i++) {
		out_text(out, "ccoin_bft_votes_total{kind=\"");
		out_text(out, vote_kind_name((enum vote_kind)i));
		out_text(out, "\"} ");
		out_uint(out, info->votes[i]);
		out_text(out, "\n");
	}
}

void out_bft_metrics(struct buf *out, const struct bft_view *v)
{
	const struct bft_info *info = &v->info;
	size_t i, missing = 0;

	for (i = 0; i < info->count; i++)
		missing += bft_is_missing(v, i);
	out_metric(out, "ccoin_bft_round", "gauge",
		   "Round of the height that is being agreed on", info->round);
	out_metric(out, "ccoin_bft_timeouts_total", "counter",
		   "Rounds that were given up", info->timeouts);
	out_votes(out, info);
	out_metric(out, "ccoin_bft_validators", "gauge",
		   "Validators that agree on the next block", info->count);
	out_metric(out, "ccoin_bft_quorum", "gauge",
		   "How many of them must agree", info->quorum);
	out_metric(out, "ccoin_bft_missing", "gauge",
		   "Those of them that were not heard of lately", missing);
	out_metric(out, "ccoin_bft_silent", "gauge",
		   "1: this node runs as a validator and signs nothing",
		   info->silent != NULL);
	if (!info->has_journal)
		return;
	out_metric(out, "ccoin_bft_journal_records_total", "counter",
		   "Records of the vote journal that are durable",
		   info->records);
	out_metric(out, "ccoin_bft_journal_flushes_total", "counter",
		   "Times that some became durable, since the start",
		   info->persisted);
}

/* What the engine counts. */
static void out_engine(struct buf *out, const struct api *api)
{
	struct engine_authority a;
	struct bft_view view;
	size_t i;

	if (bft_view_of(&view, api->cfg.node, clock_now_ms())) {
		out_bft_metrics(out, &view);
		return;
	}
	out_about(out, "ccoin_validator_missed_slots_total", "counter",
		  "Slots that passed without the authority's block while all "
		  "were to fill theirs");
	for (i = 0; node_authority(api->cfg.node, i, &a); i++) {
		out_text(out, "ccoin_validator_missed_slots_total{address=");
		out_address(out, &a.account);
		out_text(out, "} ");
		out_uint(out, a.missed);
		out_text(out, "\n");
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
	out_metric(&out, "ccoin_final_height", "gauge",
		   "Number of the last final block", tip.final);
	out_metric(&out, "ccoin_flushed_height", "gauge",
		   "Block up to which derived tables are written", tip.flushed);
	out_metric(&out, "ccoin_unflushed_entries", "gauge",
		   "Entries of derived tables that wait in memory",
		   tip.unflushed);
	out_metric(&out, "ccoin_supply", "gauge", "Sum of all balances",
		   tip.supply);
	out_metric(&out, "ccoin_mempool_transactions", "gauge",
		   "Pending and queued transactions", mempool_count(pool));
	out_metric(&out, "ccoin_mempool_executable", "gauge",
		   "Transactions that could be in the next block",
		   mempool_executable(pool));
	out_metric(&out, "ccoin_mempool_bytes", "gauge",
		   "Memory that the pool counts", mempool_bytes(pool));
	out_metric(&out, "ccoin_mempool_dropped_total", "counter",
		   "Transactions dropped from the pool", mempool_drops(pool));
	out_metric(&out, "ccoin_http_connections", "gauge",
		   "Open HTTP connections",
		   http_server_connections(api->server));
	out_metric(&out, "ccoin_uptime_seconds", "gauge",
		   "Seconds since the start",
		   (clock_steady_ms() - api->started) / 1000);
	out_network(&out, api);
	out_engine(&out, api);
	out_requests(&out, api);
	http_reply_header(c->r, "Cache-Control", "no-store");
	http_reply(c->r, 200, c->route->type, buf_span(&out));
	buf_release(&out);
}
