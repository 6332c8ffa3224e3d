/* SPDX-License-Identifier: MIT */
/*
 * The wallet: what its commands share. A command takes its arguments, talks
 * to one node, prints its result on standard output, and gives the program's
 * exit status; whoever meets an error first prints it and says the status.
 */
#ifndef CMD_WALLET_H
#define CMD_WALLET_H

#include <jansson.h>

#include "cmd/book.h"
#include "cmd/client.h"
#include "codec/tx.h"
#include "daemon/config.h"
#include "ledger/genesis.h"

enum exit_status {
	EXIT_DONE,
	EXIT_REFUSED,
	EXIT_USAGE,
	EXIT_UNREACHABLE,
	EXIT_TIMED_OUT
};

#define NOT_GIVEN UINT64_MAX

enum wait_for { WAIT_POOL, WAIT_BLOCK, WAIT_SETTLED, WAIT_FINAL };

/* What the options of the commands fill. */
struct wallet_options {
	int type;	      /* enum key_type */
	char *from;	      /* address or name; NULL: the default account */
	uint64_t fee;	      /* NOT_GIVEN: the chain's min_fee */
	char *data;	      /* NULL: the chain's placeholder, if any */
	uint64_t valid_until; /* 0: for ever */
	int wait;	      /* enum wait_for */
	uint64_t timeout;     /* seconds */
	uint64_t confirmations;
	uint64_t count;
	bool csv;
	bool all_state;
	uint64_t from_height; /* 0: not given */
	/* validator */
	char *add;
	char *remove;
	char *acceptance;
	struct maybe_hash genesis_hash;
	bool allow_few, reject, force, sign_only;
};

struct wallet {
	struct config config;
	struct wallet_options options;
	struct book book;
	struct client *client; /* made when first needed */
	char *password;	       /* NULL: none; wiped at the end */
};

struct command {
	const char *name;
	const char *args; /* for the usage line; "" when there are none */
	const char *help;
	int args_min, args_max;
	const struct option_spec *specs; /* over struct wallet_options */
	size_t spec_count;
	int (*run)(struct wallet *w, int argc, char **argv);
};

/* The commands, each list made by the file that holds them. */
extern const struct command wallet_key_commands[];
extern const size_t wallet_key_command_count;
extern const struct command wallet_read_commands[];
extern const size_t wallet_read_command_count;
extern const struct command wallet_network_commands[];
extern const size_t wallet_network_command_count;
extern const struct command wallet_send_commands[];
extern const size_t wallet_send_command_count;
extern const struct command wallet_verify_command;
extern const struct command wallet_votes_command;
extern const struct command wallet_validator_command;

/* The whole program but for main(). */
MUST_USE int wallet_main(int argc, char **argv, char *const *env);

/* --- for the commands: each prints its own error ----------------------- */

/* Print the fault; give the status that fits its code. */
int wallet_fail(const struct fault *f);
/* Print "ccoin: TEXT"; give EXIT_USAGE. */
int wallet_usage(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* An address or a name from the book. NULL: the default account. */
int wallet_address(struct address *out, struct wallet *w, const char *text);
int wallet_default(struct address *out, struct wallet *w);
/* The key of an account of this wallet. */
int wallet_key(struct secret_key **out, struct wallet *w,
	       const struct address *address);
/* Read --password-file, once. */
int wallet_password(struct wallet *w);

/*
 * Ask the node for JSON. *out is NULL unless EXIT_DONE. An answer of 400 and
 * above is printed with the server's code, field and detail.
 */
int wallet_get(json_t **out, struct wallet *w, const char *path);
/* The same for text of any type; the caller releases *out. */
int wallet_get_text(struct buf *out, struct wallet *w, const char *path,
		    const char *accept);
/* POST JSON; *status (may be NULL) is the answer's. */
int wallet_post(json_t **out, int *status, struct wallet *w, const char *path,
		struct span body, unsigned timeout);
/* Print an error object of the node: {code, field?, detail}. */
void wallet_print_problem(const json_t *problem);

/* wallet_validator.c: the answer of /v1/validators where they vote, and what
 * they vote on. */
void wallet_print_voters(const json_t *list);

/* All pages of a list as if they were one. */
int wallet_get_all(json_t **out, struct wallet *w, const char *path);

/* A table of the items of a list. */
struct wallet_column {
	const char *title;
	const char *member; /* of an item */
	bool right;	    /* a number */
};
void wallet_print_table(const json_t *items,
			const struct wallet_column *columns, size_t count);

/* An integer of an answer; EXIT_REFUSED when it is not there. */
int wallet_member(uint64_t *out, const json_t *object, const char *name);

/* An amount in decimal, 0..2^53-1; false when it is anything else. */
MUST_USE bool wallet_amount(uint64_t *out, const char *text);

/* Print JSON and a newline. */
void wallet_print_json(const json_t *value);
/* Print with --json as JSON, else for people, a line for each member, nested
 * ones indented; EXIT_DONE. */
int wallet_print(const struct wallet *w, const json_t *value);

#endif
