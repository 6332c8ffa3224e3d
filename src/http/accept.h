/* SPDX-License-Identifier: MIT */
/*
 * The Accept header (RFC 9110, 12.5.1), as far as it decides anything here:
 * each path answers JSON, and some know one other form.
 */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include <stdbool.h>

/*
 * Whether the client asks for this type by its name, and not less than for
 * JSON by its name. Wildcards ask for nothing in particular. accept may be
 * NULL.
 */
bool accept_prefers(const char *accept, const char *type);

#endif
