/* SPDX-License-Identifier: MIT */
/*
 * The Host header: a web page that had its own name point here (DNS
 * rebinding) must not reach the node. Pure.
 */
#ifndef HTTP_HOST_H
#define HTTP_HOST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether host ("name", "name:port", "1.2.3.4:port", "[::1]:port") is an IP
 * literal, localhost, or one of names, in any case. NULL is not.
 */
bool host_is_allowed(const char *host, const char *const *names, size_t count);
/* Whether a numeric address is of the loopback interface. */
bool host_is_loopback(const char *address);

#endif
