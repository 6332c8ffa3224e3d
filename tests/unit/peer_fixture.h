/* SPDX-License-Identifier: MIT */
/*
 * Peers in a test: made up ones, which say what the test says, and whole
 * nodes on wires that keep the order of what goes through each.
 */
#ifndef TESTS_UNIT_PEER_FIXTURE_H
#define TESTS_UNIT_PEER_FIXTURE_H

#include "driver.h"
#include "node/network.h"

/* --- what the driver's node told --------------------------------------- */

/* Take the first message of this type to the peer; its body into *out (NULL:
 * thrown away), which the caller releases. */
bool sent(struct driver *d, uint64_t peer, enum message_type type,
	  struct buf *out);
/* The code of the first BYE to the peer equals this; takes it. */
bool sent_bye(struct driver *d, uint64_t peer, const char *code);
/* The peer was dropped; takes that. */
bool dropped(struct driver *d, uint64_t peer, uint64_t *ban_ms);
/* A line of the log holds both. */
bool logged(struct driver *d, const char *a, const char *b);
bool notified(struct driver *d, enum notify_kind kind, uint64_t peer);
void forget_told(struct driver *d);

/* --- made up peers ----------------------------------------------------- */

/* id 0: without TLS, else the key of that number. where is "peerN:1". */
void fake_connect(struct driver *d, uint64_t peer, bool inbound, unsigned id);
void fake_gone(struct driver *d, uint64_t peer);
/* The bytes are released. */
void fake_say(struct driver *d, uint64_t peer, enum message_type type,
	      struct buf *body);
/* A hello that is good, of key number id and run 1000 + id. */
struct msg_hello fake_hello(const struct driver *d, unsigned id);
/* Connect and greet; forgets what was told. The peer must be taken. */
void fake_peer(struct driver *d, uint64_t peer, bool inbound, unsigned id);
void fake_say_hello(struct driver *d, uint64_t peer, enum message_type type,
		    const struct msg_hello *m);
void fake_tip(struct driver *d, uint64_t peer, enum message_type type,
	      uint64_t clock, uint64_t number);
void fake_hashes(struct driver *d, uint64_t peer, enum message_type type,
		 const struct hash *list, size_t count);
void fake_txs(struct driver *d, uint64_t peer, const struct span *txs,
	      size_t count);
/* A vote, signed by the key of that number, which is a member of the driver's
 * set; and such a vote for a block of these bytes. */
void fake_sign(struct driver *d, struct vote *v, unsigned number);
struct vote fake_signed(struct driver *d, unsigned number, enum vote_kind kind,
			uint64_t height, uint8_t digest);
void fake_vote(struct driver *d, uint64_t peer, const struct vote *v);
/* A network of engine bft, whose validators have keys 1 to 4, and its node of
 * that key, which watches when it is none of them, between peers 1 and 2. */
void fake_bft(struct driver *d, unsigned key);
/* Move the clock while the peers answer their pings. Other messages stay. */
void fake_live(struct driver *d, uint64_t ms);
/* What the node says of a peer that is ready. */
bool info_of(struct driver *d, uint64_t peer, struct peer_info *out);
uint64_t score_of(struct driver *d, uint64_t peer);

/* --- wires between whole nodes ----------------------------------------- */

#define WIRES_MAX 32

struct wire {
	struct driver *end[2];	 /* [0] dialled */
	uint64_t number[2];	 /* of the connection, at each end */
	struct effects queue[2]; /* on the way to that end */
	bool open[2];
};

struct wires {
	struct wire list[WIRES_MAX];
	size_t count;
	uint64_t next;
	/* lose what this says; NULL: nothing */
	bool (*lose)(const struct effect *e);
};

/* from dials to; both prove their ids. The wire's place in the list. */
size_t wires_dial(struct wires *w, struct driver *from, struct driver *to);
/* Put what nodes told onto the wires. */
void wires_collect(struct wires *w);
/* Bring the first message of one end of a wire; false when there is none. */
bool wires_bring(struct wires *w, size_t wire, int end);
/* Until nothing is on the way and no job waits. */
void wires_run(struct wires *w);
/* The same for so long. */
void wires_live(struct wires *w, uint64_t ms);
void wires_release(struct wires *w);

#endif
