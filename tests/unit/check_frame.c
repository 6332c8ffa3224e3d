/* SPDX-License-Identifier: MIT */
/* Frames: judged from their first seven bytes. */
#include <check.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

#include "net/frame.h"

static struct evbuffer *in;

static void setup(void)
{
	in = evbuffer_new();
	ck_assert_ptr_nonnull(in);
}

static void teardown(void)
{
	evbuffer_free(in);
}

static void put_head(uint32_t len, const char *letters)
{
	uint8_t head[FRAME_HEAD] = {(uint8_t)len, (uint8_t)(len >> 8),
				    (uint8_t)(len >> 16), (uint8_t)(len >> 24)};

	memcpy(head + 4, letters, MESSAGE_TYPE_LEN);
	evbuffer_add(in, head, sizeof(head));
}

/* What the head alone is worth. */
static enum frame_state judge(uint32_t len, const char *letters)
{
	struct frame f;

	evbuffer_drain(in, evbuffer_get_length(in));
	put_head(len, letters);
	return frame_first(&f, in, MESSAGE_BYTES_MAX);
}

START_TEST(bytes_are_as_the_protocol_says)
{
	static const uint8_t want[] = {5, 0, 0, 0, 'R', 'B', 'H', 7, 9};
	static const uint8_t body[] = {7, 9};

	frame_write(in, MSG_RBH, SPAN_OF(body));
	ck_assert_uint_eq(evbuffer_get_length(in), sizeof(want));
	ck_assert_mem_eq(evbuffer_pullup(in, -1), want, sizeof(want));
}
END_TEST

START_TEST(frames_come_out_whole_however_the_bytes_come_in)
{
	uint8_t body[100];
	struct evbuffer *whole = evbuffer_new();
	struct frame f;
	size_t i, n = 0;
	uint8_t byte;

	for (i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)i;
	for (i = 0; i < 20; i++)
		frame_write(whole, i % 2 ? MSG_TXN : MSG_AHD,
			    SPAN(body, 5 * i));
	while (evbuffer_remove(whole, &byte, 1) == 1) {
		evbuffer_add(in, &byte, 1);
		if (frame_first(&f, in, MESSAGE_BYTES_MAX) != FRAME_WHOLE)
			continue;
		ck_assert_int_eq(f.type, n % 2 ? MSG_TXN : MSG_AHD);
		ck_assert(span_eq(f.body, SPAN(body, 5 * n)));
		frame_drop(in, &f);
		ck_assert_uint_eq(evbuffer_get_length(in), 0);
		n++;
	}
	ck_assert_uint_eq(n, 20);
	evbuffer_free(whole);
}
END_TEST

START_TEST(a_length_over_the_types_bound_is_refused_from_the_head_alone)
{
	enum message_type t;
	uint32_t most;

	for (t = 0; t < MESSAGE_TYPE_COUNT; t++) {
		most = MESSAGE_TYPE_LEN + (uint32_t)message_bytes_max(t);
		ck_assert_int_eq(judge(most, message_letters(t)), FRAME_MORE);
		ck_assert_int_eq(judge(most + 1, message_letters(t)),
				 FRAME_BAD);
		ck_assert_int_eq(judge(UINT32_MAX, message_letters(t)),
				 FRAME_BAD);
	}
}
END_TEST

START_TEST(a_length_that_does_not_hold_the_type_is_refused)
{
	ck_assert_int_eq(judge(0, "RBH"), FRAME_BAD);
	ck_assert_int_eq(judge(2, "RBH"), FRAME_BAD);
	ck_assert_int_eq(judge(3, "RBH"), FRAME_WHOLE);
}
END_TEST

START_TEST(an_unknown_type_is_refused)
{
	ck_assert_int_eq(judge(10, "XYZ"), FRAME_BAD);
	ck_assert_int_eq(judge(10, "hey"), FRAME_BAD);
	ck_assert_int_eq(judge(10, "HE\0"), FRAME_BAD);
}
END_TEST

START_TEST(nothing_is_judged_before_the_head_is_whole)
{
	struct frame f;

	evbuffer_add(in, "\xff\xff\xff\xffXY", 6);
	ck_assert_int_eq(frame_first(&f, in, MESSAGE_BYTES_MAX), FRAME_MORE);
	evbuffer_add(in, "Z", 1);
	ck_assert_int_eq(frame_first(&f, in, MESSAGE_BYTES_MAX), FRAME_BAD);
}
END_TEST

START_TEST(a_stranger_is_allowed_less)
{
	struct frame f;

	put_head(MESSAGE_TYPE_LEN + 101, "TXN");
	ck_assert_int_eq(frame_first(&f, in, 100), FRAME_BAD);
	ck_assert_int_eq(frame_first(&f, in, 101), FRAME_MORE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("frame");
	TCase *tc = tcase_create("frame");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, bytes_are_as_the_protocol_says);
	tcase_add_test(tc, frames_come_out_whole_however_the_bytes_come_in);
	tcase_add_test(
		tc,
		a_length_over_the_types_bound_is_refused_from_the_head_alone);
	tcase_add_test(tc, a_length_that_does_not_hold_the_type_is_refused);
	tcase_add_test(tc, an_unknown_type_is_refused);
	tcase_add_test(tc, nothing_is_judged_before_the_head_is_whole);
	tcase_add_test(tc, a_stranger_is_allowed_less);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
