/* SPDX-License-Identifier: MIT */
/*
 * What a peer may do: scores, bans, and budgets. A budget is a bucket of
 * bytes that fills by the time; a message costs its bytes and something for
 * itself, a question what answering it takes. Answers that were asked for
 * cost nothing.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/peers_internal.h"

#define DECAY_MS 30000 /* a point less each */
#define BAN_MS (10 * MINUTE_MS)

/* --- scores ------------------------------------------------------------ */

static uint64_t points_of(enum peer_fault fault)
{
	switch (fault) {
	case FAULT_MALFORMED:
	case FAULT_BAD_VOTE:
	case FAULT_BAD_HEADER:
	case FAULT_BAD_BODY:
		return 100;
	case FAULT_BAD_TX:
	case FAULT_FAR_FUTURE:
		return 25;
	case FAULT_UNEXPECTED:
		return 20;
	case FAULT_OVER_BUDGET:
		return 10;
	case FAULT_BAD_BLOCK:
	case FAULT_SILENT:
		break;
	}
	return 0;
}

static uint64_t decayed(const struct peer *p, uint64_t now)
{
	return now > p->score_at ? (now - p->score_at) / DECAY_MS : 0;
}

uint64_t peer_score(const struct peer *p, uint64_t now)
{
	uint64_t less = decayed(p, now);

	return p->score > less ? p->score - less : 0;
}

/* --- bans -------------------------------------------------------------- */

/* Remembered for the length of the next one; who is banned is refused by the
 * shell, which keeps that over a restart. */
struct ban {
	uint64_t count; /* in a row, each within a day of the one before */
	uint64_t at;
};

/* Make room for one more: what is older than a day goes, else the oldest. */
static void forget_a_ban(struct node *n)
{
	struct map *bans = n->peers->bans;
	const struct ban *oldest = NULL;
	struct address id = {{0}};
	const void *key;
	size_t at = 0;
	void *value;

	while (map_next(bans, &at, &key, &value)) {
		const struct ban *b = value;

		if (oldest && oldest->at <= b->at)
			continue;
		oldest = b;
		id = *(const struct address *)key;
	}
	free(map_del(bans, id.b));
}

/* For how long, ms: doubling with each ban within a day of the last. */
static uint64_t ban(struct node *n, const struct address *id)
{
	struct ban *b = map_get(n->peers->bans, id->b);
	uint64_t ms = BAN_MS, i;

	if (!b) {
		if (map_count(n->peers->bans) >= BANS_KEPT)
			forget_a_ban(n);
		b = xcalloc(1, sizeof(*b));
		map_put(n->peers->bans, id->b, b);
	}
	if (n->now - b->at > DAY_MS)
		b->count = 0;
	for (i = 0; i < b->count && ms < DAY_MS; i++)
		ms *= 2;
	if (ms > DAY_MS)
		ms = DAY_MS;
	b->count++;
	b->at = n->now;
	return ms;
}

void peer_fault(struct node *n, struct peer *p, enum peer_fault fault,
		const char *fmt, ...)
{
	uint64_t points = points_of(fault), score = peer_score(p, n->now);
	char what[160], text[BYE_TEXT_MAX + 1];
	uint64_t ms = BAN_MS;
	va_list ap;

	if (p->stage == PEER_LEAVING)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	/* what has passed of the half minute counts on */
	p->score_at =
		score ? p->score_at + decayed(p, n->now) * DECAY_MS : n->now;
	p->score = score + points;
	if (p->score < SCORE_BAN) {
		node_log(n, NOTICE_DEBUG, "%s: %s (score %" PRIu64 ")",
			 p->where, what, p->score);
		return;
	}
	/* before its hello, only TLS says who it is */
	if (p->has_id || p->stage == PEER_READY)
		ms = ban(n, &p->id);
	snprintf(text, sizeof(text), "%s (for %" PRIu64 " minutes)", what,
		 ms / MINUTE_MS);
	peer_end(n, p, "banned", text, ms, NOTICE_WARNING);
}

/* --- budgets ----------------------------------------------------------- */

enum budget {
	BUDGET_CONTROL,
	BUDGET_REQUEST,
	BUDGET_TX,
	BUDGET_BLOCK,
	BUDGET_VOTE,
};

#define MESSAGE_COST 256 /* of any message, beside its bytes */
#define READ_COST 4096	 /* of looking for a block or a header */

static const struct {
	int64_t cap;	  /* bytes */
	int64_t rate;	  /* bytes a millisecond */
	uint64_t a_fault; /* each so many unread messages */
} budgets[] = {
	[BUDGET_CONTROL] = {32 << 10, 4, 16},
	[BUDGET_REQUEST] = {256 << 20, 64 << 10, 256},
	[BUDGET_TX] = {16 << 20, 4 << 10, 16},
	[BUDGET_BLOCK] = {4 << 20, 512, 16},
	/* a few of the largest proposals at once, and one a second */
	[BUDGET_VOTE] = {16 << 20, 4 << 10, 16},
};

static enum budget budget_of(enum message_type type)
{
	switch (type) {
	case MSG_RHD:
	case MSG_RBL:
	case MSG_TXQ:
	case MSG_RGK:
	case MSG_RAD:
	case MSG_RPB:
		return BUDGET_REQUEST;
	case MSG_TXA:
	case MSG_TXN:
		return BUDGET_TX;
	case MSG_AHD:
	case MSG_ABL:
	case MSG_BLK:
	case MSG_EVD:
		return BUDGET_BLOCK;
	case MSG_PRP:
	case MSG_VOT:
	case MSG_RCH:
	case MSG_APB:
	case MSG_CRT:
	case MSG_LNK:
	case MSG_EVV:
		return BUDGET_VOTE;
	case MSG_HEY:
	case MSG_ACK:
	case MSG_BYE:
	case MSG_RBH:
	case MSG_BLH:
	case MSG_GLK:
	case MSG_ADR:
	case MESSAGE_TYPE_COUNT:
		break;
	}
	return BUDGET_CONTROL;
}

/* What a question asks for; MESSAGE_TYPE_COUNT: it is none. TXQ is not here:
 * it may be answered in several messages, which gossip counts itself. */
static enum message_type answer_to(enum message_type type)
{
	switch (type) {
	case MSG_RHD:
		return MSG_AHD;
	case MSG_RBL:
		return MSG_ABL;
	case MSG_RGK:
		return MSG_GLK;
	case MSG_RAD:
		return MSG_ADR;
	case MSG_RBH:
		return MSG_BLH;
	case MSG_RPB:
		return MSG_APB;
	case MSG_HEY:
	case MSG_ACK:
	case MSG_BYE:
	case MSG_BLH:
	case MSG_AHD:
	case MSG_ABL:
	case MSG_BLK:
	case MSG_TXA:
	case MSG_TXQ:
	case MSG_TXN:
	case MSG_GLK:
	case MSG_ADR:
	case MSG_EVD:
	case MSG_PRP:
	case MSG_VOT:
	case MSG_RCH:
	case MSG_APB:
	case MSG_CRT:
	case MSG_LNK:
	case MSG_EVV:
	case MESSAGE_TYPE_COUNT:
		break;
	}
	return MESSAGE_TYPE_COUNT;
}

/* Beside its bytes; the answer's own are charged when it is sent. */
static int64_t cost_of(enum message_type type, size_t len)
{
	int64_t cost = MESSAGE_COST + (int64_t)len;

	if (type == MSG_RHD || type == MSG_RGK)
		cost += MSG_HEADERS_MAX / 8 * READ_COST;
	else if (type == MSG_RBL)
		cost += (int64_t)(len / HASH_LEN) * READ_COST;
	else if (type == MSG_RPB)
		cost += READ_COST;
	return cost;
}

void budget_init(struct peer *p, uint64_t now)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(budgets); i++)
		p->tokens[i] = budgets[i].cap;
	p->tokens_at = now;
}

static void refill(struct peer *p, uint64_t now)
{
	int64_t ms = 0;
	size_t i;

	if (now > p->tokens_at)
		ms = now - p->tokens_at < DAY_MS ? (int64_t)(now - p->tokens_at)
						 : DAY_MS;
	p->tokens_at = now;
	for (i = 0; ms && i < ARRAY_LEN(budgets); i++) {
		p->tokens[i] += ms * budgets[i].rate;
		if (p->tokens[i] > budgets[i].cap)
			p->tokens[i] = budgets[i].cap;
	}
}

bool budget_awaited(struct peer *p, enum message_type type)
{
	if (!p->awaited[type])
		return false;
	p->awaited[type]--;
	return true;
}

bool budget_take(struct node *n, struct peer *p, enum message_type type,
		 size_t len)
{
	enum budget b = budget_of(type);

	if (type == MSG_TXN ? p->gossip && gossip_expects(p)
			    : type != MSG_ADR && type != MSG_BLH &&
				      budget_awaited(p, type))
		return true;
	refill(p, n->now);
	/* a question is taken on while there is anything left: what it costs
	 * is known when it is answered */
	if (b == BUDGET_REQUEST ? p->tokens[b] > 0
				: p->tokens[b] >= cost_of(type, len)) {
		p->tokens[b] -= cost_of(type, len);
		return true;
	}
	if (++p->over[b] % budgets[b].a_fault == 0)
		peer_fault(n, p, FAULT_OVER_BUDGET,
			   "%" PRIu64 " messages (now %s) over their budget",
			   p->over[b], message_letters(type));
	return false;
}

void budget_sent(struct peer *p, enum message_type type, size_t len)
{
	enum message_type answer = answer_to(type);

	if (answer != MESSAGE_TYPE_COUNT && p->awaited[answer] < UINT32_MAX)
		p->awaited[answer]++;
	if (type == MSG_AHD || type == MSG_ABL || type == MSG_TXN ||
	    type == MSG_GLK || type == MSG_ADR || type == MSG_APB)
		p->tokens[BUDGET_REQUEST] -= (int64_t)len;
}
