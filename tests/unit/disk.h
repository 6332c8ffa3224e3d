/* SPDX-License-Identifier: MIT */
/*
 * What a program writes to one file, and what a disk may have of it when the
 * power goes. The linker sends pwrite(), write(), fdatasync(), fsync() and
 * rename() through here (--wrap); nothing is flushed for real. One thread.
 */
#ifndef UNIT_DISK_H
#define UNIT_DISK_H

#include "base/bytes.h"
#include "base/rng.h"

/* What becomes of that which was not flushed. */
enum disk_loss {
	DISK_ALL,  /* it is there: the process was killed, the system lives */
	DISK_NONE, /* nothing of it is there */
	DISK_SOME, /* sectors of 512 bytes are there or not, as it comes */
	DISK_LOSS_COUNT
};
#define DISK_WHOLE SIZE_MAX

/* Note from here on what is done to the file of that name, as it is now, and
 * to what takes its place. */
void disk_begin(const char *path);
/* After so many more steps none is done: all fail with EIO. DISK_WHOLE: they
 * work again. */
void disk_fail_after(size_t more);
/* How many steps were noted. */
size_t disk_steps(void);
/* Whether a step is a write, of how many bytes; 0: it is another. */
size_t disk_step_len(size_t i);
/*
 * The file after the first n steps and no more. cut: of the last of them only
 * so many bytes were written, or DISK_WHOLE.
 */
void disk_image(struct buf *out, size_t n, size_t cut, enum disk_loss loss,
		struct rng *rng);
/* Note no more; and forget all. */
void disk_stop(void);
void disk_end(void);

#endif
