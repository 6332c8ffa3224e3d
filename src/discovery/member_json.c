/* SPDX-License-Identifier: MIT */
/* A member as JSON; see the header. */
#include <config.h>

#include "discovery/member_json.h"

#include "http/json_out.h"

void out_member_open(struct buf *out, const struct member *row)
{
	out_text(out, "{\"id\":");
	out_address(out, &row->id);
	out_text(out, ",\"where\":");
	out_string(out, span_str(row->where));
	out_text(out, ",\"seen\":");
	out_uint(out, row->seen);
	out_text(out, ",\"chain\":");
	if (hash_is_zero(&row->chain))
		out_text(out, "null");
	else
		out_hash(out, &row->chain);
}

bool out_seed_peer(struct buf *out, const char *before,
		   const struct member *row)
{
	struct place p;

	if (!place_read(&p, span_str(row->where)))
		return false;
	out_text(out, before);
	out_text(out, "{\"id\":");
	out_address(out, &row->id);
	out_text(out, ",\"ip\":");
	out_string(out, span_str(p.host));
	out_text(out, ",\"port\":");
	out_uint(out, p.port);
	out_text(out, "}");
	return true;
}
