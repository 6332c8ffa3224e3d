/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "fuzz/steps.h"

#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "fuzz/world.h"

#define STEPS 10
#define STEPS_OF_VOTES 14

struct input {
	const uint8_t *p, *end;
};

static uint8_t byte(struct input *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

static size_t two(struct input *in)
{
	size_t low = byte(in);

	return low | (size_t)byte(in) << 8;
}

static struct span bytes(struct input *in)
{
	size_t len = two(in), left = (size_t)(in->end - in->p);
	struct span s = SPAN(in->p, len < left ? len : left);

	in->p += s.len;
	return s;
}

static size_t slot(struct input *in)
{
	return byte(in) % WORLD_PEERS;
}

static void vote(struct world *w, struct input *in, bool changed)
{
	struct world_vote v = {0};
	size_t at = slot(in);
	uint8_t what = byte(in), round = byte(in), block = byte(in);

	v.kind = what & 3;
	v.seat = what >> 2 & 3;
	v.height = what >> 4 & 3;
	v.round = round & 15;
	v.prepared = round >> 4;
	v.block = block;
	if (changed) {
		v.kind = VOTE_PROPOSAL;
		v.at = two(in);
		v.flip = byte(in);
	}
	world_say_vote(w, at, &v);
}

static void one(struct world *w, struct input *in)
{
	enum message_type type;
	size_t at, more;

	switch (byte(in) % (w->chain->votes ? STEPS_OF_VOTES : STEPS)) {
	case 0:
		at = slot(in);
		more = byte(in);
		world_connect(w, at, more & 1, more & 2, byte(in) % 8);
		break;
	case 1:
		at = slot(in);
		type = (enum message_type)(byte(in) % MESSAGE_TYPE_COUNT);
		world_message(w, at, type, bytes(in));
		break;
	case 2:
		world_disconnect(w, slot(in));
		break;
	case 3:
		world_pass(w, two(in));
		break;
	case 4:
		at = byte(in);
		world_do_job(w, at, (enum world_job)(byte(in) % JOB_WAYS));
		break;
	case 5:
		world_do_commit(w);
		break;
	case 6:
		world_settle(w);
		break;
	case 7:
		at = slot(in);
		world_hello(w, at, byte(in));
		break;
	case 8:
		world_submit(w, bytes(in));
		break;
	case 9:
		world_restart(w);
		break;
	case 10:
		world_do_persist(w);
		break;
	case 11:
		world_restart_with(
			w, (enum world_journal)(byte(in) % JOURNAL_WAYS));
		break;
	case 12:
		vote(w, in, false);
		break;
	case 13:
		vote(w, in, true);
		break;
	}
}

/* What an input does, for who writes seeds. */
static void tell(const struct world *w)
{
	struct node_tip tip;
	enum message_type t;

	node_tip(w->node, &tip);
	printf("height %llu, settled %llu, blocks told %llu; sent",
	       (unsigned long long)tip.height, (unsigned long long)tip.settled,
	       (unsigned long long)w->blocks_told);
	for (t = 0; t < MESSAGE_TYPE_COUNT; t++)
		if (w->sent[t])
			printf(" %s %llu", message_letters(t),
			       (unsigned long long)w->sent[t]);
	printf("\n");
}

void steps_run(enum world_engine engine, const uint8_t *data, size_t len)
{
	size_t keys = engine == WORLD_POA ? WORLD_AUTHORITIES : WORLD_KEYS;
	struct input in = {data, data + len};
	struct world w;
	uint8_t first = byte(&in);

	if (engine == WORLD_BFT && first & 0x40)
		engine = WORLD_BFT_IDLE;
	world_open(&w, engine, (first & 15) % (keys + 1), first & 0x10);
	w.believes = first & 0x20;
	while (in.p < in.end)
		one(&w, &in);
	if (getenv("FUZZ_TELL"))
		tell(&w);
	world_close(&w);
}
