/* SPDX-License-Identifier: MIT */
/*
 * Where an engine whose validators vote stands, as clients see it: who is
 * missing, who is waited for, and since when. Functions of plain values.
 */
#ifndef HTTP_BFT_JSON_H
#define HTTP_BFT_JSON_H

#include "node/network.h"

/* A moment of the height that is being agreed on. */
struct bft_view {
	struct bft_info info;
	struct bft_member member[VALIDATORS_MAX]; /* info.count */
	uint64_t now;				  /* ms since 1970 */
};
/* false: this chain's engine has no votes. */
bool bft_view_of(struct bft_view *out, const struct node *n, uint64_t now);

/* Not heard of for longer than info.lately. */
bool bft_is_missing(const struct bft_view *v, size_t i);
/* Whether fewer than a quorum were heard of: nothing can be agreed on. */
bool bft_is_short(const struct bft_view *v);
/* Whether the present step lacks something of it. While there is nothing to
 * agree on: whether it is missing, if the others are no quorum. */
bool bft_is_waited_for(const struct bft_view *v, size_t i);

#define BFT_WAITING_MAX 200
/*
 * "waiting for 2 of 4: ADDRESS last seen 14 s ago, ADDRESS never seen": those
 * that are waited for, or only those of them that are missing. As many names
 * as fit, then "and N more". Empty when it is nobody.
 */
void bft_waiting_text(char out[BFT_WAITING_MAX], const struct bft_view *v,
		      bool missing_only);

/* What GET /v1/consensus has of it, after its first member: ,"height":... */
void out_bft(struct buf *out, const struct bft_view *v, uint64_t settled);
/* Its figures in GET /metrics; handlers_metrics.c. */
void out_bft_metrics(struct buf *out, const struct bft_view *v);
/* An item of GET /v1/validators. */
void out_bft_member(struct buf *out, const struct bft_view *v, size_t i);

#endif
