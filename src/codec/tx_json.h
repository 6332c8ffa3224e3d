/* SPDX-License-Identifier: MIT */
/*
 * Transactions as the JSON of INTERFACE.md ("A transaction", "To push").
 */
#ifndef CODEC_TX_JSON_H
#define CODEC_TX_JSON_H

#include <jansson.h>

#include "codec/tx.h"

/*
 * Append the canonical full bytes of a pushed transaction. Accepts `number`
 * or `nonce` (both: they must agree), from, to and amount (or `vote`, or
 * `evidence`, in their place), signature, public_key, fee, valid_until, data or
 * data_base64, id (ignored unless it is malformed; the node compares it, see
 * tx_json_id()). Refuses any other field, a real where an integer is due, a
 * missing or wrong-typed field; the fault names the field, the value and what
 * was expected. A public key that is superfluous (number > 0) is dropped when
 * it is the sender's, else ERR_WRONG_KEY. An empty or missing signature is
 * ERR_UNSIGNED.
 */
MUST_USE enum err tx_from_json(struct buf *raw, const json_t *in,
			       struct fault *f);
/*
 * The same from the text at once, for the plain ones that most clients send
 * (`number`, no `id`, no escapes, a public key just when it is needed): one
 * object, or an array of up to max. Appends their full bytes and says where
 * each ends; returns how many there are. 0 says nothing, and nothing was
 * appended: read the text with json_parse() and tx_from_json().
 */
MUST_USE size_t tx_scan_json(struct buf *raw, size_t *ends, size_t max,
			     struct span text);
/* Whether a pushed object names an id; then *id is it. */
bool tx_json_id(struct hash *id, const json_t *in);
/*
 * The transaction as a client sees it: id number from to amount (or vote, or
 * evidence) fee valid_until data (or data_base64) public_key signature. key is
 * the sender's key when the transaction does not carry it (empty: left out).
 */
MUST_USE json_t *tx_to_json(const struct tx *tx, struct span key);

/*
 * Parse JSON text as this project reads it everywhere: no duplicate keys, no
 * NUL, nothing after the value, at most 64 levels deep. NULL and a fault
 * with line and column otherwise.
 */
MUST_USE json_t *json_parse(struct span text, struct fault *f);
/*
 * The same for text of strangers: ERR_TOO_BIG, before anything is built, when
 * it holds more than about values_max values (brackets and commas count).
 */
MUST_USE json_t *json_parse_bounded(struct span text, size_t values_max,
				    struct fault *f);

/*
 * The texts of an array's elements, found without looking into them: what is
 * between two commas may still be anything. *count may be more than max; out
 * holds the first max of them. ERR_TOO_BIG when the text is no array, for who
 * takes nothing else of this length; ERR_MALFORMED when the array does not end
 * where the text does.
 */
MUST_USE enum err json_split(struct span *out, size_t max, size_t *count,
			     struct span text, struct fault *f);

#define JSON_SHOW_MAX 64
/* A value in a few words for a fault, whatever it is; may use out. */
const char *json_show(char out[JSON_SHOW_MAX], const json_t *v);
/* Fill in the fault "NAME is V, expected EXPECTED" and return code; v NULL:
 * NAME is missing, ERR_MISSING_FIELD. */
enum err json_refuse(struct fault *f, enum err code, const char *name,
		     const json_t *v, const char *expected);

#endif
