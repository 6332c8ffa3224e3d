/* SPDX-License-Identifier: MIT */
/*
 * What the files config*.c share: the table of settings, whose rows are in
 * config_table.c. A setting is added by adding a row there, its number here and
 * its field in daemon/config.h.
 */
#ifndef DAEMON_CONFIG_TABLE_H
#define DAEMON_CONFIG_TABLE_H

#include "daemon/config.h"

#define CONFIG_URL_DEFAULT "http://127.0.0.1:5000"

enum config_row {
	ROW_FILE,
	ROW_DATADIR,
	ROW_PORT,
	ROW_LISTEN,
	ROW_ADVERTISE,
	ROW_CONNECT,
	ROW_DISCOVERY,
	ROW_PLAIN,
	ROW_UPGRADES,
	ROW_HTTP,
	ROW_HOSTS,
	ROW_VALIDATOR,
	ROW_ROLE,
	ROW_ACCOUNT,
	ROW_PASSWORD,
	ROW_THREADS,
	ROW_GENESIS,
	ROW_GENESIS_HASH,
	ROW_DEV,
	ROW_LOG_LEVEL,
	ROW_LOG_FORMAT,
	ROW_URL,
	ROW_JSON,
	ROW_BASE_PATH,
	ROW_DISCOVERY_HOST,
	ROW_DISCOVERY_PORT,
	ROW_DISCOVERY_PROTO,
	ROW_CHECK,
	ROW_PRINT,
	ROW_VERSION,
	ROW_HELP,
	ROW_COUNT
};

_Static_assert(ROW_COUNT <= CONFIG_SPECS_MAX, "source has a place for each");

extern const struct option_spec config_specs[ROW_COUNT];

/* Remember where the value of a row came from. */
void config_note(struct config *c, enum config_row row,
		 enum config_source source);
/* What a value does not go together with: said where that value stands, which
 * *source then is. */
MUST_USE enum err config_refuse_at(const struct config *c, enum config_row row,
				   enum err code, const char *text,
				   enum config_source *source, struct fault *f);
/* Read c->file when it was named, else the first that is there of those that
 * are looked for; c->file is what was read, NULL when none was. */
MUST_USE enum err config_find_file(struct config *c, struct fault *f);

#endif
