/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "http/ready.h"

#include <inttypes.h>

static bool is_clock_off(const struct readiness *r)
{
	uint64_t off =
		r->offset < 0 ? -(uint64_t)r->offset : (uint64_t)r->offset;

	return r->has_offset && off > r->offset_max;
}

enum err ready_check(const struct readiness *r, struct fault *f)
{
	char hex[HASH_HEX_LEN];

	if (r->sync.halted)
		return fault_set(f, ERR_UNAVAILABLE, "halted",
				 "not ready: halted: the settled block %s is "
				 "not on this chain",
				 hash_hex(hex, &r->sync.halted_by));
	if (r->sync.state == SYNC_BOOT)
		return fault_set(f, ERR_UNAVAILABLE, "boot",
				 "not ready: boot: no peer has told its tip");
	if (r->sync.state == SYNC_BEHIND)
		return fault_set(f, ERR_UNAVAILABLE, "sync",
				 "not ready: sync: at height %" PRIu64
				 ", the best branch known is at %" PRIu64,
				 r->height, r->sync.target);
	if (r->authorities > 1 && !r->peers)
		return fault_set(f, ERR_UNAVAILABLE, "no_peers",
				 "not ready: no_peers: there are %zu "
				 "authorities and no peer",
				 r->authorities);
	if (*r->missing)
		return fault_set(f, ERR_UNAVAILABLE, "quorum",
				 "not ready: quorum: %s; %zu are needed",
				 r->missing, r->quorum);
	if (is_clock_off(r))
		return fault_set(f, ERR_UNAVAILABLE, "clock",
				 "not ready: clock: the peers' clocks are "
				 "%" PRId64 " ms from ours, expected at most "
				 "%" PRIu64,
				 r->offset, r->offset_max);
	return ERR_OK;
}
