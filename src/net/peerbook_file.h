/* SPDX-License-Identifier: MIT */
/*
 * peers.json: the address book and the bans on disk, mode 0600, replaced as a
 * whole. The loop does not wait for the disk: a thread writes.
 */
#ifndef NET_PEERBOOK_FILE_H
#define NET_PEERBOOK_FILE_H

#include <pthread.h>

#include "net/peerbook.h"

struct peerbook_file {
	char *path;
	bool writing; /* the thread is to be joined */
	pthread_t thread;
	struct buf content; /* the thread's while it writes */
};

void peerbook_file_init(struct peerbook_file *f, const char *datadir);
/* Write what changed, and wait for it. */
void peerbook_file_finish(struct peerbook_file *f, struct peerbook *b);
/* A file that is damaged is renamed aside with a warning; one that cannot be
 * read is a warning. The book is empty then. */
void peerbook_file_load(struct peerbook_file *f, struct peerbook *b,
			uint64_t now);
/* Begin to write. false: the one before is not done yet. A failure is a
 * warning. */
bool peerbook_file_save(struct peerbook_file *f, const struct peerbook *b);

#endif
