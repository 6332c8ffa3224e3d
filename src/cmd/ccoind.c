/* SPDX-License-Identifier: MIT */
/* ccoind: the node. All that it does is in daemon/. */
#include "daemon/daemon.h"

extern char **environ;

static const char usage[] = "Usage: ccoind [OPTION]...\n"
			    "Run a ccoin node.\n";

static const char more[] =
	"Once it listens, it prints 'p2p HOST:PORT', 'http URL' and, with "
	"--dev,\n"
	"'account ADDRESS'.\n\n"
	"Exit status: 0 done, 1 refused or failed, 2 usage.\n";

int main(int argc, char **argv)
{
	struct config_input in = {
		.program = PROGRAM_CCOIND,
		.argc = argc,
		.argv = argv,
		.env = environ,
	};
	struct config config;
	int first, status;

	status = config_start(&config, &first, &in, usage, more);
	if (status >= 0)
		return status;
	if (first < argc) {
		struct fault f;

		fault_set(&f, ERR_MALFORMED, argv[first],
			  "unexpected argument");
		fault_print("ccoind", &f);
		config_release(&config);
		return 2;
	}
	status = daemon_run(&config, &in);
	config_release(&config);
	return status;
}
