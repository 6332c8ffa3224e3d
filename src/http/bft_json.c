/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "http/bft_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "http/json_out.h"

bool bft_view_of(struct bft_view *out, const struct node *n, uint64_t now)
{
	size_t i;

	out->now = now;
	if (!node_bft(n, &out->info))
		return false;
	for (i = 0; i < out->info.count; i++)
		if (!node_bft_member(n, i, now, &out->member[i]))
			BUG("a validator less than the set has");
	return true;
}

/* --- who is missing ------------------------------------------------------ */

static uint64_t age_of(const struct bft_view *v, size_t i)
{
	uint64_t seen = v->member[i].seen;

	return v->now > seen ? v->now - seen : 0;
}

bool bft_is_missing(const struct bft_view *v, size_t i)
{
	return !v->member[i].seen || age_of(v, i) > v->info.lately;
}

bool bft_is_short(const struct bft_view *v)
{
	size_t i, seen = 0;

	for (i = 0; i < v->info.count; i++)
		/* one that signs nothing is here, but of no use for that */
		seen += !bft_is_missing(v, i) &&
			!(v->member[i].self && v->info.silent);
	return seen < v->info.quorum;
}

bool bft_is_waited_for(const struct bft_view *v, size_t i)
{
	const struct bft_member *m = &v->member[i];

	switch (v->info.step) {
	case BFT_STEP_IDLE:
		return bft_is_missing(v, i) && bft_is_short(v);
	case BFT_STEP_PROPOSAL:
		return i == v->info.leader;
	case BFT_STEP_PREPARE:
		return !m->prepared;
	case BFT_STEP_COMMIT:
		return !m->committed;
	case BFT_STEP_ROUND_CHANGE:
		return !m->in_round;
	case BFT_STEP_DECIDED:
		return false;
	}
	BUG("a step of no name");
}

/* --- in words ------------------------------------------------------------ */

#define ONE_MAX (ADDRESS_HEX_LEN + 48) /* of one that is named */
#define MORE_MAX 16		       /* "and 99 more" */

static void age_text(char *out, size_t size, uint64_t ms)
{
	static const struct {
		uint64_t ms;
		const char *name;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}};
	size_t i;

	/* of each unit at least two: 119 s tell more than 1 min */
	for (i = 0; i < ARRAY_LEN(units); i++) {
		if (ms < 2 * units[i].ms)
			continue;
		snprintf(out, size, "%" PRIu64 " %s ago", ms / units[i].ms,
			 units[i].name);
		return;
	}
	snprintf(out, size, "%" PRIu64 " s ago", ms / 1000);
}

static void name_one(char out[ONE_MAX], const struct bft_view *v, size_t i)
{
	char hex[ADDRESS_HEX_LEN], age[32];

	address_hex(hex, &v->member[i].who->account);
	age_text(age, sizeof(age), age_of(v, i));
	if (v->member[i].self)
		snprintf(out, ONE_MAX, "%s, this node", hex);
	else if (!v->member[i].seen)
		snprintf(out, ONE_MAX, "%s never seen", hex);
	else
		snprintf(out, ONE_MAX, "%s last seen %s", hex, age);
}

void bft_waiting_text(char out[BFT_WAITING_MAX], const struct bft_view *v,
		      bool missing_only)
{
	size_t i, len, count = 0, named = 0;
	char one[ONE_MAX];
	bool waited[VALIDATORS_MAX];

	*out = '\0';
	for (i = 0; i < v->info.count; i++) {
		waited[i] = missing_only ? bft_is_missing(v, i)
					 : bft_is_waited_for(v, i);
		count += waited[i];
	}
	if (!count)
		return;
	snprintf(out, BFT_WAITING_MAX, "waiting for %zu of %zu: ", count,
		 v->info.count);
	for (i = 0; i < v->info.count; i++) {
		if (!waited[i])
			continue;
		name_one(one, v, i);
		len = strlen(out);
		if (len + 2 + strlen(one) + MORE_MAX > BFT_WAITING_MAX)
			break;
		snprintf(out + len, BFT_WAITING_MAX - len, "%s%s",
			 named ? ", " : "", one);
		named++;
	}
	len = strlen(out);
	if (named < count)
		snprintf(out + len, BFT_WAITING_MAX - len, " and %zu more",
			 count - named);
}

/* --- as JSON ------------------------------------------------------------- */

static const char *step_name(enum bft_step s)
{
	switch (s) {
	case BFT_STEP_IDLE:
		return "idle";
	case BFT_STEP_PROPOSAL:
		return "proposal";
	case BFT_STEP_PREPARE:
		return "prepare";
	case BFT_STEP_COMMIT:
		return "commit";
	case BFT_STEP_ROUND_CHANGE:
		return "round_change";
	case BFT_STEP_DECIDED:
		return "decided";
	}
	BUG("a step of no name");
}

static void out_seen(struct buf *out, const struct bft_view *v, size_t i)
{
	bool ever = v->member[i].seen > 0;

	out_maybe(out, "last_seen", ever, v->member[i].seen);
	out_maybe(out, "last_seen_ms", ever, age_of(v, i));
}

static void out_waiting_for(struct buf *out, const struct bft_view *v)
{
	char text[BFT_WAITING_MAX];
	bool any = false;
	size_t i;

	out_key(out, "waiting_for");
	out_text(out, "[");
	for (i = 0; i < v->info.count; i++) {
		if (!bft_is_waited_for(v, i))
			continue;
		out_text(out, any ? ",{\"address\":" : "{\"address\":");
		any = true;
		out_address(out, &v->member[i].who->account);
		out_seen(out, v, i);
		out_flag(out, "missing", bft_is_missing(v, i));
		out_text(out, "}");
	}
	out_text(out, "]");
	bft_waiting_text(text, v, false);
	out_words(out, "waiting", *text ? text : NULL);
}

/* What is had of each kind that the round needs. */
static void out_votes(struct buf *out, const struct bft_view *v)
{
	size_t i, prepares = 0, commits = 0, in_round = 0;

	for (i = 0; i < v->info.count; i++) {
		prepares += v->member[i].prepared;
		commits += v->member[i].committed;
		in_round += v->member[i].in_round;
	}
	out_text(out, ",\"votes\":{\"needed\":");
	out_uint(out, v->info.quorum);
	out_member(out, "prepare", prepares);
	out_member(out, "commit", commits);
	out_member(out, "in_round", in_round);
	out_text(out, "}");
}

static void out_journal(struct buf *out, const struct bft_info *i)
{
	out_key(out, "journal");
	if (!i->has_journal) {
		out_text(out, "null");
		return;
	}
	out_text(out, "{\"floor\":");
	out_uint(out, i->floor);
	out_member(out, "records", i->records);
	out_text(out, "}");
}

void out_bft(struct buf *out, const struct bft_view *v, uint64_t settled)
{
	const struct bft_info *i = &v->info;

	out_member(out, "height", i->height);
	out_member(out, "since", i->since);
	out_member(out, "round", i->round);
	out_words(out, "step", step_name(i->step));
	out_key(out, "leader");
	if (i->leader < i->count)
		out_address(out, &v->member[i->leader].who->account);
	else
		out_text(out, "null");
	out_member(out, "validators", i->count);
	out_member(out, "quorum", i->quorum);
	out_key(out, "proposal");
	if (i->has_proposal)
		out_hash(out, &i->proposal);
	else
		out_text(out, "null");
	out_maybe(out, "prepared_round", i->prepared, i->prepared_round);
	out_votes(out, v);
	out_maybe(out, "timer_ends", i->timer_runs, i->deadline);
	out_member(out, "timeouts", i->timeouts);
	out_member(out, "settled_height", settled);
	out_waiting_for(out, v);
	out_words(out, "silent", i->silent);
	out_journal(out, i);
}

void out_bft_member(struct buf *out, const struct bft_view *v, size_t i)
{
	const struct bft_member *m = &v->member[i];

	out_text(out, "{\"address\":");
	out_address(out, &m->who->account);
	out_key(out, "public_key");
	out_base64(out, SPAN(m->who->key, m->who->key_len));
	out_seen(out, v, i);
	out_flag(out, "missing", bft_is_missing(v, i));
	out_flag(out, "connected", m->connected);
	out_flag(out, "self", m->self);
	out_text(out, "}");
}
