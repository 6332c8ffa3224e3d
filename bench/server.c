/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "bench/server.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/http.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ARGS_MAX 16
#define PATIENCE_S 120 /* a million accounts take a while to write */

/* In the child, before it becomes what it is for. */
static void leave_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(2);
}

/* --- ccoind ------------------------------------------------------------ */

static void become(const char *const *argv, const char *log, int out)
{
	const char *args[ARGS_MAX + 5];
	int err = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	size_t n;

	for (n = 0; argv[n] && n < ARGS_MAX; n++)
		args[n] = argv[n];
	args[n++] = "--listen";
	args[n++] = "127.0.0.1:0";
	args[n++] = "--http";
	args[n++] = "127.0.0.1:0";
	args[n] = NULL;
	if (err < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(err, STDERR_FILENO) < 0)
		_exit(2);
	execv(args[0], (char *const *)args);
	_exit(2);
}

/* Read lines until the one that says where HTTP is. */
static uint16_t read_port(int fd, const char *log)
{
	static const char before[] = "http http://127.0.0.1:";
	double until = now() + PATIENCE_S;
	char text[1024], *at;
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(text) - 1) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		poll(&p, 1, 1000);
		if (!p.revents && now() < until)
			continue;
		n = p.revents ? read(fd, text + len, sizeof(text) - 1 - len)
			      : 0;
		if (n <= 0)
			break;
		len += (size_t)n;
		text[len] = '\0';
		at = strstr(text, before);
		if (at && strchr(at, '\n'))
			return (uint16_t)strtoul(at + sizeof(before) - 1, NULL,
						 10);
	}
	die("ccoind does not listen; see %s", log);
}

void server_start_daemon(struct server *out, const char *const *argv,
			 const char *log)
{
	pid_t parent = getpid();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	out->started = now();
	out->pid = fork();
	if (out->pid < 0)
		die("fork: %s", strerror(errno));
	if (!out->pid) {
		leave_with(parent);
		become(argv, log, fds[1]);
	}
	child_started(out->pid);
	close(fds[1]);
	out->out = fds[0];
	out->port = read_port(fds[0], log);
}

/* --- the empty server -------------------------------------------------- */

static void answer_nothing(struct evhttp_request *r, void *ctx)
{
	(void)ctx;
	evhttp_send_reply(r, 200, "OK", NULL);
}

static void serve_nothing(int out)
{
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);
	struct evhttp_bound_socket *socket =
		evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	struct sockaddr_in at;
	socklen_t len = sizeof(at);

	if (!socket || getsockname(evhttp_bound_socket_get_fd(socket),
				   (struct sockaddr *)&at, &len))
		_exit(2);
	evhttp_set_gencb(http, answer_nothing, NULL);
	if (write(out, &at.sin_port, sizeof(at.sin_port)) < 0)
		_exit(2);
	event_base_dispatch(base);
	_exit(0);
}

void server_start_empty(struct server *out)
{
	pid_t parent = getpid();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	out->pid = fork();
	if (out->pid < 0)
		die("fork: %s", strerror(errno));
	if (!out->pid) {
		leave_with(parent);
		serve_nothing(fds[1]);
	}
	child_started(out->pid);
	close(fds[1]);
	out->out = fds[0];
	if (read(fds[0], &out->port, sizeof(out->port)) != sizeof(out->port))
		die("the empty server does not start");
	out->port = ntohs(out->port);
}

/* --- both -------------------------------------------------------------- */

void server_stop(struct server *s)
{
	child_stop(s->pid);
	close(s->out);
}

size_t server_memory(const struct server *s, const char *name)
{
	char path[64], line[256];
	size_t len = strlen(name), kib = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)s->pid);
	in = fopen(path, "r");
	if (!in)
		die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), in))
		if (!strncmp(line, name, len) && line[len] == ':')
			kib = strtoul(line + len + 1, NULL, 10);
	fclose(in);
	if (!kib)
		die("%s has no %s", path, name);
	return kib;
}

static double thread_seconds(pid_t pid, const char *thread)
{
	unsigned long long ns = 0;
	char path[96];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid,
		 thread);
	in = fopen(path, "r");
	if (!in || fscanf(in, "%llu", &ns) != 1)
		ns = 0;
	if (in)
		fclose(in);
	return (double)ns / 1e9;
}

void server_note_cpu(const struct server *s, const char *what, size_t count)
{
	static double own_before;
	struct dirent **list;
	char path[64], self[32];
	double own;
	int i, n;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)s->pid);
	n = scandir(path, &list, NULL, versionsort);
	fprintf(stderr, "  %s: us each of every thread:", what);
	for (i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.')
			fprintf(stderr, " %.1f",
				thread_seconds(s->pid, list[i]->d_name) * 1e6 /
					(double)count);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	snprintf(self, sizeof(self), "%d", (int)getpid());
	own = thread_seconds(getpid(), self);
	fprintf(stderr, "; the load, with its making: %.1f\n",
		(own - own_before) * 1e6 / (double)count);
	own_before = own;
}
