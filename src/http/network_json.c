/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "http/network_json.h"

#include "http/json_out.h"

void out_peer(struct buf *out, const struct peer_info *p,
	      const struct api_traffic *traffic)
{
	out_text(out, "{\"id\":");
	out_address(out, &p->id);
	out_words(out, "where", p->where);
	out_words(out, "listen", p->listen);
	out_words(out, "agent", p->agent);
	out_words(out, "direction", p->inbound ? "in" : "out");
	out_flag(out, "authority", p->authority);
	out_member(out, "since", p->since);
	out_member(out, "height", p->height);
	out_member(out, "settled_height", p->settled);
	out_text(out, ",\"tip\":");
	out_hash(out, &p->tip);
	out_text(out, ",\"clock_offset_ms\":");
	out_int(out, p->clock_offset);
	out_member(out, "round_trip_ms", p->round_trip);
	if (traffic) {
		out_member(out, "bytes_in", traffic->bytes_in);
		out_member(out, "bytes_out", traffic->bytes_out);
		out_member(out, "messages_in", traffic->messages_in);
		out_member(out, "messages_out", traffic->messages_out);
	}
	out_member(out, "score", p->score);
	out_text(out, "}");
}

void out_authority(struct buf *out, const struct engine_authority *a,
		   bool online, bool self)
{
	out_text(out, "{\"address\":");
	out_address(out, &a->account);
	out_maybe(out, "height", a->has_height, a->height);
	out_member(out, "made", a->made);
	out_member(out, "missed", a->missed);
	out_member(out, "missed_since", a->missed_since);
	out_flag(out, "online", online);
	out_flag(out, "self", self);
	out_text(out, "}");
}

void out_waiting(struct buf *out, const struct engine_authority *a,
		 uint64_t seen)
{
	out_text(out, "{\"address\":");
	out_address(out, &a->account);
	out_maybe(out, "last_height", a->has_height, a->height);
	out_member(out, "missed_since", a->missed_since);
	out_maybe(out, "last_seen", seen > 0, seen);
	out_text(out, "}");
}

static void out_bytes(struct buf *out, const char *key, struct span s)
{
	out_key(out, key);
	out_base64(out, s);
}

static void out_hash_member(struct buf *out, const char *key,
			    const struct hash *h)
{
	out_key(out, key);
	out_hash(out, h);
}

static void out_raw_header(struct buf *out, const struct header *h)
{
	struct buf raw = {0};

	header_encode(&raw, h);
	out_text(out, ",\"raw\":");
	out_hex(out, buf_span(&raw));
	buf_release(&raw);
}

static void out_signed_header(struct buf *out, const struct evidence_info *e,
			      size_t i)
{
	const struct header *h = &e->header[i];

	out_text(out, "{\"id\":");
	out_hash(out, &e->hash[i]);
	out_member(out, "number", h->height);
	out_member(out, "time", h->time);
	out_hash_member(out, "hash_parent", &h->parent);
	out_hash_member(out, "hash_txns", &h->txs_root);
	out_hash_member(out, "hash_state", &h->state_root);
	out_hash_member(out, "hash_history", &h->history_root);
	out_bytes(out, "public_key", e->seal[i].key);
	out_bytes(out, "signature", e->seal[i].signature);
	out_raw_header(out, h);
	out_text(out, "}");
}

static void out_signed_vote(struct buf *out, const struct vote *v)
{
	struct buf raw = {0};

	out_text(out, "{\"digest\":");
	out_hash(out, &v->digest);
	if (v->kind == VOTE_ROUND_CHANGE)
		out_maybe(out, "prepared_round", v->prepared,
			  v->prepared_round);
	out_bytes(out, "signature", SPAN(v->signature, v->signature_len));
	vote_encode_body(&raw, v);
	out_text(out, ",\"raw\":");
	out_hex(out, buf_span(&raw));
	buf_release(&raw);
	out_text(out, "}");
}

static void out_double_vote(struct buf *out, const struct double_vote *d)
{
	out_bytes(out, "public_key", d->key);
	out_words(out, "kind", vote_kind_name(d->vote[0].kind));
	out_member(out, "height", d->vote[0].height);
	out_member(out, "round", d->vote[0].round);
	out_text(out, ",\"votes\":[");
	out_signed_vote(out, &d->vote[0]);
	out_text(out, ",");
	out_signed_vote(out, &d->vote[1]);
	out_text(out, "]}");
}

void out_evidence(struct buf *out, const struct evidence_info *e)
{
	out_text(out, "{\"id\":");
	out_hash(out, &e->id);
	out_member(out, "found", e->found);
	out_text(out, ",\"producer\":");
	out_address(out, &e->producer);
	if (e->of_votes) {
		out_double_vote(out, &e->votes);
		return;
	}
	out_text(out, ",\"headers\":[");
	out_signed_header(out, e, 0);
	out_text(out, ",");
	out_signed_header(out, e, 1);
	out_text(out, "]}");
}

/* --- sync ---------------------------------------------------------------- */

static const char *state_name(enum sync_state s)
{
	switch (s) {
	case SYNC_BOOT:
		return "boot";
	case SYNC_BEHIND:
		return "sync";
	case SYNC_READY:
		return "ready";
	}
	BUG("a state of no name");
}

unsigned sync_progress(const struct sync_info *s, uint64_t height)
{
	uint64_t done, all;

	if (s->state == SYNC_READY)
		return 100;
	/* a better branch may be the lower one, or begin below the tip */
	if (s->target <= s->started || height <= s->started)
		return 0;
	done = height - s->started;
	all = s->target - s->started;
	/* until it says that it is ready there is something to do */
	return done >= all ? 99 : (unsigned)(done * 100 / all);
}

void out_sync(struct buf *out, const struct sync_info *s, uint64_t height)
{
	out_text(out, "{\"state\":");
	out_string(out, span_str(state_name(s->state)));
	/* nobody is ahead of us */
	out_member(out, "target",
		   s->state == SYNC_READY && s->target < height ? height
								: s->target);
	out_member(out, "progress", sync_progress(s, height));
	out_text(out, "}");
}
