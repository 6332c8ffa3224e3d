/* SPDX-License-Identifier: MIT */
/*
 * What the wallet's commands share: accounts and keys, asking the node, and
 * printing; see cmd/wallet.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/wallet.h"
#include "codec/tx_json.h"
#include "store/keyfile.h"

/* --- errors ------------------------------------------------------------ */

int wallet_fail(const struct fault *f)
{
	fault_print("ccoin", f);
	if (f->code == ERR_UNAVAILABLE)
		return EXIT_UNREACHABLE;
	return f->code == ERR_TIMEOUT ? EXIT_TIMED_OUT : EXIT_REFUSED;
}

int wallet_usage(const char *fmt, ...)
{
	va_list args;

	fputs("ccoin: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

static const char *text_member(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

void wallet_print_problem(const json_t *problem)
{
	const char *code = text_member(problem, "code");
	const char *field = text_member(problem, "field");
	const char *detail = text_member(problem, "detail");

	if (!detail)
		detail = text_member(problem, "title");
	fprintf(stderr, "ccoin: %s%s%s (%s)\n", field ? field : "",
		field && field[0] ? ": " : "",
		detail ? detail : "the node refused", code ? code : "?");
}

/* --- accounts ---------------------------------------------------------- */

bool wallet_amount(uint64_t *out, const char *text)
{
	return decimal_decode(out, AMOUNT_MAX, span_str(text));
}

static int only_key(struct address *out, struct wallet *w)
{
	struct address *list;
	struct fault f = {0};
	size_t count;

	if (keyfile_list(&list, &count, w->config.datadir, &f))
		return wallet_fail(&f);
	if (count == 1)
		*out = list[0];
	free(list);
	if (count == 1)
		return EXIT_DONE;
	if (count == 0)
		fault_set(&f, ERR_NOT_FOUND, "",
			  "%s holds no account; make one with 'ccoin "
			  "create-account'",
			  w->config.datadir);
	else
		fault_set(&f, ERR_NOT_FOUND, "",
			  "%s holds %zu accounts and no default; say which "
			  "with --account ADDRESS",
			  w->config.datadir, count);
	return wallet_fail(&f);
}

int wallet_default(struct address *out, struct wallet *w)
{
	if (w->config.account.given)
		*out = w->config.account.value;
	else if (w->book.has_default)
		*out = w->book.default_address;
	else
		return only_key(out, w);
	return EXIT_DONE;
}

int wallet_address(struct address *out, struct wallet *w, const char *text)
{
	struct fault f = {0};

	if (!text)
		return wallet_default(out, w);
	/* what can be neither is a mistake of use */
	if (book_resolve(out, &w->book, text, &f))
		return f.code == ERR_BAD_ADDRESS
			       ? wallet_usage("ADDRESS: %s", f.detail)
			       : wallet_fail(&f);
	return EXIT_DONE;
}

int wallet_password(struct wallet *w)
{
	struct fault f = {0};

	if (w->password || !w->config.password_file)
		return EXIT_DONE;
	if (keyfile_password(&w->password, w->config.password_file, &f))
		return wallet_fail(&f);
	return EXIT_DONE;
}

int wallet_key(struct secret_key **out, struct wallet *w,
	       const struct address *address)
{
	struct fault f = {0};
	int status = wallet_password(w);

	if (status)
		return status;
	if (keyfile_load(out, w->config.datadir, address, w->password, &f))
		return wallet_fail(&f);
	return EXIT_DONE;
}

/* --- asking the node --------------------------------------------------- */

static int not_as_expected(const struct wallet *w, const char *what)
{
	struct fault f = {0};

	fault_set(&f, ERR_MALFORMED, "", "%s: %s", w->config.url, what);
	return wallet_fail(&f);
}

/* Print what an answer of 400 and above says; its status is ours. */
static int refused(const struct wallet *w, const struct reply *reply)
{
	struct fault f = {0};
	json_t *problem = json_parse(buf_span(&reply->body), &f);
	char text[64];

	if (json_is_object(problem)) {
		wallet_print_problem(problem);
		json_decref(problem);
		return EXIT_REFUSED;
	}
	json_decref(problem);
	snprintf(text, sizeof(text), "the answer is HTTP status %d",
		 reply->status);
	return not_as_expected(w, text);
}

static int call(struct reply *reply, struct wallet *w,
		const struct request *request)
{
	struct fault f = {0};
	int status;

	*reply = (struct reply){0};
	if (!w->client && client_new(&w->client, w->config.url, &f)) {
		wallet_fail(&f);
		return EXIT_USAGE;
	}
	if (client_call(w->client, reply, request, &f))
		return wallet_fail(&f);
	if (reply->status < 400)
		return EXIT_DONE;
	status = refused(w, reply);
	reply_release(reply);
	return status;
}

static int to_json(json_t **out, struct wallet *w, const struct reply *reply)
{
	struct fault f = {0};

	*out = json_parse(buf_span(&reply->body), &f);
	return *out ? EXIT_DONE
		    : not_as_expected(w, "the answer is not JSON; is this a "
					 "ccoin node?");
}

int wallet_get_text(struct buf *out, struct wallet *w, const char *path,
		    const char *accept)
{
	struct request request = {.path = path, .accept = accept};
	struct reply reply;
	int status = call(&reply, w, &request);

	if (!status)
		*out = reply.body;
	return status;
}

int wallet_get(json_t **out, struct wallet *w, const char *path)
{
	struct request request = {.path = path};
	struct reply reply;
	int status = call(&reply, w, &request);

	*out = NULL;
	if (!status)
		status = to_json(out, w, &reply);
	reply_release(&reply);
	return status;
}

int wallet_post(json_t **out, int *http_status, struct wallet *w,
		const char *path, struct span body, unsigned timeout)
{
	struct request request = {.path = path,
				  .type = "application/json",
				  .body = body,
				  .timeout = timeout};
	struct reply reply;
	int status = call(&reply, w, &request);

	*out = NULL;
	if (http_status)
		*http_status = reply.status;
	if (!status)
		status = to_json(out, w, &reply);
	reply_release(&reply);
	return status;
}

int wallet_member(uint64_t *out, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	struct fault f = {0};

	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*out = (uint64_t)json_integer_value(value);
		return EXIT_DONE;
	}
	fault_set(&f, ERR_MISSING_FIELD, name,
		  "the node's answer lacks it, expected an integer");
	return wallet_fail(&f);
}

/* --- printing ---------------------------------------------------------- */

void wallet_print_json(const json_t *value)
{
	json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_INDENT(2));
	putchar('\n');
}

/* What came from others must not move the cursor or forge a line. */
static void print_text(const char *text)
{
	for (; *text; text++)
		putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?'
								     : *text);
}

static bool is_nested(const json_t *value)
{
	return (json_is_object(value) && json_object_size(value)) ||
	       (json_is_array(value) && json_array_size(value));
}

static void print_scalar(const json_t *value)
{
	if (json_is_string(value))
		print_text(json_string_value(value));
	else if (json_is_array(value) || json_is_object(value))
		putchar('-');
	else
		json_dumpf(value, stdout, JSON_ENCODE_ANY);
	putchar('\n');
}

static void print_value(const json_t *value, int indent);

/* Long, and of use to programs alone: --json has them. */
static bool is_for_programs(const char *key)
{
	return strcmp(key, "public_key") == 0 || strcmp(key, "signature") == 0;
}

static void print_member(const json_t *value, const char *key, int indent)
{
	printf("%*s", indent, "");
	print_text(key);
	putchar(is_nested(value) ? '\n' : ' ');
	if (is_nested(value))
		print_value(value, indent + 2);
	else
		print_scalar(value);
}

/* json_parse() bounds the depth. */
static void print_value(const json_t *value, int indent)
{
	const json_t *item;
	const char *key;
	size_t i;

	if (json_is_object(value) && is_nested(value)) {
		json_object_foreach((json_t *)value, key, item)
		{
			if (!is_for_programs(key))
				print_member(item, key, indent);
		}
	} else if (json_is_array(value) && is_nested(value)) {
		json_array_foreach(value, i, item)
		{
			char name[24];

			snprintf(name, sizeof(name), "%zu", i);
			print_member(item, name, indent);
		}
	} else {
		printf("%*s", indent, "");
		print_scalar(value);
	}
}

int wallet_print(const struct wallet *w, const json_t *value)
{
	if (w->config.json)
		wallet_print_json(value);
	else
		print_value(value, 0);
	return EXIT_DONE;
}
