/* SPDX-License-Identifier: MIT */
/* What the log writes; timers on a wall clock of the test's own; signals. */
#include <config.h>

#include <check.h>
#include <event2/event.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "loop/clock.h"
#include "loop/log.h"
#include "loop/signals.h"

/* ---- log ---- */

static int log_pipe[2], real_stderr;

static void capture(void)
{
	ck_assert_int_eq(pipe(log_pipe), 0);
	real_stderr = dup(STDERR_FILENO);
	dup2(log_pipe[1], STDERR_FILENO);
	fcntl(log_pipe[0], F_SETFL, O_NONBLOCK);
}

static void release(void)
{
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(log_pipe[0]);
	close(log_pipe[1]);
	log_set(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
}

/* All that was written, as a string. */
static const char *logged(void)
{
	static char text[1 << 17];
	ssize_t n, len = 0;

	while ((n = read(log_pipe[0], text + len,
			 sizeof(text) - 1 - (size_t)len)) > 0)
		len += n;
	text[len] = '\0';
	return text;
}

static void ck_message(const char *line, const char *want)
{
	/* 2026-07-01T12:00:00.123Z info: */
	ck_assert_uint_ge(strlen(line), 31);
	ck_assert_int_eq(line[10], 'T');
	ck_assert_int_eq(line[19], '.');
	ck_assert_str_eq(line + 23, want);
}

START_TEST(a_line_has_time_level_and_message)
{
	log_info("port %d", 5000);
	ck_message(logged(), "Z info: port 5000\n");
	log_error("%s", "");
	ck_message(logged(), "Z error: \n");
}
END_TEST

START_TEST(less_serious_levels_are_silent)
{
	log_set(LOG_LEVEL_WARNING, LOG_FORMAT_TEXT);
	ck_assert(log_shows(LOG_LEVEL_ERROR) && log_shows(LOG_LEVEL_WARNING));
	ck_assert(!log_shows(LOG_LEVEL_INFO));
	log_info("a");
	log_debug("b");
	ck_assert_str_eq(logged(), "");
	log_warning("c");
	ck_message(logged(), "Z warning: c\n");
	log_set(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
	log_debug("d");
	ck_message(logged(), "Z debug: d\n");
}
END_TEST

START_TEST(no_message_controls_a_terminal_or_forges_a_line)
{
	log_info("%s", "a\nb\r\x1b[2J\x7f");
	ck_message(logged(), "Z info: a\\x0ab\\x0d\\x1b[2J\\x7f\n");
	log_info("%s", "C:\\x0a \"q\"");
	ck_message(logged(), "Z info: C:\\\\x0a \"q\"\n");
	log_info("%s", "\xc2\x9b"
		       "31m \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
	ck_message(logged(), "Z info: \\x9b31m \xc3\xa9 \xe2\x82\xac "
			     "\xf0\x9f\x98\x80\n");
	/* not UTF-8: nothing above ASCII is trusted */
	log_info("%s", "\xc3\xa9\xff\xc2");
	ck_message(logged(), "Z info: \\xc3\\xa9\\xff\\xc2\n");
}
END_TEST

static void ck_json(const char *want)
{
	json_t *line = json_loads(logged(), JSON_REJECT_DUPLICATES, NULL);

	ck_assert_ptr_nonnull(line);
	ck_assert_uint_eq(json_object_size(line), 3);
	ck_assert_uint_eq(json_string_length(json_object_get(line, "time")),
			  24);
	ck_assert_str_eq(json_string_value(json_object_get(line, "level")),
			 "warning");
	ck_assert_str_eq(json_string_value(json_object_get(line, "message")),
			 want);
	json_decref(line);
}

START_TEST(json_lines_parse_whatever_is_in_them)
{
	log_set(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
	log_warning("%s", "\"a\\\"\n\t\x01\x1f \xc3\xa9 \xe2\x82\xac");
	ck_json("\"a\\\"\n\t\x01\x1f \xc3\xa9 \xe2\x82\xac");
	log_warning("%s", "\xff");
	ck_json("\xc3\xbf");
}
END_TEST

START_TEST(a_line_stays_an_object_however_much_is_escaped)
{
	char message[LOG_MESSAGE_MAX];
	size_t n;

	log_set(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
	/* around where the line is full, whatever stands there */
	for (n = 640; n < 700; n++) {
		json_t *line;
		const char *text;

		memset(message, '\x01', n);
		memset(message + n, n % 2 ? '\\' : '"', 300);
		message[n + 300] = '\0';
		log_warning("%s", message);
		text = logged();
		ck_assert_uint_le(strlen(text), 4096);
		line = json_loads(text, 0, NULL);
		ck_assert_ptr_nonnull(line);
		text = json_string_value(json_object_get(line, "message"));
		ck_assert_int_eq(strncmp(text, message, strlen(text)), 0);
		json_decref(line);
	}
}
END_TEST

START_TEST(a_long_message_is_cut_between_characters)
{
	char message[LOG_MESSAGE_MAX + 10];
	const char *text;
	size_t i, len;

	for (i = 0; i < 4; i++) {
		memset(message, 'a', i);
		for (len = i; len + 4 < sizeof(message); len += 3)
			memcpy(message + len, "\xe2\x82\xac", 3);
		message[len] = '\0';
		log_info("%s", message);
		text = logged();
		ck_assert(span_is_utf8(span_str(text)));
		ck_assert_ptr_null(strchr(text, '\\'));
		ck_assert_str_eq(text + strlen(text) - 4, "...\n");
	}
}
END_TEST

START_TEST(a_full_pipe_is_not_waited_for_and_the_gap_is_told)
{
	char fill[4096];
	const char *text;

	memset(fill, '.', sizeof(fill));
	fcntl(log_pipe[1], F_SETFL, O_NONBLOCK);
	while (write(log_pipe[1], fill, sizeof(fill)) > 0)
		;
	fcntl(log_pipe[1], F_SETFL, 0);
	log_info("lost"); /* would hang here */
	log_info("lost");
	log_info("lost");
	text = logged();
	ck_assert_ptr_null(strstr(text, "lost"));
	log_info("back");
	text = logged();
	ck_assert_ptr_nonnull(strstr(text, "warning: 3 messages are missing"));
	ck_assert_ptr_nonnull(strstr(text, "info: back\n"));
	log_info("again");
	ck_message(logged(), "Z info: again\n");
}
END_TEST

static void *log_much(void *arg)
{
	int i;

	for (i = 0; i < 100; i++)
		log_info("from %d", *(int *)arg);
	return NULL;
}

START_TEST(lines_of_several_threads_are_whole)
{
	pthread_t threads[4];
	int names[4] = {1, 2, 3, 4}, counts[5] = {0}, i;
	char *text, *line, *save;

	for (i = 0; i < 4; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, log_much, &names[i]),
			0);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	text = xstrdup(logged());
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		int name = 0;

		ck_assert_int_eq(sscanf(line + 24, " info: from %d", &name), 1);
		ck_assert(name >= 1 && name <= 4);
		counts[name]++;
	}
	free(text);
	for (i = 1; i <= 4; i++)
		ck_assert_int_eq(counts[i], 100);
}
END_TEST

/* ---- timer ---- */

static struct event_base *base;
static uint64_t fake_now;
static uint64_t fake_step; /* how far each look moves it */
static int looks, rings;
static uint64_t rang_at;
static struct timer *timer;

static void open_base(void)
{
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	fake_now = 1000000;
	fake_step = 0;
	looks = rings = 0;
}

static void close_base(void)
{
	event_base_free(base);
	base = NULL;
}

static uint64_t fake_clock(void)
{
	looks++;
	fake_now += fake_step;
	return fake_now;
}

static void on_ring(void *ctx)
{
	rings++;
	rang_at = fake_now;
	if (ctx)
		event_base_loopbreak(base);
}

START_TEST(the_clock_is_this_century_s)
{
	uint64_t now = clock_now_ms();

	ck_assert_uint_gt(now, UINT64_C(1700000000000));
	ck_assert_uint_lt(now, UINT64_C(7258118400000));
	ck_assert_uint_ge(clock_now_ms() + 1000, now);
}
END_TEST

START_TEST(a_time_that_is_past_rings_once)
{
	timer = timer_new(base, fake_clock, on_ring, NULL);
	timer_at(timer, 5);
	ck_assert_int_eq(rings, 0); /* not from within */
	event_base_dispatch(base);  /* ends when nothing is armed */
	ck_assert_int_eq(rings, 1);
	timer_free(timer);
	timer_free(NULL);
}
END_TEST

START_TEST(a_clock_set_back_does_not_ring_early)
{
	/* each look shows a clock a millisecond on, however long it took */
	timer = timer_new(base, fake_clock, on_ring, NULL);
	timer_at(timer, fake_now + 3);
	fake_now -= 7;
	fake_step = 1;
	event_base_dispatch(base);
	ck_assert_int_eq(rings, 1);
	ck_assert_uint_eq(rang_at, 1000003);
	ck_assert_int_gt(looks, 2);
	timer_free(timer);
}
END_TEST

START_TEST(a_clock_set_forth_rings_without_the_wait)
{
	/* a wait of a day, of which a second at most is slept */
	timer = timer_new(base, fake_clock, on_ring, NULL);
	timer_at(timer, fake_now + 86400000);
	fake_now += 86400000;
	event_base_dispatch(base);
	ck_assert_int_eq(rings, 1);
	timer_free(timer);
}
END_TEST

START_TEST(a_new_time_replaces_the_old_and_0_is_none)
{
	timer = timer_new(base, fake_clock, on_ring, NULL);
	timer_at(timer, 5);
	timer_at(timer, 0);
	event_base_dispatch(base);
	ck_assert_int_eq(rings, 0);
	timer_at(timer, fake_now + 1000000);
	timer_at(timer, 7);
	event_base_dispatch(base);
	ck_assert_int_eq(rings, 1);
	timer_free(timer);
}
END_TEST

static void ring_again(void *ctx)
{
	(void)ctx;
	if (++rings < 5)
		timer_at(timer, fake_now);
}

START_TEST(a_timer_can_be_set_while_it_rings)
{
	timer = timer_new(base, fake_clock, ring_again, NULL);
	timer_at(timer, 1);
	event_base_dispatch(base);
	ck_assert_int_eq(rings, 5);
	timer_free(timer);
}
END_TEST

/* ---- signals ---- */

static int stops, reloads;

static void on_stop(void *ctx)
{
	stops++;
	event_base_loopbreak(ctx);
}

static void on_reload(void *ctx)
{
	reloads++;
	event_base_loopbreak(ctx);
}

/* What a child does that gets these signals, one turn of the loop each;
 * its wait status. */
static int child(int first, int second)
{
	int status, numbers[] = {first, second}, i;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid) {
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		return status;
	}
	base = event_base_new();
	stops = reloads = 0;
	if (!signals_new(base, on_stop, on_reload, base))
		_exit(100);
	for (i = 0; i < 2; i++) {
		if (!numbers[i])
			continue;
		raise(numbers[i]);
		event_base_loop(base, EVLOOP_ONCE);
	}
	_exit(10 * stops + reloads);
}

START_TEST(the_first_signal_asks_the_second_ends)
{
	int status = child(SIGTERM, 0);

	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 10);
	status = child(SIGINT, 0);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 10);
	status = child(SIGTERM, SIGTERM);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	status = child(SIGTERM, SIGINT);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	status = child(SIGINT, SIGTERM);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}
END_TEST

START_TEST(hangup_reloads_each_time_and_stops_nothing)
{
	int status = child(SIGHUP, SIGHUP);

	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 2);
	status = child(SIGHUP, SIGTERM);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 11);
}
END_TEST

START_TEST(what_was_done_with_signals_before_comes_back)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	struct sigaction before[ARRAY_LEN(numbers)], act;
	struct signals *s;
	size_t i;

	for (i = 0; i < ARRAY_LEN(numbers); i++)
		sigaction(numbers[i], NULL, &before[i]);
	s = signals_new(base, on_stop, NULL, base);
	for (i = 0; i < ARRAY_LEN(numbers); i++) {
		sigaction(numbers[i], NULL, &act);
		ck_assert(act.sa_handler != before[i].sa_handler);
	}
	ck_assert(act.sa_handler == SIG_IGN);
	signals_free(s);
	for (i = 0; i < ARRAY_LEN(numbers); i++) {
		sigaction(numbers[i], NULL, &act);
		ck_assert(act.sa_handler == before[i].sa_handler);
	}
	signals_free(NULL);
}
END_TEST

static Suite *loop_suite(void)
{
	Suite *s = suite_create("loop");
	TCase *t = tcase_create("log");

	tcase_add_checked_fixture(t, capture, release);
	tcase_add_test(t, a_line_has_time_level_and_message);
	tcase_add_test(t, less_serious_levels_are_silent);
	tcase_add_test(t, no_message_controls_a_terminal_or_forges_a_line);
	tcase_add_test(t, json_lines_parse_whatever_is_in_them);
	tcase_add_test(t, a_line_stays_an_object_however_much_is_escaped);
	tcase_add_test(t, a_long_message_is_cut_between_characters);
	tcase_add_test(t, a_full_pipe_is_not_waited_for_and_the_gap_is_told);
	tcase_add_test(t, lines_of_several_threads_are_whole);
	suite_add_tcase(s, t);

	t = tcase_create("clock");
	tcase_add_checked_fixture(t, open_base, close_base);
	tcase_add_test(t, the_clock_is_this_century_s);
	tcase_add_test(t, a_time_that_is_past_rings_once);
	tcase_add_test(t, a_clock_set_back_does_not_ring_early);
	tcase_add_test(t, a_clock_set_forth_rings_without_the_wait);
	tcase_add_test(t, a_new_time_replaces_the_old_and_0_is_none);
	tcase_add_test(t, a_timer_can_be_set_while_it_rings);
	suite_add_tcase(s, t);

	t = tcase_create("signals");
	tcase_add_checked_fixture(t, open_base, close_base);
	tcase_add_test(t, the_first_signal_asks_the_second_ends);
	tcase_add_test(t, hangup_reloads_each_time_and_stops_nothing);
	tcase_add_test(t, what_was_done_with_signals_before_comes_back);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(loop_suite());
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
