/* SPDX-License-Identifier: MIT */
/*
 * Replays a fuzzer's corpus in `make check`, with any compiler. Each seed is
 * taken as it is, cut at many places, and with single bytes changed: always
 * the same inputs, so a failure repeats. The long run is scripts/fuzz.
 *
 * usage: fuzz_INPUT [FILE OR DIRECTORY ...]; else its own corpus.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"

#define SEED_MAX (1u << 20)
/* Of each seed: so many places are cut, so many changed. Less for a fuzzer
 * that is slow (local.mk). */
#ifndef PLACES
#define PLACES 400
#endif

static unsigned files;

static void one(const uint8_t *data, size_t len)
{
	/* A block of exactly this size, so that a sanitizer sees its end. */
	uint8_t *copy = xmemdup(data, len);

	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void with_changes(uint8_t *data, size_t len)
{
	static const uint8_t flips[] = {0x01, 0x80, 0xff};
	size_t step = len / PLACES + 1, i, k;

	one(data, len);
	for (i = 0; i < len; i += step) {
		one(data, i);
		for (k = 0; k < ARRAY_LEN(flips); k++) {
			data[i] ^= flips[k];
			one(data, len);
			data[i] ^= flips[k];
		}
	}
}

static int replay_file(const char *path)
{
	uint8_t *data = xmalloc(SEED_MAX);
	FILE *in = fopen(path, "rb");
	size_t len;

	if (!in) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		free(data);
		return 1;
	}
	len = fread(data, 1, SEED_MAX, in);
	fclose(in);
	/* If it crashes, this is the last line. */
	printf("%s\n", path);
	fflush(stdout);
	with_changes(data, len);
	free(data);
	files++;
	return 0;
}

static int replay(const char *path)
{
	struct stat st;
	struct dirent *entry;
	char child[4096];
	DIR *dir;
	int bad = 0;

	if (stat(path, &st)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	dir = opendir(path);
	if (!dir) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		bad |= replay_file(child);
	}
	closedir(dir);
	return bad;
}

/* tests/fuzz/corpus/INPUT for a program called fuzz_INPUT. */
static int replay_own(const char *program)
{
	const char *source = getenv("CCOIN_SOURCE");
	const char *name = strrchr(program, '/');
	char path[4096];

	name = name ? name + 1 : program;
	if (!strncmp(name, "fuzz_", 5))
		name += 5;
	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s",
		 source ? source : ".", name);
	return replay(path);
}

int main(int argc, char **argv)
{
	int bad = 0, i;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	if (argc < 2)
		bad = replay_own(argv[0]);
	for (i = 1; i < argc; i++)
		bad |= replay(argv[i]);
	if (!files) {
		fprintf(stderr, "no corpus\n");
		bad = 1;
	}
	printf("%s corpus of %u files\n", bad ? "not ok" : "ok", files);
	return bad;
}
