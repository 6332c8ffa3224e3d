/* SPDX-License-Identifier: MIT */
/* What a faulty peer answers: nothing, what is wrong, or, when it serves its
 * ends, the truth. */
#include <stdlib.h>

#include "codec/msgpack.h"
#include "sim/sim.h"

#define HEADERS_SENT 64

static struct span seal_of(const struct block *b)
{
	const uint8_t *from = b->header_raw.data + b->header_raw.len;
	const uint8_t *to;

	if (b->seal.certificate.len)
		return b->seal.certificate; /* and there is no signature */
	to = b->seal.signature.data + b->seal.signature.len + 1;
	return SPAN(from, (size_t)(to - from));
}

static void put_header(struct buf *out, const struct model_block *m)
{
	struct block b;

	if (block_decode(&b, buf_span(&m->raw)))
		BUG("a block of the model decodes");
	msg_header_encode(out, b.header_raw, seal_of(&b));
	block_release(&b);
}

/* Up from the first of the locator that its branch has. */
static void true_headers(struct sim *s, struct attacker *a, uint64_t conn,
			 struct span body)
{
	struct model_block *fork = s->model.root, *at, *known;
	const struct model_block *list[HEADERS_SENT];
	struct msg_ask_headers *ask = xcalloc(1, sizeof(*ask));
	struct buf out = {0};
	size_t i, count;

	if (msg_ask_headers_decode(ask, body))
		ask->count = 0;
	for (i = 0; i < ask->count; i++) {
		known = model_find(&s->model, &ask->locator[i]);
		if (known && model_at(a->tip, known->header.height) == known) {
			fork = known;
			break;
		}
	}
	count = a->tip->header.height - fork->header.height;
	if (count > HEADERS_SENT)
		count = HEADERS_SENT;
	at = model_at(a->tip, fork->header.height + count);
	for (i = count; i-- > 0; at = at->parent)
		list[i] = at;
	mp_array(&out, count);
	for (i = 0; i < count; i++)
		put_header(&out, list[i]);
	attacker_send(s, a, conn, MSG_AHD, &out);
	free(ask);
}

static void bad_headers(struct sim *s, struct attacker *a, uint64_t conn)
{
	struct buf out = {0};
	size_t i, n = rng_below(&s->rng, 4);

	mp_array(&out, n);
	for (i = 0; i < n; i++)
		forge_header(s, &out);
	attacker_send(s, a, conn, MSG_AHD, &out);
}

/* The blocks that were asked for, or others in their place. */
static void blocks(struct sim *s, struct attacker *a, uint64_t conn,
		   struct span body, bool good)
{
	struct hash asked[MSG_BLOCKS_MAX], missing[MSG_BLOCKS_MAX];
	struct span raws[MSG_BLOCKS_MAX];
	struct buf bad[MSG_BLOCKS_MAX] = {{0}}, out = {0};
	size_t i, n, have = 0, lack = 0;
	struct model_block *b;

	if (msg_hashes_decode(asked, &n, MSG_BLOCKS_MAX, body))
		return;
	for (i = 0; i < n; i++) {
		b = model_find(&s->model, &asked[i]);
		if (!b || !b->raw.len || (!good && sim_chance(s, 30))) {
			missing[lack++] = asked[i];
			continue;
		}
		if (!good)
			forge_bad_block(s, &bad[i]);
		raws[have++] = buf_span(good ? &b->raw : &bad[i]);
	}
	msg_blocks_encode(&out, raws, have, missing, lack);
	attacker_send(s, a, conn, MSG_ABL, &out);
	for (i = 0; i < n; i++)
		buf_release(&bad[i]);
}

static void bad_txs(struct sim *s, struct attacker *a, uint64_t conn)
{
	struct buf out = {0};

	mp_array(&out, 1);
	forge_tx(s, &out);
	attacker_send(s, a, conn, MSG_TXN, &out);
}

static void pong(struct sim *s, struct attacker *a, uint64_t conn,
		 struct span body)
{
	struct buf out = {0};
	struct msg_tip tip;

	if (msg_tip_decode(&tip, body))
		return;
	tip.height = a->tip->header.height;
	tip.tip = a->tip->hash;
	tip.settled = rng_below(&s->rng, tip.height + 1);
	if (a->vice == VICE_LIES) {
		tip.height += rng_below(&s->rng, 100000);
		tip.tip.b[0] ^= 1;
		tip.clock += sim_between(s, 0, 60000);
	}
	msg_tip_encode(&out, &tip);
	attacker_send(s, a, conn, MSG_BLH, &out);
}

void attacker_answer(struct sim *s, struct attacker *a, uint64_t conn,
		     enum message_type type, struct span body)
{
	if (type == MSG_HEY)
		attacker_say_hello(s, a, conn, MSG_ACK);
	else if (type == MSG_RBH)
		pong(s, a, conn, body);
	else if (sim_chance(s, 10))
		return; /* silence */
	else if (type == MSG_RHD && a->vice == VICE_LIES)
		bad_headers(s, a, conn);
	else if (type == MSG_RHD)
		true_headers(s, a, conn, body);
	else if (type == MSG_RBL && a->vice == VICE_WITHHOLD)
		return;
	else if (type == MSG_RBL)
		blocks(s, a, conn, body,
		       a->vice == VICE_PARROT || s->cheater != SIZE_MAX);
	else if (type == MSG_TXQ && a->vice == VICE_FORGE)
		bad_txs(s, a, conn);
}
