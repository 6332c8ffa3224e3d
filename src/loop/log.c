/* SPDX-License-Identifier: MIT */
/*
 * Lines on standard error; see the header. A line is one write of at most
 * PIPE_BUF bytes to a descriptor that poll() found ready, so it is neither
 * torn nor waited for; the lock keeps two threads from relying on the same
 * room.
 */
#include <config.h>

#include "loop/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"

#define LINE_MAX_BYTES 4096 /* PIPE_BUF of Linux */
#define LINE_END 3	    /* bytes of what ends an object and a line */
#define CUT "..."

struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
	bool full;
};

const char *const log_level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
	NULL,
};

const char *const log_format_names[] = {
	[LOG_FORMAT_TEXT] = "text",
	[LOG_FORMAT_JSON] = "json",
	NULL,
};

static atomic_int shown = LOG_LEVEL_INFO;
static atomic_int chosen_format = LOG_FORMAT_TEXT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long missing; /* lines that were not taken; under the lock */

void log_set(enum log_level level, enum log_format format)
{
	atomic_store(&shown, (int)level);
	atomic_store(&chosen_format, (int)format);
}

bool log_shows(enum log_level level)
{
	return (int)level <= atomic_load(&shown);
}

/* Append whole pieces, up to the first that does not fit; keep room for the
 * end of the line. */
static void put(struct line *l, const char *text, size_t len)
{
	l->full = l->full || len > sizeof(l->text) - LINE_END - l->len;
	if (l->full)
		return;
	memcpy(l->text + l->len, text, len);
	l->len += len;
}

static void put_text(struct line *l, const char *text)
{
	put(l, text, strlen(text));
}

/* How many bytes of a well-formed character stand here; 0: a control. */
static size_t printable(const unsigned char *s)
{
	if (*s < 0x20 || *s == 0x7f)
		return 0;
	if (*s < 0x80)
		return 1;
	/* U+0080 to U+009F are controls to some terminals */
	if (*s == 0xc2 && s[1] < 0xa0)
		return 0;
	return *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;
}

static void put_escaped(struct line *l, const char *message,
			enum log_format format)
{
	const char *code = format == LOG_FORMAT_JSON ? "\\u%04x" : "\\x%02x";
	const unsigned char *s = (const unsigned char *)message;
	bool utf8 = span_is_utf8(span_str(message));
	char escape[8];
	size_t n;

	for (; *s; s += n) {
		n = *s < 0x80 || utf8 ? printable(s) : 0;
		if (*s == '\\' || (*s == '"' && format == LOG_FORMAT_JSON)) {
			snprintf(escape, sizeof(escape), "\\%c", *s);
			put_text(l, escape);
			continue;
		}
		if (n) {
			put(l, (const char *)s, n);
			continue;
		}
		/* of a control in two bytes, the second is its number */
		if (*s == 0xc2 && utf8)
			s++;
		snprintf(escape, sizeof(escape), code, (unsigned)*s);
		put_text(l, escape);
		n = 1;
	}
}

static void put_time(struct line *l)
{
	struct timespec now;
	struct tm tm;
	char text[40] = "";

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	put_text(l, text);
	snprintf(text, sizeof(text), ".%03dZ", (int)(now.tv_nsec / 1000000));
	put_text(l, text);
}

static void format_line(struct line *l, enum log_level level,
			const char *message)
{
	enum log_format format = (enum log_format)atomic_load(&chosen_format);

	l->len = 0;
	l->full = false;
	switch (format) {
	case LOG_FORMAT_TEXT:
		put_time(l);
		put_text(l, " ");
		put_text(l, log_level_names[level]);
		put_text(l, ": ");
		put_escaped(l, message, format);
		break;
	case LOG_FORMAT_JSON:
		put_text(l, "{\"time\":\"");
		put_time(l);
		put_text(l, "\",\"level\":\"");
		put_text(l, log_level_names[level]);
		put_text(l, "\",\"message\":\"");
		put_escaped(l, message, format);
		memcpy(l->text + l->len, "\"}", 2);
		l->len += 2;
		break;
	}
	l->text[l->len++] = '\n';
}

/* false when it would have to wait. */
static bool try_write(const struct line *l)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	ssize_t n;

	while (poll(&p, 1, 0) < 0)
		if (errno != EINTR)
			return false;
	if (!(p.revents & POLLOUT))
		return false;
	do {
		n = write(STDERR_FILENO, l->text, l->len);
	} while (n < 0 && errno == EINTR);
	return n >= 0;
}

static void write_line(enum log_level level, const char *message)
{
	struct line line;
	char text[64];

	format_line(&line, level, message);
	pthread_mutex_lock(&lock);
	if (missing) {
		struct line first;

		snprintf(text, sizeof(text), "%lu messages are missing here",
			 missing);
		format_line(&first, LOG_LEVEL_WARNING, text);
		if (try_write(&first))
			missing = 0;
	}
	if (missing || !try_write(&line))
		missing++;
	pthread_mutex_unlock(&lock);
}

/* End a text that was cut before a character that is whole. */
static void mark_cut(char *message)
{
	size_t at = LOG_MESSAGE_MAX - sizeof(CUT);

	while (at && ((unsigned char)message[at] & 0xc0) == 0x80)
		at--;
	memcpy(message + at, CUT, sizeof(CUT));
}

static void log_va(enum log_level level, const char *fmt, va_list args)
{
	char message[LOG_MESSAGE_MAX];
	int saved = errno, len;

	if (!log_shows(level))
		return;
	len = vsnprintf(message, sizeof(message), fmt, args);
	if (len >= (int)sizeof(message))
		mark_cut(message);
	if (len >= 0)
		write_line(level, message);
	errno = saved;
}

#define DEFINE_LOG(name, level)                                                \
	void name(const char *fmt, ...)                                        \
	{                                                                      \
		va_list args;                                                  \
                                                                               \
		va_start(args, fmt);                                           \
		log_va(level, fmt, args);                                      \
		va_end(args);                                                  \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)
