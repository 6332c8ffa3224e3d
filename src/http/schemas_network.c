/* SPDX-License-Identifier: MIT */
/* The shapes of what is told of the network. */
#include "base/mem.h"
#include "http/schema_shape.h"

static const struct member sync[] = {
	{"state", "=boot|sync|ready",
	 "boot: no peer has told its tip yet; sync: a better branch is known "
	 "and its blocks come; ready: nobody is ahead"},
	{"target", "Amount", "number of the best tip known"},
	{"progress", "integer", "percent of the way; 100 when ready"},
	{NULL, NULL, NULL}};

static const struct member peer[] = {
	{"id", "Address", "of the key that the connection proved"},
	{"where", "string", "host:port as dialled or accepted"},
	{"listen", "string",
	 "host:port where it says that it listens, or \"\""},
	{"agent", "string", "what it says that it is"},
	{"direction", "=in|out", "who dialled: in is the peer"},
	{"authority", "boolean", "its id is an authority's"},
	{"since", "Amount", "of its hello, ms since 1970"},
	{"height", "Amount", "of its tip, as it said last"},
	{"settled_height", "Amount", "as it said last"},
	{"tip", "Hash", "as it said last"},
	{"clock_offset_ms", "integer", "above 0: its clock is ahead of ours"},
	{"round_trip_ms", "integer", "of the last ping"},
	{"bytes_in?", "integer", "received"},
	{"bytes_out?", "integer", "sent"},
	{"messages_in?", "integer", "received"},
	{"messages_out?", "integer", "sent"},
	{"score", "integer", "of its faults; at 100 it is banned"},
	{NULL, NULL, NULL}};

#define PAGE_OF(name, item, about)                                             \
	static const struct member name[] = {                                  \
		{"items", "[" item "]", about},                                \
		{"next", "string or null",                                     \
		 "cursor of the next page; null: no more"},                    \
		{NULL, NULL, NULL}}

PAGE_OF(peer_page, "Peer", "in the order of connecting");

static const struct member validator[] = {
	{"address", "Address", ""},
	{"height?", "Amount or null", "poa: of its latest block; null: none"},
	{"made?", "Amount", "poa: blocks of this chain"},
	{"missed?", "Amount",
	 "poa: slots of its own that passed without its block while all were "
	 "to fill theirs"},
	{"missed_since?", "Amount", "poa: those since its latest block"},
	{"online?", "boolean", "poa: it is a connected peer, or this node"},
	{"public_key?", "Base64", "bft: SubjectPublicKeyInfo in DER"},
	{"last_seen?", "Amount or null",
	 "bft: ms since 1970, its last vote or other sign of life; null: none "
	 "since this node started"},
	{"last_seen_ms?", "Amount or null", "bft: how long ago that is"},
	{"missing?", "boolean", "bft: nothing was heard of it lately"},
	{"connected?", "boolean", "bft: it is a connected peer"},
	{"self", "boolean", "it is this node"},
	{NULL, NULL, NULL}};

static const struct member validator_page[] = {
	{"items", "[Validator]",
	 "poa: in the order of their slots; bft: of their addresses"},
	{"next", "string or null", "cursor of the next page; null: no more"},
	{"quorum?", "integer", "bft: how many must agree"},
	{"proposals?", "[Proposal]",
	 "bft: changes of the set that members have voted for, oldest first"},
	{"change?", "ValidatorChange or null",
	 "bft: the change that has passed and is on its way"},
	{"offenders?", "[Offender]",
	 "bft: members that were shown to have signed twice"},
	{NULL, NULL, NULL}};

#define CHANGE_FIELDS                                                          \
	{"add?", "VoteAdd", "who becomes a validator"},                        \
		{"remove?", "Address", "or who is none any more"},             \
		{"allow_few", "boolean",                                       \
		 "by remove the set may become smaller than four"},

static const struct member proposal[] = {
	{"id", "Hash", "SHA-256 of the change's canonical bytes"},
	CHANGE_FIELDS{"votes", "[Address]", "members that voted for it"},
	{"needed", "integer", "votes that make it pass"},
	{"since", "Amount", "height of its first vote"},
	{NULL, NULL, NULL}};

static const struct member validator_change[] = {
	CHANGE_FIELDS{"height", "Amount",
		      "the first that the new set agrees on"},
	{NULL, NULL, NULL}};

static const struct member offender[] = {
	{"address", "Address", ""},
	{"height", "Amount", "at which it signed twice"},
	{"found", "Amount", "height of the block with the evidence"},
	{NULL, NULL, NULL}};

static const struct member waiting[] = {
	{"address", "Address", ""},
	{"last_height?", "Amount or null",
	 "poa: of its latest block; null: none"},
	{"missed_since?", "Amount", "poa: slots that it missed since"},
	{"last_seen", "Amount or null",
	 "ms since 1970. poa: now while it is a peer or this node, else the "
	 "slot of its latest block; bft: its last sign of life; null: never"},
	{"last_seen_ms?", "Amount or null", "bft: how long ago that is"},
	{"missing?", "boolean", "bft: nothing was heard of it lately"},
	{NULL, NULL, NULL}};

static const struct member votes[] = {
	{"needed", "integer", "of each: the quorum"},
	{"prepare", "integer", "of this round, for its proposal"},
	{"commit", "integer", "of this round, for its proposal"},
	{"in_round", "integer", "validators seen in this round or above"},
	{NULL, NULL, NULL}};

static const struct member journal[] = {
	{"floor", "Amount", "no height below it is ever signed for"},
	{"records", "integer", "number of its last durable record"},
	{NULL, NULL, NULL}};

static const struct member halted[] = {
	{"by", "Hash", "the settled block that is not on this chain"},
	{NULL, NULL, NULL}};

static const struct member state[] = {
	{"engine", "=poa|bft", "the members of the other are left out"},
	{"slot?", "Amount", "poa: at this moment"},
	{"slot_ms?", "integer", "poa: length of a slot"},
	{"slot_start?", "Amount", "poa: of this slot, ms since 1970"},
	{"turn?", "Address", "poa: whose slot it is"},
	{"next_own_slot?", "Amount or null",
	 "poa: the first slot, from this one on and after the tip's, in which "
	 "this node may make a block; null: it makes none"},
	{"height?", "Amount", "bft: that is agreed on"},
	{"since?", "Amount", "bft: ms since 1970, when it began"},
	{"round?", "Amount", "bft: of that height, from 0"},
	{"step?", "=idle|proposal|prepare|commit|round_change|decided",
	 "bft: what is waited for; idle: there is nothing to agree on; "
	 "round_change: a quorum of validators in this round"},
	{"leader?", "Address or null", "bft: who proposes in this round"},
	{"validators?", "integer", "bft: of this height"},
	{"quorum", "integer",
	 "distinct validators that settle a block, or make it final"},
	{"proposal?", "Hash or null", "bft: the block proposed in this round"},
	{"prepared_round?", "Amount or null",
	 "bft: the highest round of which this node holds a certificate that a "
	 "quorum prepared"},
	{"votes?", "Votes", "bft: how many there are"},
	{"timer_ends?", "Amount or null",
	 "bft: ms since 1970, when this round is given up; null: it waits for "
	 "as long as it takes"},
	{"timeouts?", "Amount",
	 "bft: rounds that were given up since the start"},
	{"settled_height", "Amount", "number of the last settled block"},
	{"filling?", "boolean",
	 "poa: the last transactions are not settled: all fill their slots"},
	{"signed?", "integer",
	 "poa: authorities that signed the last block with transactions or one "
	 "after it"},
	{"waiting_for", "[WaitingFor]",
	 "poa: those that did not, while filling; bft: those that this step "
	 "lacks, and while idle those that are missing, when the others are no "
	 "quorum"},
	{"waiting?", "string or null", "bft: the same in words"},
	{"silent?", "string or null",
	 "bft: why this node, which runs as a validator, signs nothing; null: "
	 "it signs, or does not run as one"},
	{"journal?", "VoteJournal or null", "bft: null: this node has none"},
	{"sync", "Sync", ""},
	{"reorgs", "integer", "since the start"},
	{"reorg_depth_max", "integer", "most blocks that one took back"},
	{"halted", "Halted or null", "two conflicting blocks are settled"},
	{NULL, NULL, NULL}};

static const struct member signed_header[] = {
	{"id", "Hash", "digest of the header"},
	{"number", "Amount", "height"},
	{"time", "Amount", "ms since 1970"},
	{"hash_parent", "Hash", ""},
	{"hash_txns", "Hash", ""},
	{"hash_state", "Hash", ""},
	{"hash_history", "Hash", ""},
	{"public_key", "Base64", "the producer's"},
	{"signature", "Base64", "of the id"},
	{"raw", "string", "the header's canonical bytes in hex"},
	{NULL, NULL, NULL}};

static const struct member evident_vote[] = {
	{"digest", "Hash", "of the block that it is for; zeros: none"},
	{"prepared_round?", "Amount or null",
	 "of a round change: the round of its certificate; null: none"},
	{"signature", "Base64", "of the digest of its body"},
	{"raw", "string", "the body's canonical bytes in hex"},
	{NULL, NULL, NULL}};

static const struct member evidence[] = {
	{"id", "Hash", "of the evidence"},
	{"found", "Amount", "ms since 1970"},
	{"producer", "Address", "who signed both"},
	{"headers?", "[SignedHeader]", "poa: two of one turn"},
	{"public_key?", "Base64", "bft: the producer's"},
	{"kind?", "=proposal|prepare|commit|round_change", "bft: of the votes"},
	{"height?", "Amount", "bft: of the votes"},
	{"round?", "Amount", "bft: of the votes"},
	{"votes?", "[EvidentVote]", "bft: two that differ"},
	{NULL, NULL, NULL}};

PAGE_OF(evidence_page, "Evidence", "in the order of their ids");

const struct shape network_shapes[] = {
	{"Sync", sync},
	{"Peer", peer},
	{"PeerPage", peer_page},
	{"Validator", validator},
	{"ValidatorPage", validator_page},
	{"Proposal", proposal},
	{"ValidatorChange", validator_change},
	{"Offender", offender},
	{"WaitingFor", waiting},
	{"Votes", votes},
	{"VoteJournal", journal},
	{"Halted", halted},
	{"Consensus", state},
	{"SignedHeader", signed_header},
	{"EvidentVote", evident_vote},
	{"Evidence", evidence},
	{"EvidencePage", evidence_page},
};
const size_t network_shape_count = ARRAY_LEN(network_shapes);
