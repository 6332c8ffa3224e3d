/* SPDX-License-Identifier: MIT */
/* Peers that are no nodes. */
#include "sim/sim.h"

void attacker_make(struct sim *s)
{
	(void)s;
}

void attacker_up(struct sim *s, size_t end, uint64_t conn)
{
	(void)s;
	(void)end;
	(void)conn;
}

void attacker_gone(struct sim *s, size_t end, uint64_t conn)
{
	(void)s;
	(void)end;
	(void)conn;
}

void attacker_message(struct sim *s, size_t end, uint64_t conn,
		      enum message_type type, struct span body)
{
	(void)s;
	(void)end;
	(void)conn;
	(void)type;
	(void)body;
}

void attacker_act(struct sim *s, size_t end)
{
	(void)s;
	(void)end;
}
