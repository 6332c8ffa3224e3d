/* SPDX-License-Identifier: MIT */
/* ccoin-discovery: where nodes find each other. See discovery/service.h. */
#include <config.h>

#include <event2/event.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/config.h"
#include "discovery/service.h"
#include "loop/clock.h"
#include "loop/log.h"
#include "loop/signals.h"

#define NAME "ccoin-discovery"
#define USAGE                                                                  \
	"Usage: ccoin-discovery [OPTION]...\n"                                 \
	"Tell nodes of a chain where the others are.\n"
#define MORE                                                                   \
	"Once it listens, it prints 'http URL'.\n\n"                           \
	"Exit status: 0 done, 1 refused or failed, 2 usage.\n"
#define TTL_MAX 86400

struct settings {
	uint64_t port;
	char *host;
	uint64_t ttl; /* s */
	bool open;
	int log_level;	/* enum log_level */
	int log_format; /* enum log_format */
	int action;	/* enum config_action */
};

#define AT(field) .offset = offsetof(struct settings, field)

static const struct option_spec specs[] = {
	{.name = "port",
	 .letter = 'p',
	 .type = OPTION_UINT,
	 .max = 65535,
	 .arg = "PORT",
	 AT(port),
	 .help = "where to listen, default 4444; 0 takes a free one"},
	{.name = "host",
	 .letter = 'h',
	 .type = OPTION_TEXT,
	 .arg = "ADDRESS",
	 AT(host),
	 .help = "the address to listen on, default 0.0.0.0"},
	{.name = "ttl",
	 .type = OPTION_UINT,
	 .min = 1,
	 .max = TTL_MAX,
	 .arg = "SECONDS",
	 AT(ttl),
	 .help = "how long a member is listed after it was heard of, default "
		 "120"},
	{.name = "open",
	 .type = OPTION_FLAG,
	 AT(open),
	 .help = "take the commands add and remove without a signature"},
	{.name = "log-level",
	 .type = OPTION_CHOICE,
	 .choices = log_level_names,
	 .arg = "LEVEL",
	 AT(log_level),
	 .help = "error, warning, info (default) or debug"},
	{.name = "log-format",
	 .type = OPTION_CHOICE,
	 .choices = log_format_names,
	 .arg = "text|json",
	 AT(log_format),
	 .help = "lines of text (default) or of JSON"},
	{.name = "version",
	 .letter = 'V',
	 .type = OPTION_SET,
	 .min = CONFIG_VERSION,
	 AT(action),
	 .help = "print the version and exit"},
	{.name = "help",
	 .type = OPTION_SET,
	 .min = CONFIG_HELP,
	 AT(action),
	 .help = "print this and exit"},
};

static enum err set_all(const struct option_line *line, struct fault *f)
{
	enum err e = ERR_OK;
	char name[40];

	for (size_t i = 0; i < line->count && !e; i++) {
		const struct option_given *g = &line->list[i];

		snprintf(name, sizeof(name), "--%s", g->spec->name);
		e = option_set_text(g->spec, g->base, g->arg, name, f);
	}
	return e;
}

static enum err read_settings(const struct option_table *t, int argc,
			      char **argv, struct fault *f)
{
	struct option_line line;
	int first;
	enum err e =
		option_line_parse(&line, &first, t, 1, argc, argv, false, f);

	if (e)
		return e;
	e = set_all(&line, f);
	option_line_release(&line);
	if (!e && first < argc)
		e = fault_set(f, ERR_MALFORMED, argv[first],
			      "unexpected argument");
	return e;
}

static void on_stop(void *ctx)
{
	log_info("stopping");
	event_base_loopbreak(ctx);
}

static enum err serve(struct event_base *base, const struct settings *s,
		      struct fault *f)
{
	struct service_config config = {
		.address = s->host,
		.port = (uint16_t)s->port,
		.ttl_ms = s->ttl * 1000,
		.open = s->open,
		.version = PACKAGE_VERSION,
		.clock = clock_now_ms,
	};
	struct signals *signals;
	struct service *service;
	enum err e = service_new(&service, base, &config, f);

	if (e)
		return e;
	signals = signals_new(base, on_stop, NULL, base);
	printf("http %s\n", service_url(service));
	fflush(stdout);
	if (s->open)
		log_warning("anybody may add and remove members (--open)");
	event_base_dispatch(base);
	signals_free(signals);
	service_free(service);
	return ERR_OK;
}

static int run(const struct settings *s)
{
	struct event_base *base = event_base_new();
	struct fault f = {0};
	enum err e;

	if (!base)
		BUG("no event loop");
	log_set((enum log_level)s->log_level, (enum log_format)s->log_format);
	e = serve(base, s, &f);
	if (e)
		fault_print(NAME, &f);
	event_base_free(base);
	return e ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct settings s = {.port = 4444,
			     .host = xstrdup("0.0.0.0"),
			     .ttl = 120,
			     .log_level = LOG_LEVEL_INFO};
	struct option_table table = {specs, ARRAY_LEN(specs), &s, 1};
	struct fault f = {0};
	int status = 0;

	if (read_settings(&table, argc, argv, &f)) {
		fault_print(NAME, &f);
		fprintf(stderr, "Try '" NAME " --help'.\n");
		status = 2;
	} else if (s.action == CONFIG_VERSION) {
		printf(NAME " %s\n", PACKAGE_VERSION);
	} else if (s.action == CONFIG_HELP) {
		printf(USAGE "\nOptions:\n");
		option_table_help(stdout, &table);
		printf("\n" MORE);
	} else {
		status = run(&s);
	}
	option_table_release(&table);
	return status;
}
