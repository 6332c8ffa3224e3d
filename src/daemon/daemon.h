/* SPDX-License-Identifier: MIT */
/*
 * The daemon: opens the store, makes the node, and turns the world's events
 * into the node's and its effects into the world's.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "daemon/config.h"

/*
 * Run until a signal or a failure; returns the exit status. Reports on
 * standard output and standard error as INTERFACE says. input is what config
 * was read from: SIGHUP reads the log level from it again.
 */
int daemon_run(struct config *config, const struct config_input *input);

#endif
