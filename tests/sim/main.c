/* SPDX-License-Identifier: MIT */
/*
 * Many worlds, each from its seed. Seeds are shared out among processes; one
 * that aborts or hangs is a violation of its seed, and the rest goes on.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/sim.h"

#define SIZES_MAX 16
#define JOBS_MAX 64
#define SEED_SECONDS 120

struct options {
	uint64_t from, to;
	uint64_t sizes[SIZES_MAX];
	size_t size_count;
	uint64_t jobs;
	const struct sim_engine *engine;
	bool trace, twice;
};

/* What a child leaves to its parent, whatever becomes of it. */
struct share {
	struct sim_stats stats;
	uint64_t next; /* seed that it runs, or is to run */
};

static const char usage[] =
	"usage: ccoin-sim [--engine poa|bft] [--seeds FROM..TO] [-n N,...]\n"
	"                 [--jobs J] [--trace] [--twice]\n"
	"\n"
	"Runs a world of N whole nodes for each seed (N by turns of the list,\n"
	"default 4,5,7) and prints what broke and what happened in all.\n"
	"  --engine NAME     of consensus (default poa)\n"
	"  --seeds FROM..TO  which (default 1..300)\n"
	"  --jobs J          in so many processes (default 1)\n"
	"  --trace           print every event\n"
	"  --twice           each seed twice: it must be the same both times\n";

static uint64_t number(const char *text, char **end)
{
	uint64_t v;

	if (*text < '0' || *text > '9') {
		fputs(usage, stderr);
		exit(2);
	}
	v = strtoull(text, end, 10);
	return v;
}

static void parse_seeds(struct options *o, const char *text)
{
	char *end;

	o->from = o->to = number(text, &end);
	if (!strncmp(end, "..", 2))
		o->to = number(end + 2, &end);
	if (*end || o->to < o->from) {
		fputs(usage, stderr);
		exit(2);
	}
}

static void parse_sizes(struct options *o, const char *text)
{
	char *end = NULL;

	o->size_count = 0;
	do {
		if (o->size_count == SIZES_MAX)
			break;
		o->sizes[o->size_count] = number(text, &end);
		if (o->sizes[o->size_count] < 1 ||
		    o->sizes[o->size_count] > SIM_AUTHORITIES_MAX)
			break;
		o->size_count++;
		text = end + 1;
	} while (*end == ',');
	if (!o->size_count || *end) {
		fputs(usage, stderr);
		exit(2);
	}
}

static void parse_engine(struct options *o, const char *text)
{
	if (!strcmp(text, sim_poa.name)) {
		o->engine = &sim_poa;
	} else if (!strcmp(text, sim_bft.name)) {
		o->engine = &sim_bft;
	} else {
		fputs(usage, stderr);
		exit(2);
	}
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option list[] = {
		{"engine", required_argument, NULL, 'e'},
		{"seeds", required_argument, NULL, 's'},
		{"jobs", required_argument, NULL, 'j'},
		{"trace", no_argument, NULL, 't'},
		{"twice", no_argument, NULL, 'w'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "e:n:s:j:th", list, NULL)) != -1) {
		if (c == 's')
			parse_seeds(o, optarg);
		else if (c == 'e')
			parse_engine(o, optarg);
		else if (c == 'n')
			parse_sizes(o, optarg);
		else if (c == 'j')
			o->jobs = number(optarg, &end);
		else if (c == 't')
			o->trace = true;
		else if (c == 'w')
			o->twice = true;
		else {
			fputs(usage, c == 'h' ? stdout : stderr);
			exit(c == 'h' ? 0 : 2);
		}
	}
	if (optind < argc || !o->jobs || o->jobs > JOBS_MAX) {
		fputs(usage, stderr);
		exit(2);
	}
}

static uint64_t size_of(const struct options *o, uint64_t seed)
{
	return o->sizes[seed % o->size_count];
}

static void say_failed(const struct options *o, uint64_t seed, const char *what)
{
	printf("seed %" PRIu64 ": %s\n"
	       "  replay: tests/sim/ccoin-sim --engine %s -n %" PRIu64
	       " --seeds %" PRIu64 " --trace\n",
	       seed, what, o->engine->name, size_of(o, seed), seed);
	fflush(stdout);
}

static void add_stats(struct sim_stats *sum, const struct sim_stats *one)
{
#define SIM_ADD(name, word) sum->name += one->name;
	SIM_STATS(SIM_ADD)
#undef SIM_ADD
	if (one->deepest > sum->deepest)
		sum->deepest = one->deepest;
	if (one->most_timeouts > sum->most_timeouts)
		sum->most_timeouts = one->most_timeouts;
}

static void run_seed(const struct options *o, uint64_t seed,
		     struct sim_stats *sum)
{
	struct sim *s = xcalloc(1, sizeof(*s));
	uint64_t digest;

	sim_run(s, o->engine, seed, size_of(o, seed), o->trace);
	digest = s->digest;
	if (s->failed)
		say_failed(o, seed, s->failure);
	add_stats(sum, &s->stats);
	sim_release(s);
	if (o->twice) {
		sim_run(s, o->engine, seed, size_of(o, seed), false);
		if (s->digest != digest) {
			say_failed(o, seed, "it is not the same twice");
			sum->violations++;
		}
		sim_release(s);
	}
	free(s);
}

/* --- processes ----------------------------------------------------------- */

static void child(const struct options *o, struct share *mine)
{
	while (mine->next <= o->to) {
		alarm(SEED_SECONDS); /* a step that does not end */
		run_seed(o, mine->next, &mine->stats);
		mine->next += o->jobs;
	}
	exit(0);
}

static pid_t begin(const struct options *o, struct share *mine)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid)
		child(o, mine);
	if (pid < 0) {
		perror("ccoin-sim: fork");
		exit(1);
	}
	return pid;
}

/* A child ended; when it died, say of which seed and go on behind it. */
static pid_t ended(const struct options *o, struct share *mine, int status)
{
	char what[80];

	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFSIGNALED(status))
		snprintf(what, sizeof(what), "it died of signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(what, sizeof(what), "it ended with status %d",
			 WEXITSTATUS(status));
	say_failed(o, mine->next, what);
	mine->stats.violations++;
	mine->stats.seeds++;
	mine->next += o->jobs;
	return begin(o, mine);
}

static void run_all(const struct options *o, struct sim_stats *sum)
{
	struct share *shares =
		mmap(NULL, o->jobs * sizeof(*shares), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[JOBS_MAX] = {0}, pid;
	uint64_t i, left = o->jobs;
	int status;

	if (shares == MAP_FAILED) {
		perror("ccoin-sim: mmap");
		exit(1);
	}
	for (i = 0; i < o->jobs; i++) {
		shares[i].next = o->from + i;
		pids[i] = begin(o, &shares[i]);
	}
	while (left && (pid = wait(&status)) > 0) {
		for (i = 0; i < o->jobs && pids[i] != pid; i++)
			;
		if (i == o->jobs)
			continue;
		pids[i] = ended(o, &shares[i], status);
		left -= !pids[i];
	}
	for (i = 0; i < o->jobs; i++)
		add_stats(sum, &shares[i].stats);
	munmap(shares, o->jobs * sizeof(*shares));
}

/* --- the summary --------------------------------------------------------- */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_summary(const struct sim_stats *sum, double took)
{
#define SIM_PRINT(name, word) printf("%12" PRIu64 " %s\n", sum->name, word);
	SIM_STATS(SIM_PRINT)
#undef SIM_PRINT
	printf("%12" PRIu64 " blocks: the deepest reorganisation\n",
	       sum->deepest);
	printf("%12" PRIu64 " timeouts: the most to a decision after healing\n",
	       sum->most_timeouts);
	printf("%12.1f seeds a second (%.1f s)\n", (double)sum->seeds / took,
	       took);
}

int main(int argc, char **argv)
{
	struct options o = {
		.from = 1,
		.to = 300,
		.sizes = {4, 5, 7},
		.size_count = 3,
		.jobs = 1,
		.engine = &sim_poa,
	};
	struct sim_stats sum = {0};
	double start = seconds();

	parse(&o, argc, argv);
	if (o.trace) {
		uint64_t seed;

		for (seed = o.from; seed <= o.to; seed++)
			run_seed(&o, seed, &sum);
	} else {
		run_all(&o, &sum);
	}
	print_summary(&sum, seconds() - start);
	return sum.violations ? 1 : 0;
}
