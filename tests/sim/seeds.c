/* SPDX-License-Identifier: MIT */
/* Options, processes and the summary; see seeds.h. */
#include "sim/seeds.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SIZES_MAX 16
#define JOBS_MAX 64

struct options {
	const struct simulator *sim;
	uint64_t from, to;
	uint64_t sizes[SIZES_MAX];
	size_t size_count;
	uint64_t jobs;
	size_t engine;
	bool trace, twice;
};

/* Places of SEEDS_STATS among the numbers. */
#define PLACE(name, word) AT_##name,
enum { SEEDS_STATS(PLACE) };

struct sum {
	uint64_t numbers[SEEDS_NUMBERS_MAX];
};

/* What a child leaves to its parent, whatever becomes of it. */
struct share {
	struct sum sum;
	uint64_t next; /* seed that it runs, or is to run */
};

static _Noreturn void misused(const struct options *o)
{
	fputs(o->sim->usage, stderr);
	exit(2);
}

static _Noreturn void refuse(const struct options *o, const char *option,
			     const char *value, const char *expected)
{
	fprintf(stderr, "%s: %s %s: expected %s\n", o->sim->name, option, value,
		expected);
	exit(2);
}

static _Noreturn void die(const struct options *o, const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", o->sim->name, what, strerror(errno));
	exit(1);
}

/* --- options ------------------------------------------------------------- */

/* false: there is none. */
static bool read_number(uint64_t *out, const char *text, const char **end)
{
	char *after;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &after, 10);
	*end = after;
	return !errno;
}

static bool read_seeds(struct options *o, const char *text)
{
	const char *end;

	if (!read_number(&o->from, text, &end))
		return false;
	o->to = o->from;
	if (!strncmp(end, "..", 2) && !read_number(&o->to, end + 2, &end))
		return false;
	return !*end && o->to >= o->from;
}

static void parse_seeds(struct options *o, const char *text)
{
	if (!read_seeds(o, text))
		refuse(o, "--seeds", text, "A..B or A, numbers from 0");
}

static bool read_sizes(struct options *o, const char *text)
{
	o->size_count = 0;
	do {
		uint64_t size;

		if (o->size_count == SIZES_MAX ||
		    !read_number(&size, text, &text) || size < 1 ||
		    size > o->sim->size_max)
			return false;
		o->sizes[o->size_count++] = size;
	} while (*text++ == ',');
	return !text[-1];
}

static void parse_sizes(struct options *o, const char *text)
{
	char expected[80];

	if (read_sizes(o, text))
		return;
	snprintf(expected, sizeof(expected),
		 "up to %d numbers from 1 to %" PRIu64 ", as in 4,5,7",
		 SIZES_MAX, o->sim->size_max);
	refuse(o, "-n", text, expected);
}

static void parse_jobs(struct options *o, const char *text)
{
	const char *end;

	if (!read_number(&o->jobs, text, &end) || *end || !o->jobs ||
	    o->jobs > JOBS_MAX)
		refuse(o, "--jobs", text, "a number from 1 to 64");
}

static void parse_engine(struct options *o, const char *text)
{
	const char *const *names = o->sim->engines;

	for (o->engine = 0; names[o->engine]; o->engine++)
		if (!strcmp(text, names[o->engine]))
			return;
	refuse(o, "--engine", text, "an engine of --help");
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option list[] = {
		{"engine", required_argument, NULL, 'e'}, /* not of all */
		{"seeds", required_argument, NULL, 's'},
		{"jobs", required_argument, NULL, 'j'},
		{"trace", no_argument, NULL, 't'},
		{"twice", no_argument, NULL, 'w'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const struct option *names = o->sim->engines ? list : list + 1;
	const char *letters = o->sim->engines ? "e:n:s:j:th" : "n:s:j:th";
	int c;

	while ((c = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		if (c == 's')
			parse_seeds(o, optarg);
		else if (c == 'e')
			parse_engine(o, optarg);
		else if (c == 'n')
			parse_sizes(o, optarg);
		else if (c == 'j')
			parse_jobs(o, optarg);
		else if (c == 't')
			o->trace = true;
		else if (c == 'w')
			o->twice = true;
		else if (c == 'h') {
			fputs(o->sim->usage, stdout);
			exit(0);
		} else {
			misused(o);
		}
	}
	if (optind < argc)
		misused(o);
}

/* --- a seed -------------------------------------------------------------- */

static uint64_t size_of(const struct options *o, uint64_t seed)
{
	return o->sizes[seed % o->size_count];
}

static void say_failed(const struct options *o, uint64_t seed, const char *what)
{
	const struct simulator *sim = o->sim;

	printf("seed %" PRIu64 ": %s\n  replay: %s/%s", seed, what, sim->dir,
	       sim->name);
	if (sim->engines)
		printf(" --engine %s", sim->engines[o->engine]);
	printf(" -n %" PRIu64 " --seeds %" PRIu64 " --trace\n",
	       size_of(o, seed), seed);
	fflush(stdout);
}

static void add(const struct options *o, struct sum *sum, const uint64_t *one)
{
	uint64_t *to = sum->numbers;
	size_t i;

	for (i = 0; i < o->sim->count; i++)
		if (i < o->sim->sums)
			to[i] += one[i];
		else if (one[i] > to[i])
			to[i] = one[i];
}

static void run_seed(const struct options *o, void *world, uint64_t seed,
		     struct sum *sum)
{
	const struct simulator *sim = o->sim;
	struct seeds_outcome out;
	uint64_t digest;

	sim->run(&out, world, o->engine, seed, size_of(o, seed), o->trace);
	digest = out.digest;
	if (out.failure)
		say_failed(o, seed, out.failure);
	add(o, sum, out.numbers);
	if (!o->twice)
		return;
	sim->run(&out, world, o->engine, seed, size_of(o, seed), false);
	if (out.digest != digest) {
		say_failed(o, seed, "it is not the same twice");
		sum->numbers[AT_violations]++;
	}
}

/* --- processes ----------------------------------------------------------- */

static void child(const struct options *o, struct share *mine)
{
	void *world = o->sim->open();

	while (mine->next <= o->to) {
		alarm(o->sim->seconds); /* a step that does not end */
		run_seed(o, world, mine->next, &mine->sum);
		mine->next += o->jobs;
	}
	o->sim->close(world);
	exit(0);
}

static pid_t begin(const struct options *o, struct share *mine)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid)
		child(o, mine);
	if (pid < 0)
		die(o, "fork");
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
	mine->sum.numbers[AT_violations]++;
	mine->sum.numbers[AT_seeds]++;
	mine->next += o->jobs;
	return begin(o, mine);
}

static void run_all(const struct options *o, struct sum *sum)
{
	struct share *shares =
		mmap(NULL, o->jobs * sizeof(*shares), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[JOBS_MAX] = {0}, pid;
	uint64_t i, left = o->jobs;
	int status;

	if (shares == MAP_FAILED)
		die(o, "mmap");
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
		add(o, sum, shares[i].sum.numbers);
	munmap(shares, o->jobs * sizeof(*shares));
}

/* All in this process. */
static void trace_all(const struct options *o, struct sum *sum)
{
	void *world = o->sim->open();
	uint64_t seed;

	for (seed = o->from; seed <= o->to; seed++)
		run_seed(o, world, seed, sum);
	o->sim->close(world);
}

/* --- the summary --------------------------------------------------------- */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_summary(const struct options *o, const struct sum *sum,
			  double took)
{
	size_t i;

	for (i = 0; i < o->sim->count; i++)
		printf("%12" PRIu64 " %s\n", sum->numbers[i], o->sim->words[i]);
	printf("%12.1f seeds a second (%.1f s)\n",
	       (double)sum->numbers[AT_seeds] / took, took);
}

int seeds_main(const struct simulator *sim, int argc, char **argv)
{
	struct options o = {
		.sim = sim,
		.from = 1,
		.to = sim->last,
		.sizes = {4, 5, 7},
		.size_count = 3,
		.jobs = 1,
	};
	struct sum sum = {{0}};
	double start = seconds();

	parse(&o, argc, argv);
	if (o.trace)
		trace_all(&o, &sum);
	else
		run_all(&o, &sum);
	print_summary(&o, &sum, seconds() - start);
	return sum.numbers[AT_violations] ? 1 : 0;
}
