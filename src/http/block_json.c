/* SPDX-License-Identifier: MIT */
/* Blocks and transactions as JSON; see the header. */
#include "http/block_json.h"

#include <stdlib.h>

#include "codec/tx_json.h"
#include "codec/vote.h"
#include "http/json_out.h"

enum err out_tx(struct buf *out, struct api *api, const struct tx *tx,
		const struct tx_place *place)
{
	struct buf key = {0};
	char hex[HASH_HEX_LEN];
	json_t *json;
	enum err e;

	if (!tx->key.len) {
		e = query_key(&key, api->cfg.node, api_view(api), &tx->sender);
		if (e && e != ERR_NOT_FOUND) {
			buf_release(&key);
			return e;
		}
	}
	json = tx_to_json(tx, buf_span(&key));
	buf_release(&key);
	if (place) {
		json_object_set_new(json, "block",
				    json_integer((json_int_t)place->height));
		json_object_set_new(json, "block_hash",
				    json_string(hash_hex(hex, place->hash)));
		json_object_set_new(
			json, "confirmations",
			json_integer((json_int_t)place->confirmations));
	}
	out_json(out, json);
	json_decref(json);
	return ERR_OK;
}

enum err out_block_tx(struct buf *out, struct api *api,
		      const struct block_info *info, size_t index)
{
	struct tx_place place = {info->block.header.height, &info->hash,
				 info->confirmations};
	struct tx tx;

	/* it was checked before it was stored */
	if (index >= info->block.tx_count ||
	    tx_decode(&tx, info->block.txs[index], TX_BYTES_MAX, NULL))
		return ERR_CORRUPT;
	tx_hash(&tx, node_genesis_hash(api->cfg.node));
	return out_tx(out, api, &tx, &place);
}

static void out_data(struct buf *out, struct span data)
{
	if (span_is_utf8(data)) {
		out_text(out, ",\"data\":");
		out_string(out, data);
		return;
	}
	out_text(out, ",\"data_base64\":");
	out_base64(out, data);
}

void out_block_head(struct buf *out, const struct api *api,
		    const struct block_info *info)
{
	const struct rules *rules = node_rules(api->cfg.node);
	const struct header *h = &info->block.header;

	out_text(out, "{\"number\":");
	out_uint(out, h->height);
	out_text(out, ",\"id\":");
	out_hash(out, &info->hash);
	out_text(out, ",\"hash_parent\":");
	out_hash(out, &h->parent);
	out_text(out, ",\"hash_state\":");
	out_hash(out, &h->state_root);
	out_text(out, ",\"hash_txns\":");
	out_hash(out, &h->txs_root);
	out_text(out, ",\"time\":");
	out_uint(out, h->time);
	out_text(out, ",\"coinbase\":");
	if (h->has_producer)
		out_address(out, &h->producer);
	else
		out_text(out, "\"\"");
	out_text(out, ",\"reward\":");
	out_uint(out, info->reward);
	out_text(out, ",\"difficulty\":");
	out_uint(out,
		 h->height ? rules->difficulty : rules->genesis_difficulty);
	out_text(out, ",\"nonce\":");
	out_uint(out, info->block.seal.nonce);
	out_data(out, h->extra);
}

void out_block_standing(struct buf *out, const struct block_info *info)
{
	out_text(out, ",\"confirmations\":");
	out_uint(out, info->confirmations);
	out_text(out, ",\"settled\":");
	out_bool(out, info->settled);
	out_text(out, ",\"final\":");
	out_bool(out, info->final);
}

void out_certificate(struct buf *out, struct span certificate,
		     const struct validators *set)
{
	static const struct hash any;
	struct vote *votes;
	uint64_t round;
	size_t count, i;

	/* its form was checked when the block was decoded */
	if (certificate_decode(&votes, &count, &round, certificate, 0, &any))
		BUG("a certificate of no known form");
	out_text(out, "{\"round\":");
	out_uint(out, round);
	out_text(out, ",\"votes\":[");
	for (i = 0; i < count; i++) {
		out_text(out, i ? ",{\"validator\":" : "{\"validator\":");
		out_uint(out, votes[i].signer);
		if (set && votes[i].signer < set->count) {
			out_text(out, ",\"address\":");
			out_address(out, &set->list[votes[i].signer].account);
		}
		out_text(out, ",\"signature\":");
		out_base64(out,
			   SPAN(votes[i].signature, votes[i].signature_len));
		out_text(out, "}");
	}
	out_text(out, "]}");
	free(votes);
}

static void out_account(struct buf *out, const struct account *a, bool first)
{
	if (!first)
		out_text(out, ",");
	out_address(out, &a->address);
	out_text(out, ":{\"balance\":");
	out_uint(out, a->balance);
	out_text(out, ",\"nonce\":");
	out_uint(out, a->nonce);
	out_text(out, "}");
}

enum err block_writer_open(struct block_writer *w, struct api *api,
			   uint64_t height, bool all)
{
	enum err e;

	*w = (struct block_writer){.all = all};
	e = query_block(&w->info, api->cfg.node, api_view(api), height);
	w->open = !e;
	return e;
}

void block_writer_close(struct block_writer *w)
{
	if (w->open)
		block_info_release(&w->info);
	w->open = false;
}

static enum err write_body(struct block_writer *w, struct api *api,
			   struct buf *out)
{
	enum err e;

	if (w->next < w->info.block.tx_count) {
		if (w->next)
			out_text(out, ",");
		e = out_block_tx(out, api, &w->info, w->next);
		w->next++;
		return e;
	}
	out_text(out, "]");
	out_block_standing(out, &w->info);
	if (w->info.block.seal.certificate.len) {
		out_text(out, ",\"certificate\":");
		out_certificate(out, w->info.block.seal.certificate,
				node_validators_of(api->cfg.node,
						   &w->info.block.header));
	}
	out_text(out, ",\"state\":{");
	w->part = PART_STATE;
	w->next = 0;
	return ERR_OK;
}

#define PAGE 100

/* A page of all accounts at the block's height. */
static enum err write_all(struct block_writer *w, struct api *api,
			  struct buf *out, size_t *pieces)
{
	struct account page[PAGE];
	struct address last;
	size_t count, i;
	bool more;
	enum err e;

	e = query_accounts(page, &count, &more, &last, api->cfg.node,
			   api_view(api), "", w->has_after ? &w->after : NULL,
			   w->info.block.header.height, PAGE);
	if (e)
		return e;
	for (i = 0; i < count; i++) {
		out_account(out, &page[i], !w->any);
		w->any = true;
	}
	*pieces = *pieces > PAGE / 2 ? *pieces - PAGE / 2 : 0;
	if (!more) {
		w->part = PART_DONE;
		return ERR_OK;
	}
	w->after = last;
	w->has_after = true;
	return ERR_OK;
}

/* A page of the accounts that the block changed. */
static enum err write_changes(struct block_writer *w, struct api *api,
			      struct buf *out, size_t *pieces)
{
	struct delta_change page[PAGE];
	size_t count, i;
	enum err e;

	e = query_changes(page, &count, &w->changes, api->cfg.node,
			  api_view(api), w->info.block.header.height, PAGE);
	if (e)
		return e;
	for (i = 0; i < count; i++) {
		out_account(out, &page[i].new, !w->any);
		w->any = true;
	}
	*pieces = *pieces > PAGE / 4 ? *pieces - PAGE / 4 : 0;
	if (!w->changes.left)
		w->part = PART_DONE;
	return ERR_OK;
}

static enum err write_state(struct block_writer *w, struct api *api,
			    struct buf *out, size_t *pieces)
{
	if (w->all)
		return write_all(w, api, out, pieces);
	return write_changes(w, api, out, pieces);
}

enum err block_writer_step(struct block_writer *w, struct api *api,
			   struct buf *out, size_t *pieces)
{
	enum err e = ERR_OK;

	while (!e && w->part != PART_DONE && *pieces &&
	       out->len < SLICE_BYTES) {
		--*pieces;
		switch (w->part) {
		case PART_HEAD:
			out_block_head(out, api, &w->info);
			out_text(out, ",\"body\":[");
			w->part = PART_BODY;
			break;
		case PART_BODY:
			e = write_body(w, api, out);
			break;
		case PART_STATE:
			e = write_state(w, api, out, pieces);
			if (w->part == PART_DONE)
				out_text(out, "}}");
			break;
		case PART_DONE:
			break;
		}
	}
	return e;
}
