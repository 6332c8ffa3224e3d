/* SPDX-License-Identifier: MIT */
/*
 * Votes and evidence between the JSON that clients write and bytes. An address
 * is shown beside each key, since people know accounts by it; read back, it
 * must be the key's.
 */
#include "codec/tx_op_json.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "codec/tx_json.h"
#include "codec/vote.h"

#define MEMBERS_MAX 6
#define PATH_MAX_LEN 64

void tx_op_bytes_release(struct tx_op_bytes *b)
{
	buf_release(&b->what);
	buf_release(&b->acceptance);
}

/* --- reading ------------------------------------------------------------- */

/* An object whose members are sorted by a list of names. */
struct object {
	const char *path; /* "vote.add" */
	const char *const *names;
	const json_t *v[MEMBERS_MAX];
};

/* "vote.add.public_key", for a fault. */
static const char *place(char out[PATH_MAX_LEN], const struct object *o,
			 size_t i)
{
	snprintf(out, PATH_MAX_LEN, "%s.%s", o->path, o->names[i]);
	return out;
}

static enum err refuse(const struct object *o, size_t i, enum err code,
		       const char *expected, struct fault *f)
{
	char path[PATH_MAX_LEN];

	return json_refuse(f, code, place(path, o, i), o->v[i], expected);
}

/* names ends in NULL. */
static enum err open_object(struct object *o, const char *path,
			    const char *const *names, const json_t *in,
			    struct fault *f)
{
	json_t *object = (json_t *)in; /* iterating does not change it */
	const char *key;
	void *at;
	size_t i;

	*o = (struct object){.path = path, .names = names};
	if (!json_is_object(in))
		return json_refuse(f, ERR_WRONG_TYPE, path, in, "an object");
	for (at = json_object_iter(object); at;
	     at = json_object_iter_next(object, at)) {
		key = json_object_iter_key(at);
		for (i = 0; names[i]; i++)
			if (!strcmp(key, names[i]))
				break;
		if (!names[i])
			return fault_set(f, ERR_UNKNOWN_FIELD, path,
					 "\"%.40s\" is not a field of %s", key,
					 path);
		o->v[i] = json_object_iter_value(at);
	}
	return ERR_OK;
}

/* Absent is false. */
static enum err read_flag(bool *out, const struct object *o, size_t i,
			  struct fault *f)
{
	if (o->v[i] && !json_is_boolean(o->v[i]))
		return refuse(o, i, ERR_WRONG_TYPE, "true or false", f);
	*out = json_is_true(o->v[i]);
	return ERR_OK;
}

static enum err read_uint(uint64_t *out, const struct object *o, size_t i,
			  uint64_t max, struct fault *f)
{
	const char *expected = "an integer from 0 up";

	if (!json_is_integer(o->v[i]))
		return refuse(o, i, ERR_WRONG_TYPE, expected, f);
	*out = (uint64_t)json_integer_value(o->v[i]);
	if (json_integer_value(o->v[i]) < 0 || *out > max)
		return refuse(o, i, ERR_OUT_OF_RANGE, expected, f);
	return ERR_OK;
}

static enum err read_text(struct span *out, const struct object *o, size_t i,
			  const char *expected, struct fault *f)
{
	if (!json_is_string(o->v[i]))
		return refuse(o, i, ERR_WRONG_TYPE, expected, f);
	*out = SPAN(json_string_value(o->v[i]), json_string_length(o->v[i]));
	return ERR_OK;
}

/* Append to out, which has nothing yet. */
static enum err read_base64(struct buf *out, const struct object *o, size_t i,
			    size_t max, struct fault *f)
{
	const char *expected = "base64 (RFC 4648, padded)";
	struct span text;
	enum err e = read_text(&text, o, i, expected, f);

	if (e)
		return e;
	if (text.len > (max + 2) / 3 * 4)
		return refuse(o, i, ERR_TOO_BIG, "no more than can be", f);
	if (!base64_decode(out, text))
		return refuse(o, i, ERR_MALFORMED, expected, f);
	return ERR_OK;
}

static enum err read_address(struct address *out, const struct object *o,
			     size_t i, struct fault *f)
{
	const char *expected = "an address of 40 hex digits";
	struct span text;
	enum err e = read_text(&text, o, i, expected, f);

	if (!e && !address_from_hex(out, text))
		e = refuse(o, i, ERR_BAD_ADDRESS, expected, f);
	return e;
}

/* A public key, and beside it the address, which may be left out. */
static enum err read_key(struct buf *out, const struct object *o, size_t key,
			 size_t address, struct fault *f)
{
	struct address said, is;
	enum err e = read_base64(out, o, key, KEY_SPKI_MAX, f);

	if (e || !o->v[address])
		return e;
	e = read_address(&said, o, address, f);
	if (e)
		return e;
	key_address(&is, buf_span(out));
	if (!address_eq(&said, &is))
		return refuse(o, address, ERR_WRONG_KEY,
			      "the address of the public key", f);
	return ERR_OK;
}

/* --- a vote -------------------------------------------------------------- */

enum { V_APPROVE, V_ADD, V_REMOVE, V_ALLOW_FEW, V_ACCEPTANCE };
static const char *const vote_names[] = {"approve",   "add",	    "remove",
					 "allow_few", "acceptance", NULL};
enum { K_PUBLIC_KEY, K_ADDRESS };
static const char *const key_names[] = {"public_key", "address", NULL};

static enum err read_change(struct tx_change *c, struct buf *key,
			    const struct object *o, struct fault *f)
{
	struct object add;
	enum err e;

	if (!o->v[V_ADD] == !o->v[V_REMOVE])
		return fault_set(f,
				 o->v[V_ADD] ? ERR_DUPLICATE_FIELD
					     : ERR_MISSING_FIELD,
				 "vote.add", "expected one of add and remove");
	c->remove = o->v[V_REMOVE];
	if (c->few && !c->remove)
		return refuse(o, V_ALLOW_FEW, ERR_MALFORMED,
			      "true only with remove", f);
	if (c->remove)
		return read_address(&c->account, o, V_REMOVE, f);
	e = open_object(&add, "vote.add", key_names, o->v[V_ADD], f);
	if (!e)
		e = read_key(key, &add, K_PUBLIC_KEY, K_ADDRESS, f);
	c->key = buf_span(key);
	return e;
}

enum err tx_vote_from_json(struct tx *tx, struct tx_op_bytes *bytes,
			   const json_t *in, struct fault *f)
{
	struct tx_change c = {0};
	struct buf key = {0};
	struct object o;
	enum err e;

	tx->op = TX_VOTE;
	e = open_object(&o, "vote", vote_names, in, f);
	if (!e && !o.v[V_APPROVE])
		e = refuse(&o, V_APPROVE, ERR_MISSING_FIELD, "true or false",
			   f);
	if (!e)
		e = read_flag(&tx->approve, &o, V_APPROVE, f);
	if (!e)
		e = read_flag(&c.few, &o, V_ALLOW_FEW, f);
	if (!e)
		e = read_change(&c, &key, &o, f);
	if (!e && o.v[V_ACCEPTANCE])
		e = read_base64(&bytes->acceptance, &o, V_ACCEPTANCE,
				KEY_SIGNATURE_MAX, f);
	if (!e) {
		tx_change_encode(&bytes->what, &c);
		tx->change = buf_span(&bytes->what);
		tx->acceptance = buf_span(&bytes->acceptance);
	}
	buf_release(&key);
	return e;
}

/* --- evidence ------------------------------------------------------------ */

enum { E_PUBLIC_KEY, E_ADDRESS, E_HEIGHT, E_ROUND, E_KIND, E_VOTES };
static const char *const evidence_names[] = {
	"public_key", "address", "height", "round", "kind", "votes", NULL};
enum { S_PREPARED, S_DIGEST, S_SIGNATURE };
static const char *const side_names[] = {"prepared_round", "digest",
					 "signature", NULL};

static enum err read_kind(enum vote_kind *out, const struct object *o,
			  struct fault *f)
{
	const char *expected = "proposal, prepare, commit or round_change";
	const char *text = json_string_value(o->v[E_KIND]);
	int i;

	for (i = 0; text && i < VOTE_KIND_COUNT; i++) {
		if (strcmp(text, vote_kind_name((enum vote_kind)i)))
			continue;
		*out = (enum vote_kind)i;
		return ERR_OK;
	}
	return refuse(o, E_KIND, ERR_OUT_OF_RANGE, expected, f);
}

/* What the two votes differ in. */
static enum err read_side(struct vote *v, const char *path, const json_t *in,
			  struct fault *f)
{
	struct buf signature = {0};
	struct object o;
	struct span text;
	enum err e = open_object(&o, path, side_names, in, f);

	if (e)
		return e;
	v->prepared = o.v[S_PREPARED] && !json_is_null(o.v[S_PREPARED]);
	if (v->prepared && (e = read_uint(&v->prepared_round, &o, S_PREPARED,
					  VOTE_ROUND_MAX, f)))
		return e;
	e = read_text(&text, &o, S_DIGEST, "64 hex digits", f);
	if (!e && !hash_from_hex(&v->digest, text))
		e = refuse(&o, S_DIGEST, ERR_BAD_HASH, "64 hex digits", f);
	if (!e)
		e = read_base64(&signature, &o, S_SIGNATURE, KEY_SIGNATURE_MAX,
				f);
	if (!e && signature.len) {
		v->signature_len = (uint16_t)signature.len;
		memcpy(v->signature, signature.data, signature.len);
	}
	buf_release(&signature);
	return e;
}

static enum err read_votes(struct vote v[2], const struct object *o,
			   struct fault *f)
{
	enum err e;

	if (json_array_size(o->v[E_VOTES]) != 2)
		return refuse(o, E_VOTES, ERR_WRONG_TYPE, "an array of two", f);
	if ((e = read_uint(&v[0].height, o, E_HEIGHT, AMOUNT_MAX, f)) ||
	    (e = read_uint(&v[0].round, o, E_ROUND, VOTE_ROUND_MAX, f)) ||
	    (e = read_kind(&v[0].kind, o, f)))
		return e;
	v[1] = v[0];
	e = read_side(&v[0], "evidence.votes[0]",
		      json_array_get(o->v[E_VOTES], 0), f);
	if (!e)
		e = read_side(&v[1], "evidence.votes[1]",
			      json_array_get(o->v[E_VOTES], 1), f);
	return e;
}

enum err tx_evidence_from_json(struct tx *tx, struct tx_op_bytes *bytes,
			       const json_t *in, struct fault *f)
{
	struct vote v[2] = {{0}};
	struct buf key = {0};
	struct object o;
	enum err e;

	tx->op = TX_EVIDENCE;
	e = open_object(&o, "evidence", evidence_names, in, f);
	if (!e)
		e = read_key(&key, &o, E_PUBLIC_KEY, E_ADDRESS, f);
	if (!e)
		e = read_votes(v, &o, f);
	if (!e) {
		double_vote_encode(&bytes->what, buf_span(&key), &v[0], &v[1]);
		tx->double_vote = buf_span(&bytes->what);
	}
	buf_release(&key);
	return e;
}

/* --- writing ------------------------------------------------------------- */

/* Takes the value, which is NULL only when memory ran out. */
static void set(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new_nocheck(object, name, value))
		BUG("out of memory");
}

static void set_uint(json_t *object, const char *name, uint64_t v)
{
	set(object, name, json_integer((json_int_t)v));
}

static void set_address(json_t *object, const char *name,
			const struct address *a)
{
	char hex[ADDRESS_HEX_LEN];

	set(object, name, json_string_nocheck(address_hex(hex, a)));
}

static void set_base64(json_t *object, const char *name, struct span bytes)
{
	struct buf text = {0};

	base64_encode(&text, bytes);
	buf_byte(&text, 0);
	set(object, name, json_string_nocheck((const char *)text.data));
	buf_release(&text);
}

json_t *tx_vote_to_json(const struct tx *tx)
{
	json_t *o = json_object(), *add;
	struct tx_change c;

	if (tx_change_decode(&c, tx->change))
		BUG("the transaction was not decoded");
	set(o, vote_names[V_APPROVE], json_boolean(tx->approve));
	if (c.remove) {
		set_address(o, vote_names[V_REMOVE], &c.account);
	} else {
		add = json_object();
		set_base64(add, key_names[K_PUBLIC_KEY], c.key);
		set_address(add, key_names[K_ADDRESS], &c.account);
		set(o, vote_names[V_ADD], add);
	}
	set(o, vote_names[V_ALLOW_FEW], json_boolean(c.few));
	if (tx->acceptance.len)
		set_base64(o, vote_names[V_ACCEPTANCE], tx->acceptance);
	return o;
}

static json_t *side_to_json(const struct vote *v)
{
	json_t *o = json_object();
	char hex[HASH_HEX_LEN];

	if (v->kind == VOTE_ROUND_CHANGE)
		set(o, side_names[S_PREPARED],
		    v->prepared ? json_integer((json_int_t)v->prepared_round)
				: json_null());
	set(o, side_names[S_DIGEST],
	    json_string_nocheck(hash_hex(hex, &v->digest)));
	set_base64(o, side_names[S_SIGNATURE],
		   SPAN(v->signature, v->signature_len));
	return o;
}

json_t *tx_evidence_to_json(const struct tx *tx)
{
	json_t *o = json_object(), *votes = json_array();
	struct double_vote d;
	struct address account;
	size_t i;

	if (double_vote_decode(&d, tx->double_vote))
		BUG("the transaction was not decoded");
	key_address(&account, d.key);
	set_base64(o, evidence_names[E_PUBLIC_KEY], d.key);
	set_address(o, evidence_names[E_ADDRESS], &account);
	set_uint(o, evidence_names[E_HEIGHT], d.vote[0].height);
	set_uint(o, evidence_names[E_ROUND], d.vote[0].round);
	set(o, evidence_names[E_KIND],
	    json_string_nocheck(vote_kind_name(d.vote[0].kind)));
	for (i = 0; i < 2; i++)
		if (json_array_append_new(votes, side_to_json(&d.vote[i])))
			BUG("out of memory");
	set(o, evidence_names[E_VOTES], votes);
	return o;
}
