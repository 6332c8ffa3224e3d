/* SPDX-License-Identifier: MIT */
/*
 * validator: members vote on who agrees on the blocks, a newcomer accepts
 * (CONSENSUS: bft, rule 14).
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/wallet_change.h"
#include "cmd/wallet_tx.h"

static const struct option_spec specs[] = {
	{.name = "add",
	 .type = OPTION_TEXT,
	 .arg = "KEY",
	 WALLET_AT(add),
	 .help = "the newcomer's public key, in base64 or in a file"},
	{.name = "acceptance",
	 .type = OPTION_PATH,
	 .arg = "FILE",
	 WALLET_AT(acceptance),
	 .help = "what the newcomer's 'validator accept' printed"},
	{.name = "remove",
	 .type = OPTION_TEXT,
	 .arg = "ADDRESS",
	 WALLET_AT(remove),
	 .help = "the validator that is to leave"},
	{.name = "allow-few",
	 .type = OPTION_FLAG,
	 WALLET_AT(allow_few),
	 .help = "fewer than four validators may be left by --remove"},
	{.name = "reject",
	 .type = OPTION_FLAG,
	 WALLET_AT(reject),
	 .help = "take back the vote for it"},
	{.name = "force",
	 .type = OPTION_FLAG,
	 WALLET_AT(force),
	 .help = "vote even when too few of those who will have to agree were "
		 "seen lately"},
	{.name = "sign-only",
	 .type = OPTION_FLAG,
	 WALLET_AT(sign_only),
	 .help = "print the signed JSON instead of sending it"},
	{.name = "genesis-hash",
	 .type = OPTION_HASH,
	 .arg = "HEX",
	 WALLET_AT(genesis_hash),
	 .help = "of accept: the chain's id, instead of asking the node"},
	WALLET_SPEC_FROM,
	WALLET_SPEC_FEE,
	WALLET_SPEC_VALID_UNTIL,
	WALLET_SPEC_WAIT,
	WALLET_SPEC_TIMEOUT,
};

static bool names_change(const struct wallet *w)
{
	const struct wallet_options *o = &w->options;

	return o->add || o->remove || o->acceptance || o->allow_few;
}

/* --- accept -------------------------------------------------------------- */

static void print_accepted(const struct tx_change *c, const struct hash *chain,
			   struct span acceptance)
{
	char address[ADDRESS_HEX_LEN], id[HASH_HEX_LEN];
	struct buf key = {0}, signature = {0};
	json_t *o;

	base64_encode(&key, c->key);
	buf_byte(&key, 0);
	base64_encode(&signature, acceptance);
	buf_byte(&signature, 0);
	o = json_pack("{s:s, s:s, s:s, s:s}", "address",
		      address_hex(address, &c->account), "public_key",
		      (const char *)key.data, "chain_id", hash_hex(id, chain),
		      "acceptance", (const char *)signature.data);
	if (!o)
		BUG("out of memory");
	wallet_print_json(o);
	json_decref(o);
	buf_release(&key);
	buf_release(&signature);
}

static int accept_with(const struct secret_key *key, const struct hash *chain)
{
	struct tx_change c = {.key = secret_key_public(key),
			      .account = *secret_key_address(key)};
	struct buf change = {0}, signature = {0};
	struct fault f = {0};
	int status = EXIT_DONE;
	struct hash d;
	enum err e;

	tx_change_encode(&change, &c);
	tx_accept_digest(&d, buf_span(&change), chain);
	e = secret_key_sign(key, &signature, &d);
	if (e) {
		fault_set(&f, e, "", "%s", err_text(e));
		status = wallet_fail(&f);
	} else {
		print_accepted(&c, chain, buf_span(&signature));
	}
	buf_release(&change);
	buf_release(&signature);
	return status;
}

static int run_accept(struct wallet *w, const char *id)
{
	struct chain_facts chain;
	struct secret_key *key;
	struct address from;
	int status;

	if (id || names_change(w) || w->options.reject)
		return wallet_usage("validator accept: only --from and "
				    "--genesis-hash go with it");
	status = wallet_address(&from, w, w->options.from);
	if (!status && w->options.genesis_hash.given)
		chain.chain_id = w->options.genesis_hash.value;
	else if (!status)
		status = wallet_chain_facts(&chain, w);
	if (!status)
		status = wallet_key(&key, w, &from);
	if (status)
		return status;
	status = accept_with(key, &chain.chain_id);
	secret_key_free(key);
	return status;
}

/* --- propose and vote ---------------------------------------------------- */

static int sign_and_send(struct wallet *w, const struct wallet_change *c)
{
	struct tx tx = {.op = TX_VOTE, .approve = !w->options.reject};
	struct buf change = {0};
	struct secret_key *key;
	struct address from;
	json_t *made = NULL;
	int status = wallet_address(&from, w, w->options.from);

	if (!status)
		status = wallet_key(&key, w, &from);
	if (status)
		return status;
	tx_change_encode(&change, &c->change);
	tx.change = buf_span(&change);
	if (tx.approve)
		tx.acceptance = buf_span(&c->acceptance);
	status = wallet_make(&made, w, &tx, key);
	if (!status && w->options.sign_only)
		wallet_print_json(made);
	else if (!status)
		status = wallet_send_made(w, made);
	json_decref(made);
	buf_release(&change);
	secret_key_free(key);
	return status;
}

/* What must hold before one approves. */
static int check_approval(struct wallet *w, struct wallet_change *c,
			  const json_t *list)
{
	struct chain_facts chain;
	int status = wallet_chain_facts(&chain, w);

	if (!status)
		status = wallet_change_find_acceptance(c, w, list);
	if (!status)
		status = wallet_change_check(c, &chain.chain_id);
	if (!status)
		status = wallet_change_quorum(w, &c->change, list);
	return status;
}

static int vote_for(struct wallet *w, struct wallet_change *c, const char *id)
{
	json_t *list;
	int status = wallet_get_all(&list, w, "/v1/validators");

	if (!status && id)
		status = wallet_change_find(c, list, id);
	if (!status && !w->options.reject)
		status = check_approval(w, c, list);
	json_decref(list);
	return status ? status : sign_and_send(w, c);
}

static int run_vote(struct wallet *w, const char *id)
{
	struct wallet_change c = {.change = {0}};
	int status = EXIT_DONE;

	if (id && names_change(w))
		return wallet_usage("validator vote: ID says all: not together "
				    "with --add, --remove, --acceptance or "
				    "--allow-few");
	if (!id)
		status = wallet_change_read(&c, w);
	if (!status)
		status = vote_for(w, &c, id);
	wallet_change_release(&c);
	return status;
}

static int run_propose(struct wallet *w, const char *id)
{
	if (id)
		return wallet_usage("validator propose: %s: expected options "
				    "alone",
				    id);
	if (w->options.reject)
		return wallet_usage("validator propose: --reject goes with "
				    "vote");
	return run_vote(w, NULL);
}

/* --- list ---------------------------------------------------------------- */

static const struct wallet_column columns[] = {
	{"ADDRESS", "address", false},
	{"MISSING", "missing", false},
	{"LAST_SEEN_MS", "last_seen_ms", true},
	{"CONNECTED", "connected", false},
	{"SELF", "self", false},
};

/* Text of the node: it must not move the cursor. */
static const char *shown(char out[80], const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	char *c;

	snprintf(out, 80, "%s", text ? text : "-");
	for (c = out; *c; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
			*c = '?';
	return out;
}

static json_int_t number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* "add ADDRESS" or "remove ADDRESS", " (few)" */
static void print_change(const json_t *change)
{
	const json_t *add = json_object_get(change, "add");
	char address[80];

	if (add)
		printf("add %s", shown(address, add, "address"));
	else
		printf("remove %s", shown(address, change, "remove"));
	if (json_is_true(json_object_get(change, "allow_few")))
		printf(" (fewer than four allowed)");
}

static void print_proposal(const json_t *proposal)
{
	const json_t *votes = json_object_get(proposal, "votes");
	char text[80];
	size_t i;

	printf("proposal %s: ", shown(text, proposal, "id"));
	print_change(proposal);
	printf(", %zu of %" JSON_INTEGER_FORMAT
	       " votes, since block %" JSON_INTEGER_FORMAT "\n",
	       json_array_size(votes), number(proposal, "needed"),
	       number(proposal, "since"));
	for (i = 0; i < json_array_size(votes); i++) {
		json_t *one =
			json_pack("{s:O}", "by", json_array_get(votes, i));

		printf("  by %s\n", shown(text, one, "by"));
		json_decref(one);
	}
}

static void print_governance(const json_t *list)
{
	const json_t *item, *change = json_object_get(list, "change");
	char text[80];
	size_t i;

	printf("quorum %" JSON_INTEGER_FORMAT " of %zu\n",
	       number(list, "quorum"),
	       json_array_size(json_object_get(list, "items")));
	if (json_is_object(change)) {
		printf("change from block %" JSON_INTEGER_FORMAT " on: ",
		       number(change, "height"));
		print_change(change);
		puts("");
	}
	json_array_foreach(json_object_get(list, "proposals"), i, item)
	{
		print_proposal(item);
	}
	json_array_foreach(json_object_get(list, "offenders"), i, item)
	{
		printf("offender %s: signed twice at %" JSON_INTEGER_FORMAT
		       ", shown in block %" JSON_INTEGER_FORMAT "\n",
		       shown(text, item, "address"), number(item, "height"),
		       number(item, "found"));
	}
}

void wallet_print_voters(const json_t *list)
{
	wallet_print_table(json_object_get(list, "items"), columns,
			   ARRAY_LEN(columns));
	if (json_object_get(list, "quorum"))
		print_governance(list);
}

static int run_list(struct wallet *w, const char *id)
{
	json_t *list;
	int status;

	if (id || names_change(w))
		return wallet_usage("validator list: takes no argument, and "
				    "no change");
	status = wallet_get_all(&list, w, "/v1/validators");
	if (!status && w->config.json)
		wallet_print_json(list);
	else if (!status)
		wallet_print_voters(list);
	json_decref(list);
	return status;
}

/* --- all of them --------------------------------------------------------- */

static int run_validator(struct wallet *w, int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(struct wallet *w, const char *id);
	} verbs[] = {
		{"propose", run_propose},
		{"accept", run_accept},
		{"vote", run_vote},
		{"list", run_list},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(argv[0], verbs[i].name) == 0)
			return verbs[i].run(w, argc > 1 ? argv[1] : NULL);
	return wallet_usage("validator: value %s, expected propose, accept, "
			    "vote or list",
			    argv[0]);
}

const struct command wallet_validator_command = {
	.name = "validator",
	.args = "propose|accept|vote|list [ID]",
	.args_min = 1,
	.args_max = 2,
	.help = "Vote on who is a validator, accept to become one, or list "
		"them and what they vote on",
	.specs = specs,
	.spec_count = ARRAY_LEN(specs),
	.run = run_validator,
};
