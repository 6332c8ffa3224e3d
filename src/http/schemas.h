/* SPDX-License-Identifier: MIT */
/*
 * The shapes of the answers, for the OpenAPI file. A type is written
 *
 *   boolean integer string any   what JSON calls so
 *   Block                        one of this room's named shapes
 *   [T]   {T}                    an array, an object from any key to T
 *   T or U or null               one of these
 *   =a|b                         one of these strings
 *
 * tests/functional/test_openapi.py compares them with real answers.
 */
#ifndef HTTP_SCHEMAS_H
#define HTTP_SCHEMAS_H

#include <jansson.h>

/* The JSON Schema of a type. */
json_t *schema_of_type(const char *type);
/* All named shapes: components.schemas. */
json_t *schemas_all(void);

#endif
