/* SPDX-License-Identifier: MIT */
/* Messages as bytes; see the header. Those that are lists: message_list.c. */
#include "codec/message.h"

#include <string.h>

#include "base/amount.h"
#include "codec/msgpack.h"

static const struct {
	const char *letters;
	size_t max;
} types[] = {
#define MESSAGE_ROW(id, letters, max) [id] = {letters, max},
	MESSAGE_TYPES(MESSAGE_ROW)
#undef MESSAGE_ROW
};

const char *message_letters(enum message_type t)
{
	return types[t].letters;
}

size_t message_bytes_max(enum message_type t)
{
	return types[t].max;
}

bool message_type_of(enum message_type *out, const uint8_t *letters)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(types); i++)
		if (!memcmp(types[i].letters, letters, MESSAGE_TYPE_LEN)) {
			*out = (enum message_type)i;
			return true;
		}
	return false;
}

static bool is_printable(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.data[i] < 0x20 || s.data[i] > 0x7e)
			return false;
	return true;
}

/* The reader cannot be failed from outside: a text that is not one counts as
 * missing, and *bad remembers it. */
static struct span read_text(struct mp_reader *r, size_t min, size_t max,
			     bool *bad)
{
	struct span s = mp_read_bin(r, min, max);

	if (!is_printable(s))
		*bad = true;
	return s;
}

static enum err ended(const struct mp_reader *r, bool bad)
{
	enum err e = mp_reader_end(r);

	return e ? e : bad ? ERR_MALFORMED : ERR_OK;
}

/* --- hello and farewell ------------------------------------------------- */

#define HELLO_FIELDS 11

void msg_hello_encode(struct buf *out, const struct msg_hello *m)
{
	mp_array(out, HELLO_FIELDS);
	mp_uint(out, m->version);
	mp_hash(out, &m->genesis);
	mp_hash(out, &m->upgrades);
	mp_bin(out, address_span(&m->id));
	mp_uint(out, m->instance);
	mp_bin(out, m->listen);
	mp_uint(out, m->height);
	mp_hash(out, &m->tip);
	mp_uint(out, m->settled);
	mp_uint(out, m->clock);
	mp_bin(out, m->agent);
}

static enum err read_hello(struct msg_hello *out, struct mp_reader *r)
{
	bool bad = false;

	out->genesis = mp_read_hash(r);
	out->upgrades = mp_read_hash(r);
	out->id = mp_read_address(r);
	out->instance = mp_read_uint(r, UINT64_MAX);
	out->listen = mp_read_bin(r, 0, ADDRESS_TEXT_MAX);
	if (out->listen.len && !address_text_ok(out->listen))
		bad = true;
	out->height = mp_read_uint(r, AMOUNT_MAX);
	out->tip = mp_read_hash(r);
	out->settled = mp_read_uint(r, AMOUNT_MAX);
	out->clock = mp_read_uint(r, AMOUNT_MAX);
	out->agent = read_text(r, 0, AGENT_MAX, &bad);
	return ended(r, bad);
}

enum err msg_hello_decode(struct msg_hello *out, struct span body)
{
	struct mp_reader r;
	size_t fields;

	*out = (struct msg_hello){0};
	mp_reader_init(&r, body);
	fields = mp_read_array(&r, 1, SIZE_MAX);
	out->version = mp_read_uint(&r, UINT64_MAX);
	if (r.err)
		return r.err;
	if (out->version != PROTOCOL_VERSION)
		return ERR_UNSUPPORTED_VERSION;
	if (fields != HELLO_FIELDS)
		return ERR_MALFORMED;
	return read_hello(out, &r);
}

static bool is_code(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((s.data[i] < 'a' || s.data[i] > 'z') && s.data[i] != '_')
			return false;
	return s.len > 0;
}

/* What the text was made from may hold anything and be of any length: the
 * message is one that the other side takes all the same. */
void msg_bye_encode(struct buf *out, const struct msg_bye *m)
{
	struct span text = m->text;
	size_t i;

	if (text.len > BYE_TEXT_MAX)
		text.len = BYE_TEXT_MAX;
	mp_array(out, 2);
	mp_bin(out, m->code);
	mp_bin(out, text);
	for (i = out->len - text.len; i < out->len; i++)
		if (out->data[i] < 0x20 || out->data[i] > 0x7e)
			out->data[i] = '?';
}

enum err msg_bye_decode(struct msg_bye *out, struct span body)
{
	struct mp_reader r;
	bool bad = false;

	mp_reader_init(&r, body);
	mp_read_array(&r, 2, 2);
	out->code = mp_read_bin(&r, 1, BYE_CODE_MAX);
	if (!is_code(out->code))
		bad = true;
	out->text = read_text(&r, 0, BYE_TEXT_MAX, &bad);
	return ended(&r, bad);
}

/* --- tips --------------------------------------------------------------- */

void msg_tip_encode(struct buf *out, const struct msg_tip *m)
{
	mp_array(out, 5);
	mp_uint(out, m->height);
	mp_hash(out, &m->tip);
	mp_uint(out, m->settled);
	mp_uint(out, m->clock);
	mp_uint(out, m->number);
}

enum err msg_tip_decode(struct msg_tip *out, struct span body)
{
	struct mp_reader r;

	mp_reader_init(&r, body);
	mp_read_array(&r, 5, 5);
	out->height = mp_read_uint(&r, AMOUNT_MAX);
	out->tip = mp_read_hash(&r);
	out->settled = mp_read_uint(&r, AMOUNT_MAX);
	out->clock = mp_read_uint(&r, AMOUNT_MAX);
	out->number = mp_read_uint(&r, UINT64_MAX);
	return mp_reader_end(&r);
}

void msg_block_here_encode(struct buf *out, const struct msg_block_here *m)
{
	mp_array(out, 2);
	mp_uint(out, m->height);
	mp_hash(out, &m->hash);
}

enum err msg_block_here_decode(struct msg_block_here *out, struct span body)
{
	struct mp_reader r;

	mp_reader_init(&r, body);
	mp_read_array(&r, 2, 2);
	out->height = mp_read_uint(&r, AMOUNT_MAX);
	out->hash = mp_read_hash(&r);
	return mp_reader_end(&r);
}

/* --- genesis ------------------------------------------------------------ */

void msg_ask_genesis_encode(struct buf *out, uint64_t offset)
{
	mp_array(out, 1);
	mp_uint(out, offset);
}

enum err msg_ask_genesis_decode(uint64_t *offset, struct span body)
{
	struct mp_reader r;

	mp_reader_init(&r, body);
	mp_read_array(&r, 1, 1);
	*offset = mp_read_uint(&r, MSG_GENESIS_MAX - 1);
	return mp_reader_end(&r);
}

void msg_genesis_encode(struct buf *out, const struct msg_genesis *m)
{
	mp_array(out, 4);
	mp_uint(out, m->total);
	mp_uint(out, m->offset);
	mp_uint(out, m->nonce);
	mp_bin(out, m->piece);
}

enum err msg_genesis_decode(struct msg_genesis *out, struct span body)
{
	struct mp_reader r;
	uint64_t rest;
	enum err e;

	mp_reader_init(&r, body);
	mp_read_array(&r, 4, 4);
	out->total = mp_read_uint(&r, MSG_GENESIS_MAX);
	out->offset = mp_read_uint(&r, MSG_GENESIS_MAX);
	out->nonce = mp_read_uint(&r, UINT64_MAX);
	out->piece = mp_read_bin(&r, 1, MSG_GENESIS_PIECE);
	e = mp_reader_end(&r);
	if (e)
		return e;
	if (out->offset >= out->total)
		return ERR_MALFORMED;
	rest = out->total - out->offset;
	if (rest > MSG_GENESIS_PIECE)
		rest = MSG_GENESIS_PIECE;
	return out->piece.len == rest ? ERR_OK : ERR_MALFORMED;
}

/* --- addresses ---------------------------------------------------------- */

void msg_ask_addresses_encode(struct buf *out)
{
	mp_array(out, 0);
}

enum err msg_ask_addresses_decode(struct span body)
{
	struct mp_reader r;

	mp_reader_init(&r, body);
	mp_read_array(&r, 0, 0);
	return mp_reader_end(&r);
}

enum err msg_address_decode(struct span *text, struct span raw)
{
	struct mp_reader r;
	enum err e;

	mp_reader_init(&r, raw);
	*text = mp_read_bin(&r, 1, ADDRESS_TEXT_MAX);
	e = mp_reader_end(&r);
	return e ? e : address_text_ok(*text) ? ERR_OK : ERR_MALFORMED;
}
