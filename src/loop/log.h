/* SPDX-License-Identifier: MIT */
/*
 * Messages to people, one line each on standard error: text, or JSON objects
 * {time, level, message}. From any thread. Never waits for the reader: what
 * a full pipe does not take is counted, and the next line that it takes is
 * preceded by how many are missing. No byte of a message can act on a
 * terminal or begin a line of its own.
 */
#ifndef LOOP_LOG_H
#define LOOP_LOG_H

#include <stdbool.h>

#include "base/mem.h"

enum log_level {
	LOG_LEVEL_ERROR,   /* something is lost or stops */
	LOG_LEVEL_WARNING, /* somebody should look */
	LOG_LEVEL_INFO,	   /* what an operator wants to know */
	LOG_LEVEL_DEBUG,
};

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* What they are called, in the order of the enums, and NULL. */
extern const char *const log_level_names[];
extern const char *const log_format_names[];

#define LOG_MESSAGE_MAX 1024 /* what is longer is cut */

/* Show this level and the more serious ones. Until it is called: info, as
 * text. */
void log_set(enum log_level level, enum log_format format);
/* Worth the cost of preparing the arguments. */
bool log_shows(enum log_level level);

void log_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_warning(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_info(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
