/* SPDX-License-Identifier: Apache-2.0 */
/* `weft lab down`: end the recorded processes, delete the recorded namespaces,
 * remove the directory. Works on a lab that was built by half, and again on one
 * that is gone.
 *
 * Process ids get reused: a recorded one counts only while its command line
 * mentions the lab's directory, and the signal goes to a pidfd opened before
 * that was checked. Processes that somebody else started in a namespace are
 * left alone and named. */
#include "controller/lab.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	TERM_MS = 5000,                 /* from SIGTERM to SIGKILL */
	KILL_MS = 2000,
	MAX_VICTIMS = 16384,
	SETTLE_MS = 200,                /* without a new namespace of a builder that was killed */
};

struct victims {
	struct pollfd *fds;             /* pidfds */
	pid_t *pids;
	size_t n;
};

/* True when an argument of the process is the directory or below it. */
bool lab_is_alive(pid_t pid, const char *dir)
{
	char path[64], *text = NULL;
	size_t size = 0, len = strlen(dir);
	FILE *file;
	bool found = false;
	ssize_t n;

	if (pid <= 1)
		return false;
	snprintf(path, sizeof path, "/proc/%d/cmdline", (int) pid);
	file = fopen(path, "re");
	while (file && !found && (n = getdelim(&text, &size, 0, file)) > 0) {
		const char *at = strstr(text, dir);

		found = at && (at[len] == '/' || at[len] == 0);
	}
	if (file)
		fclose(file);
	free(text);
	return found;
}

static void add_victim(struct victims *victims, json_int_t pid_, const char *dir)
{
	pid_t pid = (pid_t) pid_;
	int fd = pid > 1 ? pidfd_open(pid, 0) : -1;

	if (fd < 0)
		return;
	for (size_t i = 0; i < victims->n; i++) {
		if (victims->pids[i] == pid)
			pid = 0;
	}
	if (!pid || victims->n == MAX_VICTIMS || !lab_is_alive(pid, dir)) {
		close(fd);
		return;
	}
	victims->fds[victims->n] = (struct pollfd){.fd = fd, .events = POLLIN};
	victims->pids[victims->n++] = pid;
}

static void add_pid_file(struct victims *victims, const json_t *file, const char *dir)
{
	if (json_is_string(file))
		add_victim(victims, lab_pid_of(json_string_value(file)), dir);
}

static void signal_all(const struct victims *victims, int signo)
{
	for (size_t i = 0; i < victims->n; i++) {
		if (victims->fds[i].fd >= 0)
			pidfd_send_signal(victims->fds[i].fd, signo, NULL, 0);
	}
}

/* Waits until all have ended; true when they have. */
static bool wait_all(struct victims *victims, int ms)
{
	size_t alive = victims->n;

	for (size_t i = 0; i < victims->n; i++)
		alive -= victims->fds[i].fd < 0;
	while (alive) {
		int ready = poll(victims->fds, victims->n, ms);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return false;
		for (size_t i = 0; i < victims->n; i++) {
			if (victims->fds[i].fd < 0 || !victims->fds[i].revents)
				continue;
			waitpid(victims->pids[i], NULL, WNOHANG);       /* our own, after a failed `up` */
			close(victims->fds[i].fd);
			victims->fds[i].fd = -1;
			alive--;
		}
	}
	return true;
}

/* --- processes in namespaces ------------------------------------------------------ */

/* The recorded namespaces that are there. */
struct namespaces {
	const char **names;             /* borrowed from the record */
	struct stat *files;
	size_t n;
};

static void find_namespaces(struct arena *arena, const json_t *root, struct namespaces *namespaces)
{
	json_t *list = json_object_get(root, "namespaces"), *item;
	size_t i;

	*namespaces = (struct namespaces){
		.names = arena_new_array(arena, const char *, json_array_size(list)),
		.files = arena_new_array(arena, struct stat, json_array_size(list)),
	};
	json_array_foreach(list, i, item) {
		const char *name = json_string_value(item);

		if (!name || strchr(name, '/') || name[0] == '.' ||
		    stat(arena_printf(arena, "/run/netns/%s", name), &namespaces->files[namespaces->n]) < 0)
			continue;
		namespaces->names[namespaces->n++] = name;
	}
}

/* Calls for each process in one of them; i is the index of the namespace. */
static void each_process(const struct namespaces *namespaces,
			 void (*call)(void *ctx, pid_t, size_t i), void *ctx)
{
	struct dirent *process;
	DIR *proc = opendir("/proc");

	while (proc && (process = readdir(proc))) {
		char path[300];
		struct stat st;

		snprintf(path, sizeof path, "/proc/%s/ns/net", process->d_name);
		if (!isdigit((unsigned char) process->d_name[0]) || stat(path, &st) < 0)
			continue;
		for (size_t i = 0; i < namespaces->n; i++) {
			if (namespaces->files[i].st_ino == st.st_ino &&
			    namespaces->files[i].st_dev == st.st_dev)
				call(ctx, (pid_t) atoi(process->d_name), i);
		}
	}
	if (proc)
		closedir(proc);
}

struct seeker {
	struct victims *victims;
	const char *dir;
};

/* A daemon whose start was cut short has no pid file yet. It runs in our
 * namespace, on our directory, and it is one of the three: it is ours. */
static void add_unrecorded(void *ctx, pid_t pid, size_t i)
{
	struct seeker *seeker = ctx;
	char path[64], name[32] = "";
	FILE *file;

	(void) i;
	snprintf(path, sizeof path, "/proc/%d/comm", (int) pid);
	file = fopen(path, "re");
	if (file && !fgets(name, sizeof name, file))
		name[0] = 0;
	if (file)
		fclose(file);
	name[strcspn(name, "\n")] = 0;
	if (!strcmp(name, "ovsdb-server") || !strcmp(name, "ovs-vswitchd") || !strcmp(name, "weftd"))
		add_victim(seeker->victims, pid, seeker->dir);
}

static void tell_leftover(void *ctx, pid_t pid, size_t i)
{
	const struct namespaces *namespaces = ctx;

	fprintf(stderr, "weft lab: process %d, which the lab did not start, is left alone in the former "
		"namespace %s\n", (int) pid, namespaces->names[i]);
}

/* --- steps ----------------------------------------------------------------------- */

static void end_processes(const json_t *root, const struct namespaces *namespaces, const char *dir)
{
	struct victims victims = {
		.fds = xheap_alloc(MAX_VICTIMS * sizeof(struct pollfd)),
		.pids = xheap_alloc(MAX_VICTIMS * sizeof(pid_t)),
	};
	struct seeker seeker = {&victims, dir};
	json_t *weftd = json_object_get(root, "weftd"), *host;
	const char *name;

	add_victim(&victims, json_integer_value(json_object_get(weftd, "pid")), dir);
	add_pid_file(&victims, json_object_get(weftd, "pid_file"), dir);
	json_object_foreach(json_object_get(root, "hosts"), name, host) {
		add_pid_file(&victims, json_object_get(host, "vswitchd_pid_file"), dir);
		add_pid_file(&victims, json_object_get(host, "ovsdb_pid_file"), dir);
		add_victim(&victims, json_integer_value(json_object_get(host, "vswitchd_pid")), dir);
		add_victim(&victims, json_integer_value(json_object_get(host, "ovsdb_pid")), dir);
	}
	each_process(namespaces, add_unrecorded, &seeker);
	signal_all(&victims, SIGTERM);
	if (!wait_all(&victims, TERM_MS)) {
		signal_all(&victims, SIGKILL);
		wait_all(&victims, KILL_MS);
	}
	for (size_t i = 0; i < victims.n; i++) {
		if (victims.fds[i].fd >= 0) {
			fprintf(stderr, "weft lab: process %d does not end\n", (int) victims.pids[i]);
			close(victims.fds[i].fd);
		}
	}
	free(victims.fds);
	free(victims.pids);
}

static bool delete_namespaces(struct lab_runner *runner, struct namespaces *namespaces)
{
	char *lines = arena_strdup(runner->arena, "");

	each_process(namespaces, tell_leftover, namespaces);
	for (size_t i = 0; i < namespaces->n; i++)
		lines = arena_printf(runner->arena, "%snetns del %s\n", lines, namespaces->names[i]);
	return !namespaces->n ||
	       lab_run(runner, lines, "ip", "-force", "-batch", "-", NULL) != NULL;
}

/* A builder that was killed leaves a command behind that goes on for a moment:
 * then once more, until nothing has come. */
static bool take_down(struct lab_runner *runner, const json_t *root, const char *dir)
{
	const char *state = json_string_value(json_object_get(root, "state"));
	bool is_half_built = state && !strcmp(state, "building");
	struct namespaces namespaces;

	find_namespaces(runner->arena, root, &namespaces);
	do {
		end_processes(root, &namespaces, dir);
		if (!delete_namespaces(runner, &namespaces))
			return false;
		if (is_half_built)
			poll(NULL, 0, SETTLE_MS);
		find_namespaces(runner->arena, root, &namespaces);
	} while (is_half_built && namespaces.n);
	return true;
}

/* All but the record itself, which goes last: until then `down` can be repeated. */
static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void) st;
	(void) kind;
	if (ftw->level == 0 || (ftw->level == 1 && !strcmp(path + ftw->base, "lab.json")))
		return 0;
	if (remove(path) < 0 && errno != ENOENT) {
		fprintf(stderr, "weft lab: cannot remove %s: %s\n", path, strerror(errno));
		return 1;
	}
	return 0;
}

static bool remove_dir(const char *dir, const char *record)
{
	if (nftw(dir, remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0 ||
	    unlink(record) < 0 || rmdir(dir) < 0)
		return false;
	if (!strncmp(dir, LAB_DEFAULT_DIR "/", strlen(LAB_DEFAULT_DIR "/")))
		rmdir(LAB_DEFAULT_DIR);         /* when it was the last */
	return true;
}

static bool same_dir(const char *a, const char *b)
{
	struct stat st_a, st_b;

	return stat(a, &st_a) == 0 && stat(b, &st_b) == 0 && st_a.st_dev == st_b.st_dev &&
	       st_a.st_ino == st_b.st_ino;
}

int lab_down(const char *dir, bool quiet)
{
	struct arena *arena;
	struct lab_runner runner;
	const char *error, *recorded;
	char file[4096];
	json_t *root;
	bool ok;

	snprintf(file, sizeof file, "%s/lab.json", dir);
	if (access(file, F_OK) < 0) {
		if (!quiet)
			printf("there is no lab in %s; nothing to do\n", dir);
		return 0;
	}
	root = lab_json_read(dir, &error);
	if (!root) {
		fprintf(stderr, "weft lab: %s\n", error);
		return 1;
	}
	recorded = json_string_value(json_object_get(root, "dir"));
	if (!recorded || !same_dir(recorded, dir)) {
		fprintf(stderr, "weft lab: %s is the record of a lab in %s, not of this directory; nothing "
			"was done\n", file, recorded ? recorded : "?");
		json_decref(root);
		return 1;
	}
	arena = arena_new();
	lab_runner_init(&runner, arena, false);
	ok = take_down(&runner, root, recorded);
	umount2(arena_printf(arena, "%s/bpf", recorded), MNT_DETACH);   /* see lab_vlan.c */
	if (!ok)
		fprintf(stderr, "weft lab: %s\n", runner.error);
	ok = ok && remove_dir(dir, file);
	if (ok && !quiet)
		printf("lab %s is gone\n", json_string_value(json_object_get(root, "name")));
	lab_runner_uninit(&runner);
	arena_free(arena);
	json_decref(root);
	return ok ? 0 : 1;
}
