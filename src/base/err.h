/* SPDX-License-Identifier: MIT */
/*
 * Error codes. A code's name is what a client sees and may rely on
 * (INTERFACE: "stable codes"): never change one, only add. A fault adds
 * which field, which value, and what was expected.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/bytes.h"
#include "base/mem.h"

/* X(enumerator, stable name, sentence) */
#define ERR_LIST(X)                                                            \
	/* shape of input */                                                   \
	X(ERR_MALFORMED, "malformed", "The input cannot be parsed")            \
	X(ERR_NOT_CANONICAL, "not_canonical",                                  \
	  "The bytes are not the canonical encoding")                          \
	X(ERR_TOO_BIG, "too_big", "The input is too big")                      \
	X(ERR_UNKNOWN_FIELD, "unknown_field", "A field is not known")          \
	X(ERR_DUPLICATE_FIELD, "duplicate_field", "A field is given twice")    \
	X(ERR_MISSING_FIELD, "missing_field", "A field is missing")            \
	X(ERR_WRONG_TYPE, "wrong_type", "A field has the wrong type")          \
	X(ERR_OUT_OF_RANGE, "out_of_range", "A value is out of range")         \
	X(ERR_BAD_ADDRESS, "bad_address", "An address is not 40 hex digits")   \
	X(ERR_BAD_HASH, "bad_hash", "A hash is not 64 hex digits")             \
	X(ERR_BAD_PUBLIC_KEY, "bad_public_key",                                \
	  "The public key is not of an accepted form")                         \
	/* transactions */                                                     \
	X(ERR_UNSUPPORTED_VERSION, "unsupported_version",                      \
	  "The version is not known")                                          \
	X(ERR_UNSUPPORTED_OPERATION, "unsupported_operation",                  \
	  "The operation is not known")                                        \
	X(ERR_ID_MISMATCH, "id_mismatch",                                      \
	  "The id is not that of the transaction")                             \
	X(ERR_UNSIGNED, "signature_required",                                  \
	  "The transaction has no signature")                                  \
	X(ERR_BAD_SIGNATURE, "bad_signature",                                  \
	  "The signature does not fit the transaction, the key and this "      \
	  "chain")                                                             \
	X(ERR_KEY_REQUIRED, "public_key_required",                             \
	  "The first transaction of an account carries its public key")        \
	X(ERR_KEY_UNEXPECTED, "public_key_unexpected",                         \
	  "Only the first transaction of an account carries a public key")     \
	X(ERR_WRONG_KEY, "wrong_public_key",                                   \
	  "The public key is not the sender's")                                \
	X(ERR_NONCE_TOO_LOW, "nonce_too_low", "The nonce was used already")    \
	X(ERR_NONCE_GAP, "nonce_gap",                                          \
	  "The nonce is too far ahead of the account's")                       \
	X(ERR_INSUFFICIENT_BALANCE, "insufficient_balance",                    \
	  "The sender cannot pay amount and fee")                              \
	X(ERR_AMOUNT_OVERFLOW, "amount_overflow", "An amount passes 2^53 - 1") \
	X(ERR_EXPIRED, "expired", "valid_until has passed")                    \
	X(ERR_FEE_TOO_LOW, "fee_too_low",                                      \
	  "The fee is below the chain's min_fee")                              \
	X(ERR_NOT_A_VALIDATOR, "not_a_validator",                              \
	  "Only a validator of the present set may do this")                   \
	X(ERR_TOO_MANY, "too_many", "There are too many of these already")     \
	/* mempool */                                                          \
	X(ERR_MEMPOOL_FULL, "mempool_full",                                    \
	  "The pool of pending transactions is full")                          \
	X(ERR_ACCOUNT_QUEUE_FULL, "account_queue_full",                        \
	  "The sender has too many pending transactions")                      \
	X(ERR_REPLACEMENT_FEE_TOO_LOW, "replacement_fee_too_low",              \
	  "A replacement needs a fee at least 10% higher")                     \
	X(ERR_REPLACED, "replaced",                                            \
	  "Replaced by a transaction with a higher fee")                       \
	/* blocks */                                                           \
	X(ERR_BAD_PARENT, "bad_parent",                                        \
	  "The block does not follow its parent")                              \
	X(ERR_BAD_TIME, "bad_time", "The block's time is not allowed")         \
	X(ERR_FUTURE, "future", "The block is from the future")                \
	X(ERR_BAD_PRODUCER, "bad_producer",                                    \
	  "The producer was not entitled to this block")                       \
	X(ERR_BAD_SEAL, "bad_seal", "The block's seal does not fit")           \
	X(ERR_BAD_ENGINE_FIELDS, "bad_engine_fields",                          \
	  "The engine's fields of the header are wrong")                       \
	X(ERR_BAD_TXS_ROOT, "bad_txs_root",                                    \
	  "The root of the transactions does not fit")                         \
	X(ERR_BAD_RESULTS_ROOT, "bad_results_root",                            \
	  "The results root is not empty")                                     \
	X(ERR_BAD_STATE_ROOT, "bad_state_root", "The state root does not fit") \
	X(ERR_BAD_HISTORY_ROOT, "bad_history_root",                            \
	  "The history root does not fit")                                     \
	X(ERR_TOO_MANY_TXS, "too_many_transactions",                           \
	  "The block holds more transactions than the rules allow")            \
	/* the node and its surroundings */                                    \
	X(ERR_NOT_FOUND, "not_found", "There is no such thing")                \
	X(ERR_EXISTS, "exists", "It exists already")                           \
	X(ERR_IO, "io_error", "Reading or writing failed")                     \
	X(ERR_NO_SPACE, "no_space", "The disk is full")                        \
	X(ERR_LOCKED, "locked", "Another process uses it")                     \
	X(ERR_PERMISSION, "permission", "The permissions do not allow it")     \
	X(ERR_FOREIGN_FORMAT, "foreign_format",                                \
	  "The store is of another format")                                    \
	X(ERR_OTHER_CHAIN, "other_chain", "The store holds another chain")     \
	X(ERR_CORRUPT, "corrupt", "Stored data is damaged")                    \
	X(ERR_BAD_PASSWORD, "bad_password",                                    \
	  "The password does not open the key")                                \
	X(ERR_CRYPTO, "crypto", "The cryptographic library failed")            \
	/* HTTP */                                                             \
	X(ERR_NO_FINALITY, "no_finality",                                      \
	  "This chain's engine knows no finality")                             \
	X(ERR_BAD_HOST, "bad_host", "The Host header is not allowed here")     \
	X(ERR_UNAUTHORIZED, "unauthorized", "This needs the node's cookie")    \
	X(ERR_METHOD_NOT_ALLOWED, "method_not_allowed",                        \
	  "The method is not allowed here")                                    \
	X(ERR_UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type",                \
	  "The content type is not accepted")                                  \
	X(ERR_OVERLOADED, "overloaded", "Too much at once; try again later")   \
	X(ERR_UNAVAILABLE, "unavailable", "Not available on this node")        \
	X(ERR_TIMEOUT, "timeout", "It took too long")                          \
	X(ERR_UNREACHABLE, "unreachable", "No node answers there")

enum err {
	ERR_OK = 0,
#define ERR_ENUM(id, name, text) id,
	ERR_LIST(ERR_ENUM)
#undef ERR_ENUM
		ERR_COUNT
};

/* The stable name ("bad_signature"), and an English sentence. */
const char *err_code(enum err e);
const char *err_text(enum err e);

#define FAULT_FIELD_MAX 80
#define FAULT_DETAIL_MAX 240

/*
 * What is wrong with an input: the code, the field ("alloc.ab12.balance"; ""
 * when none applies) and a sentence with the value found and what was
 * expected. A plain value. Control bytes in either text become '?'.
 */
struct fault {
	enum err code;
	char field[FAULT_FIELD_MAX];
	char detail[FAULT_DETAIL_MAX];
};

/* Fill the fault (which may be NULL) and return code. Texts are cut. */
enum err fault_set(struct fault *f, enum err code, const char *field,
		   const char *fmt, ...) PRINTF_LIKE(4, 5);
#ifdef __clang_analyzer__
/* It sees one file at a time: tell it what is returned. */
#define fault_set(f, code, ...) ((void)fault_set(f, code, __VA_ARGS__), (code))
#endif

#endif
