/* SPDX-License-Identifier: MIT */
/* The types of options: from text, from JSON, to JSON; see the header. */
#include <config.h>

#include "daemon/options.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define TEXTS_MAX 64
#define SHOWN_MAX 60 /* of a value that is quoted in an error */

static void *at(const struct option_spec *spec, void *base)
{
	return (char *)base + spec->offset;
}

static const void *at_const(const struct option_spec *spec, const void *base)
{
	return (const char *)base + spec->offset;
}

char *path_expand(const char *path)
{
	const char *home = getenv("HOME");
	size_t len;
	char *out;

	if (path[0] != '~' || (path[1] && path[1] != '/') || !home)
		return xstrdup(path);
	len = strlen(home) + strlen(path);
	out = xmalloc(len);
	snprintf(out, len, "%s%s", home, path + 1);
	return out;
}

/* "one of error, warning, info" */
static void list_choices(char *out, size_t size, const struct option_spec *spec)
{
	size_t used = 0;

	for (size_t i = 0; spec->choices[i] && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s",
					 i ? ", " : "one of ",
					 spec->choices[i]);
}

static void expectation(char *out, size_t size, const struct option_spec *spec,
			bool json)
{
	switch (spec->type) {
	case OPTION_FLAG:
		snprintf(out, size, "true or false");
		return;
	case OPTION_SET:
		snprintf(out, size, "no value");
		return;
	case OPTION_STRING:
		snprintf(out, size, "a text");
		return;
	case OPTION_TEXT:
	case OPTION_PATH:
		snprintf(out, size, "a text that is not empty");
		return;
	case OPTION_UINT:
		snprintf(out, size, "an integer %" PRIu64 "..%" PRIu64,
			 spec->min, spec->max);
		return;
	case OPTION_LISTEN:
		snprintf(out, size,
			 "PORT or ADDRESS:PORT, such as 127.0.0.1:5000 or "
			 "[::1]:5000");
		return;
	case OPTION_ADDRESS:
		snprintf(out, size, "an address of 40 hex digits");
		return;
	case OPTION_HASH:
		snprintf(out, size, "a hash of 64 hex digits");
		return;
	case OPTION_CHOICE:
		list_choices(out, size, spec);
		return;
	case OPTION_TEXTS:
		snprintf(out, size,
			 json ? "an array of at most %d texts, none "
				"empty or given twice"
			      : "at most %d texts with commas "
				"between, none empty or given twice",
			 TEXTS_MAX);
		return;
	case OPTION_DEV:
		snprintf(out, size,
			 "true, false or an integer %" PRIu64 "..%" PRIu64
			 " (seconds)",
			 spec->min, spec->max);
		return;
	}
}

static enum err refuse(const struct option_spec *spec, enum err code, bool json,
		       const char *shown, const char *field, struct fault *f)
{
	char want[160] = "";

	expectation(want, sizeof(want), spec, json);
	return fault_set(f, code, field, "value %.*s%s, expected %s", SHOWN_MAX,
			 shown, strlen(shown) > SHOWN_MAX ? "..." : "", want);
}

/* The value is of the right form but not one of those allowed. */
static enum err bad_value_code(enum option_type type)
{
	switch (type) {
	case OPTION_ADDRESS:
		return ERR_BAD_ADDRESS;
	case OPTION_HASH:
		return ERR_BAD_HASH;
	case OPTION_FLAG:
	case OPTION_SET:
	case OPTION_STRING:
	case OPTION_TEXT:
	case OPTION_PATH:
	case OPTION_UINT:
	case OPTION_LISTEN:
	case OPTION_CHOICE:
	case OPTION_TEXTS:
	case OPTION_DEV:
		return ERR_OUT_OF_RANGE;
	}
	BUG("option type");
}

static void texts_release(struct texts *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->list[i]);
	free(t->list);
	*t = (struct texts){0};
}

static bool texts_add(struct texts *t, const char *text, size_t len)
{
	char *copy;

	if (t->count == TEXTS_MAX || len == 0)
		return false;
	for (size_t i = 0; i < t->count; i++)
		if (strlen(t->list[i]) == len &&
		    memcmp(t->list[i], text, len) == 0)
			return false;
	copy = xmalloc(len + 1);
	memcpy(copy, text, len);
	copy[len] = '\0';
	t->list = xrealloc(t->list, t->count + 1, sizeof(*t->list));
	t->list[t->count++] = copy;
	return true;
}

static bool texts_split(struct texts *out, const char *text)
{
	for (;;) {
		size_t len = strcspn(text, ",");

		if (!texts_add(out, text, len))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

static bool flag_read(bool *out, const char *text)
{
	*out = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
	return *out || strcmp(text, "false") == 0 || strcmp(text, "0") == 0;
}

/* A.B.C.D:PORT, [V6]:PORT or PORT. */
static bool listen_read(struct listen_at *out, const char *text)
{
	const char *colon = strrchr(text, ':');
	const char *port = colon ? colon + 1 : text;
	unsigned char scratch[sizeof(struct in6_addr)];
	struct listen_at l = {0};
	int family = AF_INET;

	if (colon) {
		size_t len = (size_t)(colon - text);

		if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
			family = AF_INET6;
			text++;
			len -= 2;
		}
		if (len >= sizeof(l.address))
			return false;
		memcpy(l.address, text, len);
		if (inet_pton(family, l.address, scratch) != 1)
			return false;
	}
	if (!decimal_decode(&l.port, 65535, span_str(port)))
		return false;
	*out = l;
	return true;
}

static bool choice_read(int *out, const struct option_spec *spec,
			const char *text)
{
	for (int i = 0; spec->choices[i]; i++) {
		if (strcmp(spec->choices[i], text) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

static bool uint_read(uint64_t *out, const struct option_spec *spec,
		      const char *text)
{
	uint64_t v;

	if (!decimal_decode(&v, spec->max, span_str(text)) || v < spec->min)
		return false;
	*out = v;
	return true;
}

static bool dev_read(struct dev_mode *out, const struct option_spec *spec,
		     const char *text)
{
	struct dev_mode d = {.on = true};

	if (text && strcmp(text, "false") == 0)
		d.on = false;
	else if (text && strcmp(text, "true") != 0 &&
		 !uint_read(&d.seconds, spec, text))
		return false;
	*out = d;
	return true;
}

static void text_set(void *place, char *text)
{
	char **value = place;

	free(*value);
	*value = text;
}

static bool texts_set(struct texts *value, const char *text)
{
	struct texts t = {0};

	if (!texts_split(&t, text)) {
		texts_release(&t);
		return false;
	}
	texts_release(value);
	*value = t;
	return true;
}

static bool value_read(const struct option_spec *spec, void *place,
		       const char *text)
{
	struct maybe_address *a = place;
	struct maybe_hash *h = place;
	struct maybe_address a_new = {.given = true};
	struct maybe_hash h_new = {.given = true};

	switch (spec->type) {
	case OPTION_FLAG:
		if (text)
			return flag_read(place, text);
		*(bool *)place = true;
		return true;
	case OPTION_SET:
		*(int *)place = (int)spec->min;
		return text == NULL;
	case OPTION_STRING:
	case OPTION_TEXT:
		if (text[0] == '\0' && spec->type == OPTION_TEXT)
			return false;
		text_set(place, xstrdup(text));
		return true;
	case OPTION_PATH:
		if (text[0] == '\0')
			return false;
		text_set(place, path_expand(text));
		return true;
	case OPTION_UINT:
		return uint_read(place, spec, text);
	case OPTION_LISTEN:
		return listen_read(place, text);
	case OPTION_ADDRESS:
		if (!address_from_hex(&a_new.value, span_str(text)))
			return false;
		*a = a_new;
		return true;
	case OPTION_HASH:
		if (!hash_from_hex(&h_new.value, span_str(text)))
			return false;
		*h = h_new;
		return true;
	case OPTION_CHOICE:
		return choice_read(place, spec, text);
	case OPTION_TEXTS:
		return texts_set(place, text);
	case OPTION_DEV:
		return dev_read(place, spec, text);
	}
	BUG("option type");
}

enum err option_set_text(const struct option_spec *spec, void *base,
			 const char *text, const char *field, struct fault *f)
{
	if (value_read(spec, at(spec, base), text))
		return ERR_OK;
	return refuse(spec, bad_value_code(spec->type), false,
		      text && text[0] ? text : "(empty)", field, f);
}

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

		if (!e && !texts_add(&t, json_string_value(item),
				     json_string_length(item)))
			e = ERR_OUT_OF_RANGE;
		if (e) {
			texts_release(&t);
			return refuse(spec, e, true, shown, field, f);
		}
	}
	texts_release(at(spec, base));
	*(struct texts *)at(spec, base) = t;
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
		return json_is_string(value);
	case OPTION_UINT:
		return json_is_integer(value);
	case OPTION_TEXTS:
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
		return refuse(spec, ERR_WRONG_TYPE, true, shown, field, f);
	if (json_is_array(value))
		return texts_set_json(spec, base, value, shown, field, f);
	if (json_is_boolean(value))
		text = json_is_true(value) ? "true" : "false";
	if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
		text = number;
	}
	if (value_read(spec, at(spec, base), text))
		return ERR_OK;
	return refuse(spec, bad_value_code(spec->type), true, shown, field, f);
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
	const char *address = l->address[0] ? l->address : "127.0.0.1";

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

json_t *option_to_json(const struct option_spec *spec, const void *base)
{
	const void *place = at_const(spec, base);
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
		return texts_json(place);
	case OPTION_DEV:
		return d->on && d->seconds
			       ? json_integer((json_int_t)d->seconds)
			       : json_boolean(d->on);
	}
	BUG("option type");
}

void option_table_release(const struct option_table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct option_spec *spec = &t->specs[i];
		void *place = at(spec, t->base);

		if (spec->type == OPTION_TEXTS)
			texts_release(place);
		if (spec->type == OPTION_STRING || spec->type == OPTION_TEXT ||
		    spec->type == OPTION_PATH)
			text_set(place, NULL);
	}
}
