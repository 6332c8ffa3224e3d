/* SPDX-License-Identifier: MIT */
/* peers.json; see the header. */
#include <config.h>

#include "net/peerbook_file.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop/log.h"
#include "store/file.h"

void peerbook_file_init(struct peerbook_file *f, const char *datadir)
{
	*f = (struct peerbook_file){.path = path_join(datadir, "peers.json")};
}

/* For the operator to look at; the next one damaged replaces it. */
static void put_aside(const char *path, const struct fault *why)
{
	size_t size = strlen(path) + sizeof(".damaged");
	char *aside = xmalloc(size);

	snprintf(aside, size, "%s.damaged", path);
	if (rename(path, aside))
		log_warning("%s is damaged (%s) and cannot be renamed: %s",
			    path, why->detail, strerror(errno));
	else
		log_warning("%s is damaged (%s): it is now %s, and addresses "
			    "and bans begin anew",
			    path, why->detail, aside);
	free(aside);
}

void peerbook_file_load(struct peerbook_file *f, struct peerbook *b,
			uint64_t now)
{
	struct buf text = {0};
	struct fault why = {0};
	enum err e = file_read(&text, f->path, BOOK_BYTES_MAX, &why);
	bool readable = !e || e == ERR_TOO_BIG;

	if (!e)
		e = peerbook_read(b, buf_span(&text), now, &why);
	buf_release(&text);
	if (e && readable)
		put_aside(f->path, &why);
	else if (e && e != ERR_NOT_FOUND)
		log_warning("%s", why.detail);
}

static void *write_file(void *arg)
{
	struct peerbook_file *f = arg;
	struct fault why;

	if (file_replace(f->path, buf_span(&f->content), &why))
		log_warning("%s", why.detail);
	return NULL;
}

bool peerbook_file_save(struct peerbook_file *f, const struct peerbook *b)
{
	sigset_t all, before;

	if (f->writing && pthread_tryjoin_np(f->thread, NULL))
		return false;
	f->writing = false;
	buf_reset(&f->content);
	peerbook_write(&f->content, b);
	/* signals are the loop's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	f->writing = !pthread_create(&f->thread, NULL, write_file, f);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!f->writing)
		write_file(f);
	return true;
}

void peerbook_file_finish(struct peerbook_file *f, struct peerbook *b)
{
	if (f->writing)
		pthread_join(f->thread, NULL);
	f->writing = false;
	if (b->changed) {
		buf_reset(&f->content);
		peerbook_write(&f->content, b);
		write_file(f);
		b->changed = false;
	}
	buf_release(&f->content);
	free(f->path);
	*f = (struct peerbook_file){0};
}
