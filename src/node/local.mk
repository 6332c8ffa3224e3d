libcore_a_SOURCES += \
	src/node/bft.c src/node/bft.h \
	src/node/bft_blocks.c \
	src/node/bft_cast.c \
	src/node/bft_decide.c \
	src/node/bft_evidence.c \
	src/node/bft_evidence_told.c \
	src/node/bft_fetch.c \
	src/node/bft_height.c \
	src/node/bft_internal.h \
	src/node/bft_loss.c \
	src/node/bft_offences.h \
	src/node/bft_read.c \
	src/node/bft_relay.c \
	src/node/bft_votes.c \
	src/node/bodies.c \
	src/node/body_answers.c \
	src/node/body_check.c \
	src/node/branches.c \
	src/node/event.c src/node/event.h \
	src/node/evidence.c src/node/evidence_internal.h \
	src/node/evidence_told.c \
	src/node/internal.h \
	src/node/gossip.c src/node/gossip_internal.h \
	src/node/gossip_wants.c \
	src/node/handshake.c \
	src/node/headers.c \
	src/node/headers_ask.c \
	src/node/main_chain.c \
	src/node/network.c src/node/network.h \
	src/node/network_bft.c \
	src/node/network_engine.c \
	src/node/network_sync.c \
	src/node/node.c src/node/node.h \
	src/node/peer_faults.c \
	src/node/peer_pings.c \
	src/node/peers.c src/node/peers.h src/node/peers_internal.h \
	src/node/pool.c \
	src/node/produce.c \
	src/node/query.c src/node/query.h \
	src/node/query_tx.c src/node/query_votes.c \
	src/node/reorg.c \
	src/node/reorg_adopt.c \
	src/node/serve.c \
	src/node/submit.c \
	src/node/sync.c src/node/sync_internal.h \
	src/node/verify.c src/node/verify.h \
	src/node/verify_internal.h \
	src/node/verify_tables.c

check_PROGRAMS += tests/unit/check_node
tests_unit_check_node_SOURCES = tests/unit/check_node.c tests/unit/driver.c \
	tests/unit/driver.h
check_PROGRAMS += tests/unit/check_life
tests_unit_check_life_SOURCES = tests/unit/check_life.c tests/unit/driver.c \
	tests/unit/driver.h
check_PROGRAMS += tests/unit/check_verify
tests_unit_check_verify_SOURCES = tests/unit/check_verify.c \
	tests/unit/driver.c tests/unit/driver.h
check_PROGRAMS += tests/unit/check_peers
tests_unit_check_peers_SOURCES = tests/unit/check_peers.c \
	tests/unit/driver.c tests/unit/driver.h \
	tests/unit/peer_fixture.c tests/unit/peer_fixture.h
check_PROGRAMS += tests/unit/check_flood
tests_unit_check_flood_SOURCES = tests/unit/check_flood.c \
	tests/unit/driver.c tests/unit/driver.h \
	tests/unit/peer_fixture.c tests/unit/peer_fixture.h
check_PROGRAMS += tests/unit/check_gossip
tests_unit_check_gossip_SOURCES = tests/unit/check_gossip.c \
	tests/unit/driver.c tests/unit/driver.h \
	tests/unit/peer_fixture.c tests/unit/peer_fixture.h
check_PROGRAMS += tests/unit/check_sync
tests_unit_check_sync_SOURCES = tests/unit/check_sync.c tests/unit/driver.c \
	tests/unit/driver.h tests/unit/peer_fixture.c \
	tests/unit/peer_fixture.h tests/unit/sync_world.c \
	tests/unit/sync_world.h
check_PROGRAMS += tests/unit/check_reorg
tests_unit_check_reorg_SOURCES = tests/unit/check_reorg.c \
	tests/unit/driver.c tests/unit/driver.h tests/unit/peer_fixture.c \
	tests/unit/peer_fixture.h tests/unit/sync_world.c \
	tests/unit/sync_world.h
check_PROGRAMS += tests/unit/check_bft_room
tests_unit_check_bft_room_SOURCES = tests/unit/check_bft_room.c \
	tests/unit/driver.c tests/unit/driver.h tests/unit/peer_fixture.c \
	tests/unit/peer_fixture.h tests/unit/sync_world.c \
	tests/unit/sync_world.h
check_PROGRAMS += tests/unit/check_bft_votes
tests_unit_check_bft_votes_SOURCES = tests/unit/check_bft_votes.c \
	tests/unit/driver.c tests/unit/driver.h \
	tests/unit/peer_fixture.c tests/unit/peer_fixture.h
check_PROGRAMS += tests/unit/check_bft_attack
tests_unit_check_bft_attack_SOURCES = tests/unit/check_bft_attack.c \
	tests/unit/driver.c tests/unit/driver.h tests/unit/peer_fixture.c \
	tests/unit/peer_fixture.h tests/unit/sync_world.c \
	tests/unit/sync_world.h
driver_ops = tests/unit/driver_ops.c tests/unit/driver_ops.h \
	tests/unit/tx_ops.c tests/unit/tx_ops.h
check_PROGRAMS += tests/unit/check_bft_ops
tests_unit_check_bft_ops_SOURCES = tests/unit/check_bft_ops.c \
	$(driver_ops) tests/unit/driver.c tests/unit/driver.h \
	tests/unit/peer_fixture.c tests/unit/peer_fixture.h \
	tests/unit/sync_world.c tests/unit/sync_world.h
check_PROGRAMS += tests/unit/check_bft_sets
tests_unit_check_bft_sets_SOURCES = tests/unit/check_bft_sets.c \
	$(driver_ops) tests/unit/driver.c tests/unit/driver.h \
	tests/unit/peer_fixture.c tests/unit/peer_fixture.h \
	tests/unit/sync_world.c tests/unit/sync_world.h
check_PROGRAMS += tests/unit/check_evidence
tests_unit_check_evidence_SOURCES = tests/unit/check_evidence.c \
	tests/unit/driver.c tests/unit/driver.h tests/unit/peer_fixture.c \
	tests/unit/peer_fixture.h tests/unit/sync_world.c \
	tests/unit/sync_world.h
check_PROGRAMS += tests/unit/check_peers_model
tests_unit_check_peers_model_SOURCES = tests/unit/check_peers_model.c \
	tests/messages.c tests/messages.h $(messages_bft) \
	tests/unit/driver.c tests/unit/driver.h \
	tests/unit/peer_fixture.c tests/unit/peer_fixture.h
