/* SPDX-License-Identifier: MIT */
/*
 * The worker threads. The verifier is a fake of this file's own, so that a
 * test can hold a thread where it wants it.
 */
#include <config.h>

#include <check.h>
#include <event2/event.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "loop/workers.h"

/* What the fake verifier does with a check, by its signature's first byte. */
enum { GOOD, BAD, WAIT_FOR_GATE, WAIT_FOR_ANOTHER_THREAD };

struct verifier {
	size_t max_keys;
	bool seen;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
/* under the lock */
static bool gate_open;
static int waiting, threads_seen;
static size_t keys_in_all;

struct verifier *verifier_new(size_t max_keys)
{
	struct verifier *v = xcalloc(1, sizeof(*v));

	v->max_keys = max_keys;
	pthread_mutex_lock(&lock);
	keys_in_all += max_keys;
	pthread_mutex_unlock(&lock);
	return v;
}

void verifier_free(struct verifier *v)
{
	free(v);
}

/* The fake checks of these tests are one byte long: what to do. */
#define ORDER_LEN 1

enum err verifier_check(struct verifier *v, struct span spki,
			const struct hash *digest, struct span signature)
{
	enum err e = ERR_OK;

	(void)spki;
	(void)digest;
	/* a real one: secret_key_take() tries what it was given */
	if (signature.len != ORDER_LEN)
		return ERR_OK;
	pthread_mutex_lock(&lock);
	switch (signature.data[0]) {
	case BAD:
		e = ERR_BAD_SIGNATURE;
		break;
	case WAIT_FOR_GATE:
		waiting++;
		pthread_cond_broadcast(&changed);
		while (!gate_open)
			pthread_cond_wait(&changed, &lock);
		break;
	case WAIT_FOR_ANOTHER_THREAD:
		threads_seen += !v->seen;
		v->seen = true;
		pthread_cond_broadcast(&changed);
		while (threads_seen < 2)
			pthread_cond_wait(&changed, &lock);
		break;
	}
	pthread_mutex_unlock(&lock);
	return e;
}

static void open_gate(void)
{
	pthread_mutex_lock(&lock);
	gate_open = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

#define DONE_MAX 200

static struct event_base *base;
static struct workers *workers;
static struct job *done_jobs[DONE_MAX];
static size_t done_count, done_wanted;
static pthread_t loop_thread;

static void on_done(void *ctx, struct job *job)
{
	ck_assert_ptr_eq(ctx, &done_jobs);
	ck_assert(pthread_equal(pthread_self(), loop_thread));
	ck_assert_uint_lt(done_count, DONE_MAX);
	done_jobs[done_count++] = job;
	if (done_count == done_wanted)
		event_base_loopbreak(base);
}

static void open_workers(void)
{
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	gate_open = false;
	waiting = threads_seen = 0;
	keys_in_all = 0;
	done_count = 0;
	loop_thread = pthread_self();
}

static void start(unsigned count, const struct secret_key *key)
{
	ck_assert_int_eq(workers_new(&workers, base, count, key, on_done,
				     &done_jobs, NULL),
			 ERR_OK);
}

static void wait_until_waiting(int n)
{
	event_base_loop(base, EVLOOP_NONBLOCK); /* it wakes who sleeps */
	pthread_mutex_lock(&lock);
	while (waiting < n)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void run_until(size_t wanted)
{
	done_wanted = wanted;
	if (done_count < wanted)
		event_base_dispatch(base);
	ck_assert_uint_eq(done_count, wanted);
}

static void close_workers(void)
{
	size_t i;

	workers_free(workers);
	for (i = 0; i < done_count; i++)
		job_free(done_jobs[i]);
	event_base_free(base);
}

static struct job *verify_job(uint64_t id, size_t count, uint8_t what)
{
	struct job *job = xcalloc(1, sizeof(*job));
	size_t i;

	job->kind = JOB_VERIFY;
	job->id = id;
	job->checks.count = count;
	job->checks.list = xcalloc(count, sizeof(*job->checks.list));
	for (i = 0; i < count; i++) {
		job->checks.list[i].signature_len = ORDER_LEN;
		job->checks.list[i].signature[0] = what;
		job->checks.list[i].result = ERR_COUNT;
	}
	return job;
}

static struct job *sign_job(uint64_t id)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->kind = JOB_SIGN;
	job->id = id;
	job->digest.b[0] = (uint8_t)id;
	return job;
}

START_TEST(every_check_gets_its_own_result)
{
	size_t i, k;

	start(3, NULL);
	for (i = 0; i < 20; i++) {
		struct job *job = verify_job(i, 997 - 49 * i, GOOD);

		for (k = i; k < job->checks.count; k += 7)
			job->checks.list[k].signature[0] = BAD;
		workers_submit_take(workers, job);
	}
	run_until(20);
	for (i = 0; i < 20; i++) {
		const struct job *job = done_jobs[i];

		for (k = 0; k < job->checks.count; k++)
			ck_assert_int_eq(job->checks.list[k].result,
					 k >= job->id && (k - job->id) % 7 == 0
						 ? ERR_BAD_SIGNATURE
						 : ERR_OK);
	}
}
END_TEST

START_TEST(several_workers_share_one_big_job)
{
	start(2, NULL);
	workers_submit_take(workers,
			    verify_job(1, 1000, WAIT_FOR_ANOTHER_THREAD));
	run_until(1); /* hangs when one does it alone */
	ck_assert_int_eq(threads_seen, 2);
}
END_TEST

START_TEST(a_signature_goes_before_the_checks_that_wait)
{
	start(1, NULL);
	workers_submit_take(workers, verify_job(1, 1, WAIT_FOR_GATE));
	wait_until_waiting(1);
	workers_submit_take(workers, verify_job(2, 1000, GOOD));
	workers_submit_take(workers, verify_job(3, 1, GOOD));
	workers_submit_take(workers, sign_job(4));
	workers_submit_take(workers, sign_job(5));
	open_gate();
	run_until(5);
	ck_assert_uint_eq(done_jobs[0]->id, 1);
	ck_assert_uint_eq(done_jobs[1]->id, 4);
	ck_assert_uint_eq(done_jobs[2]->id, 5);
	ck_assert_uint_eq(done_jobs[3]->id, 2);
	ck_assert_uint_eq(done_jobs[4]->id, 3);
}
END_TEST

START_TEST(seals_of_blocks_go_before_transactions)
{
	struct job *seals = verify_job(3, 1, GOOD);

	seals->owner = OWNER_SYNC;
	start(1, NULL);
	workers_submit_take(workers, verify_job(1, 1, WAIT_FOR_GATE));
	wait_until_waiting(1);
	workers_submit_take(workers, verify_job(2, 1000, GOOD));
	workers_submit_take(workers, seals);
	open_gate();
	run_until(3);
	ck_assert_uint_eq(done_jobs[0]->id, 1);
	ck_assert_uint_eq(done_jobs[1]->id, 3);
	ck_assert_uint_eq(done_jobs[2]->id, 2);
}
END_TEST

START_TEST(a_job_without_checks_comes_back)
{
	start(2, NULL);
	workers_submit_take(workers, verify_job(1, 0, GOOD));
	run_until(1);
}
END_TEST

START_TEST(without_a_key_nothing_is_signed)
{
	start(1, NULL);
	workers_submit_take(workers, sign_job(1));
	run_until(1);
	ck_assert_int_eq(done_jobs[0]->result, ERR_UNAVAILABLE);
	ck_assert_uint_eq(done_jobs[0]->signature.len, 0);
}
END_TEST

START_TEST(signatures_are_those_of_the_key_over_the_digest)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	struct secret_key *key;
	size_t i;

	ck_assert_int_eq(secret_key_take(&key, pkey), ERR_OK);
	start(2, key);
	for (i = 0; i < 10; i++)
		workers_submit_take(workers, sign_job(i));
	run_until(10);
	for (i = 0; i < 10; i++) {
		const struct job *job = done_jobs[i];
		EVP_MD_CTX *c = EVP_MD_CTX_new();

		ck_assert_int_eq(job->result, ERR_OK);
		ck_assert_int_eq(
			EVP_DigestVerifyInit(c, NULL, NULL, NULL, pkey), 1);
		ck_assert_int_eq(EVP_DigestVerify(c, job->signature.data,
						  job->signature.len,
						  job->digest.b, HASH_LEN),
				 1);
		EVP_MD_CTX_free(c);
	}
	workers_free(workers);
	workers = NULL;
	secret_key_free(key);
}
END_TEST

START_TEST(keys_are_bounded_over_all_workers)
{
	start(3, NULL);
	workers_free(workers); /* they made their verifiers, or never will */
	workers = NULL;
	ck_assert_uint_le(keys_in_all, WORKERS_KEYS + 2);
}
END_TEST

START_TEST(freeing_throws_away_what_is_not_handed_back)
{
	size_t i;

	start(2, NULL);
	workers_submit_take(workers, verify_job(1, 1000, WAIT_FOR_GATE));
	wait_until_waiting(2); /* both are in the middle of it */
	for (i = 0; i < 10; i++) {
		workers_submit_take(workers, verify_job(2, 100, GOOD));
		workers_submit_take(workers, sign_job(3));
	}
	open_gate();
	workers_free(workers); /* leaks and races are the sanitizers' */
	workers = NULL;
	ck_assert_int_eq(event_base_loop(base, EVLOOP_NONBLOCK), 1);
	ck_assert_uint_eq(done_count, 0);
	workers_free(NULL);
}
END_TEST

static void submit_another(void *ctx, struct job *job)
{
	on_done(ctx, job);
	if (done_count < done_wanted)
		workers_submit_take(workers, verify_job(done_count, 1, GOOD));
}

START_TEST(a_done_job_may_lead_to_the_next)
{
	ck_assert_int_eq(workers_new(&workers, base, 2, NULL, submit_another,
				     &done_jobs, NULL),
			 ERR_OK);
	workers_submit_take(workers, verify_job(0, 1, GOOD));
	run_until(100);
}
END_TEST

static struct event *other;
static size_t turns;
static const struct timeval at_once;

/* Other work of the loop: one piece each time it looks. */
static void count_turn(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
	turns++;
	ck_assert_int_eq(evtimer_add(other, &at_once), 0);
}

START_TEST(many_done_jobs_leave_the_loop_its_turns)
{
	size_t i;

	start(1, NULL);
	workers_submit_take(workers, verify_job(0, 1, WAIT_FOR_GATE));
	for (i = 1; i < 100; i++)
		workers_submit_take(workers, verify_job(i, 50, GOOD));
	wait_until_waiting(1);
	open_gate();
	turns = 0;
	other = evtimer_new(base, count_turn, NULL);
	ck_assert_int_eq(evtimer_add(other, &at_once), 0);
	run_until(100);
	event_free(other);
	/* about a thousand checks between two of them at most, and 4,950 were
	 * done when the gate had opened */
	ck_assert_uint_ge(turns, 4);
	for (i = 0; i < 100; i++)
		ck_assert_uint_eq(done_jobs[i]->id, i);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("workers");
	TCase *t = tcase_create("workers");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, open_workers, close_workers);
	tcase_add_test(t, every_check_gets_its_own_result);
	tcase_add_test(t, several_workers_share_one_big_job);
	tcase_add_test(t, a_signature_goes_before_the_checks_that_wait);
	tcase_add_test(t, seals_of_blocks_go_before_transactions);
	tcase_add_test(t, a_job_without_checks_comes_back);
	tcase_add_test(t, without_a_key_nothing_is_signed);
	tcase_add_test(t, signatures_are_those_of_the_key_over_the_digest);
	tcase_add_test(t, keys_are_bounded_over_all_workers);
	tcase_add_test(t, freeing_throws_away_what_is_not_handed_back);
	tcase_add_test(t, a_done_job_may_lead_to_the_next);
	tcase_add_test(t, many_done_jobs_leave_the_loop_its_turns);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
