/* SPDX-License-Identifier: MIT */
/*
 * A change of the set of validators, as a user says it or as a node lists it,
 * on its way to a vote. What /v1/validators says of proposals is read here.
 */
#ifndef CMD_WALLET_CHANGE_H
#define CMD_WALLET_CHANGE_H

#include "cmd/wallet.h"

/* {0} is none; wallet_change_release(). */
struct wallet_change {
	struct tx_change change;
	struct buf key; /* what change.key borrows */
	struct buf acceptance;
};
void wallet_change_release(struct wallet_change *c);

/* Print the fault; give the status that fits its code. */
int wallet_refuse(enum err code, const char *field, const char *detail);
/* Append the bytes of a member; false: it is not there, or no base64. */
bool wallet_base64(struct buf *out, const json_t *object, const char *name);

/* Each prints its error and gives the exit status. */

/* From --add and --acceptance, or --remove and --allow-few. */
int wallet_change_read(struct wallet_change *out, struct wallet *w);
/* Whether the acceptance is the new key's, for this change and chain. */
int wallet_change_check(const struct wallet_change *c,
			const struct hash *chain_id);

/* wallet_proposal.c; list is the answer of /v1/validators. */
/* The open proposal whose id begins so */
int wallet_change_find(struct wallet_change *out, const json_t *list,
		       const char *id);
/* The acceptance that a vote for the proposal carried, when none was given:
 * found among the voters' transactions. */
int wallet_change_find_acceptance(struct wallet_change *c, struct wallet *w,
				  const json_t *list);
/* Whether as many as will have to agree were seen lately: else it is said,
 * and refused without --force. */
int wallet_change_quorum(struct wallet *w, const struct tx_change *c,
			 const json_t *list);

#endif
