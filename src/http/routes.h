/* SPDX-License-Identifier: MIT */
/*
 * The route table: dispatch, the Allow header of a 405, the metrics' labels,
 * the OpenAPI file and the tests are made from it, so that they cannot
 * disagree.
 */
#ifndef HTTP_ROUTES_H
#define HTTP_ROUTES_H

#include "http/params.h"
#include "http/server.h"

struct call;

/* Types in the words of http/schemas.h. */
struct route {
	unsigned methods; /* HTTP_GET stands for HTTP_HEAD too */
	/* Segments in braces are parameters; one named address matches only
	 * 40 hex digits. A slash at the end is optional. */
	const char *path;
	const char *summary;
	const struct param *params;
	bool cookie;	  /* needs the node's cookie */
	size_t body_max;  /* bytes; 0: takes no body */
	const char *body; /* what the body holds */
	const char *body_schema;
	const char *type;     /* of the answer */
	const char *other;    /* that Accept may ask for instead; NULL: none */
	const char *schema;   /* of the answer when it is JSON or text */
	const char *answer;   /* what 200 holds */
	const char *accepted; /* what 202 means; NULL: never */
	const char *missing;  /* what 404 means; NULL: never */
	bool no_store;	      /* never 304: true for this moment alone */
	void (*handle)(struct call *c); /* the node's; else NULL */
};

extern const struct route route_table[];
extern const size_t route_count;

/*
 * The row of a table for a method and path; pieces gets what stands for its
 * parameters. NULL: *allowed is what the path takes, 0 when it is not known.
 */
const struct route *route_find(const struct route *table, size_t count,
			       unsigned method, struct span path,
			       struct span pieces[PARAMS_MAX],
			       unsigned *allowed);
/* "GET, HEAD"; returns out. */
#define ROUTE_ALLOW_MAX 40
char *route_allow(char out[ROUTE_ALLOW_MAX], unsigned methods);

/* Indexes of the parameters, in the order of the table's lists. */
enum { BLOCK_INDEX, BLOCK_HASH, BLOCK_STATE };
enum { REGISTER_URL };
enum { CHAIN_FROM, CHAIN_LIMIT };
enum { BALANCE_ADDRESS, BALANCE_CONFIRMATIONS };
enum {
	BALANCES_PREFIX,
	BALANCES_CONFIRMATIONS,
	BALANCES_AFTER,
	BALANCES_LIMIT
};
enum { CONFIRMATIONS_ID };
enum { OWN_ADDRESS, OWN_BLOCK, OWN_STATE };
enum { OWN_TX = 1 };
enum { BLOCKS_CURSOR, BLOCKS_LIMIT };
enum { BLOCKS_ID, BLOCKS_STATE };
enum { TXS_WAIT, TXS_TIMEOUT };
enum { TXS_ID };
enum { GENESIS_ALLOC };
enum {
	ACCOUNT_ADDRESS,
	ACCOUNT_CURSOR,
	ACCOUNT_LIMIT,
	ACCOUNT_SINCE,
	ACCOUNT_FORMAT
};
enum { NETWORK_CURSOR, NETWORK_LIMIT }; /* peers, validators, evidence */

enum wait_for { WAIT_POOL, WAIT_BLOCK, WAIT_SETTLED, WAIT_FINAL };

/* handlers_chain.c */
void handle_running(struct call *c);
void handle_block(struct call *c);
void handle_blockchain(struct call *c);
void handle_chainlength(struct call *c);
void handle_v1_blocks(struct call *c);
void handle_v1_block(struct call *c);
/* handlers_register.c */
void handle_nodes(struct call *c);
void handle_register(struct call *c);
/* handlers_raw.c */
void handle_v1_genesis(struct call *c);
/* handlers_state.c */
void handle_balance(struct call *c);
void handle_balances(struct call *c);
void handle_v1_account(struct call *c);
/* handlers_history.c */
void handle_v1_account_txs(struct call *c);
/* handlers_tx.c */
void handle_unprocessed(struct call *c);
void handle_confirmations(struct call *c);
void handle_v1_tx(struct call *c);
/*
 * handlers_submit.c. A body of type application/msgpack is canonical bytes:
 * either one transaction's full bytes, [[version, ...], key, signature], or
 * an array of 0 to 1000 such. They are told apart by the first element of
 * the first element: an integer in a transaction, an array in a batch. A
 * batch is answered as a JSON array is: 200 and one result for each.
 */
void handle_pushtx(struct call *c);
void handle_v1_txs(struct call *c);
/* handlers_own.c */
void handle_own(struct call *c);
void handle_own_count(struct call *c);
void handle_own_block(struct call *c);
void handle_own_create(struct call *c);
void handle_own_tx(struct call *c);
/* handlers_node.c */
void handle_v1_status(struct call *c);
void handle_health(struct call *c);
void handle_ready(struct call *c);
void handle_openapi(struct call *c);
/* handlers_metrics.c */
void handle_metrics(struct call *c);
/* handlers_network.c */
void handle_v1_peers(struct call *c);
void handle_v1_validators(struct call *c);
void handle_v1_consensus(struct call *c);
void handle_v1_evidence(struct call *c);

#endif
