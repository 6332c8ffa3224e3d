/* SPDX-License-Identifier: MIT */
/* The commands about accounts and names: none of them asks a node. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "cmd/wallet.h"
#include "store/file.h"
#include "store/journal.h"
#include "store/keyfile.h"

static const char *const key_types[] = {"rsa", "ed25519", NULL};

static const struct option_spec create_specs[] = {
	{.name = "type",
	 .type = OPTION_CHOICE,
	 .choices = key_types,
	 .arg = "rsa|ed25519",
	 .offset = offsetof(struct wallet_options, type),
	 .help = "kind of key; default rsa"},
};

static int save_book(struct wallet *w)
{
	struct fault f = {0};

	if (book_save(&w->book, w->config.datadir, &f))
		return wallet_fail(&f);
	return EXIT_DONE;
}

static int print_address(const struct wallet *w, const struct address *a)
{
	char hex[ADDRESS_HEX_LEN];

	printf(w->config.json ? "\"%s\"\n" : "%s\n", address_hex(hex, a));
	return EXIT_DONE;
}

/* The default is the first account: also where the wallet did not make it. */
static int choose_default(struct wallet *w, const struct address *made)
{
	struct fault f = {0};
	struct address *list;
	size_t count;

	if (w->book.has_default)
		return EXIT_DONE;
	if (keyfile_list(&list, &count, w->config.datadir, &f))
		return wallet_fail(&f);
	w->book.has_default = true;
	w->book.default_address = *made;
	if (count == 2)
		w->book.default_address =
			list[address_eq(&list[0], made) ? 1 : 0];
	free(list);
	return save_book(w);
}

/* Made with the key, so that a key without one has lost it (CONSENSUS: bft,
 * rule 17); another account may have brought it. */
static enum err make_journal(const char *datadir, struct fault *f)
{
	enum err e = journal_create(datadir, f);

	return e == ERR_EXISTS ? ERR_OK : e;
}

static int run_create_account(struct wallet *w, int argc, char **argv)
{
	struct fault f = {0};
	struct secret_key *key;
	struct address address;
	enum key_type type = w->options.type ? KEY_ED25519 : KEY_RSA2048;
	int status = wallet_password(w);

	(void)argc;
	(void)argv;
	if (status)
		return status;
	if (dir_make_all(w->config.datadir, &f) ||
	    make_journal(w->config.datadir, &f) ||
	    keyfile_create(&key, w->config.datadir, type, w->password, &f))
		return wallet_fail(&f);
	address = *secret_key_address(key);
	secret_key_free(key);
	status = choose_default(w, &address);
	print_address(w, &address);
	return status;
}

static int run_accounts(struct wallet *w, int argc, char **argv)
{
	struct fault f = {0};
	struct address *list;
	json_t *array = json_array();
	char hex[ADDRESS_HEX_LEN];
	size_t count;

	(void)argc;
	(void)argv;
	if (keyfile_list(&list, &count, w->config.datadir, &f)) {
		json_decref(array);
		return wallet_fail(&f);
	}
	for (size_t i = 0; i < count; i++) {
		address_hex(hex, &list[i]);
		json_array_append_new(array, json_string(hex));
		if (!w->config.json)
			puts(hex);
	}
	if (w->config.json)
		wallet_print_json(array);
	json_decref(array);
	free(list);
	return EXIT_DONE;
}

static int run_address(struct wallet *w, int argc, char **argv)
{
	struct address a;
	int status = wallet_default(&a, w);

	(void)argc;
	(void)argv;
	return status ? status : print_address(w, &a);
}

/* In the form that a genesis file and 'validator propose' take. */
static int run_public_key(struct wallet *w, int argc, char **argv)
{
	struct secret_key *key;
	struct buf text = {0};
	struct address a;
	int status = wallet_address(&a, w, argc ? argv[0] : NULL);

	if (!status)
		status = wallet_key(&key, w, &a);
	if (status)
		return status;
	base64_encode(&text, secret_key_public(key));
	buf_byte(&text, 0);
	printf(w->config.json ? "\"%s\"\n" : "%s\n", (const char *)text.data);
	buf_release(&text);
	secret_key_free(key);
	return EXIT_DONE;
}

static int run_name(struct wallet *w, int argc, char **argv)
{
	struct fault f = {0};
	struct address a;
	char hex[ADDRESS_HEX_LEN];
	int status;

	(void)argc;
	if (!book_name_is_good(argv[0]) ||
	    address_from_hex(&a, span_str(argv[0])))
		return wallet_usage("NAME: value %s, expected 1..%d letters, "
				    "digits, '.', '_' or '-' that are no "
				    "address",
				    argv[0], BOOK_NAME_MAX);
	status = wallet_address(&a, w, argv[1]);
	if (status)
		return status;
	if (book_set(&w->book, argv[0], &a, &f))
		return wallet_fail(&f);
	status = save_book(w);
	if (!status)
		printf("%s %s\n", argv[0], address_hex(hex, &a));
	return status;
}

static int run_names(struct wallet *w, int argc, char **argv)
{
	json_t *object = json_object();
	char hex[ADDRESS_HEX_LEN];

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < w->book.count; i++) {
		const struct book_entry *e = &w->book.list[i];

		address_hex(hex, &e->address);
		json_object_set_new(object, e->name, json_string(hex));
		if (!w->config.json)
			printf("%s %s\n", e->name, hex);
	}
	if (w->config.json)
		wallet_print_json(object);
	json_decref(object);
	return EXIT_DONE;
}

const struct command wallet_key_commands[] = {
	{.name = "create-account",
	 .args = "",
	 .help = "Make an account and print its address",
	 .specs = create_specs,
	 .spec_count = ARRAY_LEN(create_specs),
	 .run = run_create_account},
	{.name = "accounts",
	 .args = "",
	 .help = "Print the addresses of this wallet",
	 .run = run_accounts},
	{.name = "address",
	 .args = "",
	 .help = "Print the default address",
	 .run = run_address},
	{.name = "public-key",
	 .args = "[ADDRESS]",
	 .args_max = 1,
	 .help = "Print an account's public key in base64, as a genesis file "
		 "takes it",
	 .run = run_public_key},
	{.name = "name",
	 .args = "NAME ADDRESS",
	 .args_min = 2,
	 .args_max = 2,
	 .help = "Put a name into the address book, or change it",
	 .run = run_name},
	{.name = "names",
	 .args = "",
	 .help = "Print the address book",
	 .run = run_names},
};
const size_t wallet_key_command_count = ARRAY_LEN(wallet_key_commands);
