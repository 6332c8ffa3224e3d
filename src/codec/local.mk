libcore_a_SOURCES += \
	src/codec/block.c src/codec/block.h \
	src/codec/json_parse.c src/codec/tx_json.c src/codec/tx_json.h \
	src/codec/tx_op_json.c src/codec/tx_op_json.h \
	src/codec/address_text.c \
	src/codec/message.c src/codec/message.h \
	src/codec/message_bft.c src/codec/message_bft.h \
	src/codec/message_list.c \
	src/codec/msgpack.c src/codec/msgpack.h \
	src/codec/tx.c src/codec/tx.h src/codec/tx_op.c src/codec/tx_op.h \
	src/codec/tx_scan.c \
	src/codec/vote.c src/codec/vote.h \
	src/codec/vote_read.h src/codec/vote_record.c

# what tests/messages.c needs besides
messages_bft = tests/messages_bft.c tests/votes.c tests/votes.h

check_PROGRAMS += tests/unit/check_vote
tests_unit_check_vote_SOURCES = tests/unit/check_vote.c tests/votes.c \
	tests/votes.h

check_PROGRAMS += tests/unit/check_tx_scan
tests_unit_check_tx_scan_SOURCES = tests/unit/check_tx_scan.c

check_PROGRAMS += tests/unit/check_tx_json
tests_unit_check_tx_json_SOURCES = tests/unit/check_tx_json.c

check_PROGRAMS += tests/unit/check_tx_op
tests_unit_check_tx_op_SOURCES = tests/unit/check_tx_op.c \
	tests/unit/numbered_keys.h tests/unit/test_keys.h tests/unit/tx_ops.c tests/unit/tx_ops.h

check_PROGRAMS += tests/unit/check_codec
tests_unit_check_codec_SOURCES = tests/unit/check_codec.c

check_PROGRAMS += tests/unit/check_message
tests_unit_check_message_SOURCES = tests/unit/check_message.c \
	tests/messages.c tests/messages.h $(messages_bft)

check_PROGRAMS += tests/unit/check_message_bft
tests_unit_check_message_bft_SOURCES = tests/unit/check_message_bft.c \
	tests/votes.h
