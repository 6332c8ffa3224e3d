/* SPDX-License-Identifier: MIT */
/* What a node tells about its network; see the header. */
#include "node/network.h"

#include <stdlib.h>

#include "node/peers_internal.h"

bool node_peer_next(const struct node *n, size_t *at, struct peer_info *out)
{
	const struct peers *ps = n->peers;

	while (*at < ps->count) {
		const struct peer *p = ps->list[(*at)++];

		if (p->stage != PEER_READY)
			continue;
		*out = (struct peer_info){
			.peer = p->number,
			.id = p->id,
			.where = p->where,
			.listen = p->listen,
			.agent = p->agent,
			.inbound = p->inbound,
			.authority = p->authority,
			.since = p->since,
			.height = p->height,
			.settled = p->settled,
			.tip = p->tip,
			.clock_offset = p->clock_offset,
			.round_trip = p->round_trip,
			.score = peer_score(p, n->now),
		};
		return true;
	}
	return false;
}

size_t node_peer_count(const struct node *n)
{
	return peers_ready(n);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

bool node_clock_offset(const struct node *n, int64_t *out)
{
	struct peer_info info;
	size_t at = 0, count = 0;
	int64_t *list;

	if (!peers_ready(n))
		return false;
	list = xcalloc(peers_ready(n), sizeof(*list));
	while (node_peer_next(n, &at, &info))
		list[count++] = info.clock_offset;
	qsort(list, count, sizeof(*list), by_value);
	*out = list[(count - 1) / 2];
	free(list);
	return true;
}
