libshell_a_SOURCES += \
	src/http/accept.c src/http/accept.h \
	src/http/api.c src/http/api.h \
	src/http/batch.c src/http/batch.h \
	src/http/bft_json.c src/http/bft_json.h \
	src/http/block_json.c src/http/block_json.h \
	src/http/call.h \
	src/http/conn.c src/http/conn.h \
	src/http/dispatch.c src/http/dispatch.h \
	src/http/governance_json.c src/http/governance_json.h \
	src/http/handlers_chain.c \
	src/http/handlers_history.c \
	src/http/handlers_metrics.c \
	src/http/handlers_network.c \
	src/http/handlers_node.c \
	src/http/handlers_own.c \
	src/http/handlers_register.c \
	src/http/handlers_raw.c src/http/raw.h \
	src/http/handlers_state.c \
	src/http/handlers_submit.c \
	src/http/handlers_tx.c \
	src/http/host.c src/http/host.h \
	src/http/json_out.c src/http/json_out.h \
	src/http/network_json.c src/http/network_json.h \
	src/http/openapi.c \
	src/http/params.c src/http/params.h \
	src/http/progress.c src/http/progress.h \
	src/http/push_long.c \
	src/http/ready.c src/http/ready.h \
	src/http/refusal.c src/http/refusal.h \
	src/http/reply.c \
	src/http/route_params.c src/http/route_params.h \
	src/http/route_table.c src/http/routes.c src/http/routes.h \
	src/http/schema_shape.h src/http/schema_type.c \
	src/http/schemas.c src/http/schemas.h src/http/schemas_network.c \
	src/http/server.c src/http/server.h \
	src/http/submission.c src/http/submission.h \
	src/http/tx_status.h

http_stub = tests/unit/http_stub.c tests/unit/http_stub.h \
	tests/unit/http_client.c tests/unit/http_client.h
http_fixture = tests/unit/http_fixture.c tests/unit/http_fixture.h \
	tests/unit/driver.c tests/unit/driver.h \
	tests/unit/http_client.c tests/unit/http_client.h
json_look = tests/unit/json_look.c tests/unit/json_look.h

check_PROGRAMS += tests/unit/check_http_server tests/unit/check_http_limits \
	tests/unit/check_http tests/unit/check_http_push \
	tests/unit/check_http_wait tests/unit/check_http_final \
	tests/unit/check_http_network \
	tests/unit/check_http_raw tests/unit/check_http_register \
	tests/unit/check_http_routes
tests_unit_check_http_server_SOURCES = tests/unit/check_http_server.c \
	$(http_stub)
tests_unit_check_http_limits_SOURCES = tests/unit/check_http_limits.c \
	$(http_stub)
tests_unit_check_http_SOURCES = tests/unit/check_http.c $(json_look) \
	$(http_fixture)
tests_unit_check_http_push_SOURCES = tests/unit/check_http_push.c \
	$(http_fixture)
tests_unit_check_http_raw_SOURCES = tests/unit/check_http_raw.c \
	$(http_fixture)
tests_unit_check_http_register_SOURCES = tests/unit/check_http_register.c \
	$(http_fixture)
tests_unit_check_http_routes_SOURCES = tests/unit/check_http_routes.c \
	$(http_fixture)
tests_unit_check_http_wait_SOURCES = tests/unit/check_http_wait.c \
	$(http_fixture)
check_PROGRAMS += tests/unit/check_http_bft
tests_unit_check_http_bft_SOURCES = tests/unit/check_http_bft.c \
	tests/unit/peer_fixture.c tests/unit/peer_fixture.h $(json_look) \
	$(http_fixture)
check_PROGRAMS += tests/unit/check_http_sets
tests_unit_check_http_sets_SOURCES = tests/unit/check_http_sets.c \
	$(driver_ops) \
	tests/unit/peer_fixture.c tests/unit/peer_fixture.h $(json_look) \
	$(http_fixture)
tests_unit_check_http_final_SOURCES = tests/unit/check_http_final.c \
	$(json_look) \
	$(http_fixture)
tests_unit_check_http_network_SOURCES = tests/unit/check_http_network.c \
	tests/unit/peer_fixture.c tests/unit/peer_fixture.h $(json_look) \
	$(http_fixture)
check_PROGRAMS += tests/unit/check_network_json tests/unit/check_bft_json
tests_unit_check_bft_json_SOURCES = tests/unit/check_bft_json.c $(json_look)
check_PROGRAMS += tests/unit/check_governance_json
tests_unit_check_governance_json_SOURCES = \
	tests/unit/check_governance_json.c tests/unit/numbered_keys.h \
	$(json_look)
tests_unit_check_network_json_SOURCES = tests/unit/check_network_json.c \
	$(json_look)
