/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "http/governance_json.h"

#include "http/json_out.h"

/* "add":{...} or "remove":..., and whether the set may become small by it. */
static void out_change(struct buf *out, const struct validator_change *c)
{
	switch (c->kind) {
	case CHANGE_ADD:
		out_text(out, "\"add\":{\"address\":");
		out_address(out, &c->account);
		out_text(out, ",\"public_key\":");
		out_base64(out, SPAN(c->key, c->key_len));
		out_text(out, "}");
		break;
	case CHANGE_REMOVE:
		out_text(out, "\"remove\":");
		out_address(out, &c->account);
		break;
	}
	out_text(out, ",\"allow_few\":");
	out_bool(out, c->few);
}

static void out_proposal(struct buf *out, const struct proposal *p,
			 size_t needed)
{
	struct buf bytes = {0};
	struct hash id;
	size_t i;

	change_encode(&bytes, &p->change);
	sha256(&id, buf_span(&bytes));
	buf_release(&bytes);
	out_text(out, "{\"id\":");
	out_hash(out, &id);
	out_text(out, ",");
	out_change(out, &p->change);
	out_text(out, ",\"votes\":[");
	for (i = 0; i < p->voter_count; i++) {
		if (i)
			out_text(out, ",");
		out_address(out, &p->voters[i]);
	}
	out_text(out, "],\"needed\":");
	out_uint(out, needed);
	out_text(out, ",\"since\":");
	out_uint(out, p->since);
	out_text(out, "}");
}

static void out_offender(struct buf *out, const struct offender *o)
{
	out_text(out, "{\"address\":");
	out_address(out, &o->account);
	out_text(out, ",\"height\":");
	out_uint(out, o->height);
	out_text(out, ",\"found\":");
	out_uint(out, o->found);
	out_text(out, "}");
}

void out_governance(struct buf *out, const struct governance *g,
		    uint64_t height)
{
	size_t needed = governance_quorum(g), i;

	out_text(out, ",\"quorum\":");
	out_uint(out, needed);
	out_text(out, ",\"proposals\":[");
	for (i = 0; i < g->proposal_count; i++) {
		if (i)
			out_text(out, ",");
		out_proposal(out, &g->proposals[i], needed);
	}
	out_text(out, "],\"change\":");
	if (g->has_change) {
		out_text(out, "{");
		out_change(out, &g->change);
		/* the next header carries it to the one above */
		out_text(out, ",\"height\":");
		out_uint(out, height + 2);
		out_text(out, "}");
	} else {
		out_text(out, "null");
	}
	out_text(out, ",\"offenders\":[");
	for (i = 0; i < g->offender_count; i++) {
		if (i)
			out_text(out, ",");
		out_offender(out, &g->offenders[i]);
	}
	out_text(out, "]");
}
