/* SPDX-License-Identifier: MIT */
/* Values of options from JSON and to JSON; see daemon/options.h. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/option_value.h"

static enum err texts_set_json(const struct option_spec *spec, void *base,
			       const json_t *value, const char *shown,
			       const char *field, struct fault *f)
{
	struct texts t = {0};
	const json_t *item;
	size_t i;

	json_array_foreach(value, i, item)
	{
		enum err e = json_is_string(item) ? ERR_OK : ERR_WRONG_TYPE;

		if (!e && !texts_add_as(&t, spec->type, json_string_value(item),
					json_string_length(item)))
			e = ERR_OUT_OF_RANGE;
		if (e) {
			texts_release(&t);
			return option_refuse(spec, e, true, shown, field, f);
		}
	}
	texts_release(option_place(spec, base));
	*(struct texts *)option_place(spec, base) = t;
	return ERR_OK;
}

/* Whether JSON of this kind can be a value of this type. */
static bool type_fits(const struct option_spec *spec, const json_t *value)
{
	switch (spec->type) {
	case OPTION_FLAG:
		return json_is_boolean(value);
	case OPTION_SET:
		return false;
	case OPTION_STRING:
	case OPTION_TEXT:
	case OPTION_PATH:
	case OPTION_LISTEN:
	case OPTION_ADDRESS:
	case OPTION_HASH:
	case OPTION_CHOICE:
	case OPTION_PLACE:
	case OPTION_URL:
		return json_is_string(value);
	case OPTION_UINT:
		return json_is_integer(value);
	case OPTION_TEXTS:
	case OPTION_PLACES:
	case OPTION_UPGRADES:
		return json_is_array(value);
	case OPTION_DEV:
		return json_is_boolean(value) || json_is_integer(value);
	}
	BUG("option type");
}

static enum err set_json_shown(const struct option_spec *spec, void *base,
			       const json_t *value, const char *shown,
			       const char *field, struct fault *f)
{
	char number[24];
	const char *text = json_string_value(value);

	if (!type_fits(spec, value))
		return option_refuse(spec, ERR_WRONG_TYPE, true, shown, field,
				     f);
	if (spec->type == OPTION_UPGRADES)
		return upgrades_read(option_place(spec, base), spec, value,
				     shown, field, f);
	if (json_is_array(value))
		return texts_set_json(spec, base, value, shown, field, f);
	if (json_is_boolean(value))
		text = json_is_true(value) ? "true" : "false";
	if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
		text = number;
	}
	if (option_read(spec, option_place(spec, base), text))
		return ERR_OK;
	return option_refuse(spec, option_bad_value(spec->type), true, shown,
			     field, f);
}

enum err option_set_json(const struct option_spec *spec, void *base,
			 const json_t *value, const char *field,
			 struct fault *f)
{
	char *shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	enum err e = set_json_shown(spec, base, value, shown ? shown : "?",
				    field, f);

	free(shown);
	return e;
}

static json_t *listen_json(const struct listen_at *l)
{
	const char *address = l->address;

	if (!address[0])
		return json_sprintf("%d", (int)l->port);
	return json_sprintf(strchr(address, ':') ? "[%s]:%d" : "%s:%d", address,
			    (int)l->port);
}

static json_t *texts_json(const struct texts *t)
{
	json_t *out = json_array();

	for (size_t i = 0; i < t->count; i++)
		json_array_append_new(out, json_string(t->list[i]));
	return out;
}

static const void *place_of(const struct option_spec *spec, const void *base)
{
	return (const char *)base + spec->offset;
}

json_t *option_to_json(const struct option_spec *spec, const void *base)
{
	const void *place = place_of(spec, base);
	const struct maybe_address *a = place;
	const struct maybe_hash *h = place;
	const struct dev_mode *d = place;
	const char *text;
	char hex[HASH_HEX_LEN];

	switch (spec->type) {
	case OPTION_FLAG:
		return json_boolean(*(const bool *)place);
	case OPTION_SET:
		return json_null();
	case OPTION_STRING:
	case OPTION_TEXT:
	case OPTION_PATH:
	case OPTION_PLACE:
	case OPTION_URL:
		text = *(char *const *)place;
		return text ? json_string(text) : json_null();
	case OPTION_UINT:
		return json_integer((json_int_t) * (const uint64_t *)place);
	case OPTION_LISTEN:
		return listen_json(place);
	case OPTION_ADDRESS:
		return a->given ? json_string(address_hex(hex, &a->value))
				: json_null();
	case OPTION_HASH:
		return h->given ? json_string(hash_hex(hex, &h->value))
				: json_null();
	case OPTION_CHOICE:
		return json_string(spec->choices[*(const int *)place]);
	case OPTION_TEXTS:
	case OPTION_PLACES:
		return texts_json(place);
	case OPTION_UPGRADES:
		return json_string(hash_hex(hex, place));
	case OPTION_DEV:
		return d->on && d->seconds
			       ? json_integer((json_int_t)d->seconds)
			       : json_boolean(d->on);
	}
	BUG("option type");
}
