/* SPDX-License-Identifier: MIT */
/* A named shape of the OpenAPI file. Private to schemas*.c. */
#ifndef HTTP_SCHEMA_SHAPE_H
#define HTTP_SCHEMA_SHAPE_H

#include "http/schemas.h"

/* type in the words of schemas.h. A name that ends in '?' may be missing;
 * NULL ends a list. */
struct member {
	const char *name, *type, *about;
};

struct shape {
	const char *name;
	const struct member *members;
};

/* schemas_network.c */
extern const struct shape network_shapes[];
extern const size_t network_shape_count;

#endif
