/* SPDX-License-Identifier: MIT */
/* Options on a command line and in --help; see daemon/options.h. */
#include <config.h>

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/options.h"

#define ROWS_MAX 64
#define NAME_MAX_LEN 32
#define HELP_WIDTH 79
#define HELP_COLUMN 30
#define LONG_BASE 256 /* getopt's value of a long option: this + its row */

/* The rows that exist here, and what getopt is told about them. */
struct rows {
	const struct option_spec *spec[ROWS_MAX];
	void *base[ROWS_MAX];
	size_t count;
	struct option longs[ROWS_MAX + 1];
	char shorts[2 * ROWS_MAX + 3];
};

bool option_exists(const struct option_table *t, const struct option_spec *spec)
{
	return !spec->programs || spec->programs & t->programs;
}

static bool takes_argument(enum option_type type)
{
	return type != OPTION_FLAG && type != OPTION_SET && type != OPTION_DEV;
}

static void rows_add(struct rows *r, const struct option_spec *spec, void *base)
{
	struct option *o = &r->longs[r->count];
	size_t end = strlen(r->shorts);

	if (r->count == ROWS_MAX)
		BUG("too many options");
	o->name = spec->name;
	o->has_arg =
		takes_argument(spec->type) ? required_argument : no_argument;
	if (spec->type == OPTION_DEV)
		o->has_arg = optional_argument;
	o->val = LONG_BASE + (int)r->count;
	if (spec->letter) {
		r->shorts[end++] = spec->letter;
		if (takes_argument(spec->type))
			r->shorts[end++] = ':';
		r->shorts[end] = '\0';
	}
	r->spec[r->count] = spec;
	r->base[r->count++] = base;
}

static void rows_init(struct rows *r, const struct option_table *tables,
		      size_t table_count, bool leading)
{
	memset(r, 0, sizeof(*r));
	/* ':' first: a missing argument is told from an unknown option. */
	memcpy(r->shorts, leading ? "+:" : ":", leading ? 2 : 1);
	for (size_t t = 0; t < table_count; t++)
		for (size_t i = 0; i < tables[t].count; i++) {
			const struct option_spec *spec = &tables[t].specs[i];

			if (spec->name && option_exists(&tables[t], spec))
				rows_add(r, spec, tables[t].base);
		}
}

static size_t row_of(const struct rows *r, int value)
{
	if (value >= LONG_BASE)
		return (size_t)(value - LONG_BASE);
	for (size_t i = 0; i < r->count; i++)
		if (r->spec[i]->letter == value)
			return i;
	BUG("getopt found an option that is in no table");
}

static enum err unknown_option(const struct rows *r, const char *word,
			       struct fault *f)
{
	const char *names[ROWS_MAX];
	const char *near;
	char name[NAME_MAX_LEN];

	if (optopt > 0 && optopt < LONG_BASE) {
		snprintf(name, sizeof(name), "-%c", optopt);
		return fault_set(f, ERR_UNKNOWN_FIELD, name,
				 "there is no such option%s",
				 optopt >= '0' && optopt <= '9'
					 ? ", and no number is negative"
					 : "");
	}
	if (optopt >= LONG_BASE)
		return fault_set(f, ERR_OUT_OF_RANGE, word,
				 "this option takes no value");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="),
		 word + 2);
	for (size_t i = 0; i < r->count; i++)
		names[i] = r->spec[i]->name;
	near = name_nearest(name, names, r->count);
	return fault_set(f, ERR_UNKNOWN_FIELD, word,
			 near ? "there is no such option; the nearest is --%s"
			      : "there is no such option%s",
			 near ? near : "");
}

static enum err missing_argument(const struct rows *r, struct fault *f)
{
	const struct option_spec *spec = r->spec[row_of(r, optopt)];
	char name[NAME_MAX_LEN];

	snprintf(name, sizeof(name), "--%s", spec->name);
	return fault_set(f, ERR_MISSING_FIELD, name, "expected %s after it",
			 spec->arg);
}

static void line_add(struct option_line *l, const struct rows *r, size_t row,
		     const char *arg)
{
	l->list = xrealloc(l->list, l->count + 1, sizeof(*l->list));
	l->list[l->count++] = (struct option_given){
		.spec = r->spec[row],
		.base = r->base[row],
		.arg = arg,
	};
}

enum err option_line_parse(struct option_line *out, int *first,
			   const struct option_table *tables,
			   size_t table_count, int argc, char **argv,
			   bool leading, struct fault *f)
{
	struct rows r;
	enum err e = ERR_OK;
	int c;

	*out = (struct option_line){0};
	rows_init(&r, tables, table_count, leading);
	opterr = 0;
	optind = 0; /* glibc: begin again, also inside a cluster */
	while (!e) {
		c = getopt_long(argc, argv, r.shorts, r.longs, NULL);
		if (c == -1)
			break;
		if (c == '?')
			e = unknown_option(&r, argv[optind - 1], f);
		else if (c == ':')
			e = missing_argument(&r, f);
		else
			line_add(out, &r, row_of(&r, c), optarg);
	}
	*first = optind;
	if (e)
		option_line_release(out);
	return e;
}

void option_line_release(struct option_line *l)
{
	free(l->list);
	*l = (struct option_line){0};
}

/* Print words, breaking lines so that the text stays in its column. */
static void print_wrapped(FILE *out, const char *text, int column)
{
	int at = column;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (at + 1 + len > HELP_WIDTH) {
			fprintf(out, "\n%*s", column, "");
			at = column;
		}
		fprintf(out, "%s%.*s", at > column ? " " : "", len, text);
		at += len + (at > column);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

void help_line(FILE *out, const char *left, const char *text)
{
	if (strlen(left) >= HELP_COLUMN)
		fprintf(out, "%s\n%*s", left, HELP_COLUMN, "");
	else
		fprintf(out, "%-*s", HELP_COLUMN, left);
	print_wrapped(out, text, HELP_COLUMN);
}

static void print_row(FILE *out, const struct option_spec *spec)
{
	bool optional = spec->type == OPTION_DEV;
	char letter[6] = "    ";
	char left[64];
	char text[512];

	if (spec->letter)
		snprintf(letter, sizeof(letter), "-%c, ", spec->letter);
	snprintf(left, sizeof(left), "  %s--%s%s%s%s", letter, spec->name,
		 optional ? "[=" : (spec->arg ? " " : ""),
		 spec->arg ? spec->arg : "", optional ? "]" : "");
	snprintf(text, sizeof(text), "%s%s%s%s", spec->help,
		 spec->env ? " (" : "", spec->env ? spec->env : "",
		 spec->env ? ")" : "");
	help_line(out, left, text);
}

void option_table_help(FILE *out, const struct option_table *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->specs[i].name && option_exists(t, &t->specs[i]))
			print_row(out, &t->specs[i]);
}

/* Letters changed, added, left out or swapped with their neighbour. */
static size_t distance(const char *a, const char *b)
{
	size_t d[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];
	size_t la = strlen(a);
	size_t lb = strlen(b);

	if (la > NAME_MAX_LEN || lb > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (size_t i = 0; i <= la; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[la][lb];
}

const char *name_nearest(const char *typed, const char *const *names,
			 size_t count)
{
	const char *best = NULL;
	size_t best_distance =
		strlen(typed) / 2 < 3 ? strlen(typed) / 2 + 1 : 3;

	for (size_t i = 0; i < count; i++) {
		size_t d = distance(typed, names[i]);

		if (d < best_distance) {
			best_distance = d;
			best = names[i];
		}
	}
	return best;
}
