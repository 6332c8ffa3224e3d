/* SPDX-License-Identifier: MIT */
/* What tests look for in JSON; a check fails where it is not. */
#ifndef JSON_LOOK_H
#define JSON_LOOK_H

#include <jansson.h>

json_int_t number_in(const json_t *o, const char *key);
/* "(none)" where there is no text; the object's. */
const char *text_in(const json_t *o, const char *key);
/* Exactly those: names ends with NULL. */
void expect_members(const json_t *o, const char *const *names);

#endif
