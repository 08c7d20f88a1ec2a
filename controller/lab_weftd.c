/* SPDX-License-Identifier: Apache-2.0 */
/* The control side of a lab: certificates, and a weftd that runs where the
 * switches can reach it. Its socket is in the file system, so `weft --run-dir`
 * works from any namespace. */
#include "controller/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controller/pki.h"

enum {
	SOCKET_MS = 10000,              /* until a weftd without a socket is an error */
	POLL_MS = 20,
	MAX_TAIL = 2000,                /* bytes of the log in an error message */
};

bool lab_pki_up(struct lab_runner *runner, const struct lab_plan *plan)
{
	const char *dir = arena_printf(runner->arena, "%s/pki", plan->dir);
	const char *sans[] = {plan->ctl_ip, plan->ctl_ip6};
	struct pki_written written;
	struct pki_error error;
	time_t now = time(NULL);

	if (!plan->tls)
		return true;
	if (!pki_dir_init(dir, sans, 2, PKI_LEAF_DAYS, now, &written, &error))
		return lab_fail(runner, "%s", error.text);
	for (size_t i = 0; i < plan->n_hosts; i++) {
		if (!pki_dir_issue(dir, NULL, plan->hosts[i].name, false, PKI_LEAF_DAYS, now, &written,
				   &error))
			return lab_fail(runner, "%s", error.text);
	}
	return true;
}

static bool make_dir(struct lab_runner *runner, const char *path)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return lab_fail(runner, "cannot make %s: %s", path, strerror(errno));
	return true;
}

static const char **weftd_argv(const struct lab_plan *plan, const struct lab_options *options,
			       struct arena *arena)
{
	const char **argv = arena_new_array(arena, const char *, options->n_weftd_args + 20);
	const char *scheme = plan->tls ? "ssl" : "tcp";
	size_t n = 0;

	argv[n++] = "ip";
	argv[n++] = "netns";
	argv[n++] = "exec";
	argv[n++] = plan->ctl_ns;
	argv[n++] = options->weftd;
	argv[n++] = "--listen";
	argv[n++] = arena_printf(arena, "%s:%s:6653", scheme, plan->ctl_ip);
	if (access("/proc/net/if_inet6", F_OK) == 0) {
		argv[n++] = "--listen";
		argv[n++] = arena_printf(arena, "%s:[%s]:6653", scheme, plan->ctl_ip6);
	}
	if (plan->tls) {
		argv[n++] = "--pki";
		argv[n++] = arena_printf(arena, "%s/pki", plan->dir);
	}
	argv[n++] = "--run-dir";
	argv[n++] = arena_printf(arena, "%s/run", plan->dir);
	argv[n++] = "--state-dir";
	argv[n++] = arena_printf(arena, "%s/state", plan->dir);
	for (size_t i = 0; i < options->n_weftd_args; i++)
		argv[n++] = options->weftd_args[i];
	argv[n++] = plan->file;
	return argv;
}

static const char *log_tail(struct arena *arena, const char *path)
{
	char *text = arena_alloc(arena, MAX_TAIL + 1);
	FILE *file = fopen(path, "re");
	size_t n;

	if (!file)
		return "(no log)";
	if (fseek(file, -MAX_TAIL, SEEK_END) < 0)
		rewind(file);
	n = fread(text, 1, MAX_TAIL, file);
	fclose(file);
	text[n] = 0;
	return n ? text : "(the log is empty)";
}

bool lab_weftd_answers(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	ok = connect(fd, (struct sockaddr *) &address, sizeof address) == 0;
	close(fd);
	return ok;
}

static bool write_pid(struct lab_runner *runner, const char *path, pid_t pid)
{
	FILE *file = fopen(path, "we");
	bool ok = file && fprintf(file, "%d\n", (int) pid) > 0;

	if (file && fclose(file) != 0)
		ok = false;
	return ok || lab_fail(runner, "cannot write %s: %s", path, strerror(errno));
}

static bool wait_for_socket(struct lab_runner *runner, const struct lab_plan *plan, pid_t pid,
			    const char *log)
{
	const char *path = arena_printf(runner->arena, "%s/run/weftd.sock", plan->dir);
	int status;

	for (int waited = 0; waited < SOCKET_MS; waited += POLL_MS) {
		if (lab_weftd_answers(path))
			return true;
		if (waitpid(pid, &status, WNOHANG) == pid)
			return lab_fail(runner, "weftd ended at once; its log %s says:\n%s", log,
					log_tail(runner->arena, log));
		if (!lab_pause(runner, POLL_MS))
			return false;
	}
	return lab_fail(runner, "weftd does not answer on %s; its log says:\n%s", path,
			log_tail(runner->arena, log));
}

bool lab_weftd_up(struct lab_runner *runner, const struct lab_plan *plan,
		  const struct lab_options *options, pid_t *ret_pid)
{
	struct arena *arena = runner->arena;
	const char *log = arena_printf(arena, "%s/weftd.log", plan->dir);
	pid_t pid;

	if (!make_dir(runner, arena_printf(arena, "%s/run", plan->dir)) ||
	    !make_dir(runner, arena_printf(arena, "%s/state", plan->dir)))
		return false;
	if (!options->weftd)
		return true;
	pid = lab_spawn(runner, weftd_argv(plan, options, arena), log);
	if (!pid)
		return false;
	*ret_pid = pid;
	return write_pid(runner, arena_printf(arena, "%s/weftd.pid", plan->dir), pid) &&
	       wait_for_socket(runner, plan, pid, log);
}
