/* SPDX-License-Identifier: MIT */
#include "messages.h"

#include <string.h>

#include "base/amount.h"
#include "codec/block.h"
#include "codec/msgpack.h"
#include "votes.h"

/* --- made at random ------------------------------------------------------ */

/* Of any size from a bit on: every form of an integer is met. */
static uint64_t number(struct rng *r, uint64_t max)
{
	uint64_t v = rng_next(r) >> rng_below(r, 64);

	return v > max ? rng_below(r, max) : v;
}

static struct hash hash(struct rng *r)
{
	struct hash h;
	size_t i;

	for (i = 0; i < HASH_LEN; i++)
		h.b[i] = (uint8_t)rng_next(r);
	return h;
}

static struct span text(struct rng *r, char *room, size_t min, size_t max)
{
	size_t i, len = min + rng_below(r, max - min + 1);

	for (i = 0; i < len; i++)
		room[i] = (char)(' ' + rng_below(r, 95));
	return SPAN(room, len);
}

static struct span address(struct rng *r)
{
	static const char *const some[] = {"127.0.0.1:4999", "[::1]:1",
					   "node-1.example.org:65535",
					   "[2001:db8::7]:4999", "a:80"};

	return span_str(some[rng_below(r, ARRAY_LEN(some))]);
}

static void hello(struct buf *out, struct rng *r)
{
	char agent[AGENT_MAX];
	struct msg_hello m = {.version = PROTOCOL_VERSION};
	struct hash id = hash(r);

	m.genesis = hash(r);
	m.upgrades = hash(r);
	memcpy(m.id.b, id.b, ADDRESS_LEN);
	m.instance = number(r, UINT64_MAX);
	m.listen = rng_below(r, 2) ? address(r) : SPAN("", 0);
	m.height = number(r, AMOUNT_MAX);
	m.tip = hash(r);
	m.settled = number(r, AMOUNT_MAX);
	m.clock = number(r, AMOUNT_MAX);
	m.agent = text(r, agent, 0, AGENT_MAX);
	msg_hello_encode(out, &m);
}

static void bye(struct buf *out, struct rng *r)
{
	static const char *const codes[] = {"malformed", "x", "self_", "_"};
	char room[BYE_TEXT_MAX];
	struct msg_bye m = {
		.code = span_str(codes[rng_below(r, ARRAY_LEN(codes))]),
		.text = text(r, room, 0, BYE_TEXT_MAX)};

	msg_bye_encode(out, &m);
}

static void tip(struct buf *out, struct rng *r)
{
	struct msg_tip m = {.height = number(r, AMOUNT_MAX),
			    .tip = hash(r),
			    .settled = number(r, AMOUNT_MAX),
			    .clock = number(r, AMOUNT_MAX),
			    .number = number(r, UINT64_MAX)};

	msg_tip_encode(out, &m);
}

static size_t hashes(struct hash *list, struct rng *r, size_t min, size_t max)
{
	size_t i, n = min + rng_below(r, max - min + 1);

	for (i = 0; i < n; i++)
		list[i] = hash(r);
	return n;
}

static void ask_headers(struct buf *out, struct rng *r)
{
	struct msg_ask_headers m;

	m.count = hashes(m.locator, r, 1, rng_below(r, 8) ? 2 : 32);
	m.max = 1 + rng_below(r, MSG_HEADERS_MAX);
	msg_ask_headers_encode(out, &m);
}

static void header(struct buf *out, struct rng *r)
{
	struct header h = {.height = number(r, AMOUNT_MAX),
			   .parent = hash(r),
			   .time = number(r, AMOUNT_MAX),
			   .has_producer = rng_below(r, 2),
			   .txs_root = hash(r),
			   .state_root = hash(r),
			   .history_root = hash(r)};

	header_encode(out, &h);
}

static void seal(struct buf *out, struct rng *r)
{
	char room[64];
	struct seal s = {.nonce = number(r, UINT64_MAX)};

	s.key = s.signature = text(r, room, 0, sizeof(room));
	seal_encode(out, &s);
}

static void headers(struct buf *out, struct rng *r, size_t each)
{
	size_t i, n = rng_below(r, 3);

	mp_array(out, n);
	while (n--) {
		mp_array(out, 2 * each);
		for (i = 0; i < each; i++) {
			header(out, r);
			seal(out, r);
		}
	}
}

static void ask_hashes(struct buf *out, struct rng *r)
{
	struct hash list[20];

	msg_hashes_encode(out, list,
			  hashes(list, r, 0, rng_below(r, 8) ? 2 : 20));
}

static void blocks(struct buf *out, struct rng *r)
{
	struct buf raw = {0};
	struct span list[2];
	struct hash missing[2];
	size_t n = rng_below(r, 3);

	mp_array(&raw, 3);
	header(&raw, r);
	seal(&raw, r);
	mp_array(&raw, 0);
	list[0] = list[1] = buf_span(&raw);
	msg_blocks_encode(out, list, n, missing, hashes(missing, r, 0, 2));
	buf_release(&raw);
}

static void block_here(struct buf *out, struct rng *r)
{
	struct msg_block_here m = {number(r, AMOUNT_MAX), hash(r)};

	msg_block_here_encode(out, &m);
}

static void txs(struct buf *out, struct rng *r)
{
	size_t n = rng_below(r, 4);

	mp_array(out, n);
	while (n--)
		tip(out, r); /* some array: what a transaction is, is said
				elsewhere */
}

static void genesis(struct buf *out, struct rng *r)
{
	char room[300];
	struct span piece = text(r, room, 1, sizeof(room));
	uint64_t offset = number(r, MSG_GENESIS_MAX - piece.len);
	struct msg_genesis m = {.total = offset + piece.len,
				.offset = offset,
				.nonce = number(r, UINT64_MAX),
				.piece = piece};

	msg_genesis_encode(out, &m);
}

static void addresses(struct buf *out, struct rng *r)
{
	size_t n = rng_below(r, 4);

	mp_array(out, n);
	while (n--)
		mp_bin(out, address(r));
}

void message_random(struct buf *out, enum message_type t, struct rng *r)
{
	switch (t) {
	case MSG_HEY:
	case MSG_ACK:
		hello(out, r);
		return;
	case MSG_BYE:
		bye(out, r);
		return;
	case MSG_RBH:
	case MSG_BLH:
		tip(out, r);
		return;
	case MSG_RHD:
		ask_headers(out, r);
		return;
	case MSG_AHD:
		headers(out, r, 1);
		return;
	case MSG_RBL:
	case MSG_TXA:
	case MSG_TXQ:
		ask_hashes(out, r);
		return;
	case MSG_ABL:
		blocks(out, r);
		return;
	case MSG_BLK:
		block_here(out, r);
		return;
	case MSG_TXN:
		txs(out, r);
		return;
	case MSG_RGK:
		msg_ask_genesis_encode(out, number(r, MSG_GENESIS_MAX - 1));
		return;
	case MSG_GLK:
		genesis(out, r);
		return;
	case MSG_RAD:
		msg_ask_addresses_encode(out);
		return;
	case MSG_ADR:
		addresses(out, r);
		return;
	case MSG_EVD:
		headers(out, r, 2);
		return;
	case MSG_PRP:
	case MSG_VOT:
	case MSG_RCH:
	case MSG_RPB:
	case MSG_APB:
	case MSG_CRT:
	case MSG_LNK:
	case MSG_EVV:
		message_bft_random(out, t, r);
		return;
	case MESSAGE_TYPE_COUNT:
		break;
	}
	BUG("no such type of message");
}

/* --- encoded again ------------------------------------------------------- */

static enum err hello_again(struct buf *out, struct span body)
{
	struct msg_hello m;
	enum err e = msg_hello_decode(&m, body);

	if (!e)
		msg_hello_encode(out, &m);
	return e;
}

static enum err bye_again(struct buf *out, struct span body)
{
	struct msg_bye m;
	enum err e = msg_bye_decode(&m, body);

	if (!e)
		msg_bye_encode(out, &m);
	return e;
}

static enum err tip_again(struct buf *out, struct span body)
{
	struct msg_tip m;
	enum err e = msg_tip_decode(&m, body);

	if (!e)
		msg_tip_encode(out, &m);
	return e;
}

static enum err ask_headers_again(struct buf *out, struct span body)
{
	struct msg_ask_headers m;
	enum err e = msg_ask_headers_decode(&m, body);

	if (!e)
		msg_ask_headers_encode(out, &m);
	return e;
}

static enum err hashes_again(struct buf *out, struct span body, size_t max)
{
	struct hash list[MSG_TX_HASHES_MAX];
	size_t n;
	enum err e = msg_hashes_decode(list, &n, max, body);

	if (!e)
		msg_hashes_encode(out, list, n);
	return e;
}

static enum err blocks_again(struct buf *out, struct span body)
{
	struct span list[MSG_BLOCKS_MAX];
	struct msg_blocks m;
	size_t n = 0;
	enum err e = msg_blocks_decode(&m, body);

	if (e)
		return e;
	while (msg_list_next(&m.blocks, &list[n]))
		n++;
	msg_blocks_encode(out, list, n, m.missing, m.missing_count);
	return ERR_OK;
}

static enum err block_here_again(struct buf *out, struct span body)
{
	struct msg_block_here m;
	enum err e = msg_block_here_decode(&m, body);

	if (!e)
		msg_block_here_encode(out, &m);
	return e;
}

static enum err genesis_again(struct buf *out, struct span body)
{
	struct msg_genesis m;
	enum err e = msg_genesis_decode(&m, body);

	if (!e)
		msg_genesis_encode(out, &m);
	return e;
}

static enum err header_again(struct buf *out, struct span raw)
{
	struct span h, s;
	enum err e = msg_header_decode(&h, &s, raw);

	if (!e)
		msg_header_encode(out, h, s);
	return e;
}

static enum err evidence_again(struct buf *out, struct span raw)
{
	struct msg_evidence m;
	enum err e = msg_evidence_decode(&m, raw);

	if (!e)
		msg_evidence_encode(out, m.header, m.seal);
	return e;
}

static enum err address_again(struct buf *out, struct span raw)
{
	struct span s;
	enum err e = msg_address_decode(&s, raw);

	if (!e)
		mp_bin(out, s);
	return e;
}

static enum err any_again(struct buf *out, struct span raw)
{
	buf_append_span(out, raw);
	return ERR_OK;
}

static enum err list_again(struct buf *out, struct span body, size_t max,
			   enum err (*again)(struct buf *, struct span))
{
	struct msg_list l;
	struct span raw;
	enum err e = msg_list_begin(&l, body, max);

	if (e)
		return e;
	mp_array(out, l.left);
	while (msg_list_next(&l, &raw)) {
		e = again(out, raw);
		if (e)
			return e;
	}
	return ERR_OK;
}

enum err message_again(struct buf *out, enum message_type t, struct span body)
{
	uint64_t offset;
	enum err e;

	switch (t) {
	case MSG_HEY:
	case MSG_ACK:
		return hello_again(out, body);
	case MSG_BYE:
		return bye_again(out, body);
	case MSG_RBH:
	case MSG_BLH:
		return tip_again(out, body);
	case MSG_RHD:
		return ask_headers_again(out, body);
	case MSG_AHD:
		return list_again(out, body, MSG_HEADERS_MAX, header_again);
	case MSG_RBL:
		return hashes_again(out, body, MSG_BLOCKS_MAX);
	case MSG_ABL:
		return blocks_again(out, body);
	case MSG_BLK:
		return block_here_again(out, body);
	case MSG_TXA:
	case MSG_TXQ:
		return hashes_again(out, body, MSG_TX_HASHES_MAX);
	case MSG_TXN:
		return list_again(out, body, MSG_TXS_MAX, any_again);
	case MSG_RGK:
		e = msg_ask_genesis_decode(&offset, body);
		if (!e)
			msg_ask_genesis_encode(out, offset);
		return e;
	case MSG_GLK:
		return genesis_again(out, body);
	case MSG_RAD:
		e = msg_ask_addresses_decode(body);
		if (!e)
			msg_ask_addresses_encode(out);
		return e;
	case MSG_ADR:
		return list_again(out, body, MSG_ADDRESSES_MAX, address_again);
	case MSG_EVD:
		return list_again(out, body, MSG_EVIDENCE_MAX, evidence_again);
	case MSG_PRP:
	case MSG_VOT:
	case MSG_RCH:
	case MSG_RPB:
	case MSG_APB:
	case MSG_CRT:
	case MSG_LNK:
	case MSG_EVV:
		return message_bft_again(out, t, body);
	case MESSAGE_TYPE_COUNT:
		break;
	}
	BUG("no such type of message");
}
