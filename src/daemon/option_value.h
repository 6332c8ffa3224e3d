/* SPDX-License-Identifier: MIT */
/*
 * What the files option*.c share: reading a value from text, and saying what
 * was expected.
 */
#ifndef DAEMON_OPTION_VALUE_H
#define DAEMON_OPTION_VALUE_H

#include "daemon/options.h"

#define TEXTS_MAX 64
#define UPGRADES_MAX 64

/* Where the value is. */
void *option_place(const struct option_spec *spec, void *base);
/* Read text into that place; false, the place as it was, when the text is
 * not of the type. NULL is good where no argument is needed. */
MUST_USE bool option_read(const struct option_spec *spec, void *place,
			  const char *text);
/* The code for a value of the right form that is not one of those allowed. */
enum err option_bad_value(enum option_type type);
/* "value SHOWN, expected ..."; json: as the file would have it. */
enum err option_refuse(const struct option_spec *spec, enum err code, bool json,
		       const char *shown, const char *field, struct fault *f);

/* false when it is empty, there already, one too many, or, for OPTION_PLACES,
 * not HOST:PORT. */
bool texts_add_as(struct texts *t, enum option_type type, const char *text,
		  size_t len);
void texts_release(struct texts *t);

/* OPTION_UPGRADES: the array as its digest. shown is the array in errors. */
MUST_USE enum err upgrades_read(struct hash *out,
				const struct option_spec *spec,
				const json_t *array, const char *shown,
				const char *field, struct fault *f);

#endif
