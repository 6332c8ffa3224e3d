/* SPDX-License-Identifier: MIT */
/* When a block is due; see the header. */
#include "consensus/work.h"

uint64_t work_due_at(const struct rules *rules, size_t executable,
		     uint64_t parent_time)
{
	if (executable >= rules->min_bound)
		return 0;
	if (executable || rules->allow_empty)
		return parent_time + rules->interval_ms;
	return UINT64_MAX;
}
