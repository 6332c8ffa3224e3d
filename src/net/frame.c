/* SPDX-License-Identifier: MIT */
/* Frames; see the header. */
#include <config.h>

#include "net/frame.h"

#include <event2/buffer.h>

enum frame_state frame_head(struct frame *out, const uint8_t head[FRAME_HEAD],
			    size_t body_max)
{
	uint32_t len = (uint32_t)head[0] | (uint32_t)head[1] << 8 |
		       (uint32_t)head[2] << 16 | (uint32_t)head[3] << 24;

	if (len < MESSAGE_TYPE_LEN || !message_type_of(&out->type, head + 4))
		return FRAME_BAD;
	len -= MESSAGE_TYPE_LEN;
	if (len > message_bytes_max(out->type) || len > body_max)
		return FRAME_BAD;
	out->size = FRAME_HEAD + len;
	return FRAME_MORE;
}

enum frame_state frame_first(struct frame *out, struct evbuffer *in,
			     size_t body_max)
{
	uint8_t head[FRAME_HEAD];
	const uint8_t *whole;

	*out = (struct frame){.size = 0};
	if (evbuffer_copyout(in, head, sizeof(head)) < (ev_ssize_t)sizeof(head))
		return FRAME_MORE;
	if (frame_head(out, head, body_max) == FRAME_BAD)
		return FRAME_BAD;
	if (evbuffer_get_length(in) < out->size)
		return FRAME_MORE;
	whole = evbuffer_pullup(in, (ev_ssize_t)out->size);
	if (!whole)
		BUG("evbuffer_pullup failed");
	out->body = SPAN(whole + FRAME_HEAD, out->size - FRAME_HEAD);
	return FRAME_WHOLE;
}

void frame_drop(struct evbuffer *in, const struct frame *frame)
{
	evbuffer_drain(in, frame->size);
}

void frame_write(struct evbuffer *out, enum message_type type, struct span body)
{
	uint32_t len = (uint32_t)(MESSAGE_TYPE_LEN + body.len);
	uint8_t head[FRAME_HEAD] = {(uint8_t)len, (uint8_t)(len >> 8),
				    (uint8_t)(len >> 16), (uint8_t)(len >> 24)};
	const char *letters = message_letters(type);
	size_t i;

	if (body.len > message_bytes_max(type))
		BUG("a message is over its bound");
	for (i = 0; i < MESSAGE_TYPE_LEN; i++)
		head[4 + i] = (uint8_t)letters[i];
	if (evbuffer_add(out, head, sizeof(head)) ||
	    evbuffer_add(out, body.data, body.len))
		BUG("evbuffer_add failed");
}
