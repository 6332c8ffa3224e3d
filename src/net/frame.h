/* SPDX-License-Identifier: MIT */
/*
 * Frames: a length of 4 bytes, little-endian, of what follows; a type of 3
 * letters; a body. Type and length are judged from these 7 bytes alone, before
 * anything of the body is kept. Knows sizes, and not what a message means.
 */
#ifndef NET_FRAME_H
#define NET_FRAME_H

#include "base/bytes.h"
#include "codec/message.h"

#define FRAME_HEAD (4 + MESSAGE_TYPE_LEN)

struct evbuffer;

enum frame_state {
	FRAME_MORE,  /* the rest is to come */
	FRAME_WHOLE, /* it is here */
	FRAME_BAD,   /* no such type, or a length that its type does not allow:
			the connection is of no use any more */
};

struct frame {
	enum message_type type;
	struct span body; /* borrowed until frame_drop() */
	size_t size;	  /* of the whole frame, once its head is here */
};

/*
 * Judge the head. FRAME_BAD also when the body is longer than body_max, which
 * a caller may set below what the type allows.
 */
enum frame_state frame_head(struct frame *out, const uint8_t head[FRAME_HEAD],
			    size_t body_max);
/* The first frame of a stream's bytes; nothing is taken. */
enum frame_state frame_first(struct frame *out, struct evbuffer *in,
			     size_t body_max);
/* Take the frame that frame_first() found. */
void frame_drop(struct evbuffer *in, const struct frame *frame);
/* Append a frame. The body is within its type's bound. */
void frame_write(struct evbuffer *out, enum message_type type,
		 struct span body);

#endif
