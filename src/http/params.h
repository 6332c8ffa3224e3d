/* SPDX-License-Identifier: MIT */
/*
 * The parameters of a request: declared in the route table, read from the
 * path and the query by hand, each checked by its type. What is not declared
 * is refused, what is given twice as well. Pure.
 */
#ifndef HTTP_PARAMS_H
#define HTTP_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/hash.h"

#define PARAMS_MAX 6
#define PARAMS_TEXT_MAX 256 /* of all texts of one request */

enum param_type {
	PARAM_NUMBER,  /* decimal, min..max */
	PARAM_ADDRESS, /* 40 hex digits */
	PARAM_HASH,    /* 64 hex digits */
	PARAM_CHOICE,  /* one of choices */
	PARAM_TEXT     /* at most max bytes of UTF-8 */
};

/* Those of the path come first, in its order. */
struct param {
	const char *name; /* NULL ends a list */
	enum param_type type;
	bool in_path;
	bool required;
	uint64_t min, max;
	const char *choices; /* "pool|block" */
	const char *about;   /* for the OpenAPI file */
};

struct arg {
	bool given;
	union {
		uint64_t number; /* also: which choice, from 0 */
		struct address address;
		struct hash hash;
		const char *text;
	};
};

struct args {
	struct arg arg[PARAMS_MAX]; /* in the order of the list */
	char text[PARAMS_TEXT_MAX];
	size_t text_len;
};

/*
 * Read the pieces that the path has in place of its parameters, then the
 * query. ERR_UNKNOWN_FIELD, ERR_DUPLICATE_FIELD, ERR_MISSING_FIELD,
 * ERR_WRONG_TYPE, ERR_OUT_OF_RANGE, ERR_BAD_ADDRESS, ERR_BAD_HASH,
 * ERR_MALFORMED (a bad escape, or %00); the fault names the parameter.
 */
MUST_USE enum err params_read(struct args *out, const struct param *params,
			      const struct span *pieces, struct span query,
			      struct fault *f);

#endif
