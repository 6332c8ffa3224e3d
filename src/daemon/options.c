/* SPDX-License-Identifier: MIT */
/* The types of options, and their values from text; see the header. */
#include <config.h>

#include "daemon/options.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "daemon/option_value.h"
#include "loop/place.h"

void *option_place(const struct option_spec *spec, void *base)
{
	return (char *)base + spec->offset;
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

void texts_release(struct texts *t)
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

static bool texts_split(struct texts *out, enum option_type type,
			const char *text)
{
	for (;;) {
		size_t len = strcspn(text, ",");

		if (!texts_add_as(out, type, text, len))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

bool texts_add_as(struct texts *t, enum option_type type, const char *text,
		  size_t len)
{
	struct place p;

	if (type == OPTION_PLACES &&
	    !place_read(&p, (struct span){(const uint8_t *)text, len}))
		return false;
	return texts_add(t, text, len);
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

static bool url_is_good(const char *text)
{
	struct place p;
	struct span path;

	return place_read_url(&p, &path, span_str(text));
}

static bool place_is_good(const char *text)
{
	struct place p;

	return place_read(&p, span_str(text));
}

static bool checked_set(void *place, const char *text, bool good)
{
	if (good)
		text_set(place, xstrdup(text));
	return good;
}

static bool texts_set(struct texts *value, enum option_type type,
		      const char *text)
{
	struct texts t = {0};

	if (!texts_split(&t, type, text)) {
		texts_release(&t);
		return false;
	}
	texts_release(value);
	*value = t;
	return true;
}

bool option_read(const struct option_spec *spec, void *place, const char *text)
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
	case OPTION_PLACE:
		return checked_set(place, text, place_is_good(text));
	case OPTION_URL:
		return checked_set(place, text, url_is_good(text));
	case OPTION_TEXTS:
	case OPTION_PLACES:
		return texts_set(place, spec->type, text);
	case OPTION_UPGRADES:
		return false; /* in the file alone: see option_json.c */
	case OPTION_DEV:
		return dev_read(place, spec, text);
	}
	BUG("option type");
}

enum err option_set_text(const struct option_spec *spec, void *base,
			 const char *text, const char *field, struct fault *f)
{
	if (option_read(spec, option_place(spec, base), text))
		return ERR_OK;
	return option_refuse(spec, option_bad_value(spec->type), false,
			     text && text[0] ? text : "(empty)", field, f);
}

enum err option_add_text(const struct option_spec *spec, void *base,
			 const char *text, const char *field, struct fault *f)
{
	if (texts_split(option_place(spec, base), spec->type, text))
		return ERR_OK;
	return option_refuse(spec, option_bad_value(spec->type), false,
			     text[0] ? text : "(empty)", field, f);
}

void option_table_release(const struct option_table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct option_spec *spec = &t->specs[i];
		void *place = option_place(spec, t->base);

		if (spec->type == OPTION_TEXTS || spec->type == OPTION_PLACES)
			texts_release(place);
		if (spec->type == OPTION_STRING || spec->type == OPTION_TEXT ||
		    spec->type == OPTION_PATH || spec->type == OPTION_PLACE ||
		    spec->type == OPTION_URL)
			text_set(place, NULL);
	}
}
