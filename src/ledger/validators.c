/* SPDX-License-Identifier: MIT */
#include "ledger/validators.h"

#include <stdlib.h>
#include <string.h>

#include "codec/msgpack.h"
#include "codec/tx.h"

size_t validators_faults(size_t n)
{
	return n ? (n - 1) / 3 : 0;
}

size_t validators_quorum(size_t n)
{
	return (n + validators_faults(n)) / 2 + 1;
}

void validators_release(struct validators *v)
{
	free(v->list);
	*v = (struct validators){0};
}

void validators_copy(struct validators *out, const struct validators *v)
{
	*out = (struct validators){0};
	if (!v->count)
		return;
	out->list = xmemdup(v->list, v->count * sizeof(*v->list));
	out->count = v->count;
}

/* Index of the first member that is not below the address. */
static size_t lower_bound(const struct validators *v, const struct address *a)
{
	size_t from = 0, to = v->count, mid;

	while (from < to) {
		mid = from + (to - from) / 2;
		if (memcmp(v->list[mid].account.b, a->b, ADDRESS_LEN) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

size_t validators_find(const struct validators *v, const struct address *a)
{
	size_t i = lower_bound(v, a);

	if (i == v->count || !address_eq(&v->list[i].account, a))
		return SIZE_MAX;
	return i;
}

void validators_encode(struct buf *out, const struct validators *v)
{
	size_t i;

	mp_array(out, v->count);
	for (i = 0; i < v->count; i++)
		mp_bin(out, SPAN(v->list[i].key, v->list[i].key_len));
}

void validators_hash(struct hash *out, const struct validators *v)
{
	struct buf body = {0};

	validators_encode(&body, v);
	sha256_2(out, span_str(DOMAIN_VALIDATORS), buf_span(&body));
	buf_release(&body);
}

enum err validator_set_key(struct validator *out, struct span key)
{
	*out = (struct validator){0};
	if (key_check(NULL, key))
		return ERR_BAD_PUBLIC_KEY;
	memcpy(out->key, key.data, key.len);
	out->key_len = (uint16_t)key.len;
	key_address(&out->account, key);
	return ERR_OK;
}

static enum err decode_list(struct validators *out, struct mp_reader *r)
{
	struct validator *v;
	struct span key;
	size_t i, count;

	count = mp_read_array(r, 1, VALIDATORS_MAX);
	if (r->err)
		return r->err;
	out->list = xcalloc(count, sizeof(*out->list));
	for (i = 0; i < count; i++) {
		v = &out->list[i];
		key = mp_read_bin(r, 1, KEY_SPKI_MAX);
		if (r->err)
			return r->err;
		if (validator_set_key(v, key))
			return ERR_BAD_PUBLIC_KEY;
		if (i &&
		    memcmp(v[-1].account.b, v->account.b, ADDRESS_LEN) >= 0)
			return ERR_NOT_CANONICAL;
		out->count++;
	}
	return mp_reader_end(r);
}

enum err validators_decode(struct validators *out, struct span raw)
{
	struct mp_reader r;
	enum err e;

	*out = (struct validators){0};
	mp_reader_init(&r, raw);
	e = decode_list(out, &r);
	if (e)
		validators_release(out);
	return e;
}

void change_encode(struct buf *out, const struct validator_change *c)
{
	struct tx_change said = {.account = c->account,
				 .key = SPAN(c->key, c->key_len)};

	said.remove = c->kind == CHANGE_REMOVE;
	said.few = said.remove && c->few;
	tx_change_encode(out, &said);
}

enum err change_decode(struct validator_change *out, struct span raw)
{
	struct tx_change said;
	enum err e = tx_change_decode(&said, raw);

	*out = (struct validator_change){0};
	if (e)
		return e;
	out->kind = said.remove ? CHANGE_REMOVE : CHANGE_ADD;
	out->few = said.few;
	out->account = said.account;
	out->key_len = (uint16_t)said.key.len;
	if (said.key.len)
		memcpy(out->key, said.key.data, said.key.len);
	return ERR_OK;
}

bool change_same(const struct validator_change *a,
		 const struct validator_change *b)
{
	/* The address is the hash of the key. An addition has no flag. */
	return a->kind == b->kind && address_eq(&a->account, &b->account) &&
	       (a->kind == CHANGE_ADD || a->few == b->few);
}

static enum err can_add(const struct validators *v,
			const struct validator_change *c, struct fault *f)
{
	char hex[ADDRESS_HEX_LEN];

	if (validators_find(v, &c->account) != SIZE_MAX)
		return fault_set(f, ERR_EXISTS, "vote",
				 "%s is a validator already",
				 address_hex(hex, &c->account));
	if (v->count >= VALIDATORS_MAX)
		return fault_set(f, ERR_OUT_OF_RANGE, "vote",
				 "there are %zu validators, expected fewer "
				 "than %d to add one",
				 v->count, VALIDATORS_MAX);
	return ERR_OK;
}

static enum err can_remove(const struct validators *v,
			   const struct validator_change *c, struct fault *f)
{
	char hex[ADDRESS_HEX_LEN];

	if (validators_find(v, &c->account) == SIZE_MAX)
		return fault_set(f, ERR_NOT_FOUND, "vote",
				 "%s is not a validator, expected one to "
				 "remove",
				 address_hex(hex, &c->account));
	if (v->count == 1)
		return fault_set(f, ERR_OUT_OF_RANGE, "vote",
				 "%s is the only validator, expected another "
				 "to be left",
				 address_hex(hex, &c->account));
	if (v->count <= VALIDATORS_FEW && !c->few)
		return fault_set(f, ERR_OUT_OF_RANGE, "vote",
				 "%zu validators would be left, expected %d at "
				 "least, or the flag few",
				 v->count - 1, VALIDATORS_FEW);
	return ERR_OK;
}

enum err validators_can(const struct validators *v,
			const struct validator_change *c, struct fault *f)
{
	switch (c->kind) {
	case CHANGE_ADD:
		return can_add(v, c, f);
	case CHANGE_REMOVE:
		return can_remove(v, c, f);
	}
	BUG("unknown change");
}

static void add(struct validators *v, const struct validator_change *c)
{
	size_t i = lower_bound(v, &c->account);

	v->list = xrealloc(v->list, v->count + 1, sizeof(*v->list));
	memmove(&v->list[i + 1], &v->list[i],
		(v->count - i) * sizeof(*v->list));
	v->count++;
	v->list[i] = (struct validator){.account = c->account,
					.key_len = c->key_len};
	memcpy(v->list[i].key, c->key, sizeof(c->key));
}

enum err validators_apply(struct validators *v,
			  const struct validator_change *c, struct fault *f)
{
	enum err e = validators_can(v, c, f);
	size_t i;

	if (e)
		return e;
	if (c->kind == CHANGE_ADD) {
		add(v, c);
		return ERR_OK;
	}
	i = validators_find(v, &c->account);
	v->count--;
	memmove(&v->list[i], &v->list[i + 1],
		(v->count - i) * sizeof(*v->list));
	return ERR_OK;
}
