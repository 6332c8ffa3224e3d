/* SPDX-License-Identifier: MIT */
/* What every main begins with; see daemon/config.h. */
#include <config.h>

#include <stdlib.h>

#include "daemon/config.h"

static const char *program_name(enum program p)
{
	switch (p) {
	case PROGRAM_CCOIND:
		return "ccoind";
	case PROGRAM_INIT:
		return "ccoin-init";
	case PROGRAM_CCOIN:
		return "ccoin";
	}
	BUG("program");
}

void fault_print(const char *program, const struct fault *f)
{
	fprintf(stderr, "%s: %s%s%s (%s)\n", program, f->field,
		f->field[0] ? ": " : "",
		f->detail[0] ? f->detail : err_text(f->code),
		err_code(f->code));
}

static void print_config(const struct config *c)
{
	json_t *out = config_to_json(c);

	json_dumpf(out, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(out);
}

static void print_help(const struct config_input *in, const char *usage,
		       const char *more)
{
	printf("%s\nOptions:\n", usage);
	if (in->extra)
		option_table_help(stdout, in->extra);
	config_help(stdout, in->program);
	if (more)
		printf("\n%s", more);
}

static int act(struct config *c, const struct config_input *in,
	       const char *usage, const char *more)
{
	switch ((enum config_action)c->action) {
	case CONFIG_RUN:
		return -1;
	case CONFIG_HELP:
		print_help(in, usage, more);
		break;
	case CONFIG_VERSION:
		printf("%s %s\n", program_name(in->program), PACKAGE_VERSION);
		break;
	case CONFIG_CHECK:
		printf("%s: the configuration is right\n",
		       c->file ? c->file : "no file");
		break;
	case CONFIG_PRINT:
		print_config(c);
		break;
	}
	config_release(c);
	return fflush(stdout) ? 1 : 0;
}

int config_start(struct config *out, int *first, const struct config_input *in,
		 const char *usage, const char *more)
{
	const char *name = program_name(in->program);
	enum config_source source;
	struct fault f = {0};

	if (config_read(out, first, &source, in, &f)) {
		fault_print(name, &f);
		if (source != CONFIG_COMMAND_LINE)
			return 1;
		fprintf(stderr, "Try '%s --help'.\n", name);
		return 2;
	}
	return act(out, in, usage, more);
}
