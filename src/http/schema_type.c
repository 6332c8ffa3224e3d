/* SPDX-License-Identifier: MIT */
/* A type in the words of schemas.h to its JSON Schema. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "http/schemas.h"

static json_t *pack(const char *key, json_t *value)
{
	json_t *o = json_object();

	json_object_set_new(o, key, value);
	return o;
}

static json_t *named(const char *type)
{
	static const char *const plain[] = {"boolean", "integer", "string",
					    "null"};
	char ref[80];
	size_t i;

	for (i = 0; i < ARRAY_LEN(plain); i++)
		if (!strcmp(type, plain[i]))
			return pack("type", json_string(type));
	if (!strcmp(type, "any"))
		return json_object();
	snprintf(ref, sizeof(ref), "#/components/schemas/%s", type);
	return pack("$ref", json_string(ref));
}

static json_t *words(const char *list)
{
	json_t *all = json_array();
	size_t len;

	for (; *list; list += len + (list[len] != '\0')) {
		len = strcspn(list, "|");
		json_array_append_new(all, json_stringn(list, len));
	}
	return all;
}

static json_t *of_span(const char *type, size_t len)
{
	char *copy = xmemdup(type, len + 1);
	json_t *o;

	copy[len] = '\0';
	o = schema_of_type(copy);
	free(copy);
	return o;
}

json_t *schema_of_type(const char *type)
{
	const char *other = strstr(type, " or ");
	size_t len = strlen(type);
	json_t *o, *any;

	if (other) {
		any = json_array();
		for (; other; type = other + 4, other = strstr(type, " or "))
			json_array_append_new(
				any, of_span(type, (size_t)(other - type)));
		json_array_append_new(any, schema_of_type(type));
		return pack("anyOf", any);
	}
	switch (*type) {
	case '=':
		o = pack("type", json_string("string"));
		json_object_set_new(o, "enum", words(type + 1));
		return o;
	case '[':
		o = pack("type", json_string("array"));
		json_object_set_new(o, "items", of_span(type + 1, len - 2));
		return o;
	case '{':
		o = pack("type", json_string("object"));
		json_object_set_new(o, "additionalProperties",
				    of_span(type + 1, len - 2));
		return o;
	default:
		return named(type);
	}
}
