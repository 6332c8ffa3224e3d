/* SPDX-License-Identifier: MIT */
/* The first validators of a chain: consensus.validators of a genesis file. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ledger/rules_table.h"

#define EXPECTED "the SubjectPublicKeyInfo (DER) of a key, in base64"

static enum err read_key(struct validator_change *out, const char *path,
			 const json_t *v, struct fault *f)
{
	struct validator member;
	struct buf key = {0};
	bool good;

	if (!json_is_string(v))
		return json_refuse(f, v ? ERR_WRONG_TYPE : ERR_MISSING_FIELD,
				   path, v, EXPECTED);
	good = base64_decode(&key, SPAN(json_string_value(v),
					json_string_length(v))) &&
	       !validator_set_key(&member, buf_span(&key));
	buf_release(&key);
	if (!good)
		return json_refuse(f, ERR_BAD_PUBLIC_KEY, path, v, EXPECTED);
	*out = (struct validator_change){.kind = CHANGE_ADD,
					 .account = member.account,
					 .key_len = member.key_len};
	memcpy(out->key, member.key, sizeof(out->key));
	return ERR_OK;
}

static enum err read_entry(struct validators *out, const char *path,
			   size_t number, const json_t *v, struct fault *f)
{
	char at[FAULT_FIELD_MAX], hex[ADDRESS_HEX_LEN];
	struct validator_change c;
	const char *name;
	void *iter;
	enum err e;

	snprintf(at, sizeof(at), "%s[%zu]", path, number);
	if (!json_is_object(v))
		return json_refuse(f, ERR_WRONG_TYPE, at, v,
				   "an object: {\"public_key\": KEY}");
	for (iter = json_object_iter((json_t *)v); iter;
	     iter = json_object_iter_next((json_t *)v, iter)) {
		name = json_object_iter_key(iter);
		if (!strcmp(name, "public_key"))
			continue;
		snprintf(at, sizeof(at), "%s[%zu].%.30s", path, number, name);
		return fault_set(f, ERR_UNKNOWN_FIELD, at,
				 "%s is not known, expected public_key alone",
				 at);
	}
	snprintf(at, sizeof(at), "%s[%zu].public_key", path, number);
	e = read_key(&c, at, json_object_get(v, "public_key"), f);
	if (e)
		return e;
	if (validators_apply(out, &c, NULL))
		return fault_set(f, ERR_DUPLICATE_FIELD, at,
				 "the key of %s is given twice, expected each "
				 "once",
				 address_hex(hex, &c.account));
	return ERR_OK;
}

enum err genesis_read_validators(struct validators *out, const char *path,
				 const json_t *v, struct fault *f)
{
	size_t i, count = json_array_size(v);
	enum err e = ERR_OK;

	if (!json_is_array(v))
		return json_refuse(f, ERR_WRONG_TYPE, path, v,
				   "an array of {\"public_key\": KEY}");
	if (count < 1 || count > VALIDATORS_MAX)
		return fault_set(f, ERR_OUT_OF_RANGE, path,
				 "%s has %zu keys, expected 1 to %d", path,
				 count, VALIDATORS_MAX);
	for (i = 0; i < count && !e; i++)
		e = read_entry(out, path, i, json_array_get(v, i), f);
	return e;
}
