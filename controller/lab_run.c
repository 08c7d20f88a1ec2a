/* SPDX-License-Identifier: Apache-2.0 */
/* Runs commands by argument vector, many at a time, and keeps what they say.
 *
 * Standard output and error go to memory files, not pipes: a daemon that
 * inherits them can outlive its command and nobody waits for an end of file.
 * Ends of processes, signals and deadlines are one poll: each process has a
 * pidfd, SIGINT and SIGTERM come by signalfd. */
#include "controller/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PARALLEL = 8,                   /* commands at once, unless the runner says otherwise */
	MAX_PARALLEL = 64,
	COMMAND_MS = 60000,             /* until a command is given up */
	MAX_OUTPUT = 16 << 20,          /* bytes kept of one output */
};

/* A command under way. pid 0 is the empty value. */
struct child {
	pid_t pid;
	int pidfd, out, err;
	int64_t started_ms;
	struct lab_command *command;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void lab_runner_init(struct lab_runner *runner, struct arena *arena, bool catch_signals)
{
	sigset_t set;

	*runner = (struct lab_runner){.arena = arena, .signals = -1, .parallel = PARALLEL};
	if (!catch_signals)
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	runner->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void lab_runner_uninit(struct lab_runner *runner)
{
	if (runner->signals >= 0)
		close(runner->signals);
	runner->signals = -1;
}

bool lab_fail(struct lab_runner *runner, const char *format, ...)
{
	va_list args;

	if (!runner->failed) {
		va_start(args, format);
		runner->error = arena_vprintf(runner->arena, format, args);
		va_end(args);
	}
	runner->failed = true;
	return false;
}

/* --- arguments -------------------------------------------------------------------- */

static const char **argv_from(struct arena *arena, va_list args)
{
	va_list count;
	const char **argv;
	size_t n = 0;

	va_copy(count, args);
	while (va_arg(count, const char *))
		n++;
	va_end(count);
	argv = arena_new_array(arena, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		argv[i] = va_arg(args, const char *);
	return argv;
}

const char **lab_argv(struct arena *arena, ...)
{
	const char **argv;
	va_list args;

	va_start(args, arena);
	argv = argv_from(arena, args);
	va_end(args);
	return argv;
}

/* The command as one would type it. */
static char *command_text(struct arena *arena, const char *const *argv)
{
	char *text = arena_strdup(arena, "");

	for (; *argv; argv++) {
		bool quote = !**argv || strpbrk(*argv, " \t\n\"'$;&|<>()*?");

		text = arena_printf(arena, "%s%s%s%s%s", text, *text ? " " : "", quote ? "'" : "", *argv,
				    quote ? "'" : "");
	}
	return text;
}

/* --- processes -------------------------------------------------------------------- */

static int memory_file(const char *text)
{
	int fd = memfd_create("weft", MFD_CLOEXEC);

	if (fd < 0 || !text)
		return fd;
	for (size_t size = strlen(text); size;) {
		ssize_t n = write(fd, text, size);

		if (n < 0) {
			close(fd);
			return -1;
		}
		text += n;
		size -= (size_t) n;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static char *memory_text(struct arena *arena, int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text;
	ssize_t n;

	if (size < 0)
		size = 0;
	if (size > MAX_OUTPUT)
		size = MAX_OUTPUT;
	text = arena_alloc(arena, (size_t) size + 1);
	n = pread(fd, text, (size_t) size, 0);
	text[n < 0 ? 0 : n] = 0;
	return text;
}

/* What a new process is told before it is another program. A command ends with us, also
 * when we are killed: what it would still make, `down` would not see. */
static void become(const char **argv, const int files[3], bool session, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* In a group (or session) of its own, so that a Ctrl-C reaches us alone and we decide. */
	if (session) {
		setsid();
	} else {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
	}
	for (int fd = 0; fd < 3; fd++)
		dup2(files[fd], fd);
	execvp(argv[0], (char **) argv);
}

static pid_t spawn(const char **argv, int in, int out, int err, bool session, int *ret_errno)
{
	int null = in < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : in, report[2];
	const int files[3] = { null, out, err };
	pid_t parent = getpid(), pid = -1;

	*ret_errno = 0;
	if (null >= 0 && pipe2(report, O_CLOEXEC) == 0) {
		pid = fork();
		if (!pid) {
			become(argv, files, session, parent);
			_exit(write(report[1], &errno, sizeof errno) < 0 ? 126 : 127);
		}
		if (pid < 0)
			*ret_errno = errno;
		close(report[1]);
		/* It is another program now, unless it says why not. */
		if (read(report[0], ret_errno, sizeof *ret_errno) > 0)
			waitpid(pid, NULL, 0);
		close(report[0]);
	} else {
		*ret_errno = errno;
	}
	if (null >= 0 && in < 0)
		close(null);
	return *ret_errno ? 0 : pid;
}

static bool start(struct lab_runner *runner, struct lab_command *command, struct child *child)
{
	int in = command->input ? memory_file(command->input) : -1, error;

	*child = (struct child){
		.out = memory_file(NULL), .err = memory_file(NULL), .pidfd = -1,
		.started_ms = now_ms(), .command = command,
	};
	child->pid = spawn(command->argv, in, child->out, child->err, false, &error);
	if (in >= 0)
		close(in);
	if (!child->pid) {
		close(child->out);
		close(child->err);
		return lab_fail(runner, "cannot run %s: %s%s", command->argv[0], strerror(error),
				error == ENOENT ? " (is its package installed? `make deps` does that)" : "");
	}
	child->pidfd = pidfd_open(child->pid, 0);
	return true;
}

/* "ip -batch" names the line that failed; people want to read the line. */
static const char *failed_line(struct arena *arena, const struct lab_command *command)
{
	const char *at = strstr(command->err, "Command failed -:"), *line = command->input;
	unsigned long number = at ? strtoul(at + 17, NULL, 10) : 0;

	if (!number || !line)
		return "";
	while (--number && line)
		line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
	return line ? arena_printf(arena, "\n  at: ip %.*s", (int) strcspn(line, "\n"), line) : "";
}

static void reap(struct lab_runner *runner, struct child *child)
{
	struct lab_command *command = child->command;
	char *trimmed;
	size_t len;

	while (waitpid(child->pid, &command->status, 0) < 0 && errno == EINTR)
		;
	command->out = memory_text(runner->arena, child->out);
	command->err = memory_text(runner->arena, child->err);
	close(child->out);
	close(child->err);
	if (child->pidfd >= 0)
		close(child->pidfd);
	child->pid = 0;
	if (!command->status || command->may_fail)
		return;
	trimmed = arena_strdup(runner->arena, command->err[0] ? command->err : command->out);
	for (len = strlen(trimmed); len && trimmed[len - 1] == '\n'; len--)
		trimmed[len - 1] = 0;
	lab_fail(runner, "this command failed (%s %d): %s%s\n  %s",
		 WIFSIGNALED(command->status) ? "signal" : "exit code",
		 WIFSIGNALED(command->status) ? WTERMSIG(command->status)
					      : WEXITSTATUS(command->status),
		 command_text(runner->arena, command->argv), failed_line(runner->arena, command),
		 trimmed[0] ? trimmed : "it said nothing");
}

static bool interrupted(struct lab_runner *runner)
{
	struct signalfd_siginfo info;

	return runner->signals >= 0 &&
	       read(runner->signals, &info, sizeof info) == sizeof info &&
	       !lab_fail(runner, "interrupted by a signal");
}

/* Waits until one of the children has ended, and reaps what has. */
static void wait_some(struct lab_runner *runner, struct child *children)
{
	struct pollfd fds[MAX_PARALLEL + 1];
	struct child *of[MAX_PARALLEL + 1];
	nfds_t n = 0;

	for (size_t i = 0; i < MAX_PARALLEL; i++) {
		if (!children[i].pid)
			continue;
		of[n] = &children[i];
		fds[n++] = (struct pollfd){.fd = children[i].pidfd, .events = POLLIN};
	}
	fds[n] = (struct pollfd){.fd = runner->signals, .events = POLLIN};
	poll(fds, n + 1, 1000);
	if (interrupted(runner)) {
		for (nfds_t i = 0; i < n; i++)
			kill(of[i]->pid, SIGTERM);
	}
	for (nfds_t i = 0; i < n; i++) {
		if (fds[i].revents) {
			reap(runner, of[i]);
		} else if (now_ms() - of[i]->started_ms > COMMAND_MS) {
			lab_fail(runner, "this command did not end within %d seconds: %s",
				 COMMAND_MS / 1000, command_text(runner->arena, of[i]->command->argv));
			kill(of[i]->pid, SIGKILL);
			reap(runner, of[i]);
		}
	}
}

bool lab_run_all(struct lab_runner *runner, struct lab_command *commands, size_t n)
{
	struct child children[MAX_PARALLEL] = {{0}};
	size_t next = 0, running;

	do {
		running = 0;
		for (size_t i = 0; i < MAX_PARALLEL; i++) {
			if (!children[i].pid && i < runner->parallel && next < n && !runner->failed)
				start(runner, &commands[next++], &children[i]);
			running += children[i].pid != 0;
		}
		if (running)
			wait_some(runner, children);
	} while (running);
	return !runner->failed;
}

char *lab_run(struct lab_runner *runner, const char *input, ...)
{
	struct lab_command command = {.input = input};
	va_list args;

	va_start(args, input);
	command.argv = argv_from(runner->arena, args);
	va_end(args);
	return lab_run_all(runner, &command, 1) ? command.out : NULL;
}

pid_t lab_spawn(struct lab_runner *runner, const char **argv, const char *log)
{
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644), error;
	pid_t pid;

	if (runner->failed)
		return 0;
	if (fd < 0) {
		lab_fail(runner, "cannot write %s: %s", log, strerror(errno));
		return 0;
	}
	pid = spawn(argv, -1, fd, fd, true, &error);
	close(fd);
	if (!pid)
		lab_fail(runner, "cannot run %s: %s", argv[0], strerror(error));
	return pid;
}

bool lab_pause(struct lab_runner *runner, int ms)
{
	struct pollfd fd = {.fd = runner->signals, .events = POLLIN};

	poll(&fd, 1, ms);
	interrupted(runner);
	return !runner->failed;
}
