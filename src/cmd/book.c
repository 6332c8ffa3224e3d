/* SPDX-License-Identifier: MIT */
/* The wallet's address book; see the header. */
#include "cmd/book.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/tx_json.h"
#include "store/file.h"

#define BOOK_FILE "wallet.json"
#define BOOK_FILE_MAX (2u << 20)

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

bool book_name_is_good(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > BOOK_NAME_MAX || !is_alnum(name[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(name[i]) && !strchr("._-", name[i]))
			return false;
	return true;
}

/* Where the name is, or belongs. */
static size_t place_of(const struct book *b, const char *name)
{
	size_t low = 0;
	size_t high = b->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(b->list[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool is_at(const struct book *b, size_t i, const char *name)
{
	return i < b->count && strcmp(b->list[i].name, name) == 0;
}

bool book_find(struct address *out, const struct book *b, const char *name)
{
	size_t i = place_of(b, name);

	if (!is_at(b, i, name))
		return false;
	*out = b->list[i].address;
	return true;
}

enum err book_set(struct book *b, const char *name,
		  const struct address *address, struct fault *f)
{
	size_t i = place_of(b, name);

	if (!is_at(b, i, name)) {
		if (b->count == BOOK_ENTRIES_MAX)
			return fault_set(f, ERR_TOO_BIG, "names",
					 "the address book is full, expected "
					 "at most %d names",
					 BOOK_ENTRIES_MAX);
		b->list = xrealloc(b->list, b->count + 1, sizeof(*b->list));
		memmove(&b->list[i + 1], &b->list[i],
			(b->count - i) * sizeof(*b->list));
		b->count++;
		snprintf(b->list[i].name, sizeof(b->list[i].name), "%s", name);
	}
	b->list[i].address = *address;
	return ERR_OK;
}

enum err book_resolve(struct address *out, const struct book *b,
		      const char *text, struct fault *f)
{
	if (address_from_hex(out, span_str(text)))
		return ERR_OK;
	if (book_find(out, b, text))
		return ERR_OK;
	if (book_name_is_good(text))
		return fault_set(f, ERR_NOT_FOUND, "",
				 "%s is neither an address of 40 hex digits "
				 "nor a name in the address book",
				 text);
	return fault_set(f, ERR_BAD_ADDRESS, "",
			 "value %s, expected an address of 40 hex digits or a "
			 "name from the address book",
			 text);
}

/* --- the file ---------------------------------------------------------- */

static enum err read_address(struct address *out, const json_t *value,
			     const char *field, struct fault *f)
{
	const char *text = json_string_value(value);

	if (!text)
		return fault_set(f, ERR_WRONG_TYPE, field,
				 "expected an address of 40 hex digits");
	if (!address_from_hex(out, span_str(text)))
		return fault_set(f, ERR_BAD_ADDRESS, field,
				 "value %s, expected 40 hex digits", text);
	return ERR_OK;
}

static enum err read_names(struct book *out, const json_t *names,
			   struct fault *f)
{
	const char *key;
	const json_t *value;

	if (!json_is_object(names))
		return fault_set(f, ERR_WRONG_TYPE, "names",
				 "expected an object");
	json_object_foreach((json_t *)names, key, value)
	{
		char field[FAULT_FIELD_MAX];
		struct address address;
		enum err e;

		snprintf(field, sizeof(field), "names.%s", key);
		if (!book_name_is_good(key))
			return fault_set(f, ERR_OUT_OF_RANGE, field,
					 "expected 1..%d letters, digits, "
					 "'.', '_' or '-'",
					 BOOK_NAME_MAX);
		e = read_address(&address, value, field, f);
		if (!e)
			e = book_set(out, key, &address, f);
		if (e)
			return e;
	}
	return ERR_OK;
}

static enum err read_root(struct book *out, const json_t *root, struct fault *f)
{
	const char *key;
	const json_t *value;
	enum err e = ERR_OK;

	if (!json_is_object(root))
		return fault_set(f, ERR_WRONG_TYPE, "", "expected an object");
	json_object_foreach((json_t *)root, key, value)
	{
		if (strcmp(key, "default") == 0) {
			e = read_address(&out->default_address, value, key, f);
			out->has_default = !e;
		} else if (strcmp(key, "names") == 0) {
			e = read_names(out, value, f);
		} else {
			e = fault_set(f, ERR_UNKNOWN_FIELD, key,
				      "expected default or names");
		}
		if (e)
			break;
	}
	return e;
}

enum err book_load(struct book *out, const char *datadir, struct fault *f)
{
	char *path = path_join(datadir, BOOK_FILE);
	struct buf text = {0};
	struct fault inner = {0};
	json_t *root = NULL;
	enum err e;

	*out = (struct book){0};
	e = file_read(&text, path, BOOK_FILE_MAX, f);
	if (!e) {
		root = json_parse(buf_span(&text), &inner);
		e = root ? read_root(out, root, &inner) : inner.code;
		if (e)
			fault_set(f, e, inner.field, "%s: %s", path,
				  inner.detail);
	} else if (e == ERR_NOT_FOUND) {
		e = ERR_OK;
	}
	json_decref(root);
	buf_release(&text);
	free(path);
	if (e)
		book_release(out);
	return e;
}

enum err book_save(const struct book *b, const char *datadir, struct fault *f)
{
	char *path = path_join(datadir, BOOK_FILE);
	json_t *root = json_object();
	json_t *names = json_object();
	char hex[ADDRESS_HEX_LEN];
	struct buf text = {0};
	char *dump;
	enum err e;

	if (b->has_default)
		json_object_set_new(
			root, "default",
			json_string(address_hex(hex, &b->default_address)));
	for (size_t i = 0; i < b->count; i++)
		json_object_set_new(
			names, b->list[i].name,
			json_string(address_hex(hex, &b->list[i].address)));
	json_object_set_new(root, "names", names);
	dump = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	if (!dump)
		BUG("json_dumps failed");
	buf_append(&text, dump, strlen(dump));
	buf_byte(&text, '\n');
	free(dump);
	e = dir_make_all(datadir, f);
	if (!e)
		e = file_replace(path, buf_span(&text), f);
	buf_release(&text);
	free(path);
	return e;
}

void book_release(struct book *b)
{
	free(b->list);
	*b = (struct book){0};
}
