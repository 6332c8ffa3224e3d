/* SPDX-License-Identifier: MIT */
/*
 * The names of a genesis file's fields: refuses one that is not in the
 * table, saying what was probably meant. Knows nothing of values.
 */
#include <string.h>

#include "ledger/rules_table.h"

static const char *const sections[] = {
	"block_mining",
	"transaction",
	"genesis_block",
	"consensus",
};

/* Fields of `consensus` that belong to an engine that is not built in. */
static const char *const pow_fields[] = {"retarget", "half_life"};

void rule_path(char out[FAULT_FIELD_MAX], const char *section, const char *name)
{
	snprintf(out, FAULT_FIELD_MAX, "%s%s%s", section, *section ? "." : "",
		 name);
}

/* Number of edits that make one word of the other; long words are far. */
static size_t distance(const char *a, const char *b)
{
	size_t row[34], la = strlen(a), lb = strlen(b), i, k, corner, up;

	if (la > 32 || lb > 32)
		return SIZE_MAX;
	for (k = 0; k <= lb; k++)
		row[k] = k;
	for (i = 1; i <= la; i++) {
		corner = row[0];
		row[0] = i;
		for (k = 1; k <= lb; k++) {
			up = row[k];
			corner += a[i - 1] != b[k - 1];
			if (up + 1 < corner)
				corner = up + 1;
			if (row[k - 1] + 1 < corner)
				corner = row[k - 1] + 1;
			row[k] = corner;
			corner = up;
		}
	}
	return row[lb];
}

/* Write the path of the field that was probably meant; false: none. */
static bool nearest(char out[FAULT_FIELD_MAX], const char *section,
		    const char *name)
{
	size_t best = 1 + (strlen(name) < 6 ? 2 : 3), d, i;
	bool found = false;

	for (i = 0; i < ARRAY_LEN(sections) && !*section; i++) {
		d = distance(name, sections[i]);
		if (d < best) {
			best = d;
			rule_path(out, "", sections[i]);
			found = true;
		}
	}
	/* Twice: what stands in the same object is the likelier meaning. */
	for (i = 0; i < 2 * RULE_COUNT; i++) {
		const struct rule *rule = &rule_table[i % RULE_COUNT];

		if (!strcmp(rule->section, section) != (i < RULE_COUNT))
			continue;
		d = distance(name, rule->name);
		if (d < best) {
			best = d;
			rule_path(out, rule->section, rule->name);
			found = true;
		}
	}
	return found;
}

/* " name name", those of the section that a chain of the engine may have. */
static void list_names(char *list, size_t room, const char *section,
		       enum engine_kind engine)
{
	size_t i, len = 0;

	list[0] = '\0';
	for (i = 0; i < RULE_COUNT && len < room; i++)
		if (!strcmp(rule_table[i].section, section) &&
		    rule_is_of(&rule_table[i], engine))
			len += (size_t)snprintf(list + len, room - len, " %s",
						rule_table[i].name);
}

static enum err refuse_foreign(struct fault *f, const char *section,
			       const char *name, const char *owner,
			       enum engine_kind engine)
{
	char path[FAULT_FIELD_MAX], list[160];

	rule_path(path, section, name);
	list_names(list, sizeof(list), section, engine);
	return fault_set(f, ERR_UNKNOWN_FIELD, path,
			 "%s belongs to engine \"%s\"; this chain's engine is "
			 "\"%s\", expected one of%s",
			 path, owner, engine_name(engine), list);
}

static enum err refuse_unknown(struct fault *f, const char *section,
			       const char *name, enum engine_kind engine)
{
	char path[FAULT_FIELD_MAX], meant[FAULT_FIELD_MAX], list[160];
	size_t i;

	rule_path(path, section, name);
	for (i = 0; i < ARRAY_LEN(pow_fields); i++)
		if (!strcmp(section, "consensus") &&
		    !strcmp(name, pow_fields[i]))
			return refuse_foreign(f, section, name, "pow", engine);
	if (nearest(meant, section, name))
		return fault_set(f, ERR_UNKNOWN_FIELD, path,
				 "%s is not a field of a genesis file; did "
				 "you mean %s?",
				 path, meant);
	list_names(list, sizeof(list), section, engine);
	return fault_set(
		f, ERR_UNKNOWN_FIELD, path,
		"%s is not a field of a genesis file, expected one of%s", path,
		list);
}

static bool is_section(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(sections); i++)
		if (!strcmp(sections[i], name))
			return true;
	return false;
}

static const struct rule *find_rule(const char *section, const char *name)
{
	size_t i;

	for (i = 0; i < RULE_COUNT; i++)
		if (!strcmp(rule_table[i].section, section) &&
		    !strcmp(rule_table[i].name, name))
			return &rule_table[i];
	return NULL;
}

/* Another engine's fields are no typing errors where its name stands: false
 * when it is no engine's, which is what is wrong then. */
static bool read_engine(enum engine_kind *out, const json_t *consensus)
{
	const json_t *v = json_object_get(consensus, "engine");

	*out = ENGINE_POA;
	return !v ||
	       (json_is_string(v) && engine_of_name(out, json_string_value(v)));
}

static enum err check_name(const char *section, const char *name,
			   enum engine_kind engine, struct fault *f)
{
	const struct rule *rule = find_rule(section, name);

	if (!rule)
		return refuse_unknown(f, section, name, engine);
	if (!strcmp(section, "consensus") && !rule_is_of(rule, engine))
		return refuse_foreign(f, section, name,
				      engine_name(rule->of == OF_BFT
							  ? ENGINE_BFT
							  : ENGINE_POA),
				      engine);
	return ERR_OK;
}

enum err genesis_check_names(json_t *object, const char *section,
			     struct fault *f)
{
	enum engine_kind engine = ENGINE_POA;
	char text[JSON_SHOW_MAX];
	const char *name;
	void *at;
	enum err e;

	if (!json_is_object(object))
		return fault_set(f, ERR_WRONG_TYPE, section,
				 "%s is %s, expected an object", section,
				 json_show(text, object));
	if (!strcmp(section, "consensus") && !read_engine(&engine, object))
		return ERR_OK;
	for (at = json_object_iter(object); at;
	     at = json_object_iter_next(object, at)) {
		name = json_object_iter_key(at);
		e = !*section && is_section(name)
			    ? genesis_check_names(json_object_iter_value(at),
						  name, f)
			    : check_name(section, name, engine, f);
		if (e)
			return e;
	}
	return ERR_OK;
}
