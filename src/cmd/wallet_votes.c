/* SPDX-License-Identifier: MIT */
/*
 * votes: what the vote journal holds, and the operator's override of it, both
 * with the node stopped (CONSENSUS: "bft", rule 17).
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cmd/wallet.h"
#include "codec/vote.h"
#include "store/dir_lock.h"
#include "store/journal.h"

static const struct option_spec votes_specs[] = {
	{.name = "from-height",
	 .type = OPTION_UINT,
	 .min = 1,
	 .max = AMOUNT_MAX,
	 .arg = "H",
	 .offset = offsetof(struct wallet_options, from_height),
	 .help = "reset: the first height that may be signed again"},
};

/* --- show ---------------------------------------------------------------- */

static json_t *vote_json(const struct vote_record *r)
{
	char digest[HASH_HEX_LEN];
	json_t *out = json_pack("{s:s, s:I, s:I, s:s, s:I, s:I, s:I}", "kind",
				vote_kind_name(r->vote.kind), "height",
				(json_int_t)r->vote.height, "round",
				(json_int_t)r->vote.round, "digest",
				hash_hex(digest, &r->vote.digest),
				"block_bytes", (json_int_t)r->block.len,
				"round_changes", (json_int_t)r->change_count,
				"prepares", (json_int_t)r->prepare_count);

	if (r->vote.prepared)
		json_object_set_new(
			out, "prepared_round",
			json_integer((json_int_t)r->vote.prepared_round));
	return out;
}

static enum err record_json(json_t **out, const struct journal_record *record,
			    struct fault *f)
{
	struct vote_record r;

	*out = NULL;
	if (vote_record_decode(&r, record->bytes))
		return fault_set(f, ERR_CORRUPT, "",
				 "record %" PRIu64 " is not one of this "
				 "version",
				 record->seq);
	*out = r.is_floor ? json_pack("{s:s, s:I}", "kind", "floor", "height",
				      (json_int_t)r.floor)
			  : vote_json(&r);
	json_object_set_new(*out, "number",
			    json_integer((json_int_t)record->seq));
	vote_record_release(&r);
	return ERR_OK;
}

/* Heights never go down in a journal, so its highest one is the floor. */
static json_t *floor_json(const struct journal *j)
{
	if (!journal_count(j))
		return json_null();
	return json_integer((json_int_t)journal_get(j, 0)->height);
}

static enum err journal_json(json_t **out, const struct journal *j,
			     struct fault *f)
{
	char id[2 * JOURNAL_ID_LEN + 1];
	json_t *records = json_array(), *one;
	enum err e = ERR_OK;
	size_t i;

	hex_encode(id, SPAN(journal_id(j), JOURNAL_ID_LEN));
	for (i = 0; i < journal_count(j) && !e; i++) {
		e = record_json(&one, journal_get(j, i), f);
		if (!e)
			json_array_append_new(records, one);
	}
	*out = json_pack("{s:s, s:I, s:o, s:o}", "id", id, "last",
			 (json_int_t)journal_last(j), "floor", floor_json(j),
			 "records", records);
	return e;
}

static int show(struct wallet *w)
{
	struct fault f = {0};
	struct journal *j;
	json_t *out;
	enum err e = journal_open(&j, w->config.datadir, true, &f);

	if (e)
		return wallet_fail(&f);
	e = journal_json(&out, j, &f);
	if (!e)
		(void)wallet_print(w, out);
	json_decref(out);
	(void)journal_close(j, NULL); /* it wrote nothing */
	return e ? wallet_fail(&f) : EXIT_DONE;
}

/* --- reset --------------------------------------------------------------- */

/* What is thrown away, where it can be read. */
static void warn(const struct wallet *w, uint64_t from)
{
	struct journal *j;
	struct fault f;

	fprintf(stderr,
		"ccoin: warning: this forgets what this validator signed. If "
		"it signed anything at height %" PRIu64 " or above, it may "
		"sign against that now, which is what validators are voted "
		"out for, and which breaks the chain when enough do it.\n",
		from);
	if (journal_open(&j, w->config.datadir, true, &f))
		return;
	if (journal_count(j) && journal_get(j, 0)->height >= from)
		fprintf(stderr,
			"ccoin: warning: the journal that is forgotten goes up "
			"to height %" PRIu64 ".\n",
			journal_get(j, 0)->height);
	(void)journal_close(j, NULL);
}

static int print_reset(const struct wallet *w, const struct journal *j,
		       uint64_t from)
{
	char id[2 * JOURNAL_ID_LEN + 1];
	json_t *out;

	hex_encode(id, SPAN(journal_id(j), JOURNAL_ID_LEN));
	if (w->config.json) {
		out = json_pack("{s:s, s:I}", "id", id, "from_height",
				(json_int_t)from);
		wallet_print_json(out);
		json_decref(out);
	} else {
		printf("made a new vote journal, %s, in %s\n"
		       "nothing below height %" PRIu64 " is signed from now "
		       "on\n",
		       id, w->config.datadir, from);
	}
	return EXIT_DONE;
}

static int reset(struct wallet *w)
{
	struct vote_record r = {.is_floor = true,
				.floor = w->options.from_height};
	struct buf bytes = {0};
	struct fault f = {0};
	struct journal *j;
	enum err e;

	warn(w, r.floor);
	vote_record_encode(&bytes, &r);
	e = journal_replace(w->config.datadir, r.floor, buf_span(&bytes), &f);
	buf_release(&bytes);
	/* Read back: what is printed is what is there. */
	if (!e)
		e = journal_open(&j, w->config.datadir, true, &f);
	if (e)
		return wallet_fail(&f);
	(void)print_reset(w, j, r.floor);
	(void)journal_close(j, NULL);
	return EXIT_DONE;
}

static int run_votes(struct wallet *w, int argc, char **argv)
{
	bool is_show = strcmp(argv[0], "show") == 0;
	struct fault f = {0};
	int fd, status;

	(void)argc;
	if (!is_show && strcmp(argv[0], "reset") != 0)
		return wallet_usage("votes: value %s, expected show or reset",
				    argv[0]);
	if (is_show && w->options.from_height)
		return wallet_usage("--from-height goes with votes reset");
	if (!is_show && !w->options.from_height)
		return wallet_usage("votes reset: give --from-height H, a "
				    "height above all that this validator may "
				    "have voted at");
	if (dir_lock(&fd, w->config.datadir, is_show, &f))
		return wallet_fail(&f);
	status = is_show ? show(w) : reset(w);
	if (fd >= 0)
		dir_unlock(fd);
	return status;
}

const struct command wallet_votes_command = {
	.name = "votes",
	.args = "show|reset",
	.help = "Show what a validator signed last, or forget it, with the "
		"node stopped",
	.args_min = 1,
	.args_max = 1,
	.specs = votes_specs,
	.spec_count = ARRAY_LEN(votes_specs),
	.run = run_votes,
};
