/* SPDX-License-Identifier: MIT */
/*
 * Whether the network lets the node do its work (GET /ready). A function of
 * a few figures: reads nothing.
 */
#ifndef HTTP_READY_H
#define HTTP_READY_H

#include "base/err.h"
#include "node/network.h"

struct readiness {
	uint64_t height; /* of the tip */
	struct sync_info sync;
	size_t authorities, peers;
	/* who is missing, when fewer validators than a quorum were heard of
	 * lately; "" else */
	const char *missing;
	size_t quorum;
	bool has_offset; /* there are peers to compare the clock with */
	int64_t offset;	 /* the median of theirs to ours, ms */
	uint64_t offset_max;
};

/* ERR_UNAVAILABLE: the fault's field is the name of the check that failed,
 * one of halted, boot, sync, no_peers, quorum, clock; its detail a sentence.
 */
MUST_USE enum err ready_check(const struct readiness *r, struct fault *f);

#endif
