/* SPDX-License-Identifier: MIT */
/*
 * JSON text to a jansson value, the way this project reads it everywhere.
 * What jansson would let through (depth, a million values) is refused before
 * it, and what it refuses is named by its path: on an error, and only then, the
 * text is walked again up to the place of the error.
 */
#include "codec/tx_json.h"

#include <string.h>

#define DEPTH_MAX 64

/* Position after the string that was opened just before at. */
static size_t skip_string(struct span text, size_t at)
{
	const uint8_t *quote;
	size_t end, slashes;

	while ((quote = memchr(text.data + at, '"', text.len - at))) {
		end = (size_t)(quote - text.data);
		for (slashes = 0; end - slashes > at; slashes++)
			if (text.data[end - slashes - 1] != '\\')
				break;
		at = end + 1;
		if (slashes % 2 == 0)
			return at;
	}
	return text.len;
}

/*
 * Where the text goes too deep, or holds more values than wanted; text.len
 * when it does neither. Each value but the first follows a bracket or a
 * comma: counting these is exact enough for a bound, and never short.
 */
static size_t find_too_much(struct span text, size_t values_max, bool *deep)
{
	size_t depth = 0, values = 1, i = 0;

	while (i < text.len) {
		switch (text.data[i++]) {
		case '"':
			i = skip_string(text, i);
			break;
		case '{':
		case '[':
			*deep = ++depth > DEPTH_MAX;
			if (*deep)
				return i - 1;
			/* fall through */
		case ',':
			if (++values > values_max)
				return i - 1;
			break;
		case '}':
		case ']':
			if (depth)
				depth--;
			break;
		default:
			break;
		}
	}
	return text.len;
}

/* One level of nesting on the way to a place in the text. */
struct level {
	bool is_object;
	bool wants_key;
	struct span key; /* the last one read, as written */
	size_t index;
};

/* The levels that are open at end; their number. */
static size_t find_levels(struct level levels[DEPTH_MAX], struct span text,
			  size_t end)
{
	struct level *top = NULL;
	size_t depth = 0, i = 0, start;
	uint8_t c;

	while (i < end && i < text.len) {
		c = text.data[i++];
		if (c == '"') {
			start = i;
			i = skip_string(text, i);
			if (top && top->wants_key) {
				top->key = SPAN(text.data + start,
						i - start - (i > start));
				top->wants_key = false;
			}
		} else if ((c == '{' || c == '[') && depth < DEPTH_MAX) {
			top = &levels[depth++];
			*top = (struct level){.is_object = c == '{',
					      .wants_key = c == '{'};
		} else if ((c == '}' || c == ']') && depth) {
			depth--;
			top = depth ? &levels[depth - 1] : NULL;
		} else if (c == ',' && top) {
			top->wants_key = top->is_object;
			top->index++;
		}
	}
	return depth;
}

/* Write "alloc.ab12.balance" or "[3].amount", cut to what fits. */
static void write_path(char out[FAULT_FIELD_MAX], const struct level *levels,
		       size_t depth)
{
	size_t len = 0, i;
	int n;

	out[0] = '\0';
	for (i = 0; i < depth && len < FAULT_FIELD_MAX - 1; i++) {
		const struct level *l = &levels[i];

		if (l->is_object && !l->key.data)
			break;
		if (l->is_object)
			n = snprintf(out + len, FAULT_FIELD_MAX - len, "%s%.*s",
				     i ? "." : "",
				     (int)(l->key.len < FAULT_FIELD_MAX
						   ? l->key.len
						   : FAULT_FIELD_MAX),
				     (const char *)l->key.data);
		else
			n = snprintf(out + len, FAULT_FIELD_MAX - len, "[%zu]",
				     l->index);
		if (n < 0)
			break;
		len += (size_t)n;
	}
}

/* Whether a field of this name holds money, wherever it stands. */
static bool is_amount(const struct level *levels, size_t depth)
{
	static const char *const names[] = {
		"amount",	   "fee",
		"balance",	   "reward",
		"coinbase_reward", "new_address_balance",
		"min_fee",
	};
	size_t i;

	if (!depth || !levels[depth - 1].is_object)
		return false;
	for (i = 0; i < ARRAY_LEN(names); i++)
		if (span_eq(levels[depth - 1].key, span_str(names[i])))
			return true;
	return false;
}

static void write_place(char *out, size_t size, struct span text, size_t at)
{
	size_t line = 1, column = 1, i;

	for (i = 0; i < at; i++) {
		if (text.data[i] == '\n') {
			line++;
			column = 1;
		} else if ((text.data[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	snprintf(out, size, "line %zu, column %zu", line, column);
}

/* What jansson could not read, in the words of this project. */
static enum err explain(struct fault *f, struct span text,
			const json_error_t *error)
{
	struct level levels[DEPTH_MAX];
	char path[FAULT_FIELD_MAX];
	const char *field = path, *hint = "";
	enum json_error_code code = json_error_code(error);
	enum err e = ERR_MALFORMED;
	size_t at = error->position > 0 ? (size_t)error->position : 0;
	size_t depth;

	depth = find_levels(levels, text, at);
	write_path(path, levels, depth);
	if (code == json_error_duplicate_key) {
		e = ERR_DUPLICATE_FIELD;
		hint = ", expected it once";
	} else if (code == json_error_numeric_overflow) {
		e = is_amount(levels, depth) && !strstr(error->text, "negative")
			    ? ERR_AMOUNT_OVERFLOW
			    : ERR_OUT_OF_RANGE;
		hint = ", expected an integer from 0 to 9007199254740991";
	} else if (code == json_error_null_character) {
		return fault_set(f, e, field,
				 "line %d, column %d: \\u0000 is not allowed "
				 "in a text",
				 error->line, error->column);
	} else {
		field = "";
		if (code == json_error_invalid_utf8)
			hint = " (not UTF-8)";
	}
	return fault_set(f, e, field, "line %d, column %d: %s%s", error->line,
			 error->column, error->text, hint);
}

/* Refuse what jansson would take apart before anybody could say no. */
static void refuse_too_much(struct fault *f, struct span text, size_t at,
			    size_t values_max, bool deep)
{
	char place[64];

	write_place(place, sizeof(place), text, at);
	if (deep)
		fault_set(f, ERR_MALFORMED, "",
			  "%s: nested too deeply, expected at most %d levels",
			  place, DEPTH_MAX);
	else
		fault_set(f, ERR_TOO_BIG, "",
			  "%s: too many values, expected at most %zu", place,
			  values_max);
}

json_t *json_parse_bounded(struct span text, size_t values_max, struct fault *f)
{
	json_error_t error;
	json_t *value;
	bool deep = false;
	size_t end = find_too_much(text, values_max, &deep);

	if (end < text.len) {
		refuse_too_much(f, text, end, values_max, deep);
		return NULL;
	}
	if (!text.len) {
		fault_set(f, ERR_MALFORMED, "", "it is empty, expected JSON");
		return NULL;
	}
	value = json_loadb((const char *)text.data, text.len,
			   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!value)
		explain(f, text, &error);
	return value;
}

json_t *json_parse(struct span text, struct fault *f)
{
	return json_parse_bounded(text, SIZE_MAX, f);
}

static size_t skip_blanks(struct span text, size_t at)
{
	while (at < text.len && strchr(" \t\r\n", text.data[at]) &&
	       text.data[at])
		at++;
	return at;
}

/* Position of the comma or bracket that ends the element at i, or text.len. */
static size_t find_element_end(struct span text, size_t i)
{
	size_t depth = 0;

	while (i < text.len) {
		switch (text.data[i++]) {
		case '"':
			i = skip_string(text, i);
			break;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
			depth -= depth > 0;
			break;
		case ']':
			if (!depth)
				return i - 1;
			depth--;
			break;
		case ',':
			if (!depth)
				return i - 1;
			break;
		default:
			break;
		}
	}
	return text.len;
}

enum err json_split(struct span *out, size_t max, size_t *count,
		    struct span text, struct fault *f)
{
	size_t at = skip_blanks(text, 0), end;

	*count = 0;
	if (at == text.len || text.data[at] != '[')
		return fault_set(f, ERR_TOO_BIG, "",
				 "%zu bytes are too many for a single value",
				 text.len);
	at = skip_blanks(text, at + 1);
	if (at < text.len && text.data[at] == ']')
		end = at;
	else
		do {
			end = find_element_end(text, at);
			if (*count < max)
				out[*count] = SPAN(text.data + at, end - at);
			++*count;
			at = end + 1;
		} while (end < text.len && text.data[end] == ',');
	if (end == text.len)
		return fault_set(f, ERR_MALFORMED, "", "the array has no end");
	if (skip_blanks(text, end + 1) < text.len)
		return fault_set(f, ERR_MALFORMED, "",
				 "something follows the array");
	return ERR_OK;
}

const char *json_show(char out[JSON_SHOW_MAX], const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		snprintf(out, JSON_SHOW_MAX, "\"%.44s\"%s",
			 json_string_value(v),
			 json_string_length(v) > 44 ? "..." : "");
		return out;
	case JSON_INTEGER:
		snprintf(out, JSON_SHOW_MAX, "%" JSON_INTEGER_FORMAT,
			 json_integer_value(v));
		return out;
	case JSON_REAL:
		snprintf(out, JSON_SHOW_MAX, "the real number %.17g",
			 json_real_value(v));
		return out;
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	case JSON_NULL:
		return "null";
	}
	BUG("unknown kind of JSON value");
}

enum err json_refuse(struct fault *f, enum err code, const char *name,
		     const json_t *v, const char *expected)
{
	char text[JSON_SHOW_MAX];

	if (!v)
		return fault_set(f, ERR_MISSING_FIELD, name,
				 "%s is missing, expected %s", name, expected);
	return fault_set(f, code, name, "%s is %s, expected %s", name,
			 json_show(text, v), expected);
}
