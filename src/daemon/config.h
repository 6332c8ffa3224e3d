/* SPDX-License-Identifier: MIT */
/*
 * The configuration of all programs (INTERFACE: "Configuration"): command
 * line, then CCOIN_* in the environment, then ccoin.json, then defaults. One
 * const table in config_table.c names every setting. Reads the environment it
 * is given and one file; starts nothing and creates nothing.
 */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include "daemon/options.h"
#include "loop/log.h"

#define P2P_PORT_DEFAULT 4999
#define CONFIG_FILE_MAX (1u << 20)
#define THREADS_MAX 64
#define DEV_SECONDS_MAX 3600

enum program { PROGRAM_CCOIND = 1, PROGRAM_INIT = 2, PROGRAM_CCOIN = 4 };

enum config_action {
	CONFIG_RUN, /* do what the program is for */
	CONFIG_HELP,
	CONFIG_VERSION,
	CONFIG_CHECK,
	CONFIG_PRINT
};

/* Where a value came from, in rising precedence. */
enum config_source {
	CONFIG_DEFAULT,
	CONFIG_FILE,
	CONFIG_ENVIRONMENT,
	CONFIG_COMMAND_LINE
};

#define CONFIG_SPECS_MAX 40

/* Plain values; config_release() frees what is owned. */
struct config {
	enum program program;
	int action;	       /* enum config_action */
	char *file;	       /* the file that was read; NULL: none */
	char *datadir;	       /* never NULL */
	bool datadir_given;    /* else it is the default, ~/.ccoin */
	struct listen_at p2p;  /* address "": all; port 0: a free one */
	struct listen_at http; /* address never empty; port 0: a free one */
	uint64_t port;	       /* what -p said; that of p2p, once read */
	char *advertise;       /* HOST:PORT told to others; NULL: none given */
	struct texts connect;  /* HOST:PORT, always tried */
	char *discovery;       /* http://HOST[:PORT][/PATH]; NULL: none */
	bool p2p_plain;	       /* no TLS; then all of these are loopback */
	struct hash upgrades;  /* digest of the list; zeros: it is empty */
	struct texts http_hosts;
	bool validator;
	int role; /* what -t said; the same setting as validator */
	struct maybe_address account;
	char *password_file; /* NULL: none */
	uint64_t threads;    /* 0: one less than processors */
	char *genesis;	     /* NULL: none */
	struct maybe_hash genesis_hash;
	struct dev_mode dev;
	int log_level;	 /* enum log_level */
	int log_format;	 /* enum log_format */
	char *base_path; /* of the seed's form; NULL: not given */
	/* discovery in the seed's form: once read, it is in discovery */
	char *discovery_host;
	uint64_t discovery_port;
	char *discovery_proto;
	char *url; /* of the node that ccoin talks to */
	bool json;
	/* by the table's rows, for --print-config */
	unsigned char source[CONFIG_SPECS_MAX];
};

struct config_input {
	enum program program;
	int argc;
	char **argv;	  /* put in order: options first */
	char *const *env; /* "NAME=VALUE", ends with NULL */
	/* options of the caller's own, on the command line alone; may be NULL
	 */
	const struct option_table *extra;
};

/*
 * Read the configuration. *first is the index in argv of the first argument
 * that is no option. When the action is CONFIG_HELP or CONFIG_VERSION nothing
 * else was read. On an error *out is empty, *source says where the error is,
 * and the fault's field is the option, the variable or the place in the file,
 * its detail the value and what was expected.
 */
MUST_USE enum err config_read(struct config *out, int *first,
			      enum config_source *source,
			      const struct config_input *in, struct fault *f);
void config_release(struct config *c);

/*
 * What every main begins with: read the configuration, and do what --help,
 * --version, --check-config and --print-config ask for. Returns -1 when the
 * program should go on, else its exit status; then *out is empty. usage is
 * printed before the options, and `more` (may be NULL) after them.
 */
MUST_USE int config_start(struct config *out, int *first,
			  const struct config_input *in, const char *usage,
			  const char *more);

/* The settings and where each came from; secrets are left out. */
MUST_USE json_t *config_to_json(const struct config *c);
/* The options of a program as --help lists them. */
void config_help(FILE *out, enum program program);
/* The table over this config, as options of this program. */
struct option_table config_table(struct config *c, enum program program);

/* "ccoind: FIELD: DETAIL" on standard error. */
void fault_print(const char *program, const struct fault *f);

#endif
