/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 128 };

static char problem[512];

static const char *__attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(problem, sizeof problem, format, args);
	va_end(args);
	return problem;
}

/* True when the lock is ours, and our number in the file. Else *ret_pid is whose it is; 0 = not
 * known, errno says why. */
static bool lock(int fd, long *ret_pid)
{
	char text[32] = "";
	*ret_pid = 0;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int why = errno;
		if (why == EWOULDBLOCK && read(fd, text, sizeof text - 1) > 0)
			*ret_pid = strtol(text, NULL, 10);
		errno = why;
		return false;
	}
	int n = snprintf(text, sizeof text, "%ld\n", (long) getpid());
	return !ftruncate(fd, 0) && write(fd, text, (size_t) n) == n;
}

static const char *lock_run(struct rundir *run, const char *dir)
{
	long pid;
	run->lock_fd = open(run->pid_path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (run->lock_fd < 0)
		return say("cannot write %s: %s; choose another directory with --run-dir", run->pid_path,
			   strerror(errno));
	if (lock(run->lock_fd, &pid))
		return NULL;
	if (errno != EWOULDBLOCK)
		return say("cannot write %s: %s", run->pid_path, strerror(errno));
	close(run->lock_fd);
	run->lock_fd = -1;
	return say("another weftd (pid %ld) serves %s: stop it, or choose another directory with --run-dir", pid, dir);
}

/* Nothing is removed at the end: who removes the file may remove the lock of the next one. */
const char *statedir_claim(const char *dir, int *ret_fd)
{
	char path[4096];
	long pid;
	mkdir(dir, 0755);
	snprintf(path, sizeof path, "%s/weftd.lock", dir);
	*ret_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (*ret_fd < 0 || lock(*ret_fd, &pid) || errno != EWOULDBLOCK)
		return NULL;
	close(*ret_fd);
	*ret_fd = -1;
	return say("another weftd (pid %ld) keeps its state in %s: stop it, or choose another directory with --state-dir",
		   pid, dir);
}

/* The lock is ours, so a socket that is there belongs to nobody alive. */
static const char *bind_socket(struct rundir *run)
{
	const char *path = run->address.sun_path;
	run->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (run->listen_fd < 0)
		return say("cannot make a socket: %s", strerror(errno));
	unlink(path);
	mode_t old = umask(0117);
	int failed = bind(run->listen_fd, (struct sockaddr *) &run->address, sizeof run->address);
	umask(old);
	if (failed || listen(run->listen_fd, BACKLOG))
		return say("cannot listen on %s: %s", path, strerror(errno));
	return NULL;
}

const char *rundir_claim(struct rundir *run, const char *dir)
{
	*run = (struct rundir) { .lock_fd = -1, .listen_fd = -1, .address.sun_family = AF_UNIX };
	int n = snprintf(run->address.sun_path, sizeof run->address.sun_path, "%s/weftd.sock", dir);
	if (n < 0 || (size_t) n >= sizeof run->address.sun_path)
		return say("%s is too long for a socket (%zu bytes with /weftd.sock at most): choose a shorter "
			   "--run-dir", dir, sizeof run->address.sun_path - 1);
	snprintf(run->pid_path, sizeof run->pid_path, "%s/weftd.pid", dir);
	if (mkdir(dir, 0755) && errno != EEXIST)
		return say("cannot make the run directory %s: %s; choose another with --run-dir", dir,
			   strerror(errno));
	const char *error = lock_run(run, dir);
	if (!error)
		error = bind_socket(run);
	if (error)
		rundir_release(run);
	return error;
}

void rundir_release(struct rundir *run)
{
	if (run->listen_fd >= 0)
		close(run->listen_fd);
	run->listen_fd = -1;
	if (run->lock_fd < 0)
		return;
	unlink(run->address.sun_path);
	/* The locked file stays, empty: whoever removes it may remove the lock of the next one. */
	if (ftruncate(run->lock_fd, 0)) {
		/* An old number in an unlocked file means nothing. */
	}
	close(run->lock_fd);
	run->lock_fd = -1;
}
