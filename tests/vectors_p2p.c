/* SPDX-License-Identifier: MIT */
/* Messages between nodes of doc/vectors.json: one of each type, with what the
 * other examples hold inside, and what is refused. */
#include <string.h>

#include "base/text.h"
#include "codec/block.h"
#include "codec/message.h"
#include "codec/msgpack.h"
#include "messages.h"
#include "vectors.h"

/* --- bodies as JSON: numbers, hex, arrays --------------------------------- */

static json_t *value_json(struct mp_reader *r);

static json_t *array_json(struct mp_reader *r)
{
	size_t n = mp_read_array(r, 0, SIZE_MAX);
	json_t *list = json_array();

	while (n--)
		json_array_append_new(list, value_json(r));
	return list;
}

static json_t *value_json(struct mp_reader *r)
{
	if (r->p == r->end)
		BUG("a message ends early");
	if (*r->p < 0x80 || (*r->p >= 0xcc && *r->p <= 0xcf))
		return uint_json(mp_read_uint(r, INT64_MAX));
	if (*r->p >= 0xc4 && *r->p <= 0xc6)
		return hex_json(mp_read_bin(r, 0, SIZE_MAX));
	return array_json(r);
}

static json_t *frame_json(enum message_type t, struct span body)
{
	size_t len = MESSAGE_TYPE_LEN + body.len;
	struct buf frame = {0};
	json_t *value;
	int i;

	for (i = 0; i < 4; i++)
		buf_byte(&frame, (uint8_t)(len >> 8 * i));
	buf_append(&frame, message_letters(t), MESSAGE_TYPE_LEN);
	buf_append_span(&frame, body);
	value = hex_json(buf_span(&frame));
	buf_release(&frame);
	return value;
}

void message_example(json_t *list, enum message_type t, struct buf *body)
{
	struct buf again = {0};
	struct mp_reader r;
	json_t *o = json_object();

	if (message_again(&again, t, buf_span(body)) ||
	    !span_eq(buf_span(&again), buf_span(body)))
		BUG("an example is not a message");
	mp_reader_init(&r, buf_span(body));
	add(o, "type", json_string(message_letters(t)));
	add(o, "value", value_json(&r));
	add(o, "body", hex_json(buf_span(body)));
	add(o, "frame", frame_json(t, buf_span(body)));
	json_array_append_new(list, o);
	buf_release(&again);
	buf_release(body);
}

/* --- what is in them ------------------------------------------------------ */

struct buf example_bytes(const json_t *list, size_t i, const char *name)
{
	const char *hex = json_string_value(
		json_object_get(json_array_get(list, i), name));
	struct buf out = {0};

	if (!hex)
		BUG("no such example");
	out.len = strlen(hex) / 2;
	out.data = xmalloc(out.len + 1);
	if (!hex_decode(out.data, out.len, span_str(hex)))
		BUG("hex");
	return out;
}

static struct hash hash_of(const json_t *list, size_t i, const char *name)
{
	struct buf b = example_bytes(list, i, name);
	struct hash h;

	memcpy(h.b, b.data, HASH_LEN);
	buf_release(&b);
	return h;
}

static struct msg_hello hello_of(const struct example *x,
				 const struct secret_key *key,
				 const json_t *blocks, uint64_t height)
{
	struct msg_hello m = {.version = PROTOCOL_VERSION,
			      .genesis = x->genesis.hash,
			      .tip = x->genesis.hash,
			      .id = *secret_key_address(key),
			      .clock = x->rules.genesis_time + 60000};

	if (height)
		m.tip = hash_of(blocks, height - 1, "hash");
	m.height = height;
	return m;
}

static void hellos(json_t *list, const struct example *x, const json_t *blocks)
{
	struct msg_hello m = hello_of(x, x->ed25519, blocks, 2);
	struct msg_tip ping = {2, m.tip, 0, m.clock + 5000, 1};
	struct msg_bye bye = {span_str("wrong_genesis"),
			      span_str("we are another chain")};
	struct buf body = {0};

	m.instance = UINT64_C(0x123456789abc);
	m.listen = span_str("node.example.org:4999");
	m.agent = span_str("ccoin/0.2.0");
	msg_hello_encode(&body, &m);
	message_example(list, MSG_HEY, &body);
	m = hello_of(x, x->rsa, blocks, 0);
	m.instance = 7;
	msg_hello_encode(&body, &m);
	message_example(list, MSG_ACK, &body);
	msg_bye_encode(&body, &bye);
	message_example(list, MSG_BYE, &body);
	msg_tip_encode(&body, &ping);
	message_example(list, MSG_RBH, &body);
	ping = (struct msg_tip){0, x->genesis.hash, 0, m.clock + 5003, 1};
	msg_tip_encode(&body, &ping);
	message_example(list, MSG_BLH, &body);
}

static void header_lists(json_t *list, const struct example *x,
			 const json_t *blocks)
{
	struct msg_ask_headers ask = {.count = 1, .max = MSG_HEADERS_MAX};
	struct buf body = {0}, header, seal;
	size_t i;

	ask.locator[0] = x->genesis.hash;
	msg_ask_headers_encode(&body, &ask);
	message_example(list, MSG_RHD, &body);
	mp_array(&body, json_array_size(blocks));
	for (i = 0; i < json_array_size(blocks); i++) {
		header = example_bytes(blocks, i, "header");
		seal = example_bytes(blocks, i, "seal");
		msg_header_encode(&body, buf_span(&header), buf_span(&seal));
		buf_release(&header);
		buf_release(&seal);
	}
	message_example(list, MSG_AHD, &body);
}

static void block_lists(json_t *list, const json_t *blocks)
{
	struct msg_block_here here = {2, hash_of(blocks, 1, "hash")};
	struct buf body = {0}, block = example_bytes(blocks, 0, "block");
	struct span one = buf_span(&block);
	struct hash asked[2];

	asked[0] = hash_of(blocks, 0, "hash");
	memset(asked[1].b, 0xee, HASH_LEN);
	msg_hashes_encode(&body, asked, 2);
	message_example(list, MSG_RBL, &body);
	msg_blocks_encode(&body, &one, 1, &asked[1], 1);
	message_example(list, MSG_ABL, &body);
	msg_block_here_encode(&body, &here);
	message_example(list, MSG_BLK, &body);
	buf_release(&block);
}

static void tx_lists(json_t *list, const struct buf txs[TX_EXAMPLES])
{
	struct buf body = {0};
	struct hash full[2];
	size_t i;

	for (i = 0; i < 2; i++)
		sha256(&full[i], buf_span(&txs[i]));
	msg_hashes_encode(&body, full, 2);
	message_example(list, MSG_TXA, &body);
	msg_hashes_encode(&body, full + 1, 1);
	message_example(list, MSG_TXQ, &body);
	mp_array(&body, 1);
	buf_append_span(&body, buf_span(&txs[1]));
	message_example(list, MSG_TXN, &body);
}

static void genesis_pieces(json_t *list, const struct example *x)
{
	struct span rules = buf_span(&x->genesis.rules_raw);
	struct msg_genesis m = {.total = rules.len, .piece = rules};
	struct buf body = {0};
	struct hash pow;

	if (!genesis_mine(&pow, &m.nonce, &x->genesis, UINT64_C(1) << 32))
		BUG("no nonce below 2^32");
	msg_ask_genesis_encode(&body, 0);
	message_example(list, MSG_RGK, &body);
	msg_genesis_encode(&body, &m);
	message_example(list, MSG_GLK, &body);
}

static void address_lists(json_t *list)
{
	struct buf body = {0};

	msg_ask_addresses_encode(&body);
	message_example(list, MSG_RAD, &body);
	mp_array(&body, 3);
	mp_bin(&body, span_str("192.0.2.1:4999"));
	mp_bin(&body, span_str("[2001:db8::1]:4999"));
	mp_bin(&body, span_str("node.example.org:65535"));
	message_example(list, MSG_ADR, &body);
}

/* The second block as it is, and once more with another extra. */
static void evidence(json_t *list, const struct example *x,
		     const json_t *blocks)
{
	struct buf raw[2] = {example_bytes(blocks, 1, "header"), {0}};
	struct buf seal[2] = {example_bytes(blocks, 1, "seal"), {0}};
	struct buf signature = {0}, body = {0};
	struct span headers[2], seals[2];
	struct seal other = {.key = secret_key_public(x->ed25519)};
	struct header h;
	struct hash hash;
	size_t i;

	if (header_decode(&h, buf_span(&raw[0])))
		BUG("a header of the examples does not decode");
	h.extra = span_str("another");
	header_encode(&raw[1], &h);
	header_hash(&hash, &x->genesis.hash, buf_span(&raw[1]));
	if (secret_key_sign(x->ed25519, &signature, &hash))
		BUG("signing failed");
	other.signature = buf_span(&signature);
	seal_encode(&seal[1], &other);
	for (i = 0; i < 2; i++) {
		headers[i] = buf_span(&raw[i]);
		seals[i] = buf_span(&seal[i]);
	}
	mp_array(&body, 1);
	msg_evidence_encode(&body, headers, seals);
	message_example(list, MSG_EVD, &body);
	for (i = 0; i < 2; i++) {
		buf_release(&raw[i]);
		buf_release(&seal[i]);
	}
	buf_release(&signature);
}

json_t *message_examples(const struct example *x,
			 const struct buf txs[TX_EXAMPLES],
			 const json_t *blocks)
{
	json_t *list = json_array();

	hellos(list, x, blocks);
	header_lists(list, x, blocks);
	block_lists(list, blocks);
	tx_lists(list, txs);
	genesis_pieces(list, x);
	address_lists(list);
	evidence(list, x, blocks);
	bft_message_examples(list, x, blocks);
	if (json_array_size(list) != MESSAGE_TYPE_COUNT)
		BUG("a type of message has no example");
	return list;
}

/* --- what is refused ------------------------------------------------------ */

#define ZEROS32                                                                \
	"0000000000000000000000000000000000000000000000000000000000000000"

static const struct {
	const char *name;
	enum message_type type;
	const char *body;
} refusals[] = {
	{"a hello of no protocol", MSG_HEY, "90"},
	{"a hello of one element", MSG_HEY, "9101"},
	{"an empty code", MSG_BYE, "92c400c400"},
	{"a code with a digit", MSG_BYE, "92c4026131c400"},
	{"a text with a line break", MSG_BYE, "92c40161c4010a"},
	{"a text that is not ASCII", MSG_BYE, "92c40161c402c3a9"},
	{"a height of 2^53", MSG_BLK, "92cf0020000000000000c420" ZEROS32},
	{"a longer form of an integer", MSG_BLK, "92cc01c420" ZEROS32},
	{"a hash of 31 bytes", MSG_BLK,
	 "9201c41f00000000000000000000000000000000000000000000000000000000"
	 "000000"},
	{"an empty locator", MSG_RHD, "929001"},
	{"no headers asked", MSG_RHD, "9291c420" ZEROS32 "00"},
	{"513 headers asked", MSG_RHD, "9291c420" ZEROS32 "cd0201"},
	{"a header without a seal", MSG_AHD, "919190"},
	{"a seal that is no array", MSG_AHD, "91929000"},
	{"a byte too many", MSG_RAD, "9000"},
	{"an offset of 64 MiB", MSG_RGK, "91ce04000000"},
	{"an empty piece", MSG_GLK, "94010000c400"},
	{"a piece that is too short", MSG_GLK, "94020000c40161"},
	{"a piece beyond the end", MSG_GLK, "94010000c4026161"},
	{"an address without a port", MSG_ADR, "91c40161"},
	{"port 0", MSG_ADR, "91c403613a30"},
	{"an IPv4 address with a leading zero", MSG_ADR,
	 "91c40a312e322e332e30343a31"},
	{"evidence of one header", MSG_EVD, "91929090"},
	{"no votes", MSG_VOT, "90"},
	{"a proposed block asked by height alone", MSG_RPB, "9101"},
	{"two blocks for one that was asked", MSG_APB, "929090"},
	{"a block that is no array", MSG_APB, "9100"},
	{"a height's header without what decided it", MSG_CRT, "9190"},
	{"validators in another order", MSG_LNK,
	 "92c4140100000000000000000000000000000000000000"
	 "c4140000000000000000000000000000000000000000"},
	{"a validator twice", MSG_LNK,
	 "92c4140100000000000000000000000000000000000000"
	 "c4140100000000000000000000000000000000000000"},
	{"a double vote of nobody", MSG_EVV,
	 "9196c400010001"
	 "9300c420" ZEROS32 "c400"
	 "9300c420" ZEROS32 "c400"},
};

json_t *message_refusals(void)
{
	json_t *list = json_array(), *o;
	struct buf again = {0};
	uint8_t body[256];
	size_t i, len;

	for (i = 0; i < ARRAY_LEN(refusals); i++) {
		len = strlen(refusals[i].body) / 2;
		if (len > sizeof(body) ||
		    !hex_decode(body, len, span_str(refusals[i].body)))
			BUG("hex");
		if (!message_again(&again, refusals[i].type, SPAN(body, len)))
			BUG("a bad message is taken");
		o = json_object();
		add(o, "name", json_string(refusals[i].name));
		add(o, "type", json_string(message_letters(refusals[i].type)));
		add(o, "body", hex_json(SPAN(body, len)));
		json_array_append_new(list, o);
	}
	buf_release(&again);
	return list;
}
