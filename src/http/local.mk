libshell_a_SOURCES += \
	src/http/api.c src/http/api.h \
	src/http/block_json.c src/http/block_json.h \
	src/http/call.h \
	src/http/conn.c src/http/conn.h \
	src/http/handlers_chain.c \
	src/http/handlers_history.c \
	src/http/handlers_node.c \
	src/http/handlers_own.c \
	src/http/handlers_state.c \
	src/http/handlers_submit.c \
	src/http/handlers_tx.c \
	src/http/host.c src/http/host.h \
	src/http/json_out.c src/http/json_out.h \
	src/http/openapi.c \
	src/http/params.c src/http/params.h \
	src/http/reply.c \
	src/http/routes.c src/http/routes.h \
	src/http/server.c src/http/server.h \
	src/http/submission.c src/http/submission.h \
	src/http/tx_status.h

check_PROGRAMS += tests/unit/check_http_server
tests_unit_check_http_server_SOURCES = tests/unit/check_http_server.c \
	tests/unit/http_client.c tests/unit/http_client.h

check_PROGRAMS += tests/unit/check_http
tests_unit_check_http_SOURCES = tests/unit/check_http.c tests/unit/driver.c \
	tests/unit/driver.h tests/unit/http_client.c tests/unit/http_client.h
