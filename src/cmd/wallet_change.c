/* SPDX-License-Identifier: MIT */
/* A change as the user says it: options, keys and acceptances in files. */
#include <config.h>

#include "cmd/wallet_change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/tx_json.h"
#include "store/file.h"

#define FILE_MAX 16384 /* a key or an acceptance is far smaller */

void wallet_change_release(struct wallet_change *c)
{
	buf_release(&c->key);
	buf_release(&c->acceptance);
}

int wallet_refuse(enum err code, const char *field, const char *detail)
{
	struct fault f = {0};

	fault_set(&f, code, field, "%s", detail);
	return wallet_fail(&f);
}

bool wallet_base64(struct buf *out, const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && base64_decode(out, span_str(text));
}

/* --- what the user says -------------------------------------------------- */

/* Base64 over any number of lines, as in a PEM file, whose first and last
 * line are passed over. */
static bool read_base64(struct buf *out, struct span text)
{
	struct buf digits = {0};
	size_t i = 0, end;
	bool ok;

	for (; i < text.len; i = end + 1) {
		for (end = i; end < text.len && text.data[end] != '\n'; end++)
			;
		if (text.data[i] == '-')
			continue;
		for (; i < end; i++)
			if (!strchr(" \t\r", text.data[i]))
				buf_byte(&digits, text.data[i]);
	}
	ok = digits.len && base64_decode(out, buf_span(&digits));
	buf_release(&digits);
	return ok;
}

/* What 'validator accept' printed; NULL: it is something else. */
static json_t *read_json(struct span text)
{
	struct fault f = {0};
	json_t *o = NULL;

	if (text.len && text.data[0] == '{')
		o = json_parse(text, &f);
	return o;
}

static bool read_key(struct buf *key, struct span text)
{
	json_t *o = read_json(text);
	bool ok = o ? wallet_base64(key, o, "public_key")
		    : read_base64(key, text);

	json_decref(o);
	if (ok && !key_check(NULL, buf_span(key)))
		return true;
	buf_release(key);
	return false;
}

/* --add: the key itself, or a file that holds it. */
static int read_add(struct buf *key, const char *add)
{
	struct buf text = {0};
	struct fault f = {0};
	int status = EXIT_DONE;

	if (read_key(key, span_str(add)))
		return EXIT_DONE;
	if (file_read(&text, add, FILE_MAX, &f))
		status = wallet_fail(&f);
	else if (!read_key(key, buf_span(&text)))
		status = wallet_refuse(
			ERR_BAD_PUBLIC_KEY, "add",
			"expected a public key (SubjectPublicKeyInfo) "
			"in base64 or PEM, or a file that holds one");
	buf_release(&text);
	return status;
}

/* What it accepts must be what is proposed. */
static int take_accepted(struct wallet_change *c, const json_t *o)
{
	struct buf key = {0};
	bool same = true;

	if (!wallet_base64(&c->acceptance, o, "acceptance"))
		return wallet_refuse(
			ERR_MALFORMED, "acceptance",
			"expected what 'ccoin validator accept' prints");
	if (wallet_base64(&key, o, "public_key")) {
		if (!c->key.len)
			buf_append_span(&c->key, buf_span(&key));
		same = span_eq(buf_span(&key), buf_span(&c->key));
	}
	buf_release(&key);
	if (!same)
		return wallet_refuse(ERR_WRONG_KEY, "acceptance",
				     "it is another key's than that of --add");
	return EXIT_DONE;
}

static int read_acceptance(struct wallet_change *c, const char *path)
{
	struct buf text = {0};
	struct fault f = {0};
	int status = EXIT_DONE;
	json_t *o;

	if (file_read(&text, path, FILE_MAX, &f)) {
		buf_release(&text);
		return wallet_fail(&f);
	}
	o = read_json(buf_span(&text));
	if (o)
		status = take_accepted(c, o);
	else if (!read_base64(&c->acceptance, buf_span(&text)))
		status = wallet_refuse(ERR_MALFORMED, "acceptance",
				       "expected what 'ccoin validator accept' "
				       "prints, or a signature in base64");
	json_decref(o);
	buf_release(&text);
	return status;
}

/* A key that a change names is there: also without --add, from the file. */
static int finish_add(struct wallet_change *c)
{
	if (!c->key.len)
		return wallet_usage("--add: the public key is missing");
	if (key_check(NULL, buf_span(&c->key)))
		return wallet_refuse(ERR_BAD_PUBLIC_KEY, "add",
				     "the key is not of an accepted form");
	c->change.key = buf_span(&c->key);
	key_address(&c->change.account, c->change.key);
	return EXIT_DONE;
}

int wallet_change_read(struct wallet_change *out, struct wallet *w)
{
	const struct wallet_options *o = &w->options;
	int status = EXIT_DONE;

	out->change.few = o->allow_few;
	out->change.remove = o->remove;
	if (o->remove && (o->add || o->acceptance))
		return wallet_usage("--remove: not together with --add or "
				    "--acceptance");
	if (!o->remove && o->allow_few)
		return wallet_usage("--allow-few: goes with --remove alone");
	if (o->remove)
		return wallet_address(&out->change.account, w, o->remove);
	if (!o->add && !o->acceptance)
		return wallet_usage("say --add KEY --acceptance FILE, or "
				    "--remove ADDRESS");
	if (o->add)
		status = read_add(&out->key, o->add);
	if (!status && o->acceptance)
		status = read_acceptance(out, o->acceptance);
	return status ? status : finish_add(out);
}

int wallet_change_check(const struct wallet_change *c,
			const struct hash *chain_id)
{
	struct verifier *v;
	struct buf change = {0};
	struct hash d;
	enum err e;

	if (c->change.remove)
		return EXIT_DONE;
	v = verifier_new(1);
	tx_change_encode(&change, &c->change);
	tx_accept_digest(&d, buf_span(&change), chain_id);
	e = verifier_check(v, c->change.key, &d, buf_span(&c->acceptance));
	verifier_free(v);
	buf_release(&change);
	if (!e)
		return EXIT_DONE;
	return wallet_refuse(ERR_BAD_SIGNATURE, "acceptance",
			     "it is not that key's, or not for this chain");
}
