/* SPDX-License-Identifier: MIT */
/* Settings from ccoin.json: found, read strictly, every mistake with its
 * place; see daemon/config.h. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "codec/tx_json.h"
#include "daemon/config_table.h"
#include "store/file.h"

#define CONFIG_NAME "ccoin.json"

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

static enum err unknown_path(struct fault *f, const char *path)
{
	const char *names[ROW_COUNT];
	const char *near;
	size_t count = 0;

	for (int i = 0; i < ROW_COUNT; i++)
		if (config_specs[i].json)
			names[count++] = config_specs[i].json;
	near = name_nearest(path, names, count);
	return fault_set(f, ERR_UNKNOWN_FIELD, path,
			 near ? "this field is not known; the nearest is %s"
			      : "this field is not known%s",
			 near ? near : "");
}

static enum err set_object(struct config *c, const json_t *object,
			   const char *prefix, struct fault *f);

/* The value at a path: a setting, an object with settings, or a mistake. */
static enum err set_value(struct config *c, const json_t *value,
			  const char *path, struct fault *f)
{
	bool below;
	int row = row_of_path(path, &below);
	enum err e;

	if (row < 0 && !below)
		return unknown_path(f, path);
	if (row < 0 && !json_is_object(value))
		return fault_set(f, ERR_WRONG_TYPE, path, "expected an object");
	if (row < 0)
		return set_object(c, value, path, f);
	e = option_set_json(&config_specs[row], c, value, path, f);
	if (!e)
		config_note(c, (enum config_row)row, CONFIG_FILE);
	return e;
}

/* As deep as the names of the settings: what goes deeper is not known. */
static enum err set_object(struct config *c, const json_t *object,
			   const char *prefix, struct fault *f)
{
	const char *key;
	const json_t *value;
	enum err e = ERR_OK;

	json_object_foreach((json_t *)object, key, value)
	{
		char path[FAULT_FIELD_MAX];
		int len = snprintf(path, sizeof(path), "%s%s%s", prefix,
				   prefix[0] ? "." : "", key);

		/* a name with a dot inside is no path */
		if (strchr(key, '.') || len >= (int)sizeof(path))
			e = unknown_path(f, path);
		else
			e = set_value(c, value, path, f);
		if (e)
			break;
	}
	return e;
}

static enum err set_from_text(struct config *c, struct span text,
			      struct fault *f)
{
	struct fault why = {0};
	json_t *root = json_parse(text, &why);
	enum err e = why.code;

	if (json_is_object(root))
		e = set_object(c, root, "", &why);
	else if (root)
		e = fault_set(&why, ERR_WRONG_TYPE, "", "expected an object");
	json_decref(root);
	if (e)
		fault_set(f, e, why.field, "%s: %s", c->file, why.detail);
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

enum err config_find_file(struct config *c, struct fault *f)
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
