/* SPDX-License-Identifier: MIT */
/*
 * A stream of frames from a stranger, in pieces: what comes out is within its
 * bounds and, written again, is the same bytes; and it does not matter how
 * the stream was cut. The first byte says how.
 */
#include <event2/buffer.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "net/frame.h"

/* Take what is whole. False when the stream is of no use any more. */
static bool take(struct evbuffer *in, struct evbuffer *again, size_t body_max)
{
	struct frame f;
	enum frame_state state;

	while ((state = frame_first(&f, in, body_max)) == FRAME_WHOLE) {
		MUST(f.body.len <= message_bytes_max(f.type));
		MUST(f.body.len <= body_max);
		MUST(f.size == FRAME_HEAD + f.body.len);
		frame_write(again, f.type, f.body);
		frame_drop(in, &f);
	}
	return state == FRAME_MORE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct evbuffer *whole, *cut, *from_whole, *from_cut;
	size_t piece, n, at, body_max;
	bool good, good_cut = true;

	if (!len)
		return 0;
	piece = 1 + data[0] % 64;
	body_max = data[0] & 0x80 ? 4096 : MESSAGE_BYTES_MAX;
	data++;
	len--;
	whole = evbuffer_new();
	cut = evbuffer_new();
	from_whole = evbuffer_new();
	from_cut = evbuffer_new();
	MUST(whole && cut && from_whole && from_cut);
	evbuffer_add(whole, data, len);
	good = take(whole, from_whole, body_max);
	for (at = 0; at < len && good_cut; at += n) {
		n = piece < len - at ? piece : len - at;
		evbuffer_add(cut, data + at, n);
		good_cut = take(cut, from_cut, body_max);
	}
	MUST(good == good_cut);
	n = evbuffer_get_length(from_whole);
	MUST(n == evbuffer_get_length(from_cut) && n <= len);
	MUST(!n || (!memcmp(evbuffer_pullup(from_whole, -1), data, n) &&
		    !memcmp(evbuffer_pullup(from_cut, -1), data, n)));
	evbuffer_free(whole);
	evbuffer_free(cut);
	evbuffer_free(from_whole);
	evbuffer_free(from_cut);
	return 0;
}
