/* SPDX-License-Identifier: MIT */
/*
 * How the values of the settings are gathered; see the header, and
 * daemon/config_table.c for the settings.
 */
#include <config.h>

#include "daemon/config_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "codec/tx_json.h"
#include "daemon/files.h"

#define CONFIG_NAME "ccoin.json"
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
		.p2p_port = P2P_PORT_DEFAULT,
		.log_level = LOG_LEVEL_INFO,
		.datadir = path_expand(DATADIR_DEFAULT),
		.url = xstrdup(CONFIG_URL_DEFAULT),
	};
}

/* -t and --validator are one setting: the later one on the line counts. */
static void note(struct config *c, enum config_row row,
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
			note(c, row, CONFIG_ENVIRONMENT);
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
		note(c, row, CONFIG_COMMAND_LINE);
	}
	return ERR_OK;
}

static enum err set_all_env(struct config *c, char *const *env, struct fault *f)
{
	for (int row = 0; row < ROW_COUNT; row++) {
		enum err e = set_from_env(c, (enum config_row)row, env, f);

		if (e)
			return e;
	}
	return ERR_OK;
}

static enum err set_all_given(struct config *c, const struct option_line *line,
			      struct fault *f)
{
	char name[40];

	for (size_t i = 0; i < line->count; i++) {
		const struct option_given *g = &line->list[i];
		enum err e;

		snprintf(name, sizeof(name), "--%s", g->spec->name);
		e = option_set_text(g->spec, g->base, g->arg, name, f);
		if (e)
			return e;
		if (g->base == c)
			note(c, (enum config_row)(g->spec - config_specs),
			     CONFIG_COMMAND_LINE);
	}
	return ERR_OK;
}

/* --- the file ---------------------------------------------------------- */

static enum err place_fault(struct fault *f, enum err code, const char *file,
			    const char *path, const char *text)
{
	char field[2 * FAULT_FIELD_MAX]; /* fault_set() cuts it */

	snprintf(field, sizeof(field), "%.99s: %.50s", file, path);
	return fault_set(f, code, path[0] ? field : file, "%s", text);
}

/* The row of this path; or, with *below, whether rows begin with it. */
static int row_of_path(const char *path, bool *below)
{
	size_t len = strlen(path);

	*below = false;
	for (int i = 0; i < ROW_COUNT; i++) {
		if (!config_specs[i].json)
			continue;
		if (strcmp(config_specs[i].json, path) == 0)
			return i;
		if (strncmp(config_specs[i].json, path, len) == 0 &&
		    config_specs[i].json[len] == '.')
			*below = true;
	}
	return -1;
}

static enum err unknown_path(struct fault *f, const char *file,
			     const char *path)
{
	const char *names[ROW_COUNT];
	const char *near;
	size_t count = 0;
	char text[120];

	for (int i = 0; i < ROW_COUNT; i++)
		if (config_specs[i].json)
			names[count++] = config_specs[i].json;
	near = name_nearest(path, names, count);
	snprintf(text, sizeof(text),
		 near ? "this field is not known; the "
			"nearest is %s"
		      : "this field is not known%s",
		 near ? near : "");
	return place_fault(f, ERR_UNKNOWN_FIELD, file, path, text);
}

static enum err set_object(struct config *c, const json_t *object,
			   const char *prefix, struct fault *f)
{
	const char *key;
	const json_t *value;
	enum err e = ERR_OK;

	json_object_foreach((json_t *)object, key, value)
	{
		char path[FAULT_FIELD_MAX];
		char place[2 * FAULT_FIELD_MAX];
		bool below = false;
		int row = -1;

		snprintf(path, sizeof(path), "%s%s%s", prefix,
			 prefix[0] ? "." : "", key);
		/* a key with a dot inside is no path */
		if (!strchr(key, '.'))
			row = row_of_path(path, &below);
		snprintf(place, sizeof(place), "%s: %s", c->file, path);
		if (row >= 0) {
			e = option_set_json(&config_specs[row], c, value, place,
					    f);
			if (!e)
				note(c, (enum config_row)row, CONFIG_FILE);
		} else if (!below) {
			e = unknown_path(f, c->file, path);
		} else if (!json_is_object(value)) {
			e = place_fault(f, ERR_WRONG_TYPE, c->file, path,
					"expected an object");
		} else {
			e = set_object(c, value, path, f);
		}
		if (e)
			break;
	}
	return e;
}

static enum err set_from_text(struct config *c, struct span text,
			      struct fault *f)
{
	struct fault inner = {0};
	json_t *root = json_parse(text, &inner);
	enum err e;

	if (!root)
		return place_fault(f, inner.code, c->file, inner.field,
				   inner.detail);
	if (json_is_object(root))
		e = set_object(c, root, "", f);
	else
		e = place_fault(f, ERR_WRONG_TYPE, c->file, "",
				"expected an object");
	json_decref(root);
	return e;
}

/* Read c->file. Where nobody asked for it, it need not be there. */
static enum err set_from_file(struct config *c, bool asked, struct fault *f)
{
	struct buf text = {0};
	enum err e = file_read(&text, c->file, CONFIG_FILE_MAX, f);

	if (e == ERR_NOT_FOUND && !asked) {
		free(c->file);
		c->file = NULL;
		return ERR_OK;
	}
	if (!e)
		e = set_from_text(c, buf_span(&text), f);
	buf_release(&text);
	return e;
}

static enum err find_and_read(struct config *c, struct fault *f)
{
	enum err e;

	if (c->file)
		return set_from_file(c, true, f);
	c->file = xstrdup("./" CONFIG_NAME);
	e = set_from_file(c, false, f);
	if (e || c->file)
		return e;
	c->file = path_join(c->datadir, CONFIG_NAME);
	return set_from_file(c, false, f);
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
		return place_fault(f, ERR_DUPLICATE_FIELD, c->file,
				   "app.base_path",
				   "expected datadir or app.base_path, not "
				   "both");
	free(c->datadir);
	c->datadir_given = true;
	c->datadir = c->account.given
			     ? path_join(c->base_path,
					 address_hex(hex, &c->account.value))
			     : xstrdup(c->base_path);
	return ERR_OK;
}

static enum err resolve_http(struct config *c, struct fault *f)
{
	bool given = c->source[ROW_HTTP] != CONFIG_DEFAULT;

	if (!c->http.address[0])
		memcpy(c->http.address, "127.0.0.1", sizeof("127.0.0.1"));
	if (given)
		return ERR_OK;
	if (c->p2p_port == 65535)
		return fault_set(f, ERR_OUT_OF_RANGE, "--port",
				 "value 65535, expected at most 65534, since "
				 "HTTP takes the port after it; or give "
				 "--http");
	c->http.port = c->p2p_port ? c->p2p_port + 1 : 0;
	return ERR_OK;
}

static enum err resolve(struct config *c, enum config_source *source,
			struct fault *f)
{
	enum err e;

	*source = CONFIG_FILE;
	e = resolve_datadir(c, f);
	if (e)
		return e;
	*source = CONFIG_COMMAND_LINE;
	e = resolve_http(c, f);
	if (e)
		return e;
	if (c->program == PROGRAM_CCOIND && c->validator && !c->dev.on &&
	    !c->account.given)
		return fault_set(f, ERR_MISSING_FIELD, "--account",
				 "a validator makes blocks with an account, "
				 "expected --account ADDRESS");
	if (c->dev.on && c->genesis)
		return fault_set(f, ERR_DUPLICATE_FIELD, "--genesis",
				 "--dev makes a genesis of its own, expected "
				 "--genesis or --dev, not both");
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
	e = find_and_read(c, f);
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

static const char *source_name(const struct config *c, int row, char *scratch,
			       size_t size)
{
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
		json_object_set_new(out, spec->json,
				    json_pack("{s:o, s:s}", "value",
					      option_to_json(spec, c), "from",
					      source_name(c, row, scratch,
							  sizeof(scratch))));
	}
	return out;
}
