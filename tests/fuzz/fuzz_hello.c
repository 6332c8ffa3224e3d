/* SPDX-License-Identifier: MIT */
/*
 * The first thing that a stranger says. What decodes as a hello encodes back
 * to the same bytes; a node answers it with ACK or BYE, or drops who said it,
 * and then holds to that. First byte: who the node is (low bits), 4 whether
 * the stranger dialled, 8 whether TLS proved who it is (bits 4 to 6).
 */
#include "fuzz/fuzz.h"
#include "fuzz/world.h"

static void decoded(struct span body)
{
	struct buf again = {0};
	struct msg_hello m;
	enum err e = msg_hello_decode(&m, body);

	if (e == ERR_UNSUPPORTED_VERSION)
		MUST(m.version != PROTOCOL_VERSION);
	if (e)
		return;
	MUST(m.version == PROTOCOL_VERSION);
	MUST(m.listen.len <= ADDRESS_TEXT_MAX && m.agent.len <= AGENT_MAX);
	msg_hello_encode(&again, &m);
	MUST(span_eq(buf_span(&again), body));
	buf_release(&again);
}

static void said(unsigned first, struct span body)
{
	bool inbound = first & 4;
	struct world w;

	world_open(&w, WORLD_POA, first % (WORLD_AUTHORITIES + 1), false);
	world_connect(&w, 0, inbound, first & 8, first >> 4 & 7);
	world_message(&w, 0, inbound ? MSG_HEY : MSG_ACK, body);
	MUST(w.sent[MSG_ACK] + w.sent[MSG_BYE] <= 1);
	MUST(!w.sent[MSG_ACK] || inbound);
	MUST(!w.sent[MSG_BYE] || w.peers[0].dropped);
	world_message(&w, 0, inbound ? MSG_HEY : MSG_ACK, body);
	MUST(w.sent[MSG_ACK] <= 1);
	world_pass(&w, 1000);
	world_close(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!len || len - 1 > message_bytes_max(MSG_HEY))
		return 0;
	decoded(SPAN(data + 1, len - 1));
	said(data[0], SPAN(data + 1, len - 1));
	return 0;
}
