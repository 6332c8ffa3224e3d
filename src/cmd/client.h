/* SPDX-License-Identifier: MIT */
/*
 * A small blocking HTTP client for the wallet: one connection, kept alive,
 * plain http. Knows nothing of what is asked.
 */
#ifndef CMD_CLIENT_H
#define CMD_CLIENT_H

#include <jansson.h>

#include "base/bytes.h"
#include "base/err.h"

#define CLIENT_TIMEOUT_DEFAULT 10 /* seconds without an answer */
#define REPLY_MAX (64u << 20)

struct client;

/* url is http://HOST[:PORT][/PREFIX]; ERR_OUT_OF_RANGE otherwise. Does not
 * connect yet. */
MUST_USE enum err client_new(struct client **out, const char *url,
			     struct fault *f);
void client_free(struct client *c);

struct request {
	const char *path;   /* with its query */
	const char *accept; /* NULL: anything */
	const char *type;   /* of the body; NULL: a GET without one */
	struct span body;
	unsigned timeout; /* seconds; 0: CLIENT_TIMEOUT_DEFAULT */
};

struct reply {
	int status;
	struct buf body;
};

/*
 * Ask, and wait for the answer, whatever its status. ERR_UNAVAILABLE: nobody
 * answers there; ERR_TIMEOUT: no answer in time; ERR_TOO_BIG. A connection
 * that the server had closed meanwhile is made anew once: what the wallet
 * sends may be sent twice.
 */
MUST_USE enum err client_call(struct client *c, struct reply *out,
			      const struct request *r, struct fault *f);
void reply_release(struct reply *r);

#endif
