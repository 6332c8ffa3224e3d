/* SPDX-License-Identifier: MIT */
/* What the files of evidence share; its table holds double votes where there
 * are votes (bft_evidence.c). */
#ifndef NODE_EVIDENCE_INTERNAL_H
#define NODE_EVIDENCE_INTERNAL_H

#include "node/sync_internal.h"

/* One piece that is kept. */
struct kept {
	struct hash id;
	struct engine_block block; /* either of the two */
};

/* One that waits to be durable before it is told. */
struct untold {
	uint64_t seq;
	uint64_t from; /* who told us; 0: nobody */
	struct buf item;
};

struct evidence_room {
	struct recent *seen; /* producer, time bucket -> [header, seal] */
	struct kept kept[EVIDENCE_MAX];
	size_t kept_count;
	size_t checks; /* signatures of all peers' that are being checked */
	struct untold *untold;
	size_t untold_count, untold_cap;
};

/* A header with its seal, as it is compared. */
struct sealed {
	struct header header;
	struct engine_block block;
	struct span header_raw, seal_raw;
};

struct evidence_work {
	struct work work;
	uint64_t peer;
	struct buf bytes;
	struct msg_evidence list[MSG_EVIDENCE_MAX]; /* borrows from bytes */
	/* of the job's checks those of each: up to here */
	size_t checks_end[MSG_EVIDENCE_MAX];
	size_t count;
};

/* Read one; spans are borrowed. */
MUST_USE enum err evidence_sealed(struct sealed *out, struct node *n,
				  struct span header_raw, struct span seal_raw);
bool evidence_conflict(const struct node *n, const struct engine_block *a,
		       const struct engine_block *b);
/* Whether there is evidence of that signer and slot. */
bool evidence_is_kept(const struct node *n, const struct engine_block *b);
bool evidence_is_old(const struct node *n, const struct engine_block *b);
/* Two headers whose seals hold, and that conflict: keep and tell it. from:
 * who told us; 0: nobody. */
void evidence_found(struct node *n, const struct sealed *a,
		    const struct sealed *b, uint64_t from);
/* What is stored under an id, as one item of EVD or EVV, and when it was
 * found. */
MUST_USE enum err evidence_item(struct span *item, uint64_t *at,
				struct span value);
/* Give each piece that is stored to load, until one is an error. */
typedef enum err evidence_load_fn(struct node *n, struct span id,
				  struct span value);
MUST_USE enum err evidence_load(struct node *n, struct kv_view *view,
				evidence_load_fn *load);

#endif
