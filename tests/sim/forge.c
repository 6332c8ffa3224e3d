/* SPDX-License-Identifier: MIT */
/* Blocks, headers and transactions that no honest node makes. */
#include <stdlib.h>
#include <string.h>

#include "codec/msgpack.h"
#include "crypto/merkle.h"
#include "sim/sim.h"

struct model_block *forge_any(struct sim *s)
{
	size_t count = s->model.count, last = count < 12 ? count : 12, i;

	/* mostly a late one: the others are settled */
	if (sim_chance(s, 80))
		i = count - 1 - rng_below(&s->rng, last);
	else
		i = rng_below(&s->rng, count);
	/* what was lost in a crash before anybody saw it is known to nobody */
	while (i && !s->model.list[i]->seen)
		i--;
	return s->model.list[i];
}

static void history_root(struct hash *out, struct model_block *b)
{
	size_t count = b->header.height + 1, i;
	struct hash *list = xcalloc(count, sizeof(*list));

	for (i = count; i-- > 0; b = b->parent)
		list[i] = b->hash;
	merkle_root(out, list, count);
	free(list);
}

static void seal_it(struct sim *s, struct buf *out, const struct header *h,
		    const struct sim_key *key)
{
	struct buf header = {0}, signature = {0};
	struct seal seal = {0};
	struct hash hash;

	header_encode(&header, h);
	header_hash(&hash, &s->genesis.hash, buf_span(&header));
	if (key)
		sim_sign(&signature, SPAN_OF(key->spki), &hash,
			 rng_next(&s->rng));
	if (key)
		seal.key = SPAN_OF(key->spki);
	seal.signature = buf_span(&signature);
	block_encode(out, buf_span(&header), &seal, NULL, 0);
	buf_release(&header);
	buf_release(&signature);
}

struct model_block *forge_block(struct sim *s)
{
	struct model_block *parent = forge_any(s), *b;
	char why[FAULT_DETAIL_MAX];
	struct buf raw = {0};
	struct host *h = s->cheater == SIZE_MAX ? NULL : &s->hosts[s->cheater];
	uint8_t extra[8];
	struct header header = {
		.height = parent->header.height + 1,
		.parent = parent->hash,
		.has_producer = true,
		.extra = SPAN_OF(extra),
	};

	if (!h || s->engine->certifies)
		return NULL; /* its key alone makes no block */
	header.producer = h->key.address;
	put_be64(extra, rng_next(&s->rng));
	if (!s->engine->own_time(&header.time, &s->rules, &s->rng,
				 &parent->header, h->number, s->now))
		return NULL;
	merkle_root(&header.txs_root, NULL, 0);
	history_root(&header.history_root, parent);
	model_root_after(&header.state_root, &s->model, parent, &header);
	seal_it(s, &raw, &header, &h->key);
	b = model_add(&s->model, buf_span(&raw), why);
	if (!b)
		BUG("a forged block that does not hold");
	b->seen = true;
	buf_release(&raw);
	return b;
}

void forge_empty(struct sim *s, struct buf *raw, struct hash *hash,
		 struct model_block *parent, size_t who)
{
	struct buf fields = {0};
	struct block b;
	uint8_t extra[8];
	struct header h = {
		.height = parent->header.height + 1,
		.parent = parent->hash,
		.time = s->now > parent->header.time ? s->now
						     : parent->header.time + 1,
		.has_producer = true,
		.producer = s->people.keys[who].address,
		.extra = SPAN_OF(extra),
	};

	put_be64(extra, rng_next(&s->rng));
	merkle_root(&h.txs_root, NULL, 0);
	history_root(&h.history_root, parent);
	model_root_after(&h.state_root, &s->model, parent, &h);
	sets_fields(&fields, &parent->sets, &s->people);
	h.engine = buf_span(&fields);
	seal_it(s, raw, &h, NULL);
	if (block_decode(&b, buf_span(raw)))
		BUG("what was encoded decodes");
	header_hash(hash, &s->genesis.hash, b.header_raw);
	block_release(&b);
	buf_release(&fields);
}

void forge_bad_block(struct sim *s, struct buf *out)
{
	struct model_block *b = forge_any(s);

	buf_append_span(out, buf_span(&b->raw));
	if (out->len)
		out->data[rng_below(&s->rng, out->len)] ^=
			(uint8_t)(1u << rng_below(&s->rng, 8));
	else
		mp_array(out, 0);
}

/* By the rules but for its seal, or in a far future, or of nobody. */
void forge_header(struct sim *s, struct buf *out)
{
	struct model_block *parent = forge_any(s);
	size_t who = rng_below(&s->rng, s->n);
	struct sim_key key = s->hosts[who].key;
	struct buf raw = {0};
	struct header h = {
		.height = parent->header.height + 1,
		.parent = parent->hash,
		.time = s->now,
		.has_producer = true,
		.producer = key.address,
	};
	struct span seal;
	struct block b;

	s->engine->own_time(&h.time, &s->rules, &s->rng, &parent->header, who,
			    s->now + sim_between(s, 0, 1) * 1000000);
	if (sim_chance(s, 30))
		h.parent.b[3] ^= 1;
	if (sim_chance(s, 20))
		h.height += sim_between(s, 1, 1000);
	seal_it(s, &raw, &h, &key);
	if (block_decode(&b, buf_span(&raw)))
		BUG("what was encoded decodes");
	/* the signature is that of another header: nobody gave his key away */
	raw.data[b.seal.signature.data - raw.data] ^= 1;
	seal = SPAN(b.header_raw.data + b.header_raw.len,
		    (size_t)(b.seal.signature.data + b.seal.signature.len + 1 -
			     b.header_raw.data - b.header_raw.len));
	msg_header_encode(out, b.header_raw, seal);
	block_release(&b);
	buf_release(&raw);
}

void forge_tx(struct sim *s, struct buf *out)
{
	struct model_block *m;
	struct block b;
	size_t tries;

	for (tries = 0; tries < 8; tries++) {
		m = forge_any(s);
		if (!m->tx_count || block_decode(&b, buf_span(&m->raw)))
			continue;
		buf_append_span(out, b.txs[rng_below(&s->rng, b.tx_count)]);
		block_release(&b);
		/* its signature is at the end */
		out->data[out->len - 1 - rng_below(&s->rng, 64)] ^= 4;
		return;
	}
	mp_array(out, 3);
	mp_uint(out, 1);
	mp_uint(out, 2);
	mp_uint(out, 3);
}
