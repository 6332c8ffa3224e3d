/* SPDX-License-Identifier: MIT */
/* Lists of effects, and jobs; see the header. */
#include "node/event.h"

#include <stdlib.h>

void job_free(struct job *j)
{
	if (!j)
		return;
	checks_release(&j->checks);
	buf_release(&j->signature);
	free(j);
}

struct effect *effects_add(struct effects *e, enum effect_kind kind)
{
	if (e->count == e->cap) {
		e->cap = e->cap ? 2 * e->cap : 16;
		e->list = xrealloc(e->list, e->cap, sizeof(*e->list));
	}
	e->list[e->count] = (struct effect){.kind = kind};
	return &e->list[e->count++];
}

void effects_reset(struct effects *e)
{
	size_t i;

	for (i = 0; i < e->count; i++) {
		if (e->list[i].batch)
			kv_batch_release(e->list[i].batch);
		free(e->list[i].batch);
		job_free(e->list[i].job);
		free(e->list[i].results);
		buf_release(&e->list[i].body);
	}
	e->count = 0;
}

void effects_release(struct effects *e)
{
	effects_reset(e);
	free(e->list);
	*e = (struct effects){0};
}
