/* SPDX-License-Identifier: MIT */
/* The OpenAPI 3.1 file, made from the route table. */
#include <stdio.h>
#include <string.h>

#include "http/api.h"
#include "http/json_out.h"
#include "http/routes.h"
#include "http/schemas.h"

static json_t *schema_of(const struct param *p)
{
	json_t *s = json_object(), *list;
	const char *at;
	size_t len;

	json_object_set_new(
		s, "type",
		json_string(p->type == PARAM_NUMBER ? "integer" : "string"));
	switch (p->type) {
	case PARAM_NUMBER:
		json_object_set_new(s, "minimum",
				    json_integer((json_int_t)p->min));
		json_object_set_new(s, "maximum",
				    json_integer((json_int_t)p->max));
		break;
	case PARAM_ADDRESS:
		json_object_set_new(s, "pattern",
				    json_string("^[0-9a-fA-F]{40}$"));
		break;
	case PARAM_HASH:
		json_object_set_new(s, "pattern",
				    json_string("^[0-9a-fA-F]{64}$"));
		break;
	case PARAM_CHOICE:
		list = json_array();
		for (at = p->choices; *at; at += len + (at[len] != '\0')) {
			len = strcspn(at, "|");
			json_array_append_new(list, json_stringn(at, len));
		}
		json_object_set_new(s, "enum", list);
		break;
	case PARAM_TEXT:
		json_object_set_new(s, "maxLength",
				    json_integer((json_int_t)p->max));
		break;
	}
	return s;
}

static json_t *parameters_of(const struct route *rt)
{
	json_t *list = json_array(), *o;
	const struct param *p;

	for (p = rt->params; p->name; p++) {
		o = json_object();
		json_object_set_new(o, "name", json_string(p->name));
		json_object_set_new(o, "in",
				    json_string(p->in_path ? "path" : "query"));
		json_object_set_new(o, "required", json_boolean(p->required));
		json_object_set_new(o, "description", json_string(p->about));
		json_object_set_new(o, "schema", schema_of(p));
		json_array_append_new(list, o);
	}
	return list;
}

/* {"application/json": {"schema": ...}} */
static json_t *content(const char *type, const char *schema)
{
	json_t *o = json_object(), *media = json_object();

	if (schema)
		json_object_set_new(media, "schema", schema_of_type(schema));
	json_object_set_new(o, type, media);
	return o;
}

static json_t *body_of(const struct route *rt)
{
	json_t *media = content(HTTP_JSON, rt->body_schema);
	json_t *o = json_object();

	if (strstr(rt->body, "msgpack"))
		json_object_set_new(media, HTTP_MSGPACK, json_object());
	json_object_set_new(o, "description", json_string(rt->body));
	json_object_set_new(o, "required", json_true());
	json_object_set_new(o, "content", media);
	return o;
}

/* media NULL: no body. */
static void add_response(json_t *responses, const char *status,
			 const char *about, json_t *media)
{
	json_t *o = json_object();

	json_object_set_new(o, "description", json_string(about));
	if (media)
		json_object_set_new(o, "content", media);
	json_object_set_new(responses, status, o);
}

static json_t *responses_of(const struct route *rt)
{
	json_t *responses = json_object();
	json_t *media = content(rt->type, rt->schema);

	if (rt->other)
		json_object_set_new(media, rt->other, json_object());
	add_response(responses, "200", rt->answer, media);
	if (rt->accepted)
		add_response(responses, "202", rt->accepted,
			     content(rt->type, rt->schema));
	if (rt->methods & HTTP_GET && !rt->no_store)
		add_response(responses, "304",
			     "what If-None-Match names is still right", NULL);
	if (rt->missing)
		add_response(responses, "404", rt->missing,
			     content(HTTP_PROBLEM, "Problem"));
	add_response(responses, "default",
		     "a problem (RFC 9457) with a stable code",
		     content(HTTP_PROBLEM, "Problem"));
	return responses;
}

static json_t *operation(const struct route *rt, const char *method)
{
	json_t *o = json_object();
	char id[96];
	size_t i, n;

	n = (size_t)snprintf(id, sizeof(id), "%s%s", method, rt->path);
	for (i = 0; i < n; i++)
		if (strchr("/{}.", id[i]))
			id[i] = '_';
	json_object_set_new(o, "operationId", json_string(id));
	json_object_set_new(o, "summary", json_string(rt->summary));
	json_object_set_new(o, "parameters", parameters_of(rt));
	if (rt->body)
		json_object_set_new(o, "requestBody", body_of(rt));
	if (rt->cookie)
		json_object_set_new(o, "security",
				    json_pack("[{s:[]}]", "cookie"));
	json_object_set_new(o, "responses", responses_of(rt));
	return o;
}

static void add_route(json_t *paths, const struct route *rt)
{
	static const struct {
		unsigned bit;
		const char *name;
	} methods[] = {{HTTP_GET, "get"},
		       {HTTP_PUT, "put"},
		       {HTTP_POST, "post"},
		       {HTTP_DELETE, "delete"}};
	json_t *path = json_object_get(paths, rt->path);
	size_t i;

	if (!path) {
		path = json_object();
		json_object_set_new(paths, rt->path, path);
	}
	for (i = 0; i < ARRAY_LEN(methods); i++)
		if (rt->methods & methods[i].bit)
			json_object_set_new(path, methods[i].name,
					    operation(rt, methods[i].name));
}

void api_openapi(struct buf *out, const char *version)
{
	json_t *paths = json_object(), *root;
	size_t i;

	for (i = 0; i < route_count; i++)
		add_route(paths, &route_table[i]);
	root = json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, "
			 "s:{s:o, s:{s:{s:s, s:s}}}}",
			 "openapi", "3.1.0", "info", "title", "ccoin node",
			 "version", version, "description",
			 "One ledger over plain HTTP and JSON. Amounts are "
			 "integers, times integer milliseconds, hashes and "
			 "addresses lower-case hex.",
			 "paths", paths, "components", "schemas", schemas_all(),
			 "securitySchemes", "cookie", "type", "http", "scheme",
			 "bearer");
	if (!root)
		BUG("the OpenAPI file cannot be made");
	out_json(out, root);
	out_text(out, "\n");
	json_decref(root);
}
