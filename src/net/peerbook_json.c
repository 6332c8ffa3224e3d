/* SPDX-License-Identifier: MIT */
/* peers.json as text; see peerbook.h. */
#include <config.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/peerbook.h"

static const char *const sources[] = {
	[BOOK_HEARD] = "heard",
	[BOOK_TOLD] = "told",
	[BOOK_MET] = "met",
};

/* --- writing ----------------------------------------------------------- */

static json_t *entry_json(const struct peerbook_entry *e)
{
	return json_pack("{s:s, s:s, s:I, s:I}", "where", e->where, "source",
			 sources[e->source], "last_good",
			 (json_int_t)e->last_good, "failures",
			 (json_int_t)e->failures);
}

static json_t *ban_json(const struct ban *ban)
{
	char id[ADDRESS_HEX_LEN], host[INET6_ADDRSTRLEN];

	if (ban->of_host)
		host_print(host, &ban->host);
	else
		address_hex(id, &ban->id);
	return json_pack(
		"{s:s, s:I, s:I, s:s}", ban->of_host ? "address" : "id",
		ban->of_host ? host : id, "until", (json_int_t)ban->until,
		"times", (json_int_t)ban->times, "why", ban->why);
}

void peerbook_write(struct buf *out, const struct peerbook *b)
{
	json_t *addresses = json_array(), *bans = json_array(), *all;
	char *text;
	size_t i;

	for (i = 0; i < b->count; i++)
		json_array_append_new(addresses, entry_json(&b->entries[i]));
	for (i = 0; i < b->ban_count; i++)
		json_array_append_new(bans, ban_json(&b->bans[i]));
	all = json_pack("{s:o, s:o}", "addresses", addresses, "bans", bans);
	text = json_dumps(all, JSON_INDENT(1));
	if (!text)
		BUG("the peer book is no JSON");
	buf_append(out, text, strlen(text));
	buf_byte(out, '\n');
	free(text);
	json_decref(all);
}

/* --- reading ----------------------------------------------------------- */

/* A whole number of 0..2^53 - 1. */
static bool read_number(uint64_t *out, const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);
	json_int_t n = json_integer_value(v);

	*out = (uint64_t)n;
	return json_is_integer(v) && n >= 0 && n < (json_int_t)1 << 53;
}

static bool read_entry(struct peerbook_entry *out, const json_t *v)
{
	const char *where = json_string_value(json_object_get(v, "where"));
	const char *source = json_string_value(json_object_get(v, "source"));
	struct where w;
	size_t i;

	*out = (struct peerbook_entry){.where = ""};
	if (!where || !source || !where_parse(&w, where) ||
	    !read_number(&out->last_good, v, "last_good") ||
	    !read_number(&out->failures, v, "failures"))
		return false;
	where_print(out->where, &w);
	for (i = 0; i < ARRAY_LEN(sources); i++)
		if (!strcmp(source, sources[i])) {
			out->source = (enum peerbook_source)i;
			return true;
		}
	return false;
}

/* Printable ASCII, since it goes into the log. */
static void copy_plain(char *out, size_t size, const char *text)
{
	size_t i;

	for (i = 0; text[i] && i + 1 < size; i++)
		out[i] = (char)(text[i] < ' ' || text[i] > '~' ? '?' : text[i]);
	out[i] = '\0';
}

static bool read_ban(struct ban *out, const json_t *v)
{
	const char *id = json_string_value(json_object_get(v, "id"));
	const char *host = json_string_value(json_object_get(v, "address"));
	const char *why = json_string_value(json_object_get(v, "why"));

	*out = (struct ban){.of_host = host};
	if (!id == !host || !why || !read_number(&out->until, v, "until") ||
	    !read_number(&out->times, v, "times"))
		return false;
	copy_plain(out->why, sizeof(out->why), why);
	return host ? host_parse(&out->host, host)
		    : address_from_hex(&out->id, span_str(id));
}

static enum err damaged(struct peerbook *b, struct fault *f, const char *field,
			const char *what)
{
	b->count = b->ban_count = 0;
	return fault_set(f, ERR_MALFORMED, field, "%s", what);
}

static enum err read_lists(struct peerbook *b, const json_t *all,
			   struct fault *f)
{
	const json_t *addresses = json_object_get(all, "addresses");
	const json_t *bans = json_object_get(all, "bans");
	size_t i;
	json_t *v;

	if (!json_is_array(addresses) || !json_is_array(bans) ||
	    json_array_size(addresses) > BOOK_ADDRESSES_MAX ||
	    json_array_size(bans) > BOOK_BANS_MAX)
		return damaged(b, f, "",
			       "expected the lists addresses and "
			       "bans, of 1024 at most");
	json_array_foreach(addresses, i, v)
	{
		if (!read_entry(&b->entries[b->count], v))
			return damaged(b, f, "addresses", "a wrong entry");
		/* written by hand, perhaps twice */
		if (!peerbook_find(b, b->entries[b->count].where))
			b->count++;
	}
	json_array_foreach(bans, i, v)
	{
		if (!read_ban(&b->bans[b->ban_count++], v))
			return damaged(b, f, "bans", "a wrong entry");
	}
	return ERR_OK;
}

enum err peerbook_read(struct peerbook *b, struct span text, uint64_t now,
		       struct fault *f)
{
	json_error_t where;
	json_t *all = json_loadb((const char *)text.data, text.len,
				 JSON_REJECT_DUPLICATES, &where);
	enum err e;

	if (!all)
		return damaged(b, f, "", where.text);
	e = read_lists(b, all, f);
	json_decref(all);
	if (!e)
		peerbook_prune(b, now);
	b->changed = false;
	return e;
}
