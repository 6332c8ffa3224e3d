/* SPDX-License-Identifier: MIT */
/*
 * The cookie: a secret of this run in DATADIR/.cookie (0600). Who can read
 * the file may change the node (INTERFACE: "needs the cookie").
 */
#ifndef DAEMON_COOKIE_H
#define DAEMON_COOKIE_H

#include "base/err.h"

#define COOKIE_LEN 64 /* hex digits */

MUST_USE enum err cookie_make(char out[COOKIE_LEN + 1], const char *datadir,
			      struct fault *f);

#endif
