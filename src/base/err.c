/* SPDX-License-Identifier: MIT */
/* Names of the error codes, and faults; see the header. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

#undef fault_set /* what the header tells an analyser */

const char *err_code(enum err e)
{
	static const char *const names[] = {[ERR_OK] = "ok",
#define ERR_NAME(id, name, text) [id] = name,
					    ERR_LIST(ERR_NAME)
#undef ERR_NAME
	};

	return (unsigned)e < ERR_COUNT ? names[e] : "unknown";
}

const char *err_text(enum err e)
{
	static const char *const texts[] = {[ERR_OK] = "Done",
#define ERR_TEXT(id, name, text) [id] = text,
					    ERR_LIST(ERR_TEXT)
#undef ERR_TEXT
	};

	return (unsigned)e < ERR_COUNT ? texts[e] : "Unknown error";
}

/* A text that is cut, or that quotes hostile bytes, may not be UTF-8, and
 * then no JSON could carry it: it becomes ASCII. */
static void clean(char *text)
{
	bool utf8 = span_is_utf8(span_str(text));
	unsigned char c;

	for (; *text; text++) {
		c = (unsigned char)*text;
		if (c < 0x20 || c == 0x7f || (c > 0x7f && !utf8))
			*text = '?';
	}
}

enum err fault_set(struct fault *f, enum err code, const char *field,
		   const char *fmt, ...)
{
	va_list args;

	if (!f)
		return code;
	f->code = code;
	snprintf(f->field, sizeof(f->field), "%s", field);
	va_start(args, fmt);
	vsnprintf(f->detail, sizeof(f->detail), fmt, args);
	va_end(args);
	clean(f->field);
	clean(f->detail);
	return code;
}
