/* SPDX-License-Identifier: MIT */
/*
 * Rule changes by height, [{height, version}]: nodes compare the digest of the
 * list in the handshake, so it is all that is kept of it.
 */
#include <config.h>

#include <string.h>

#include "codec/msgpack.h"
#include "daemon/option_value.h"

#define VERSION_KNOWN 1 /* of the rules: all that this program has */
#define HEIGHT_MAX ((json_int_t)1 << 53)

static bool field_read(json_int_t *out, const json_t *item, const char *name)
{
	const json_t *value = json_object_get(item, name);

	*out = json_integer_value(value);
	return json_is_integer(value) && *out >= 1 && *out < HEIGHT_MAX;
}

/* One of the list, appended; *last is the height of the one before. */
static enum err upgrade_read(struct buf *body, json_int_t *last,
			     const json_t *item, const struct option_spec *spec,
			     const char *shown, const char *field,
			     struct fault *f)
{
	json_int_t height, version;

	if (!json_is_object(item) || json_object_size(item) != 2 ||
	    !field_read(&height, item, "height") ||
	    !field_read(&version, item, "version") || height <= *last)
		return option_refuse(spec, ERR_OUT_OF_RANGE, true, shown, field,
				     f);
	if (version != VERSION_KNOWN)
		return fault_set(f, ERR_UNSUPPORTED_VERSION, field,
				 "from height %" JSON_INTEGER_FORMAT
				 " on the rules are of version "
				 "%" JSON_INTEGER_FORMAT
				 ", expected %d, the only one that this "
				 "program knows",
				 height, version, VERSION_KNOWN);
	mp_array(body, 2);
	mp_uint(body, (uint64_t)height);
	mp_uint(body, (uint64_t)version);
	*last = height;
	return ERR_OK;
}

enum err upgrades_read(struct hash *out, const struct option_spec *spec,
		       const json_t *array, const char *shown,
		       const char *field, struct fault *f)
{
	static const struct hash zeros;
	struct buf body = {0};
	json_int_t last = 0;
	const json_t *item;
	enum err e = ERR_OK;
	size_t i;

	if (json_array_size(array) > UPGRADES_MAX)
		return option_refuse(spec, ERR_OUT_OF_RANGE, true, shown, field,
				     f);
	mp_array(&body, json_array_size(array));
	json_array_foreach(array, i, item)
	{
		e = upgrade_read(&body, &last, item, spec, shown, field, f);
		if (e)
			break;
	}
	if (!e && last == 0)
		*out = zeros;
	else if (!e)
		digest(out, DOMAIN_UPGRADES, &zeros, buf_span(&body));
	buf_release(&body);
	return e;
}
