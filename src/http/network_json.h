/* SPDX-License-Identifier: MIT */
/* Peers, authorities and evidence as clients see them. */
#ifndef HTTP_NETWORK_JSON_H
#define HTTP_NETWORK_JSON_H

#include "http/api.h"
#include "node/network.h"

/* traffic NULL: not known, left out. */
void out_peer(struct buf *out, const struct peer_info *p,
	      const struct api_traffic *traffic);
void out_authority(struct buf *out, const struct engine_authority *a,
		   bool online, bool self);
/* One that is waited for. seen: ms since 1970 when it was last known to be
 * there; 0: never. */
void out_waiting(struct buf *out, const struct engine_authority *a,
		 uint64_t seen);
/* What was signed also as the bytes that were. */
void out_evidence(struct buf *out, const struct evidence_info *e);
/* An object; height: the tip's. */
void out_sync(struct buf *out, const struct sync_info *s, uint64_t height);
/* How much of the way from where it began to the target is done, percent. */
unsigned sync_progress(const struct sync_info *s, uint64_t height);

#endif
