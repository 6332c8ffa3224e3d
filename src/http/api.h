/* SPDX-License-Identifier: MIT */
/*
 * The node's HTTP interface (INTERFACE: "HTTP"): reads are queries on (node,
 * view), writes go out through submit() and come back through
 * api_submit_result(). One thread, the loop's. Knows nothing of how events
 * reach the node.
 */
#ifndef HTTP_API_H
#define HTTP_API_H

#include "crypto/key.h"
#include "http/server.h"
#include "kv/kv.h"
#include "node/event.h"
#include "node/node.h"

struct api;

/* What went over connections to peers, frames and all. */
struct api_traffic {
	uint64_t bytes_in, bytes_out;
	uint64_t messages_in, messages_out;
};

/* Pointers are borrowed for the life of the api; strings are not copied
 * either. */
struct api_config {
	struct node *node;
	void *ctx; /* handed to the functions below */
	/* the present view of the store */
	struct kv_view *(*view)(void *ctx);
	/*
	 * Give transactions to the node (EVENT_SUBMIT); spans are borrowed
	 * during the call. api_submit_result() follows, be it within.
	 */
	void (*submit)(void *ctx, uint64_t request, const struct span *txs,
		       size_t count);
	/* The surroundings failed while answering. May be NULL. */
	void (*failed)(void *ctx, enum err e);
	/* What keeps the node from being ready; NULL when nothing does. May
	 * itself be NULL. */
	const char *(*check)(void *ctx);
	/*
	 * Of the connection of this number; of 0: of all since the start,
	 * also those that are gone. false: nothing is known. May be NULL.
	 */
	bool (*traffic)(void *ctx, uint64_t peer, struct api_traffic *out);
	/*
	 * Dial HOST:PORT once; api_probed() follows, be it within. NULL: there
	 * is no network.
	 */
	void (*probe)(void *ctx, uint64_t request, const char *where);
	/* The node's own account, and its key: NULL when there is none. */
	const struct address *account;
	const struct secret_key *key;
	const char *cookie; /* NULL: what needs it is refused */
	const char *version;
	/* Where to listen; see http/server.h. */
	const char *address;
	uint16_t port;
	const char *const *hosts;
	size_t host_count;
	struct http_limits limits;
};

/* Listen and answer. Errors of http_server_new(). */
MUST_USE enum err api_new(struct api **out, struct event_base *base,
			  const struct api_config *config, struct fault *f);
void api_free(struct api *api); /* NULL is fine */
const char *api_url(const struct api *api);

/* What became of a request's transactions, in their order (NOTIFY_SUBMITTED).
 * A request that nobody waits for any more is fine. */
void api_submit_result(struct api *api, uint64_t request,
		       const struct submit_result *results, size_t count);
/* Whether a node answered (probe), and its id, NULL without TLS. A request that
 * nobody waits for any more is fine. */
void api_probed(struct api *api, uint64_t request, bool reached,
		const struct address *id);
/* The tip moved or transactions were dropped (NOTIFY_BLOCK,
 * NOTIFY_DROPPED): look at who waits for that. */
void api_changed(struct api *api);

/* The OpenAPI 3.1 file, as GET /openapi.json gives it; appended. */
void api_openapi(struct buf *out, const char *version);

#endif
