/* SPDX-License-Identifier: MIT */
/* What is signed, and its JSON; see the header. */
#include <config.h>

#include "discovery/claim.h"

#include <string.h>

#include "base/amount.h"
#include "base/text.h"
#include "codec/msgpack.h"
#include "codec/tx_json.h"
#include "http/json_out.h"

void claim_release(struct claim *c)
{
	buf_release(&c->key);
	buf_release(&c->signature);
}

static void claim_digest(struct hash *out, const struct claim *c)
{
	struct buf body = {0};

	mp_array(&body, 4);
	mp_bin(&body, address_span(&c->id));
	mp_bin(&body, span_str(c->where));
	mp_uint(&body, c->time);
	mp_bin(&body, span_str(c->goes ? "delete" : "put"));
	digest(out, DOMAIN_MEMBER, &c->chain, buf_span(&body));
	buf_release(&body);
}

enum err claim_sign(struct claim *c, const struct secret_key *key)
{
	struct hash d;

	c->id = *secret_key_address(key);
	c->key.len = c->signature.len = 0;
	buf_append_span(&c->key, secret_key_public(key));
	claim_digest(&d, c);
	return secret_key_sign(key, &c->signature, &d);
}

void claim_print(struct buf *out, const struct claim *c)
{
	out_text(out, "{\"where\":");
	out_string(out, span_str(c->where));
	out_text(out, ",\"chain\":");
	out_hash(out, &c->chain);
	out_text(out, ",\"time\":");
	out_uint(out, c->time);
	out_text(out, ",\"public_key\":");
	out_base64(out, buf_span(&c->key));
	out_text(out, ",\"signature\":");
	out_base64(out, buf_span(&c->signature));
	out_text(out, "}\n");
}

/* --- reading ------------------------------------------------------------- */

static enum err read_bytes(struct buf *out, const json_t *in, const char *name,
			   struct fault *f)
{
	const json_t *v = json_object_get(in, name);

	if (!json_is_string(v))
		return json_refuse(f, ERR_WRONG_TYPE, name, v, "base64");
	out->len = 0;
	if (!base64_decode(out,
			   SPAN(json_string_value(v), json_string_length(v))) ||
	    out->len == 0)
		return json_refuse(f, ERR_MALFORMED, name, v, "base64");
	return ERR_OK;
}

static enum err read_chain(struct claim *out, const json_t *in, struct fault *f)
{
	static const char want[] = "a genesis hash of 64 hex digits";
	const json_t *v = json_object_get(in, "chain");

	if (!json_is_string(v))
		return json_refuse(f, ERR_WRONG_TYPE, "chain", v, want);
	if (!hash_from_hex(&out->chain,
			   SPAN(json_string_value(v), json_string_length(v))))
		return json_refuse(f, ERR_BAD_HASH, "chain", v, want);
	return ERR_OK;
}

static enum err read_time(struct claim *out, const json_t *in, struct fault *f)
{
	static const char want[] = "milliseconds since 1970";
	const json_t *v = json_object_get(in, "time");

	if (!json_is_integer(v))
		return json_refuse(f, ERR_WRONG_TYPE, "time", v, want);
	if (json_integer_value(v) < 0 ||
	    json_integer_value(v) > (json_int_t)AMOUNT_MAX)
		return json_refuse(f, ERR_OUT_OF_RANGE, "time", v, want);
	out->time = (uint64_t)json_integer_value(v);
	return ERR_OK;
}

enum err claim_read_proof(struct claim *out, const json_t *in, struct fault *f)
{
	enum err e;

	if (!json_object_get(in, "chain") && !json_object_get(in, "time") &&
	    !json_object_get(in, "public_key") &&
	    !json_object_get(in, "signature"))
		return ERR_OK;
	e = read_chain(out, in, f);
	if (!e)
		e = read_time(out, in, f);
	if (!e)
		e = read_bytes(&out->key, in, "public_key", f);
	return e ? e : read_bytes(&out->signature, in, "signature", f);
}

static bool where_is_good(struct span text)
{
	struct place p;
	uint64_t port;

	if (text.len >= PLACE_MAX)
		return false;
	if (text.len > 0 && text.data[0] == ':')
		return decimal_decode(&port, UINT16_MAX,
				      SPAN(text.data + 1, text.len - 1)) &&
		       port > 0;
	return place_read(&p, text);
}

enum err claim_read_where(struct claim *out, const json_t *in, struct fault *f)
{
	static const char want[] = "HOST:PORT, or :PORT";
	const json_t *v = json_object_get(in, "where");
	size_t len = json_string_length(v);

	out->where[0] = '\0';
	if (out->goes && (!v || (json_is_string(v) && len == 0)))
		return ERR_OK;
	if (!json_is_string(v))
		return json_refuse(f, ERR_WRONG_TYPE, "where", v, want);
	if (!where_is_good(SPAN(json_string_value(v), len)))
		return json_refuse(f, ERR_OUT_OF_RANGE, "where", v, want);
	memcpy(out->where, json_string_value(v), len + 1);
	return ERR_OK;
}

enum err claim_check(const struct claim *c, struct verifier *v, struct fault *f)
{
	struct address signer;
	struct hash d;
	enum err e;

	if (c->key.len == 0)
		return fault_set(f, ERR_UNSIGNED, "signature",
				 "expected chain, time, public_key and "
				 "signature");
	e = key_check(NULL, buf_span(&c->key));
	if (e)
		return fault_set(f, e, "public_key", "%s", err_text(e));
	key_address(&signer, buf_span(&c->key));
	if (!address_eq(&signer, &c->id))
		return fault_set(f, ERR_WRONG_KEY, "public_key",
				 "the id is not the address of this key");
	claim_digest(&d, c);
	e = verifier_check(v, buf_span(&c->key), &d, buf_span(&c->signature));
	if (e)
		return fault_set(f, e, "signature",
				 "it does not fit id, where, time and chain");
	return ERR_OK;
}
