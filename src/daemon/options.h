/* SPDX-License-Identifier: MIT */
/*
 * Options as tables. One row says all there is to say about a setting: its
 * name on the command line, in the environment and in ccoin.json, its type
 * and its help. Parsing, --help and --print-config are made from the rows,
 * so that none can lag behind. Knows no setting by name: those are in
 * daemon/config.c and, for the wallet's commands, in cmd/.
 */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <jansson.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/hash.h"

#define LISTEN_ADDRESS_MAX 46 /* an IPv6 address in text, with its zero */

/* [ADDR:]PORT. An address of "": only the port was told. */
struct listen_at {
	char address[LISTEN_ADDRESS_MAX];
	uint64_t port;
};

struct maybe_address {
	bool given;
	struct address value;
};

struct maybe_hash {
	bool given;
	struct hash value;
};

struct texts {
	char **list;
	size_t count;
};

/* --dev[=SECONDS]: on, and how often; 0: as soon as there is work. */
struct dev_mode {
	bool on;
	uint64_t seconds;
};

/* What a value is, and in brackets what holds it. */
enum option_type {
	OPTION_FLAG,	 /* no argument; true or false (bool) */
	OPTION_SET,	 /* no argument, command line only: store min (int) */
	OPTION_STRING,	 /* any text, also an empty one (char *) */
	OPTION_TEXT,	 /* not empty (char *) */
	OPTION_PATH,	 /* a file or directory, ~ expanded (char *) */
	OPTION_UINT,	 /* min..max (uint64_t) */
	OPTION_LISTEN,	 /* [ADDR:]PORT (struct listen_at) */
	OPTION_ADDRESS,	 /* 40 hex digits (struct maybe_address) */
	OPTION_HASH,	 /* 64 hex digits (struct maybe_hash) */
	OPTION_CHOICE,	 /* one of choices (int: its index) */
	OPTION_PLACE,	 /* HOST:PORT (char *) */
	OPTION_URL,	 /* http://HOST[:PORT][/PATH] (char *) */
	OPTION_PLACES,	 /* HOST:PORT, with commas; may be given again, in the
			    file an array (struct texts) */
	OPTION_UPGRADES, /* in the file alone: [{height, version}] (struct
			    hash: its digest, zeros when it is empty) */
	OPTION_TEXTS, /* texts; with commas in the environment (struct texts) */
	OPTION_DEV    /* nothing, or seconds min..max (struct dev_mode) */
};

struct option_spec {
	const char *name; /* --name; NULL: not on the command line */
	char letter;	  /* -l; 0: none */
	const char *env;  /* NULL: not in the environment */
	const char *json; /* "http.listen"; NULL: not in the file */
	enum option_type type;
	const char *arg; /* what --help calls the argument */
	const char *help;
	unsigned programs; /* a set of bits, the caller's; 0: all of them */
	size_t offset;	   /* where the value is in the caller's struct */
	uint64_t min, max;
	const char *const *choices; /* ends with NULL */
};

/* A table over the struct that holds its values. */
struct option_table {
	const struct option_spec *specs;
	size_t count;
	void *base;
	unsigned programs; /* rows for other programs do not exist */
};

bool option_exists(const struct option_table *t,
		   const struct option_spec *spec);

/* One option that was found on the command line. */
struct option_given {
	const struct option_spec *spec;
	void *base;
	const char *arg; /* NULL: none */
};

struct option_line {
	struct option_given *list;
	size_t count;
};

/*
 * Find the options of the tables in argv, which is put in order: *first is
 * the index of the first argument that is no option. With `leading`, stop
 * there. Values are not read yet. On an error the fault's field is the
 * option as it was given. Not for two threads at once (getopt).
 */
MUST_USE enum err option_line_parse(struct option_line *out, int *first,
				    const struct option_table *tables,
				    size_t table_count, int argc, char **argv,
				    bool leading, struct fault *f);
void option_line_release(struct option_line *l);

/*
 * Set the value, freeing what it replaces. field is what the fault calls the
 * option. text may be NULL for what needs no argument. On an error the value
 * is as it was.
 */
MUST_USE enum err option_set_text(const struct option_spec *spec, void *base,
				  const char *text, const char *field,
				  struct fault *f);
/* The same for OPTION_PLACES, but what is there stays. */
MUST_USE enum err option_add_text(const struct option_spec *spec, void *base,
				  const char *text, const char *field,
				  struct fault *f);
MUST_USE enum err option_set_json(const struct option_spec *spec, void *base,
				  const json_t *value, const char *field,
				  struct fault *f);
MUST_USE json_t *option_to_json(const struct option_spec *spec,
				const void *base);
/* Free every value of the table and leave zeros. */
void option_table_release(const struct option_table *t);

/* A line of --help: what to type, and beside it what it is for, broken into
 * lines of 79 columns. */
void help_line(FILE *out, const char *left, const char *text);
/* The table's lines of --help. */
void option_table_help(FILE *out, const struct option_table *t);

/* Replace a leading ~ by $HOME; the caller frees. */
MUST_USE char *path_expand(const char *path);
/*
 * Which of the names is nearest to a mistyped one; NULL when none is near.
 * Nearest is the fewest letters changed, added, left out or swapped.
 */
const char *name_nearest(const char *typed, const char *const *names,
			 size_t count);

#endif
