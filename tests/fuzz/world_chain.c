/* SPDX-License-Identifier: MIT */
/* The chains that a world's node may stand on, made once: nothing of an input
 * is in them. */
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "base/text.h"
#include "chain/genesis.h"
#include "fuzz/fuzz.h"
#include "fuzz/world.h"

static struct secret_key *keys[WORLD_KEYS];

const struct secret_key *world_key(size_t number)
{
	uint8_t seed[32] = {0};

	if (!keys[number]) {
		put_be32(seed, (uint32_t)number + 1);
		MUST(!secret_key_take(
			&keys[number],
			EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
						     seed, sizeof(seed))));
	}
	return keys[number];
}

/* Those who make blocks, as members of the genesis file. */
static size_t tell_poa(char *out, size_t size, size_t members)
{
	char hex[ADDRESS_HEX_LEN];
	size_t len = 0, i;

	len += (size_t)snprintf(out, size, "\"miners\": [");
	for (i = 0; i < members; i++)
		len += (size_t)snprintf(
			out + len, size - len, "%s\"%s\"", i ? ", " : "",
			address_hex(hex, secret_key_address(world_key(i))));
	return len + (size_t)snprintf(out + len, size - len, "]");
}

static size_t tell_bft(char *out, size_t size, size_t members)
{
	size_t len = 0, i;

	len += (size_t)snprintf(out, size,
				"\"consensus\": {\"engine\": \"bft\","
				" \"timeout_ms\": 1000,"
				" \"timeout_max_ms\": 4000,"
				" \"validators\": [");
	for (i = 0; i < members; i++) {
		struct buf text = {0};

		base64_encode(&text, secret_key_public(world_key(i)));
		len += (size_t)snprintf(
			out + len, size - len, "%s{\"public_key\": \"%.*s\"}",
			i ? ", " : "", (int)text.len, (const char *)text.data);
		buf_release(&text);
	}
	return len + (size_t)snprintf(out + len, size - len, "]}");
}

/* Which number has the seat of each validator. */
static void take_seats(struct world_chain *c, const struct rules *rules)
{
	size_t i, seat;

	for (i = 0; i < c->members; i++) {
		seat = validators_find(&rules->validators,
				       secret_key_address(world_key(i)));
		MUST(seat < c->members);
		c->seats[seat] = i;
	}
}

static void make(struct world_chain *c)
{
	char hex[ADDRESS_HEX_LEN], json[2048], members[1024];
	struct rules rules;
	struct genesis g;
	struct fault f;
	struct hash pow;
	uint64_t nonce = 0;
	size_t at = 0, len;

	len = (c->votes ? tell_bft : tell_poa)(members, sizeof(members),
					       c->members);
	MUST(len < sizeof(members));
	snprintf(json, sizeof(json),
		 "{\"network_id\": \"fuzz\", %s,"
		 " \"block_mining\": {\"interval\": 1, \"reward\": 5,"
		 " \"allow_empty\": %s}, \"genesis_block\": {\"time\":"
		 " %" PRIu64 "}, \"alloc\": {\"%s\": {\"balance\": 1000000}}}",
		 members, c->idle ? "false" : "true", WORLD_EPOCH,
		 address_hex(hex, secret_key_address(world_key(1))));
	MUST(!genesis_parse(&rules, span_str(json), &f));
	if (c->votes)
		take_seats(c, &rules);
	genesis_make(&g, &rules);
	MUST(genesis_mine(&pow, &nonce, &g, 1));
	MUST(genesis_batch(&g, nonce, &at, &c->rows));
	c->genesis = g.hash;
	genesis_release(&g);
	rules_release(&rules);
}

const struct world_chain *world_chain(enum world_engine engine)
{
	static struct world_chain chains[] = {
		[WORLD_POA] = {.members = WORLD_AUTHORITIES},
		[WORLD_BFT] = {.members = WORLD_VALIDATORS, .votes = true},
		[WORLD_BFT_IDLE] = {.members = WORLD_VALIDATORS,
				    .votes = true,
				    .idle = true},
	};

	if (!chains[engine].rows.count)
		make(&chains[engine]);
	return &chains[engine];
}
