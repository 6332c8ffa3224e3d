/* SPDX-License-Identifier: MIT */
/* Looking into JSON; see the header. */
#include "json_look.h"

#include <check.h>

json_int_t number_in(const json_t *o, const char *key)
{
	ck_assert_msg(json_is_integer(json_object_get(o, key)), "no %s", key);
	return json_integer_value(json_object_get(o, key));
}

const char *text_in(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "(none)";
}

void expect_members(const json_t *o, const char *const *names)
{
	size_t i;

	for (i = 0; names[i]; i++)
		ck_assert_msg(json_object_get(o, names[i]) != NULL, "no %s",
			      names[i]);
	ck_assert_uint_eq(json_object_size(o), i);
}
