/* SPDX-License-Identifier: MIT */
/*
 * The wallet's frame: from the command line to one command of the tables.
 * Knows the names of commands only through the tables.
 */
#include <config.h>

#include "cmd/wallet.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/keyfile.h"

#define COMMANDS_MAX 32

struct commands {
	const struct command *list[COMMANDS_MAX];
	size_t count;
};

static void commands_add(struct commands *c, const struct command *list,
			 size_t count)
{
	if (c->count + count > COMMANDS_MAX)
		BUG("too many commands");
	for (size_t i = 0; i < count; i++)
		c->list[c->count++] = &list[i];
}

static void commands_init(struct commands *c)
{
	c->count = 0;
	commands_add(c, wallet_key_commands, wallet_key_command_count);
	commands_add(c, wallet_send_commands, wallet_send_command_count);
	commands_add(c, wallet_read_commands, wallet_read_command_count);
	commands_add(c, wallet_network_commands, wallet_network_command_count);
	commands_add(c, &wallet_validator_command, 1);
	commands_add(c, &wallet_verify_command, 1);
	commands_add(c, &wallet_votes_command, 1);
}

static const struct command *command_find(const struct commands *c,
					  const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->list[i]->name, name) == 0)
			return c->list[i];
	return NULL;
}

static int no_such_command(const struct commands *c, const char *name)
{
	const char *names[COMMANDS_MAX];
	const char *near;

	for (size_t i = 0; i < c->count; i++)
		names[i] = c->list[i]->name;
	near = name_nearest(name, names, c->count);
	if (near)
		return wallet_usage("there is no command '%s'; the nearest is "
				    "'%s'",
				    name, near);
	return wallet_usage("there is no command '%s'; try 'ccoin --help'",
			    name);
}

/* "usage: ccoin send AMOUNT ADDRESS [options]" */
static void usage_of(char *out, size_t size, const struct command *cmd)
{
	if (!cmd)
		snprintf(out, size,
			 "usage: ccoin [options] COMMAND [arguments]\n"
			 "Wallet and client of a ccoin node.\n");
	else
		snprintf(out, size, "usage: ccoin %s%s%s [options]\n%s.\n",
			 cmd->name, cmd->args[0] ? " " : "", cmd->args,
			 cmd->help);
}

static char *list_commands(const struct commands *c)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		BUG("open_memstream failed");
	fputs("Commands ('ccoin COMMAND --help' says more):\n", out);
	for (size_t i = 0; i < c->count; i++) {
		const struct command *cmd = c->list[i];
		char left[64];

		snprintf(left, sizeof(left), "  %s %s", cmd->name, cmd->args);
		help_line(out, left, cmd->help);
	}
	fputs("\nExit status: 0 done, 1 refused, 2 usage, 3 not reachable, 4 "
	      "timed out.\n",
	      out);
	fclose(out);
	return text;
}

static int run_command(struct wallet *w, const struct command *cmd, int argc,
		       char **argv)
{
	struct fault f = {0};
	int status;

	if (book_load(&w->book, w->config.datadir, &f))
		return wallet_fail(&f);
	status = cmd->run(w, argc, argv);
	if ((fflush(stdout) || ferror(stdout)) && status == EXIT_DONE) {
		perror("ccoin: standard output");
		status = EXIT_REFUSED;
	}
	return status;
}

static void wallet_release(struct wallet *w)
{
	client_free(w->client);
	book_release(&w->book);
	keyfile_wipe(w->password);
	config_release(&w->config);
}

/* What every command's options begin from. */
static void options_init(struct wallet_options *o)
{
	*o = (struct wallet_options){
		.fee = NOT_GIVEN,
		.timeout = 60,
		.confirmations = 1,
		.count = 1,
	};
}

static int check_args(const struct command *cmd, int argc, const char *usage)
{
	if (argc >= cmd->args_min && argc <= cmd->args_max)
		return EXIT_DONE;
	fprintf(stderr, "ccoin: %s: %s\n%s", cmd->name,
		argc < cmd->args_min ? "an argument is missing"
				     : "too many arguments",
		usage);
	return EXIT_USAGE;
}

static int start_and_run(struct wallet *w, const struct commands *commands,
			 const struct command *cmd, int argc, char **argv,
			 char *const *env)
{
	struct option_table extra = {cmd ? cmd->specs : NULL,
				     cmd ? cmd->spec_count : 0, &w->options, 0};
	struct config_input in = {
		.program = PROGRAM_CCOIN,
		.argc = argc,
		.argv = argv,
		.env = env,
		.extra = &extra,
	};
	char usage[400];
	char *more = cmd ? NULL : list_commands(commands);
	int first;
	int status;

	usage_of(usage, sizeof(usage), cmd);
	options_init(&w->options);
	status = config_start(&w->config, &first, &in, usage, more);
	free(more);
	if (status < 0 && !cmd)
		status = wallet_usage("which command? Try 'ccoin --help'");
	else if (status < 0)
		/* argv[first] is the command itself */
		status = check_args(cmd, argc - first - 1, usage);
	if (status == EXIT_DONE && cmd && w->config.datadir)
		status =
			run_command(w, cmd, argc - first - 1, argv + first + 1);
	option_table_release(&extra);
	return status;
}

/* The first argument that is no option; 0 when there is none. */
static int find_command(int argc, char **argv)
{
	struct config none = {0};
	struct option_table t = config_table(&none, PROGRAM_CCOIN);
	struct option_line line;
	int first;

	/* a mistake in the options is reported when they are read in full */
	if (option_line_parse(&line, &first, &t, 1, argc, argv, true, NULL))
		return 0;
	option_line_release(&line);
	return first < argc ? first : 0;
}

int wallet_main(int argc, char **argv, char *const *env)
{
	struct wallet w = {0};
	struct commands commands;
	const struct command *cmd = NULL;
	int at = find_command(argc, argv);
	int status;

	/* a node that hangs up is an error of ours, not our end */
	signal(SIGPIPE, SIG_IGN);
	commands_init(&commands);
	if (at) {
		cmd = command_find(&commands, argv[at]);
		if (!cmd)
			return no_such_command(&commands, argv[at]);
	}
	status = start_and_run(&w, &commands, cmd, argc, argv, env);
	wallet_release(&w);
	return status;
}
