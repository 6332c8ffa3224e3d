/* SPDX-License-Identifier: MIT */
/*
 * The meeting point over HTTP (INTERFACE: "Discovery"). Keeps no secret and
 * writes nothing to disk; what it tells is as good as who signed it, and a node
 * that hears of a place still asks who is there.
 */
#ifndef DISCOVERY_SERVICE_H
#define DISCOVERY_SERVICE_H

#include "base/err.h"

struct event_base;
struct service;

struct service_config {
	const char *address; /* to listen on */
	uint16_t port;	     /* 0: a free one */
	uint64_t ttl_ms;     /* how long a member is listed */
	bool open;	     /* the seed's commands need no signature */
	const char *version;
	uint64_t (*clock)(void); /* ms since 1970 */
};

/* Errors of http_server_new(). */
MUST_USE enum err service_new(struct service **out, struct event_base *base,
			      const struct service_config *config,
			      struct fault *f);
void service_free(struct service *s); /* NULL is fine */
const char *service_url(const struct service *s);

#endif
