/* SPDX-License-Identifier: MIT */
/* How far a transaction has come; see the header. */
#include "http/progress.h"

#include "http/json_out.h"
#include "http/tx_status.h"

void progress_init(struct progress *p, const struct submit_result *res)
{
	*p = (struct progress){
		.state = res->status == SUBMIT_QUEUED ? TX_QUEUED : TX_PENDING};
}

enum err progress_look(struct progress *p, struct api *api,
		       const struct hash *id)
{
	uint32_t index;
	enum err e;

	e = query_tx_place(&p->state, &p->height, &index, &p->reason,
			   api->cfg.node, api_view(api), id);
	if (e != ERR_NOT_FOUND)
		return e;
	p->state = TX_DROPPED; /* so long ago that nobody knows why */
	p->reason = e;
	return ERR_OK;
}

bool progress_has_reached(const struct progress *p, enum wait_for until)
{
	switch (until) {
	case WAIT_POOL:
		return true;
	case WAIT_BLOCK:
		return tx_is_in_block(p->state);
	case WAIT_SETTLED:
		return p->state == TX_SETTLED || p->state == TX_FINAL;
	case WAIT_FINAL: /* was refused where nothing ever is */
		return p->state == TX_FINAL;
	}
	BUG("waiting for nothing");
}

/* Its place and depth; the chain may have grown since the last look. */
static void out_place(struct buf *out, const struct progress *p,
		      const struct node_tip *tip)
{
	out_text(out, ",\"height\":");
	out_uint(out, p->height);
	out_text(out, ",\"confirmations\":");
	out_uint(out, tip->height - p->height + 1);
}

static void out_fault(struct buf *out, enum err code, const struct fault *f)
{
	out_text(out, ",\"code\":\"");
	out_text(out, err_code(code));
	out_text(out, "\"");
	if (f->field[0]) {
		out_text(out, ",\"field\":");
		out_string(out, span_str(f->field));
	}
	if (f->detail[0]) {
		out_text(out, ",\"detail\":");
		out_string(out, span_str(f->detail));
	}
}

static const char *status_name(const struct progress *p, const struct api *api,
			       const struct node_tip *tip)
{
	if (p->state == TX_QUEUED)
		return "queued";
	if (!tx_is_in_block(p->state))
		return tx_status_name(p->state);
	if (node_has_finality(api->cfg.node) && p->height <= tip->final)
		return tx_status_name(TX_FINAL);
	if (p->height <= tip->settled)
		return tx_status_name(TX_SETTLED);
	return tx_status_name(p->state);
}

void out_progress(struct buf *out, const struct api *api,
		  const struct submit_result *res, const struct progress *p)
{
	bool refused = res->status == SUBMIT_REFUSED;
	struct node_tip tip;

	node_tip(api->cfg.node, &tip);
	out_text(out, "{\"id\":");
	if (res->has_id)
		out_hash(out, &res->id);
	else
		out_text(out, "null");
	out_text(out, ",\"status\":\"");
	out_text(out, refused ? "refused" : status_name(p, api, &tip));
	out_text(out, "\"");
	if (!refused && tx_is_in_block(p->state))
		out_place(out, p, &tip);
	if (refused || p->state == TX_DROPPED)
		out_fault(out, refused ? res->fault.code : p->reason,
			  &res->fault);
	out_text(out, "}");
}
