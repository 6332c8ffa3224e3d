/* SPDX-License-Identifier: MIT */
/*
 * Votes, certificates and double votes as bytes; see the header. The field
 * `prepared` is 0, or one more than the prepared round.
 */
#include "codec/vote.h"

#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "codec/vote_read.h"

#define VOTE_FIELDS 7
/* kind, height, round, prepared, digest, signer and signature take so many
 * bytes at least: what is there bounds a list before it is allocated. */
#define VOTE_BYTES_MIN 106
#define SIGNED_BYTES_MIN 68 /* of [signer, signature] */

const char *vote_kind_name(enum vote_kind kind)
{
	switch (kind) {
	case VOTE_PROPOSAL:
		return "proposal";
	case VOTE_PREPARE:
		return "prepare";
	case VOTE_COMMIT:
		return "commit";
	case VOTE_ROUND_CHANGE:
		return "round_change";
	case VOTE_KIND_COUNT:
		break;
	}
	BUG("a vote of no kind");
}

static uint64_t prepared_field(const struct vote *v)
{
	return v->prepared ? v->prepared_round + 1 : 0;
}

static void put_body(struct buf *out, const struct vote *v)
{
	mp_uint(out, (uint64_t)v->kind);
	mp_uint(out, v->height);
	mp_uint(out, v->round);
	mp_uint(out, prepared_field(v));
	mp_hash(out, &v->digest);
}

static void put_signature(struct buf *out, const struct vote *v)
{
	mp_bin(out, SPAN(v->signature, v->signature_len));
}

void vote_encode_body(struct buf *out, const struct vote *v)
{
	mp_array(out, 5);
	put_body(out, v);
}

void vote_digest(struct hash *out, const struct vote *v,
		 const struct hash *genesis)
{
	struct buf body = {0};

	vote_encode_body(&body, v);
	digest(out, DOMAIN_VOTE, genesis, buf_span(&body));
	buf_release(&body);
}

bool vote_check(struct checks *out, const struct vote *v, struct span key,
		const struct hash *genesis)
{
	struct hash d;

	vote_digest(&d, v, genesis);
	return checks_add(out, &d, key, SPAN(v->signature, v->signature_len));
}

/* The order of two bodies of one kind, height and round. */
static int body_cmp(const struct vote *a, const struct vote *b)
{
	uint64_t x = prepared_field(a), y = prepared_field(b);

	if (x != y)
		return x < y ? -1 : 1;
	return memcmp(a->digest.b, b->digest.b, HASH_LEN);
}

static bool same_place(const struct vote *a, const struct vote *b)
{
	return a->signer == b->signer && a->height == b->height &&
	       a->round == b->round && a->kind == b->kind;
}

bool vote_same(const struct vote *a, const struct vote *b)
{
	return same_place(a, b) && !body_cmp(a, b);
}

bool vote_conflict(const struct vote *a, const struct vote *b)
{
	return same_place(a, b) && body_cmp(a, b);
}

/* --- one vote ------------------------------------------------------------ */

void vote_encode(struct buf *out, const struct vote *v)
{
	mp_array(out, VOTE_FIELDS);
	put_body(out, v);
	mp_uint(out, v->signer);
	put_signature(out, v);
}

static void read_signature(struct vote *out, struct mp_reader *r)
{
	struct span s = mp_read_bin(r, 0, KEY_SIGNATURE_MAX);

	if (s.len != 64 && s.len != 256) {
		mp_refuse(r);
		return;
	}
	memcpy(out->signature, s.data, s.len);
	out->signature_len = (uint16_t)s.len;
}

/* prepared and digest, of a vote whose kind and round are known. */
static void read_choice(struct vote *out, struct mp_reader *r)
{
	bool may_prepare = out->kind == VOTE_ROUND_CHANGE;
	/* of a round below this one, plus one: at most this round */
	uint64_t field = mp_read_uint(r, may_prepare ? out->round : 0);

	out->prepared = field > 0;
	out->prepared_round = field ? field - 1 : 0;
	out->digest = mp_read_hash(r);
	if (may_prepare && !field && !hash_is_zero(&out->digest))
		mp_refuse(r);
}

void vote_read(struct vote *out, struct mp_reader *r)
{
	*out = (struct vote){0};
	mp_read_array(r, VOTE_FIELDS, VOTE_FIELDS);
	out->kind = (enum vote_kind)mp_read_uint(r, VOTE_KIND_COUNT - 1);
	out->height = mp_read_uint(r, AMOUNT_MAX);
	out->round = mp_read_uint(r, VOTE_ROUND_MAX);
	read_choice(out, r);
	out->signer = (uint16_t)mp_read_uint(r, VALIDATORS_MAX - 1);
	read_signature(out, r);
}

enum err vote_decode(struct vote *out, struct span raw)
{
	struct mp_reader r;

	mp_reader_init(&r, raw);
	vote_read(out, &r);
	return mp_reader_end(&r);
}

/* --- lists --------------------------------------------------------------- */

void votes_encode(struct buf *out, const struct vote *list, size_t count)
{
	size_t i;

	mp_array(out, count);
	for (i = 0; i < count; i++)
		vote_encode(out, &list[i]);
}

/* The head of a list whose elements take at least so many bytes. */
static size_t read_count(struct mp_reader *r, size_t min, size_t max,
			 size_t least)
{
	size_t count = mp_read_array(r, min, max);

	if (count > (size_t)(r->end - r->p) / least) {
		mp_refuse(r);
		return 0;
	}
	return count;
}

void votes_read(struct vote **out, size_t *count, size_t max,
		struct mp_reader *r)
{
	size_t i;

	*out = NULL;
	*count = read_count(r, 0, max, VOTE_BYTES_MIN);
	if (!*count)
		return;
	*out = xcalloc(*count, sizeof(**out));
	for (i = 0; i < *count && !r->err; i++)
		vote_read(&(*out)[i], r);
}

/* What a decoder gives that allocated a list: nothing, when it refuses. */
static enum err list_end(const struct mp_reader *r, struct vote **out,
			 size_t *count)
{
	enum err e = mp_reader_end(r);

	if (e) {
		free(*out);
		*out = NULL;
		*count = 0;
	}
	return e;
}

enum err votes_decode(struct vote **out, size_t *count, size_t max,
		      struct span raw)
{
	struct mp_reader r;

	mp_reader_init(&r, raw);
	votes_read(out, count, max, &r);
	return list_end(&r, out, count);
}

bool votes_are(const struct vote *list, size_t count, enum vote_kind kind,
	       uint64_t height, uint64_t round, const struct hash *digest)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (list[i].kind != kind || list[i].height != height ||
		    list[i].round != round ||
		    (digest && !hash_eq(&list[i].digest, digest)))
			return false;
	return true;
}

/* --- a certificate ------------------------------------------------------- */

void certificate_encode(struct buf *out, uint64_t round,
			const struct vote *commits, size_t count)
{
	size_t i;

	mp_array(out, 2);
	mp_uint(out, round);
	mp_array(out, count);
	for (i = 0; i < count; i++) {
		mp_array(out, 2);
		mp_uint(out, commits[i].signer);
		put_signature(out, &commits[i]);
	}
}

static void read_signed(struct vote *out, struct mp_reader *r)
{
	mp_read_array(r, 2, 2);
	out->signer = (uint16_t)mp_read_uint(r, VALIDATORS_MAX - 1);
	read_signature(out, r);
}

struct span certificate_read(struct mp_reader *r)
{
	const uint8_t *start = r->p;
	struct vote v;
	size_t count, i;
	int before = -1;

	mp_read_array(r, 2, 2);
	mp_read_uint(r, VOTE_ROUND_MAX);
	count = mp_read_array(r, 1, VALIDATORS_MAX);
	for (i = 0; i < count && !r->err; i++) {
		read_signed(&v, r);
		if (v.signer <= before)
			mp_refuse(r);
		before = v.signer;
	}
	if (r->err)
		return SPAN(NULL, 0);
	return SPAN(start, (size_t)(r->p - start));
}

enum err certificate_decode(struct vote **out, size_t *count, uint64_t *round,
			    struct span raw, uint64_t height,
			    const struct hash *digest)
{
	struct mp_reader r;
	struct vote *list;
	size_t i;

	*out = NULL;
	mp_reader_init(&r, raw);
	mp_read_array(&r, 2, 2);
	*round = mp_read_uint(&r, VOTE_ROUND_MAX);
	*count = read_count(&r, 1, VALIDATORS_MAX, SIGNED_BYTES_MIN);
	if (!*count)
		return mp_reader_end(&r);
	*out = list = xcalloc(*count, sizeof(*list));
	for (i = 0; i < *count && !r.err; i++) {
		list[i] = (struct vote){.kind = VOTE_COMMIT,
					.height = height,
					.round = *round,
					.digest = *digest};
		read_signed(&list[i], &r);
		if (i && list[i].signer <= list[i - 1].signer)
			mp_refuse(&r);
	}
	return list_end(&r, out, count);
}

/* --- double votes -------------------------------------------------------- */

static void put_side(struct buf *out, const struct vote *v)
{
	mp_array(out, 3);
	mp_uint(out, prepared_field(v));
	mp_hash(out, &v->digest);
	put_signature(out, v);
}

void double_vote_encode(struct buf *out, struct span key, const struct vote *a,
			const struct vote *b)
{
	bool swap = body_cmp(a, b) > 0;

	mp_array(out, 6);
	mp_bin(out, key);
	mp_uint(out, a->height);
	mp_uint(out, (uint64_t)a->kind);
	mp_uint(out, a->round);
	put_side(out, swap ? b : a);
	put_side(out, swap ? a : b);
}

static void read_side(struct vote *out, size_t signature_len,
		      struct mp_reader *r)
{
	mp_read_array(r, 3, 3);
	read_choice(out, r);
	read_signature(out, r);
	if (out->signature_len != signature_len)
		mp_refuse(r);
}

/* An offender's key: of an accepted form. The length of its signatures. */
static size_t read_key(struct span *out, struct mp_reader *r)
{
	enum key_type type;

	*out = mp_read_bin(r, 1, KEY_SPKI_MAX);
	if (r->err)
		return 0;
	if (key_check(&type, *out)) {
		mp_refuse(r);
		return 0;
	}
	return key_signature_len(type);
}

enum err double_vote_decode(struct double_vote *out, struct span raw)
{
	struct mp_reader r;
	struct vote *v;
	size_t len;

	*out = (struct double_vote){0};
	v = out->vote;
	mp_reader_init(&r, raw);
	mp_read_array(&r, 6, 6);
	len = read_key(&out->key, &r);
	v[0].height = mp_read_uint(&r, AMOUNT_MAX);
	v[0].kind = (enum vote_kind)mp_read_uint(&r, VOTE_KIND_COUNT - 1);
	v[0].round = mp_read_uint(&r, VOTE_ROUND_MAX);
	v[1] = v[0];
	read_side(&v[0], len, &r);
	read_side(&v[1], len, &r);
	if (!r.err && body_cmp(&v[0], &v[1]) >= 0)
		mp_refuse(&r);
	return mp_reader_end(&r);
}
