/* SPDX-License-Identifier: MIT */
/*
 * The route table and parameters: malformed queries are named, what a path
 * does not take is 405, and the OpenAPI file says exactly what there is.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/routes.h"
#include "http_fixture.h"

/* --- parameters ---------------------------------------------------------- */

START_TEST(bad_parameters_are_named)
{
	static const struct {
		const char *path;
		int status;
		const char *code, *field;
	} cases[] = {
		{"/balance", 400, "missing_field", "address"},
		{"/balance?address=", 400, "bad_address", "address"},
		{"/balance?address", 400, "bad_address", "address"},
		{"/balance?address=12", 400, "bad_address", "address"},
		{"/balance?address=" A40 "0", 400, "bad_address", "address"},
		{"/balance?address=" A40 "&address=" A40, 400,
		 "duplicate_field", "address"},
		{"/balance?address=" A40 "&addres%73=" A40, 400,
		 "duplicate_field", "address"},
		{"/balance?address=" A40 "%00", 400, "malformed", "address"},
		{"/balance?address=%0", 400, "malformed", "address"},
		{"/balance?address=%zz", 400, "malformed", "address"},
		{"/balance?addr=" A40, 400, "unknown_field", "addr"},
		{"/balance?address=" A40 "&x", 400, "unknown_field", "x"},
		{"/balance?%00=1", 400, "malformed", ""},
		{"/balance?=1", 400, "unknown_field", ""},
		{"/balance?address=" A40 "&confirmations=-1", 400, "wrong_type",
		 "confirmations"},
		{"/balance?address=" A40 "&confirmations=1.0", 400,
		 "wrong_type", "confirmations"},
		{"/balance?address=" A40 "&confirmations=01", 400,
		 "out_of_range", "confirmations"},
		{"/balance?address=" A40 "&confirmations=9007199254740992", 400,
		 "out_of_range", "confirmations"},
		{"/balance?address=" A40
		 "&confirmations=99999999999999999999999999",
		 400, "out_of_range", "confirmations"},
		{"/balances?limit=0", 400, "out_of_range", "limit"},
		{"/balances?limit=1001", 400, "out_of_range", "limit"},
		{"/balances?prefix=xyz", 400, "bad_address", "prefix"},
		{"/balances?prefix=" A40 "0", 400, "out_of_range", "prefix"},
		{"/balances?after=1", 400, "bad_address", "after"},
		{"/block", 400, "missing_field", "index"},
		{"/block?index=x", 400, "wrong_type", "index"},
		{"/block?index=1&hash=" H64, 400, "duplicate_field", "hash"},
		{"/block?hash=" A40, 400, "bad_hash", "hash"},
		{"/block?hash=" H64, 404, "not_found", ""},
		{"/block?index=0&state=some", 400, "out_of_range", "state"},
		{"/block?index=7", 404, "not_found", ""},
		{"/confirmations", 400, "missing_field", "transaction_id"},
		{"/confirmations?transaction_id=" A40, 400, "bad_hash",
		 "transaction_id"},
		{"/confirmations?transaction_id=" H64, 404, "not_found", ""},
		{"/running?x=1", 400, "unknown_field", "x"},
		{"/v1/blocks/first", 400, "malformed", "id"},
		{"/v1/blocks/%ff", 400, "malformed", "id"},
		{"/v1/blocks/99", 404, "not_found", ""},
		{"/v1/blocks?limit=201", 400, "out_of_range", "limit"},
		{"/v1/txs/12", 400, "bad_hash", "id"},
		{"/v1/txs/" H64, 404, "not_found", ""},
		{"/v1/accounts/12", 400, "bad_address", "account"},
		{"/v1/accounts/" A40 "/txs?cursor=1", 400, "malformed",
		 "cursor"},
		{"/v1/accounts/" A40 "/txs?format=xml", 400, "out_of_range",
		 "format"},
		{"/" A40, 404, "not_found", "address"},
		{"/" A40 "/blk/cnt/", 404, "not_found", "address"},
		{"/" A40 "/blk/0", 404, "not_found", "address"},
	};
	struct hash root;
	size_t i;

	start();
	root = tip_state();
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		get(cases[i].path);
		ck_assert_msg(reply.status == cases[i].status &&
				      !strcmp(text_of("code"), cases[i].code),
			      "%s: %s", cases[i].path, (char *)reply.body.data);
		expect_problem(cases[i].status, cases[i].code, cases[i].field);
		still_fine(&root);
	}
	/* what is odd but right */
	get("/balance?&address=" A40 "&&confirmations=1&");
	expect(200);
	get("/balance?addre%73s=" A40);
	expect(200);
	get("/balance?address=" A40 "#confirmations=x");
	expect(200);
	stop();
}
END_TEST

/* --- the table ----------------------------------------------------------- */

/* A path of the pattern, with something plausible in its holes. */
static void fill_path(char *out, size_t cap, const char *pattern)
{
	const char *value;
	size_t len = 0;

	while (*pattern) {
		if (*pattern != '{') {
			ck_assert_uint_lt(len + 1, cap);
			out[len++] = *pattern++;
			continue;
		}
		value = !strncmp(pattern, "{number}", 8) ? "0"
			: !strncmp(pattern, "{id}", 4)	 ? H64
							 : own_hex;
		ck_assert_uint_lt(len + strlen(value), cap);
		memcpy(out + len, value, strlen(value));
		len += strlen(value);
		pattern += strcspn(pattern, "}") + 1;
	}
	out[len] = '\0';
}

START_TEST(what_a_path_does_not_take_is_405_with_what_it_takes)
{
	static const struct {
		const char *name;
		unsigned bit;
	} methods[] = {{"GET", HTTP_GET},
		       {"HEAD", HTTP_GET},
		       {"POST", HTTP_POST},
		       {"PUT", HTTP_PUT},
		       {"DELETE", HTTP_DELETE},
		       {"OPTIONS", 0},
		       {"PATCH", 0},
		       {"TRACE", 0},
		       {"BREW", 0}};
	char path[256], allow[ROUTE_ALLOW_MAX];
	size_t i, k;

	start();
	for (i = 0; i < route_count; i++) {
		const struct route *r = &route_table[i];

		fill_path(path, sizeof(path), r->path);
		route_allow(allow,
			    r->methods |
				    (r->methods & HTTP_GET ? HTTP_HEAD : 0));
		for (k = 0; k < ARRAY_LEN(methods); k++) {
			ask_with(methods[k].name, path, "", SPAN(NULL, 0));
			if (r->methods & methods[k].bit) {
				ck_assert_msg(reply.status != 405 &&
						      reply.status != 501,
					      "%s %s", methods[k].name, path);
				continue;
			}
			ck_assert_msg(reply.status == 405, "%s %s: %d",
				      methods[k].name, path, reply.status);
			ck_assert_str_eq(reply_header(&reply, "Allow"), allow);
			if (strcmp(methods[k].name, "HEAD") != 0)
				expect_problem(405, "method_not_allowed", "");
		}
	}
	stop();
}
END_TEST

START_TEST(the_openapi_file_lists_exactly_the_routes)
{
	static const struct {
		const char *name;
		unsigned bit;
	} methods[] = {{"get", HTTP_GET},
		       {"post", HTTP_POST},
		       {"put", HTTP_PUT},
		       {"delete", HTTP_DELETE}};
	const struct param *p;
	size_t i, k, n, listed = 0, declared = 0;
	const char *name;
	json_t *paths, *path, *op;

	start();
	get("/openapi.json");
	expect(200);
	ck_assert_str_eq(text_of("openapi"), "3.1.0");
	paths = json_object_get(json, "paths");
	json_object_foreach(paths, name, path) listed += json_object_size(path);
	for (i = 0; i < route_count; i++) {
		const struct route *r = &route_table[i];

		for (k = 0; k < ARRAY_LEN(methods); k++) {
			if (!(r->methods & methods[k].bit))
				continue;
			declared++;
			op = json_object_get(json_object_get(paths, r->path),
					     methods[k].name);
			ck_assert_msg(op != NULL, "%s %s", methods[k].name,
				      r->path);
			for (p = r->params, n = 0; p->name; p++, n++)
				ck_assert_str_eq(
					p->name,
					json_string_value(json_object_get(
						json_array_get(
							json_object_get(
								op,
								"parameters"),
							n),
						"name")));
			ck_assert_uint_le(n, PARAMS_MAX);
			ck_assert_uint_eq(n, json_array_size(json_object_get(
						     op, "parameters")));
			ck_assert_int_eq(json_object_get(op, "security") !=
						 NULL,
					 r->cookie);
		}
	}
	ck_assert_uint_eq(listed, declared);
	stop();
}
END_TEST

/* Every $ref below it names a shape that is there. */
static void check_refs(json_t *schemas, json_t *value)
{
	static const char prefix[] = "#/components/schemas/";
	const char *name, *ref;
	json_t *member;
	size_t k;

	json_array_foreach(value, k, member) check_refs(schemas, member);
	json_object_foreach(value, name, member)
	{
		if (strcmp(name, "$ref") != 0) {
			check_refs(schemas, member);
			continue;
		}
		ref = json_string_value(member);
		ck_assert(!strncmp(ref, prefix, strlen(prefix)));
		ck_assert_msg(json_object_get(schemas, ref + strlen(prefix)) !=
				      NULL,
			      "%s", ref);
	}
}

START_TEST(the_openapi_file_says_what_every_answer_holds)
{
	json_t *schemas, *paths, *path, *op, *all, *one;
	const char *name, *method, *status, *about;

	start();
	get("/openapi.json");
	schemas =
		json_object_get(json_object_get(json, "components"), "schemas");
	ck_assert_uint_gt(json_object_size(schemas), 20);
	check_refs(schemas, json);
	paths = json_object_get(json, "paths");
	json_object_foreach(paths, name, path)
		json_object_foreach(path, method, op)
	{
		all = json_object_get(op, "responses");
		ck_assert(json_object_get(all, "200") != NULL);
		ck_assert(json_object_get(all, "default") != NULL);
		json_object_foreach(all, status, one)
		{
			about = json_string_value(
				json_object_get(one, "description"));
			ck_assert_msg(about && strlen(about) > 5, "%s %s %s",
				      method, name, status);
		}
	}
	stop();
}
END_TEST

START_TEST(path_parameters_come_first_and_in_the_order_of_the_path)
{
	size_t i, k;

	for (i = 0; i < route_count; i++) {
		const struct param *p = route_table[i].params;
		const char *at = route_table[i].path;

		for (k = 0; (at = strchr(at, '{')); k++, at++) {
			ck_assert(p[k].in_path && p[k].required);
			ck_assert(
				!strncmp(at + 1, p[k].name, strlen(p[k].name)));
		}
		for (; p[k].name; k++)
			ck_assert(!p[k].in_path);
		ck_assert_int_eq(route_table[i].body_max > 0,
				 route_table[i].body != NULL);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("api");

	tcase_add_test(tc, bad_parameters_are_named);
	tcase_add_test(tc, what_a_path_does_not_take_is_405_with_what_it_takes);
	tcase_add_test(tc, the_openapi_file_lists_exactly_the_routes);
	tcase_add_test(tc, the_openapi_file_says_what_every_answer_holds);
	tcase_add_test(tc,
		       path_parameters_come_first_and_in_the_order_of_the_path);
	return run_case("http_routes", tc);
}
