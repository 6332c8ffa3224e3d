/* SPDX-License-Identifier: MIT */
/* What others ask for: headers, blocks, the genesis; and telling them what is
 * new. Answers are bounded by the size of their message. */
#include <stdlib.h>

#include "chain/tables.h"
#include "codec/msgpack.h"
#include "node/sync_internal.h"

/* --- headers ----------------------------------------------------------- */

/* The height behind which the answer begins. */
static uint64_t find_fork(struct node *n, const struct msg_ask_headers *m)
{
	uint64_t height;
	size_t i;

	for (i = 0; i < m->count; i++)
		if (!main_height(n, &height, &m->locator[i]))
			return height;
	return 0;
}

void serve_headers(struct node *n, struct peer *p, struct span body)
{
	struct buf list = {0}, answer = {0};
	struct span header_raw, seal_raw, raw;
	struct msg_ask_headers m;
	uint64_t height, count = 0;

	if (msg_ask_headers_decode(&m, body)) {
		peer_fault(n, p, FAULT_MALFORMED, "RHD cannot be read");
		return;
	}
	height = find_fork(n, &m);
	while (count < m.max && !main_block(n, &raw, ++height) &&
	       !main_split(&header_raw, &seal_raw, raw)) {
		if (list.len + header_raw.len + seal_raw.len + 16 >
		    message_bytes_max(MSG_AHD))
			break;
		msg_header_encode(&list, header_raw, seal_raw);
		count++;
	}
	mp_array(&answer, count);
	buf_append_span(&answer, buf_span(&list));
	buf_release(&list);
	peer_send(n, p, MSG_AHD, &answer);
}

/* --- blocks ------------------------------------------------------------ */

/* The block's bytes, wherever they are: the main chain, a branch, or what was
 * taken back. Spans of the store live for the step. */
static bool find_block(struct node *n, struct span *raw,
		       const struct hash *hash)
{
	const struct tree_node *node = tree_find(n->sync->tree, hash);
	uint64_t height;

	if (!main_height(n, &height, hash))
		return !main_block(n, raw, height);
	if (node && node->body == TREE_HERE) {
		*raw = buf_span(&node->raw);
		return true;
	}
	return !chain_orphan(raw, n->chain, n->store, hash);
}

void serve_blocks(struct node *n, struct peer *p, struct span body)
{
	struct hash asked[MSG_BLOCKS_MAX], missing[MSG_BLOCKS_MAX];
	struct span blocks[MSG_BLOCKS_MAX] = {{0}};
	size_t count, i, found = 0, missed = 0, bytes;
	struct buf answer = {0};

	if (msg_hashes_decode(asked, &count, MSG_BLOCKS_MAX, body) || !count) {
		peer_fault(n, p, FAULT_MALFORMED, "RBL cannot be read");
		return;
	}
	bytes = 64 + count * (HASH_LEN + 2);
	for (i = 0; i < count; i++) {
		if (!find_block(n, &blocks[found], &asked[i])) {
			missing[missed++] = asked[i];
			continue;
		}
		bytes += blocks[found].len;
		if (bytes > message_bytes_max(MSG_ABL))
			break;
		found++;
	}
	msg_blocks_encode(&answer, blocks, found, missing, missed);
	peer_send(n, p, MSG_ABL, &answer);
}

/* --- the genesis ------------------------------------------------------- */

static enum err genesis_nonce(struct node *n, uint64_t *nonce)
{
	struct main_header m;
	struct seal seal;
	enum err e;

	e = main_header(n, &m, 0);
	if (e)
		return e;
	e = seal_decode(&seal, m.seal_raw);
	if (e)
		return e;
	*nonce = seal.nonce;
	return ERR_OK;
}

void serve_genesis(struct node *n, struct peer *p, struct span body)
{
	struct msg_genesis m = {0};
	struct buf answer = {0};
	struct span rules;
	enum err e;

	if (msg_ask_genesis_decode(&m.offset, body)) {
		peer_fault(n, p, FAULT_MALFORMED, "RGK cannot be read");
		return;
	}
	e = kv_get(n->store, &rules, KV_META, meta_key(META_RULES));
	if (!e)
		e = genesis_nonce(n, &m.nonce);
	if (e) {
		node_fail(n, e, "reading the genesis");
		return;
	}
	m.total = rules.len;
	if (m.offset >= rules.len) {
		peer_fault(n, p, FAULT_MALFORMED, "RGK beyond the end");
		return;
	}
	m.piece = SPAN(rules.data + m.offset, rules.len - m.offset);
	if (m.piece.len > MSG_GENESIS_PIECE)
		m.piece.len = MSG_GENESIS_PIECE;
	msg_genesis_encode(&answer, &m);
	peer_send(n, p, MSG_GLK, &answer);
}

/* --- what is new ------------------------------------------------------- */

/* Whether what it told last is our tip, or follows it. */
static bool has_tip(const struct node *n, const struct peer *p,
		    const struct hash *tip)
{
	const struct tree_node *node = tree_find(n->sync->tree, &p->tip);

	if (hash_eq(&p->tip, tip))
		return true;
	while (node && node->parent)
		node = node->parent;
	return node && hash_eq(&node->header.parent, tip);
}

void serve_announce(struct node *n)
{
	const struct chain_tip *tip = chain_tip(n->chain);
	struct msg_block_here m = {tip->height, tip->hash};
	struct buf body = {0};
	struct peer *p;
	size_t at = 0;

	while ((p = peers_next(n, &at))) {
		if (p->stage != PEER_READY || has_tip(n, p, &tip->hash))
			continue;
		msg_block_here_encode(&body, &m);
		peer_send(n, p, MSG_BLK, &body);
	}
}
