/* SPDX-License-Identifier: MIT */
/*
 * How the values of the settings are gathered; see the header, and
 * daemon/config_table.c for the settings.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/config_p2p.h"
#include "daemon/config_table.h"
#include "store/file.h"

#define ENV_PREFIX "CCOIN_"
#define DATADIR_DEFAULT "~/.ccoin"

struct option_table config_table(struct config *c, enum program program)
{
	return (struct option_table){config_specs, ROW_COUNT, c, program};
}

void config_help(FILE *out, enum program program)
{
	struct config none = {0};
	struct option_table t = config_table(&none, program);

	option_table_help(out, &t);
}

static void defaults(struct config *c, enum program program)
{
	*c = (struct config){
		.program = program,
		.port = P2P_PORT_DEFAULT,
		.p2p.port = P2P_PORT_DEFAULT,
		.log_level = LOG_LEVEL_INFO,
		.datadir = path_expand(DATADIR_DEFAULT),
		.url = xstrdup(CONFIG_URL_DEFAULT),
	};
}

/* -t and --validator are one setting: the later one on the line counts. */
void config_note(struct config *c, enum config_row row,
		 enum config_source source)
{
	c->source[row] = (unsigned char)source;
	if (row == ROW_ROLE) {
		c->validator = c->role == 1;
		c->source[ROW_VALIDATOR] = (unsigned char)source;
	}
}

static enum err set_from_env(struct config *c, enum config_row row,
			     char *const *env, struct fault *f)
{
	const char *name = config_specs[row].env;
	size_t len = name ? strlen(name) : 0;

	for (; len && *env; env++) {
		enum err e;

		if (strncmp(*env, name, len) != 0 || (*env)[len] != '=')
			continue;
		e = option_set_text(&config_specs[row], c, *env + len + 1, name,
				    f);
		if (!e)
			config_note(c, row, CONFIG_ENVIRONMENT);
		return e;
	}
	return ERR_OK;
}

/* One row: from the command line, else from the environment. */
static enum err set_early(struct config *c, enum config_row row,
			  const struct option_line *line, char *const *env,
			  enum config_source *source, struct fault *f)
{
	enum err e;
	char name[40];

	*source = CONFIG_ENVIRONMENT;
	e = set_from_env(c, row, env, f);
	if (e)
		return e;
	*source = CONFIG_COMMAND_LINE;
	for (size_t i = 0; i < line->count; i++) {
		const struct option_given *g = &line->list[i];

		if (g->spec != &config_specs[row])
			continue;
		snprintf(name, sizeof(name), "--%s", g->spec->name);
		e = option_set_text(g->spec, g->base, g->arg, name, f);
		if (e)
			return e;
		config_note(c, row, CONFIG_COMMAND_LINE);
	}
	return ERR_OK;
}

/*
 * Variables of this prefix may be anybody's, so an unknown one is let be; but
 * one that is nearly a known one was meant to be it.
 */
static enum err check_env(char *const *env, struct fault *f)
{
	const char *names[ROW_COUNT];
	const char *near;
	size_t count = 0;
	char name[40];

	for (int i = 0; i < ROW_COUNT; i++)
		if (config_specs[i].env)
			names[count++] = config_specs[i].env;
	for (; *env; env++) {
		size_t len = strcspn(*env, "=");

		if (strncmp(*env, ENV_PREFIX, strlen(ENV_PREFIX)) ||
		    len >= sizeof(name))
			continue;
		memcpy(name, *env, len);
		name[len] = '\0';
		near = name_nearest(name, names, count);
		if (near && strcmp(near, name))
			return fault_set(f, ERR_UNKNOWN_FIELD, name,
					 "there is no such variable; the "
					 "nearest is %s",
					 near);
	}
	return ERR_OK;
}

static enum err set_all_env(struct config *c, char *const *env, struct fault *f)
{
	enum err e = check_env(env, f);

	if (e)
		return e;
	for (int row = 0; row < ROW_COUNT; row++) {
		e = set_from_env(c, (enum config_row)row, env, f);
		if (e)
			return e;
	}
	return ERR_OK;
}

/* What may be given again adds to what the command line gave before. */
static enum err set_given(const struct config *c, const struct option_given *g,
			  const char *name, struct fault *f)
{
	if (g->base == c && g->spec->type == OPTION_PLACES &&
	    c->source[g->spec - config_specs] == CONFIG_COMMAND_LINE)
		return option_add_text(g->spec, g->base, g->arg, name, f);
	return option_set_text(g->spec, g->base, g->arg, name, f);
}

static enum err set_all_given(struct config *c, const struct option_line *line,
			      struct fault *f)
{
	char name[40];

	for (size_t i = 0; i < line->count; i++) {
		const struct option_given *g = &line->list[i];
		enum err e;

		snprintf(name, sizeof(name), "--%s", g->spec->name);
		e = set_given(c, g, name, f);
		if (e)
			return e;
		if (g->base == c)
			config_note(c,
				    (enum config_row)(g->spec - config_specs),
				    CONFIG_COMMAND_LINE);
	}
	return ERR_OK;
}

/* --- what follows from what was given ---------------------------------- */

/* The seed's form: the data directory is base_path/account_address. */
static enum err resolve_datadir(struct config *c, struct fault *f)
{
	char hex[ADDRESS_HEX_LEN];

	c->datadir_given = c->source[ROW_DATADIR] != CONFIG_DEFAULT;
	if (!c->base_path || c->source[ROW_DATADIR] > CONFIG_FILE)
		return ERR_OK;
	if (c->source[ROW_DATADIR] == CONFIG_FILE)
		return fault_set(f, ERR_DUPLICATE_FIELD, "app.base_path",
				 "%s: expected datadir or app.base_path, not "
				 "both",
				 c->file);
	free(c->datadir);
	c->datadir_given = true;
	c->source[ROW_DATADIR] = CONFIG_FILE;
	c->datadir = c->account.given
			     ? path_join(c->base_path,
					 address_hex(hex, &c->account.value))
			     : xstrdup(c->base_path);
	return ERR_OK;
}

enum err config_refuse_at(const struct config *c, enum config_row row,
			  enum err code, const char *text,
			  enum config_source *source, struct fault *f)
{
	char name[40];

	*source = (enum config_source)c->source[row];
	switch (*source) {
	case CONFIG_DEFAULT:
	case CONFIG_COMMAND_LINE:
		snprintf(name, sizeof(name), "--%s", config_specs[row].name);
		return fault_set(f, code, name, "%s", text);
	case CONFIG_FILE:
		return fault_set(f, code, config_specs[row].json, "%s: %s",
				 c->file, text);
	case CONFIG_ENVIRONMENT:
		return fault_set(f, code, config_specs[row].env, "%s", text);
	}
	BUG("configuration source");
}

static enum err resolve_http(struct config *c, enum config_source *source,
			     struct fault *f)
{
	bool given = c->source[ROW_HTTP] != CONFIG_DEFAULT;

	if (!c->http.address[0])
		memcpy(c->http.address, "127.0.0.1", sizeof("127.0.0.1"));
	if (given)
		return ERR_OK;
	if (c->p2p.port == 65535)
		return config_refuse_at(
			c, config_told_by(c, ROW_PORT), ERR_OUT_OF_RANGE,
			"port 65535, expected at most 65534, since "
			"HTTP takes the port after it; or give "
			"--http",
			source, f);
	c->http.port = c->p2p.port ? c->p2p.port + 1 : 0;
	return ERR_OK;
}

static enum err resolve(struct config *c, enum config_source *source,
			struct fault *f)
{
	enum err e;

	*source = CONFIG_FILE;
	e = resolve_datadir(c, f);
	if (!e)
		e = config_resolve_p2p(c, source, f);
	if (!e)
		e = resolve_http(c, source, f);
	if (e)
		return e;
	if (c->program == PROGRAM_CCOIND && c->validator && !c->dev.on &&
	    !c->account.given)
		return config_refuse_at(
			c, ROW_VALIDATOR, ERR_MISSING_FIELD,
			"a validator makes blocks with an account, "
			"expected --account ADDRESS too",
			source, f);
	if (c->dev.on && c->genesis)
		return config_refuse_at(
			c, ROW_GENESIS, ERR_DUPLICATE_FIELD,
			"--dev makes a genesis of its own, expected "
			"--genesis or --dev, not both",
			source, f);
	return ERR_OK;
}

static enum err gather(struct config *c, const struct option_line *line,
		       const struct config_input *in,
		       enum config_source *source, struct fault *f)
{
	enum err e = set_early(c, ROW_FILE, line, in->env, source, f);

	if (!e)
		e = set_early(c, ROW_DATADIR, line, in->env, source, f);
	if (e)
		return e;
	*source = CONFIG_FILE;
	e = config_find_file(c, f);
	if (e)
		return e;
	*source = CONFIG_ENVIRONMENT;
	e = set_all_env(c, in->env, f);
	if (e)
		return e;
	*source = CONFIG_COMMAND_LINE;
	e = set_all_given(c, line, f);
	return e ? e : resolve(c, source, f);
}

/* --help and --version answer whatever else is wrong. */
static bool asks(const struct option_line *line, enum config_row row)
{
	for (size_t i = 0; i < line->count; i++)
		if (line->list[i].spec == &config_specs[row])
			return true;
	return false;
}

enum err config_read(struct config *out, int *first, enum config_source *source,
		     const struct config_input *in, struct fault *f)
{
	struct option_table tables[2] = {config_table(out, in->program)};
	struct option_line line;
	enum err e;

	defaults(out, in->program);
	if (in->extra)
		tables[1] = *in->extra;
	*source = CONFIG_COMMAND_LINE;
	e = option_line_parse(&line, first, tables, in->extra ? 2 : 1, in->argc,
			      in->argv, false, f);
	if (!e && asks(&line, ROW_HELP))
		out->action = CONFIG_HELP;
	else if (!e && asks(&line, ROW_VERSION))
		out->action = CONFIG_VERSION;
	else if (!e)
		e = gather(out, &line, in, source, f);
	option_line_release(&line);
	if (e)
		config_release(out);
	return e;
}

void config_release(struct config *c)
{
	struct option_table t = config_table(c, c->program);

	option_table_release(&t);
	*c = (struct config){.program = c->program};
}

static const char *source_name(const struct config *c, enum config_row row,
			       char *scratch, size_t size)
{
	row = config_told_by(c, row);
	switch ((enum config_source)c->source[row]) {
	case CONFIG_DEFAULT:
		return "default";
	case CONFIG_FILE:
		return c->file;
	case CONFIG_ENVIRONMENT:
		return config_specs[row].env;
	case CONFIG_COMMAND_LINE:
		snprintf(scratch, size, "--%s", config_specs[row].name);
		return scratch;
	}
	BUG("configuration source");
}

json_t *config_to_json(const struct config *c)
{
	json_t *out = json_object();
	struct option_table t = config_table((struct config *)c, c->program);
	char scratch[40];

	json_object_set_new(out, "file",
			    c->file ? json_string(c->file) : json_null());
	for (int row = 0; row < ROW_COUNT; row++) {
		const struct option_spec *spec = &config_specs[row];

		if (!spec->json || !option_exists(&t, spec))
			continue;
		json_object_set_new(
			out, spec->json,
			json_pack("{s:o, s:s}", "value",
				  option_to_json(spec, c), "from",
				  source_name(c, (enum config_row)row, scratch,
					      sizeof(scratch))));
	}
	return out;
}
