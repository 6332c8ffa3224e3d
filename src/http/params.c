/* SPDX-License-Identifier: MIT */
/* Reading parameters; see the header. On the path of every request: no
 * allocation, no copy beyond the decoded value. */
#include "http/params.h"

#include <string.h>

#include "base/text.h"

/* Undo %XX, and + in a query. false: a bad escape, NUL, or too long. */
static bool unescape(char *out, size_t cap, size_t *len, struct span in,
		     bool plus)
{
	size_t i, n = 0;
	uint8_t c;

	for (i = 0; i < in.len; i++) {
		c = in.data[i];
		if (c == '%') {
			if (in.len - i < 3 ||
			    !hex_decode(&c, 1, SPAN(in.data + i + 1, 2)))
				return false;
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (!c || n == cap)
			return false;
		out[n++] = (char)c;
	}
	*len = n;
	return true;
}

static bool is_digits(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
	return s.len > 0;
}

static enum err read_number(struct arg *out, const struct param *p,
			    struct span v, struct fault *f)
{
	if (decimal_decode(&out->number, p->max, v) && out->number >= p->min)
		return ERR_OK;
	return fault_set(
		f, is_digits(v) ? ERR_OUT_OF_RANGE : ERR_WRONG_TYPE, p->name,
		"\"%.*s\" is not an integer from %llu to %llu",
		(int)(v.len > 40 ? 40 : v.len), (const char *)v.data,
		(unsigned long long)p->min, (unsigned long long)p->max);
}

static enum err read_choice(struct arg *out, const struct param *p,
			    struct span v, struct fault *f)
{
	const char *at = p->choices;
	uint64_t n = 0;
	size_t len;

	for (;; n++) {
		len = strcspn(at, "|");
		if (span_eq(v, SPAN(at, len))) {
			out->number = n;
			return ERR_OK;
		}
		if (!at[len])
			break;
		at += len + 1;
	}
	return fault_set(f, ERR_OUT_OF_RANGE, p->name,
			 "\"%.*s\" is not one of %s",
			 (int)(v.len > 40 ? 40 : v.len), (const char *)v.data,
			 p->choices);
}

static enum err read_text(struct args *a, struct arg *out,
			  const struct param *p, struct span v, struct fault *f)
{
	if (!span_is_utf8(v))
		return fault_set(f, ERR_MALFORMED, p->name, "not UTF-8");
	if (v.len > p->max || v.len >= sizeof(a->text) - a->text_len)
		return fault_set(f, ERR_OUT_OF_RANGE, p->name,
				 "%zu bytes long; expected at most %llu", v.len,
				 (unsigned long long)p->max);
	out->text = a->text + a->text_len;
	if (v.len)
		memcpy(a->text + a->text_len, v.data, v.len);
	a->text_len += v.len;
	a->text[a->text_len++] = '\0';
	return ERR_OK;
}

static enum err read_value(struct args *a, struct arg *out,
			   const struct param *p, struct span raw,
			   struct fault *f)
{
	char value[PARAMS_TEXT_MAX];
	size_t len;
	struct span v;

	if (!unescape(value, sizeof(value), &len, raw, !p->in_path))
		return fault_set(f, ERR_MALFORMED, p->name,
				 "a bad %%XX escape, a zero byte, or more than "
				 "%d bytes",
				 PARAMS_TEXT_MAX);
	v = SPAN(value, len);
	out->given = true;
	switch (p->type) {
	case PARAM_NUMBER:
		return read_number(out, p, v, f);
	case PARAM_ADDRESS:
		if (address_from_hex(&out->address, v))
			return ERR_OK;
		return fault_set(f, ERR_BAD_ADDRESS, p->name,
				 "\"%.*s\" is not 40 hex digits",
				 (int)(len > 80 ? 80 : len), value);
	case PARAM_HASH:
		if (hash_from_hex(&out->hash, v))
			return ERR_OK;
		return fault_set(f, ERR_BAD_HASH, p->name,
				 "\"%.*s\" is not 64 hex digits",
				 (int)(len > 80 ? 80 : len), value);
	case PARAM_CHOICE:
		return read_choice(out, p, v, f);
	case PARAM_TEXT:
		return read_text(a, out, p, v, f);
	}
	BUG("a parameter of no type");
}

static enum err read_pair(struct args *out, const struct param *params,
			  struct span pair, struct fault *f)
{
	const uint8_t *eq = memchr(pair.data, '=', pair.len);
	size_t name_len = eq ? (size_t)(eq - pair.data) : pair.len;
	struct span value = SPAN(NULL, 0);
	char name[64] = "";
	size_t i, len;

	if (eq)
		value = SPAN(eq + 1, pair.len - name_len - 1);
	if (!unescape(name, sizeof(name) - 1, &len, SPAN(pair.data, name_len),
		      true))
		return fault_set(f, ERR_MALFORMED, "",
				 "the name of a parameter cannot be read");
	name[len] = '\0';
	for (i = 0; params[i].name; i++) {
		if (params[i].in_path || strcmp(params[i].name, name))
			continue;
		if (out->arg[i].given)
			return fault_set(f, ERR_DUPLICATE_FIELD, name,
					 "given more than once");
		return read_value(out, &out->arg[i], &params[i], value, f);
	}
	return fault_set(f, ERR_UNKNOWN_FIELD, name,
			 "this path has no parameter of that name");
}

enum err params_read(struct args *out, const struct param *params,
		     const struct span *pieces, struct span query,
		     struct fault *f)
{
	const uint8_t *amp;
	struct span pair;
	enum err e;
	size_t i;

	out->text_len = 0;
	for (i = 0; params[i].name; i++) {
		out->arg[i].given = false;
		if (!params[i].in_path)
			continue;
		e = read_value(out, &out->arg[i], &params[i], pieces[i], f);
		if (e)
			return e;
	}
	while (query.len) {
		amp = memchr(query.data, '&', query.len);
		pair = query;
		if (amp)
			pair.len = (size_t)(amp - query.data);
		e = pair.len ? read_pair(out, params, pair, f) : ERR_OK;
		if (e)
			return e;
		if (!amp)
			break;
		query = SPAN(amp + 1, query.len - pair.len - 1);
	}
	for (i = 0; params[i].name; i++)
		if (params[i].required && !out->arg[i].given)
			return fault_set(f, ERR_MISSING_FIELD, params[i].name,
					 "this parameter is required: %s",
					 params[i].about);
	return ERR_OK;
}
