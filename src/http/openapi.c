/* SPDX-License-Identifier: MIT */
/* The OpenAPI 3.1 file, made from the route table. */
#include <stdio.h>
#include <string.h>

#include "http/api.h"
#include "http/json_out.h"
#include "http/routes.h"

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

static json_t *body_of(const struct route *rt)
{
	json_t *content = json_object(), *o = json_object();

	json_object_set_new(content, HTTP_JSON, json_object());
	if (strstr(rt->body, "msgpack"))
		json_object_set_new(content, "application/msgpack",
				    json_object());
	json_object_set_new(o, "description", json_string(rt->body));
	json_object_set_new(o, "required", json_true());
	json_object_set_new(o, "content", content);
	return o;
}

static json_t *response(const char *about, const char *type)
{
	json_t *content = json_object(), *o = json_object();

	json_object_set_new(content, type, json_object());
	json_object_set_new(o, "description", json_string(about));
	json_object_set_new(o, "content", content);
	return o;
}

static json_t *operation(const struct route *rt, const char *method)
{
	json_t *o = json_object(), *responses = json_object();
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
	json_object_set_new(responses, "2XX", response("the answer", rt->type));
	json_object_set_new(responses, "default",
			    response("a problem (RFC 9457) with a stable code",
				     HTTP_PROBLEM));
	json_object_set_new(o, "responses", responses);
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
	root = json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, s:{s:{s:{s:s, s:s}}}}",
			 "openapi", "3.1.0", "info", "title", "ccoin node",
			 "version", version, "description",
			 "One ledger over plain HTTP and JSON. Amounts are "
			 "integers, times integer milliseconds, hashes and "
			 "addresses lower-case hex.",
			 "paths", paths, "components", "securitySchemes",
			 "cookie", "type", "http", "scheme", "bearer");
	if (!root)
		BUG("the OpenAPI file cannot be made");
	out_json(out, root);
	out_text(out, "\n");
	json_decref(root);
}
