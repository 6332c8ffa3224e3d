/* SPDX-License-Identifier: MIT */
/*
 * Open what a daemon needs, in an order in which each failure leaves nothing
 * behind: what files say, lock, chain, key.
 */
#include "daemon/open.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chain/genesis.h"
#include "daemon/dev.h"
#include "daemon/genesis_peer.h"
#include "daemon/init.h"
#include "loop/clock.h"
#include "loop/log.h"
#include "store/file.h"
#include "store/journal.h"
#include "store/keyfile.h"

const struct secret_key *opened_key(const struct opened *o)
{
	return o->key ? o->key : o->node_key;
}

/* --- the development chain --------------------------------------------- */

static enum err temporary_dir(char **out, struct fault *f)
{
	const char *base = getenv("TMPDIR");
	char *path =
		path_join(base && *base ? base : "/tmp", "ccoin-dev-XXXXXX");

	*out = path;
	if (mkdtemp(path))
		return ERR_OK;
	fault_set(f, ERR_IO, "", "%s: %s", path, strerror(errno));
	free(path);
	*out = NULL;
	return ERR_IO;
}

/* The account of a development chain: the one that was asked for, or the
 * first that has a key, or a new one. */
static enum err dev_account(struct opened *o, struct config *config,
			    const char *password, struct fault *f)
{
	struct address *list;
	size_t count;
	enum err e;

	if (!config->account.given) {
		e = keyfile_list(&list, &count, o->datadir, f);
		if (e)
			return e;
		if (count) {
			config->account.given = true;
			config->account.value = list[0];
		}
		free(list);
	}
	if (config->account.given)
		return ERR_OK;
	/* made with the key (CONSENSUS: bft, rule 17) */
	e = journal_create(o->datadir, f);
	if (e && e != ERR_EXISTS)
		return e;
	e = keyfile_create(&o->key, o->datadir, KEY_ED25519, password, f);
	if (e)
		return e;
	config->account.given = true;
	config->account.value = *secret_key_address(o->key);
	return ERR_OK;
}

static enum err dev_chain(struct opened *o, struct config *config,
			  struct fault *f)
{
	struct rules rules;
	enum err e;

	dev_rules(&rules, &config->account.value, clock_now_ms(),
		  config->dev.seconds);
	e = init_store(NULL, o->store, &rules, NULL, f);
	rules_release(&rules);
	return e;
}

/* --- the chain --------------------------------------------------------- */

static enum err compare_hash(const struct opened *o, const struct hash *got,
			     const struct hash *want, const char *option,
			     const char *value, struct fault *f)
{
	char a[HASH_HEX_LEN], b[HASH_HEX_LEN];

	if (hash_eq(got, want))
		return ERR_OK;
	return fault_set(f, ERR_OTHER_CHAIN, option,
			 "%s is chain %.16s..., but %s holds chain %.16s...",
			 value, hash_hex(b, want), o->datadir,
			 hash_hex(a, got));
}

/* The store has a chain: is it the one that was asked for? rules are those
 * of --genesis, NULL without it. */
static enum err check_chain(const struct opened *o, const struct config *config,
			    const struct rules *rules,
			    const struct hash *genesis, struct fault *f)
{
	struct genesis wanted;
	enum err e;

	if (config->genesis_hash.given) {
		e = compare_hash(o, genesis, &config->genesis_hash.value,
				 "--genesis-hash", "what it asks for", f);
		if (e)
			return e;
	}
	if (!rules)
		return ERR_OK;
	genesis_make(&wanted, rules);
	e = compare_hash(o, genesis, &wanted.hash, "--genesis", config->genesis,
			 f);
	genesis_release(&wanted);
	return e;
}

/* Before a chain is made: what was made would be in the way of the right
 * one. */
static enum err check_wanted(const struct config *config,
			     const struct rules *rules, struct fault *f)
{
	char want[HASH_HEX_LEN], got[HASH_HEX_LEN];
	struct genesis made;
	enum err e = ERR_OK;

	genesis_make(&made, rules);
	if (!hash_eq(&made.hash, &config->genesis_hash.value))
		e = fault_set(f, ERR_OTHER_CHAIN, "--genesis-hash",
			      "nothing was made: %s makes chain %.16s..., "
			      "expected the file of chain %.16s...",
			      config->genesis, hash_hex(got, &made.hash),
			      hash_hex(want, &config->genesis_hash.value));
	genesis_release(&made);
	return e;
}

/* Who knows the hash can take the rules from anybody. */
static bool may_ask_peers(const struct config *config)
{
	return config->genesis_hash.given && config->connect.count;
}

static enum err no_chain(const char *datadir, struct fault *f)
{
	return fault_set(f, ERR_NOT_FOUND, "",
			 "%s holds no chain; run ccoin-init, or give --genesis "
			 "FILE, or --genesis-hash HEX and --connect HOST:PORT, "
			 "or --dev",
			 datadir);
}

static enum err make_chain(struct opened *o, struct config *config,
			   const struct rules *rules, struct fault *f)
{
	char hex[HASH_HEX_LEN];
	struct init_result made;
	enum err e;

	if (config->dev.on)
		return dev_chain(o, config, f);
	if (!rules && may_ask_peers(config))
		return genesis_from_peers(o->store, config, opened_key(o), f);
	if (!rules)
		return no_chain(o->datadir, f);
	e = config->genesis_hash.given ? check_wanted(config, rules, f)
				       : ERR_OK;
	if (e)
		return e;
	e = init_store(&made, o->store, rules, NULL, f);
	if (!e)
		log_info("made chain %s with %zu accounts, in %s",
			 hash_hex(hex, &made.genesis), rules->alloc_count,
			 o->datadir);
	return e;
}

static enum err open_chain(struct opened *o, struct config *config,
			   const struct rules *wanted, struct fault *f)
{
	struct hash genesis;
	struct rules rules;
	enum err e;

	e = genesis_load(&rules, &genesis, store_view(o->store), f);
	if (e == ERR_NOT_FOUND) {
		e = make_chain(o, config, wanted, f);
		if (!e)
			e = store_view_renew(o->store, f);
		if (!e)
			e = genesis_load(&rules, &genesis, store_view(o->store),
					 f);
		wanted = NULL; /* it is what was made */
	}
	if (e)
		return e;
	o->places = rules_places(&rules);
	o->votes = rules.engine == ENGINE_BFT;
	rules_release(&rules);
	return check_chain(o, config, wanted, &genesis, f);
}

/* --- the key ----------------------------------------------------------- */

static enum err open_key(struct opened *o, const struct config *config,
			 const char *password, struct fault *f)
{
	char hex[ADDRESS_HEX_LEN];
	enum err e;

	if (o->key)
		return ERR_OK;
	if (!config->account.given) {
		if (!config->validator)
			return ERR_OK;
		return fault_set(f, ERR_MISSING_FIELD, "account",
				 "--validator needs an account: give "
				 "--account ADDRESS");
	}
	e = keyfile_load(&o->key, o->datadir, &config->account.value, password,
			 f);
	if (e != ERR_NOT_FOUND)
		return e;
	/* A node that only follows signs nothing. The seed's configuration
	 * names an account wherever its key is. */
	if (!config->validator)
		return ERR_OK;
	return fault_set(f, e, "account",
			 "cannot open %s/keys/%s.pem: %s; a validator signs "
			 "with it, expected a copy of the account's key there",
			 o->datadir, address_hex(hex, &config->account.value),
			 strerror(ENOENT));
}

static enum err open_all(struct opened *o, struct config *config,
			 const struct rules *rules, const char *password,
			 struct fault *f)
{
	bool may_make =
		config->dev.on || config->genesis || may_ask_peers(config);
	unsigned flags = may_make ? STORE_CREATE : 0;
	enum err e;

	if (config->dev.on && !config->datadir_given) {
		e = temporary_dir(&o->datadir, f);
		if (e)
			return e;
		o->temporary = true;
	} else {
		o->datadir = xstrdup(config->datadir);
	}
	if (flags) {
		e = dir_make_all(o->datadir, f);
		if (e)
			return e;
	}
	e = store_open(&o->store, o->datadir, flags, f);
	if (e == ERR_NOT_FOUND)
		return no_chain(o->datadir, f);
	if (!e && config->dev.on) {
		config->validator = true;
		e = dev_account(o, config, password, f);
	}
	if (!e)
		e = open_key(o, config, password, f);
	/* before the chain, which a peer may be asked for */
	if (!e && !o->key)
		e = keyfile_node(&o->node_key, o->datadir, f);
	return e ? e : open_chain(o, config, rules, f);
}

enum err daemon_open(struct opened *out, struct config *config, struct fault *f)
{
	char *password = NULL;
	struct rules rules = {0};
	struct fault unused;
	enum err e = ERR_OK;

	*out = (struct opened){0};
	if (config->password_file)
		e = keyfile_password(&password, config->password_file, f);
	if (!e && config->genesis)
		e = init_read_genesis(&rules, config->genesis, f);
	if (!e)
		e = open_all(out, config, config->genesis ? &rules : NULL,
			     password, f);
	rules_release(&rules);
	keyfile_wipe(password);
	if (e)
		daemon_close(out, &unused);
	return e;
}

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

enum err daemon_close(struct opened *o, struct fault *f)
{
	enum err e = store_close(o->store, f);

	secret_key_free(o->key);
	secret_key_free(o->node_key);
	if (o->temporary && o->datadir)
		nftw(o->datadir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(o->datadir);
	*o = (struct opened){0};
	return e;
}
