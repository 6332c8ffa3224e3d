/* SPDX-License-Identifier: MIT */
/*
 * The inside of the room of peers, for its own files: peers.c (lifetime and
 * dispatch), handshake.c (who may come in), peer_faults.c (scores, bans,
 * budgets), peer_pings.c (tips, clocks, addresses).
 */
#ifndef NODE_PEERS_INTERNAL_H
#define NODE_PEERS_INTERNAL_H

#include "node/peers.h"

#define AUTHORITY_PLACES 16    /* kept for them, at most half of all */
#define UNGREETED_MAX 64       /* connections beyond the places */
#define HELLO_MS 10000	       /* wait so long for a hello */
#define GENESIS_PIECES_MAX 128 /* asked before a hello */
#define PING_MS 5000
#define PING_TIMEOUT_MS 15000
#define SILENT_MS (2 * PING_MS) /* an old connection gives way after it */
#define MINUTE_MS 60000
#define DAY_MS (24 * 60 * MINUTE_MS)
#define ADDRESSES_MS (10 * MINUTE_MS)
/* With fewer peers than this, as often as somebody answers. */
#define PEERS_FEW 4
#define ADDRESSES_FEW_MS (MINUTE_MS + 5000)
#define SCORE_BAN 100
#define BANS_KEPT 1024

struct peers {
	struct peer **list; /* by rising number */
	size_t count, cap;
	struct map *bans;	  /* id -> struct ban */
	uint64_t due;		  /* the next thing to do, ms; 0: look now */
	uint64_t asked_addresses; /* ms; 0: never */
};

/* End a connection: BYE (code NULL: none), EFFECT_DROP, and a log line. */
void peer_end(struct node *n, struct peer *p, const char *code,
	      const char *text, uint64_t ban_ms, enum notice level);
/* Have peers_tick() look at this time at the latest. */
void peers_due(struct node *n, uint64_t at);

/* handshake.c */
void hello_send(struct node *n, struct peer *p, enum message_type type);
/* HEY or ACK of a peer that is new. */
void hello_received(struct node *n, struct peer *p, struct span body);
void bye_received(struct node *n, struct peer *p, struct span body);

/* peer_faults.c */
uint64_t peer_score(const struct peer *p, uint64_t now);
void budget_init(struct peer *p, uint64_t now);
/* Whether the message may be read; counts what is over, and its fault. */
bool budget_take(struct node *n, struct peer *p, enum message_type type,
		 size_t len);
/* A message that we send: an answer costs the one who asked, and a question
 * makes its answer free. */
void budget_sent(struct peer *p, enum message_type type, size_t len);
/* Whether an answer of this kind was awaited; then one less is. */
bool budget_awaited(struct peer *p, enum message_type type);

/* peer_pings.c */
/* What a hello or a ping told. round_trip: of this very exchange, ms; -1 when
 * unknown. */
void peer_clock(struct node *n, struct peer *p, uint64_t clock,
		int64_t round_trip);
void ping_received(struct node *n, struct peer *p, struct span body);
void pong_received(struct node *n, struct peer *p, struct span body);
void addresses_asked(struct node *n, struct peer *p, struct span body);
void addresses_received(struct node *n, struct peer *p, struct span body);
void addresses_ask(struct node *n, struct peer *p);
/* Send a ping that is due, drop who does not answer; when to look again. */
uint64_t ping_tick(struct node *n, struct peer *p);

#endif
