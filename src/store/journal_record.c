/* SPDX-License-Identifier: MIT */
/*
 * The bytes of the vote journal: the file's head and what stands in front of
 * each record. Integers are big-endian.
 *
 * The checksum is SHA-256 over the file's id and the head, which holds the
 * SHA-256 of the record. A CRC would find torn writes as well, but most of a
 * record is a block that another node made: that node could put whole records
 * into it that hold by CRC, and a search for records behind a damaged one
 * would believe them. The id is random and told to nobody, so no foreign
 * bytes hold here, nor those of an earlier journal. What it costs (2 ms for
 * 1 MiB at worst) is paid beside a flush.
 */
#include "store/journal_internal.h"

#include <string.h>

#define FILE_SUMMED 48 /* magic, format, zeros, half, id, to the sum */
#define SUMMED (JOURNAL_HEAD_LEN - HASH_LEN)

static const uint8_t file_magic[12] = "ccoin votes";
static const uint8_t record_magic[4] = "vote";

uint64_t journal_size(uint64_t len)
{
	uint64_t all = JOURNAL_HEAD_LEN + len;

	return (all + JOURNAL_BLOCK - 1) / JOURNAL_BLOCK * JOURNAL_BLOCK;
}

static void pad(struct buf *out, uint64_t len)
{
	size_t more = (size_t)len - out->len;

	if (!more)
		return;
	buf_reserve(out, more);
	memset(out->data + out->len, 0, more);
	out->len += more;
}

/* --- the file's head ----------------------------------------------------- */

void journal_file_head(struct buf *out, const uint8_t id[JOURNAL_ID_LEN],
		       uint64_t half)
{
	uint8_t head[FILE_SUMMED] = {0};
	struct hash sum;
	size_t start = out->len;

	memcpy(head, file_magic, sizeof(file_magic));
	put_be32(head + 12, JOURNAL_FORMAT);
	put_be64(head + 24, half);
	memcpy(head + 32, id, JOURNAL_ID_LEN);
	sha256(&sum, SPAN_OF(head));
	buf_append(out, head, sizeof(head));
	buf_append_span(out, hash_span(&sum));
	pad(out, start + JOURNAL_BLOCK);
}

static enum err damaged_head(const char *path, struct fault *f)
{
	return fault_set(f, ERR_CORRUPT, "",
			 "the head of %s is damaged; with the node stopped: "
			 "ccoin votes reset --from-height H, H being above all "
			 "that this validator may have voted at",
			 path);
}

enum err journal_file_head_read(uint8_t id[JOURNAL_ID_LEN], uint64_t *half,
				struct span block, const char *path,
				struct fault *f)
{
	struct hash sum;
	uint32_t format;

	if (block.len >= sizeof(file_magic) &&
	    memcmp(block.data, file_magic, sizeof(file_magic)) != 0)
		return fault_set(f, ERR_FOREIGN_FORMAT, "",
				 "%s is not a vote journal", path);
	if (block.len < JOURNAL_BLOCK)
		return damaged_head(path, f);
	format = get_be32(block.data + 12);
	if (format != JOURNAL_FORMAT)
		return fault_set(f, ERR_FOREIGN_FORMAT, "",
				 "%s: found format %lu, expected %d", path,
				 (unsigned long)format, JOURNAL_FORMAT);
	sha256(&sum, SPAN(block.data, FILE_SUMMED));
	if (memcmp(block.data + FILE_SUMMED, sum.b, HASH_LEN) != 0)
		return damaged_head(path, f);
	*half = get_be64(block.data + 24);
	memcpy(id, block.data + 32, JOURNAL_ID_LEN);
	return ERR_OK;
}

/* --- records ------------------------------------------------------------- */

static void head_sum(struct hash *out, const uint8_t *head,
		     const uint8_t id[JOURNAL_ID_LEN])
{
	sha256_2(out, SPAN(id, JOURNAL_ID_LEN), SPAN(head, SUMMED));
}

void journal_record_encode(struct buf *out, struct journal_head *h,
			   struct span bytes, const uint8_t id[JOURNAL_ID_LEN])
{
	uint8_t head[JOURNAL_HEAD_LEN];
	struct hash sum;
	uint64_t end = out->len + journal_size(bytes.len);

	h->len = (uint32_t)bytes.len;
	sha256(&h->content, bytes);
	memcpy(head, record_magic, sizeof(record_magic));
	put_be32(head + 4, h->len);
	put_be64(head + 8, h->generation);
	put_be64(head + 16, h->seq);
	put_be64(head + 24, h->height);
	put_be64(head + 32, h->carried);
	put_be64(head + 40, h->sure);
	memcpy(head + 48, h->content.b, HASH_LEN);
	head_sum(&sum, head, id);
	memcpy(head + SUMMED, sum.b, HASH_LEN);
	buf_append(out, head, sizeof(head));
	buf_append_span(out, bytes);
	pad(out, end);
}

bool journal_head_decode(struct journal_head *out,
			 const uint8_t in[JOURNAL_HEAD_LEN],
			 const uint8_t id[JOURNAL_ID_LEN])
{
	struct hash sum;

	if (memcmp(in, record_magic, sizeof(record_magic)) != 0)
		return false;
	head_sum(&sum, in, id);
	if (memcmp(in + SUMMED, sum.b, HASH_LEN) != 0)
		return false;
	out->len = get_be32(in + 4);
	out->generation = get_be64(in + 8);
	out->seq = get_be64(in + 16);
	out->height = get_be64(in + 24);
	out->carried = get_be64(in + 32);
	out->sure = get_be64(in + 40);
	memcpy(out->content.b, in + 48, HASH_LEN);
	return out->len <= JOURNAL_RECORD_MAX;
}
