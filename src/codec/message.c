/* SPDX-License-Identifier: MIT */
/* Messages as bytes; see the header. */
#include "codec/message.h"

#include <string.h>

static const struct {
	const char *letters;
	size_t max;
} types[] = {
#define MESSAGE_ROW(id, letters, max) [id] = {letters, max},
	MESSAGE_TYPES(MESSAGE_ROW)
#undef MESSAGE_ROW
};

const char *message_letters(enum message_type t)
{
	return types[t].letters;
}

size_t message_bytes_max(enum message_type t)
{
	return types[t].max;
}

bool message_type_of(enum message_type *out, const uint8_t *letters)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(types); i++)
		if (!memcmp(types[i].letters, letters, MESSAGE_TYPE_LEN)) {
			*out = (enum message_type)i;
			return true;
		}
	return false;
}
