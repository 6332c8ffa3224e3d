/* SPDX-License-Identifier: MIT */
/* What is said of a value that an option does not take; see the header. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "daemon/option_value.h"

#define SHOWN_MAX 60 /* of a value that is quoted in an error */

/* "one of error, warning, info" */
static void list_choices(char *out, size_t size, const struct option_spec *spec)
{
	size_t used = 0;

	for (size_t i = 0; spec->choices[i] && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s",
					 i ? ", " : "one of ",
					 spec->choices[i]);
}

static void expectation(char *out, size_t size, const struct option_spec *spec,
			bool json)
{
	switch (spec->type) {
	case OPTION_FLAG:
		snprintf(out, size, "true or false");
		return;
	case OPTION_SET:
		snprintf(out, size, "no value");
		return;
	case OPTION_STRING:
		snprintf(out, size, "a text");
		return;
	case OPTION_TEXT:
	case OPTION_PATH:
		snprintf(out, size, "a text that is not empty");
		return;
	case OPTION_UINT:
		snprintf(out, size, "an integer %" PRIu64 "..%" PRIu64,
			 spec->min, spec->max);
		return;
	case OPTION_LISTEN:
		snprintf(out, size,
			 "PORT or ADDRESS:PORT, such as 127.0.0.1:5000 or "
			 "[::1]:5000");
		return;
	case OPTION_ADDRESS:
		snprintf(out, size, "an address of 40 hex digits");
		return;
	case OPTION_HASH:
		snprintf(out, size, "a hash of 64 hex digits");
		return;
	case OPTION_CHOICE:
		list_choices(out, size, spec);
		return;
	case OPTION_TEXTS:
		snprintf(out, size,
			 json ? "an array of at most %d texts, none "
				"empty or given twice"
			      : "at most %d texts with commas "
				"between, none empty or given twice",
			 TEXTS_MAX);
		return;
	case OPTION_PLACE:
		snprintf(out, size,
			 "HOST:PORT, such as node.example:4999 or [::1]:4999");
		return;
	case OPTION_URL:
		snprintf(out, size,
			 "a URL such as http://discovery.example:4444");
		return;
	case OPTION_PLACES:
		snprintf(out, size,
			 json ? "an array of at most %d HOST:PORT such as "
				"node.example:4999, none given twice"
			      : "HOST:PORT, at most %d, with commas between, "
				"such as node.example:4999, none given twice",
			 TEXTS_MAX);
		return;
	case OPTION_UPGRADES:
		snprintf(out, size,
			 "an array of at most %d {\"height\", \"version\"}, "
			 "heights rising from 1",
			 UPGRADES_MAX);
		return;
	case OPTION_DEV:
		snprintf(out, size,
			 "true, false or an integer %" PRIu64 "..%" PRIu64
			 " (seconds)",
			 spec->min, spec->max);
		return;
	}
}

enum err option_refuse(const struct option_spec *spec, enum err code, bool json,
		       const char *shown, const char *field, struct fault *f)
{
	char want[160] = "";

	expectation(want, sizeof(want), spec, json);
	return fault_set(f, code, field, "value %.*s%s, expected %s", SHOWN_MAX,
			 shown, strlen(shown) > SHOWN_MAX ? "..." : "", want);
}

enum err option_bad_value(enum option_type type)
{
	switch (type) {
	case OPTION_ADDRESS:
		return ERR_BAD_ADDRESS;
	case OPTION_HASH:
		return ERR_BAD_HASH;
	case OPTION_FLAG:
	case OPTION_SET:
	case OPTION_STRING:
	case OPTION_TEXT:
	case OPTION_PATH:
	case OPTION_UINT:
	case OPTION_LISTEN:
	case OPTION_CHOICE:
	case OPTION_TEXTS:
	case OPTION_PLACE:
	case OPTION_URL:
	case OPTION_PLACES:
	case OPTION_UPGRADES:
	case OPTION_DEV:
		return ERR_OUT_OF_RANGE;
	}
	BUG("option type");
}
