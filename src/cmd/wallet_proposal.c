/* SPDX-License-Identifier: MIT */
/* A change as a node lists it, and what its list says of who will agree. */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/wallet_change.h"
#include "ledger/validators.h"

#define ID_DIGITS_MIN 4

/* --- what the node lists ------------------------------------------------- */

static int no_votes(void)
{
	return wallet_refuse(
		ERR_NOT_FOUND, "proposals",
		"on this chain validators do not vote: its engine is "
		"not bft");
}

/* NULL: none, or more than one. */
static const json_t *find_proposal(const json_t *list, const char *id)
{
	const json_t *proposal, *found = NULL;
	size_t i;

	json_array_foreach(json_object_get(list, "proposals"), i, proposal)
	{
		const char *has =
			json_string_value(json_object_get(proposal, "id"));

		if (!has || strncmp(has, id, strlen(id)) != 0)
			continue;
		if (found)
			return NULL;
		found = proposal;
	}
	return found;
}

static bool read_proposal(struct wallet_change *out, const json_t *proposal)
{
	const json_t *add = json_object_get(proposal, "add");
	const char *remove =
		json_string_value(json_object_get(proposal, "remove"));

	out->change.few = json_is_true(json_object_get(proposal, "allow_few"));
	out->change.remove = remove;
	if (remove)
		return address_from_hex(&out->change.account, span_str(remove));
	if (!wallet_base64(&out->key, add, "public_key") ||
	    key_check(NULL, buf_span(&out->key)))
		return false;
	out->change.key = buf_span(&out->key);
	key_address(&out->change.account, out->change.key);
	return true;
}

int wallet_change_find(struct wallet_change *out, const json_t *list,
		       const char *id)
{
	const json_t *proposal;

	if (!json_object_get(list, "proposals"))
		return no_votes();
	if (strlen(id) < ID_DIGITS_MIN)
		return wallet_usage("ID: value %s, expected at least %d digits "
				    "of a proposal's id",
				    id, ID_DIGITS_MIN);
	proposal = find_proposal(list, id);
	if (!proposal)
		return wallet_refuse(
			ERR_NOT_FOUND, "ID",
			"no open proposal has that id, or more than one; "
			"'ccoin validator list' shows them");
	if (!read_proposal(out, proposal))
		return wallet_refuse(ERR_MALFORMED, "proposals",
				     "the node's answer is of an unknown form");
	return EXIT_DONE;
}

/* --- acceptances --------------------------------------------------------- */

/* Whether this transaction votes for adding that key. */
static bool accepted_in(struct wallet_change *c, const json_t *tx)
{
	const json_t *vote = json_object_get(tx, "vote");
	struct buf key = {0};
	bool same = json_is_true(json_object_get(vote, "approve")) &&
		    wallet_base64(&key, json_object_get(vote, "add"),
				  "public_key") &&
		    span_eq(buf_span(&key), c->change.key);

	buf_release(&key);
	return same && wallet_base64(&c->acceptance, vote, "acceptance");
}

/* *found: one of the voter's transactions has it. */
static int look_at(bool *found, struct wallet_change *c, struct wallet *w,
		   const char *voter, uint64_t since)
{
	struct address checked;
	json_t *txs;
	const json_t *tx;
	char path[120];
	int status;
	size_t i;

	if (!address_from_hex(&checked, span_str(voter)))
		return EXIT_DONE;
	snprintf(path, sizeof(path), "/v1/accounts/%s/txs?since=%" PRIu64,
		 voter, since);
	status = wallet_get_all(&txs, w, path);
	if (status)
		return status;
	json_array_foreach(json_object_get(txs, "items"), i, tx)
	{
		if (!*found)
			*found = accepted_in(c, tx);
	}
	json_decref(txs);
	return EXIT_DONE;
}

int wallet_change_find_acceptance(struct wallet_change *c, struct wallet *w,
				  const json_t *list)
{
	const json_t *proposal, *voter;
	bool found = c->change.remove || c->acceptance.len;
	int status = EXIT_DONE;
	size_t i, k;

	json_array_foreach(json_object_get(list, "proposals"), i, proposal)
	{
		const json_t *since = json_object_get(proposal, "since");
		struct wallet_change other = {.change = {0}};
		bool same = read_proposal(&other, proposal) &&
			    !other.change.remove &&
			    span_eq(other.change.key, c->change.key);

		wallet_change_release(&other);
		if (!same)
			continue;
		json_array_foreach(json_object_get(proposal, "votes"), k, voter)
		{
			const char *hex = json_string_value(voter);

			if (!status && !found && hex)
				status = look_at(
					&found, c, w, hex,
					(uint64_t)json_integer_value(since));
		}
	}
	if (!status && !found)
		return wallet_usage("--acceptance: missing; the newcomer makes "
				    "it with 'ccoin validator accept'");
	return status;
}

/* --- the quorum ---------------------------------------------------------- */

static bool was_seen(const json_t *item)
{
	const json_t *missing = json_object_get(item, "missing");

	if (missing)
		return json_is_false(missing);
	return json_is_true(json_object_get(item, "online"));
}

/* A newcomer counts as seen when the node is connected with it. */
static int is_peer(bool *out, struct wallet *w, const char *hex)
{
	const json_t *peer;
	json_t *peers;
	size_t i;
	int status = wallet_get_all(&peers, w, "/v1/peers");

	*out = false;
	if (status)
		return status;
	json_array_foreach(json_object_get(peers, "items"), i, peer)
	{
		const char *id = json_string_value(json_object_get(peer, "id"));

		*out |= id && strcmp(id, hex) == 0;
	}
	json_decref(peers);
	return EXIT_DONE;
}

int wallet_change_quorum(struct wallet *w, const struct tx_change *c,
			 const json_t *list)
{
	size_t members = 0, seen = 0, i;
	char hex[ADDRESS_HEX_LEN];
	const json_t *item;
	bool here = false;
	int status = EXIT_DONE;

	if (!json_object_get(list, "proposals"))
		return no_votes();
	address_hex(hex, &c->account);
	json_array_foreach(json_object_get(list, "items"), i, item)
	{
		const char *a =
			json_string_value(json_object_get(item, "address"));

		if (a && strcmp(a, hex) == 0)
			continue; /* removed, or counted below */
		members++;
		seen += was_seen(item);
	}
	if (!c->remove) {
		status = is_peer(&here, w, hex);
		members++;
		seen += here;
	}
	if (status || seen >= validators_quorum(members))
		return status;
	fprintf(stderr,
		"ccoin: after this change %zu of %zu validators must agree on "
		"each block, and only %zu were seen lately%s\n",
		validators_quorum(members), members, seen,
		w->options.force ? "" : "; --force votes all the same");
	return w->options.force ? EXIT_DONE : EXIT_REFUSED;
}
