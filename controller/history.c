/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of revisions. See history.h; the head of a file is in history_head.c. */
#include "controller/history.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/confirm.h"
#include "controller/file.h"
#include "controller/history_head.h"
#include "topo/arena.h"

struct history {
	char *folder;
	struct revision *items;         /* owned; by number */
	size_t n;
	uint32_t last_number;           /* the highest that is or was there, damaged ones included */
	int lock;                       /* of the folder, while it is ours; -1 = it is not */
	bool is_prepared;
	struct revision next;           /* while is_prepared */
	size_t n_odd;                   /* files there that are none of ours, or damaged ... */
	char odd[NAME_MAX + 1];         /* ... and one of them */
	char broken[PATH_MAX + 160];    /* the folder cannot be used, and why; "" = it can */
	char problem[PATH_MAX + 400];
};

static const char next_name[] = "next";

static void path_of(const struct history *h, const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", h->folder, name);
}

static void name_of(uint32_t number, char name[24])
{
	snprintf(name, 24, "%06" PRIu32 ".rev", number);
}

/* The number in a name, 0 = it is no name of ours. */
static uint32_t number_in(const char *name)
{
	char again[24];
	char *end;
	unsigned long long n = strtoull(name, &end, 10);
	if (strcmp(end, ".rev") || !n || n > UINT32_MAX)
		return 0;
	name_of((uint32_t) n, again);
	return strcmp(name, again) ? 0 : (uint32_t) n;
}

/* The head of a file whose size is right; 0 = it is damaged. */
static size_t read_head(const char *path, struct revision *ret)
{
	char bytes[HISTORY_MAX_HEAD];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return 0;
	size_t head = 0;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode)) {
		ssize_t n = read(fd, bytes, sizeof bytes);
		head = n > 0 ? history_head_read(bytes, (size_t) n, ret) : 0;
		if (head && (uint64_t) st.st_size != head + ret->size)
			head = 0;
	}
	close(fd);
	return head;
}

static int by_number(const void *a_, const void *b_)
{
	const struct revision *a = a_, *b = b_;
	return a->number < b->number ? -1 : a->number > b->number;
}

static void note_odd(struct history *h, const char *name)
{
	h->n_odd += strcmp(h->odd, name) != 0;
	snprintf(h->odd, sizeof h->odd, "%s", name);
}

static void add(struct history *h, const struct revision *r)
{
	h->items = xheap_realloc(h->items, (h->n + 1) * sizeof *h->items);
	h->items[h->n++] = *r;
	if (r->number > h->last_number)
		h->last_number = r->number;
}

static void look_at(struct history *h, const char *name)
{
	char path[PATH_MAX];
	struct revision r;
	uint32_t number = number_in(name);
	if (name[0] == '.' || !strcmp(name, next_name) || !strcmp(name, CONFIRM_NAME))
		return;
	path_of(h, name, path, sizeof path);
	/* Temporary ones of file_replace, that a crash left. */
	if (!strncmp(name, "next.", 5) || !strncmp(name, CONFIRM_NAME ".", sizeof CONFIRM_NAME)) {
		unlink(path);
		return;
	}
	if (number && read_head(path, &r) && r.number == number) {
		add(h, &r);
		return;
	}
	if (number > h->last_number)
		h->last_number = number;
	note_odd(h, name);
}

static void breaks(struct history *h, const char *what)
{
	snprintf(h->broken, sizeof h->broken, "cannot %s %s: %s", what, h->folder, strerror(errno));
}

static void forget_first(struct history *h)
{
	char name[24], path[PATH_MAX];
	name_of(h->items[0].number, name);
	path_of(h, name, path, sizeof path);
	unlink(path);
	h->n--;
	memmove(h->items, h->items + 1, h->n * sizeof *h->items);
}

static void keep_bounds(struct history *h)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < h->n; i++)
		bytes += h->items[i].size;
	while (h->n > HISTORY_KEPT || (bytes > HISTORY_MAX_BYTES && h->n > 2)) {
		bytes -= h->items[0].size;
		forget_first(h);
	}
}

/* Another weftd may be at work there; it is let go of when this process ends. */
static bool claim(struct history *h)
{
	h->lock = open(h->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->lock < 0) {
		breaks(h, "read");
		return false;
	}
	if (!flock(h->lock, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK)
		return true;
	close(h->lock);
	h->lock = -1;
	snprintf(h->broken, sizeof h->broken, "another weftd keeps its history in %s", h->folder);
	return false;
}

struct history *history_new(const char *folder)
{
	struct history *h = xheap_alloc(sizeof *h);
	h->folder = xheap_strdup(folder);
	h->lock = -1;
	if (mkdir(folder, 0700) && errno != EEXIST) {
		breaks(h, "make");
		return h;
	}
	if (!claim(h))
		return h;
	DIR *dir = opendir(folder);
	if (!dir) {
		breaks(h, "read");
		return h;
	}
	for (struct dirent *e; (e = readdir(dir));)
		look_at(h, e->d_name);
	closedir(dir);
	if (h->n)
		qsort(h->items, h->n, sizeof *h->items, by_number);
	return h;
}

void history_free(struct history *h)
{
	if (!h)
		return;
	if (h->lock >= 0)
		close(h->lock);
	free(h->folder);
	free(h->items);
	free(h);
}

const char *history_folder(const struct history *h) { return h->folder; }
bool history_is_ours(const struct history *h) { return h->lock >= 0; }

/* --- two steps ------------------------------------------------------------------------- */

bool history_recover(struct history *h, const char *digest)
{
	char path[PATH_MAX];
	struct revision r;
	path_of(h, next_name, path, sizeof path);
	bool is_it = read_head(path, &r) && digest && !strcmp(r.digest, digest) && r.number == history_next_number(h);
	if (is_it) {
		h->next = r;
		h->is_prepared = true;
		return !history_commit(h);
	}
	unlink(path);
	return false;
}

const char *history_prepare(struct history *h, struct revision *r, const char *text, size_t size)
{
	static char error[PATH_MAX + 160];
	char path[PATH_MAX];
	path_of(h, next_name, path, sizeof path);
	h->is_prepared = false;
	/* What could not be claimed at the start may be there by now. */
	if (h->lock < 0 && (mkdir(h->folder, 0700), !claim(h))) {
		snprintf(error, sizeof error, "%s", h->broken);
		return error;
	}
	mkdir(h->folder, 0700);         /* it may have gone since */
	if (size > HISTORY_MAX_TEXT) {
		snprintf(error, sizeof error, "a file of more than %d MiB cannot be kept as a revision", HISTORY_MAX_TEXT >> 20);
		return error;
	}
	r->number = history_next_number(h);
	r->size = size;
	digest_text(text, size, r->digest);
	char *all = xheap_alloc(HISTORY_MAX_HEAD + size);
	size_t head = history_head_write(r, all);
	memcpy(all + head, text, size);
	int result = file_replace(path, all, head + size, 0600);
	free(all);
	if (!result) {
		h->next = *r;
		h->is_prepared = true;
		h->broken[0] = '\0';
		return NULL;
	}
	breaks(h, "keep a revision in");
	snprintf(error, sizeof error, "%s", h->broken);
	unlink(path);
	return error;
}

void history_discard(struct history *h)
{
	char path[PATH_MAX];
	if (!h->is_prepared)
		return;
	h->is_prepared = false;
	path_of(h, next_name, path, sizeof path);
	unlink(path);
}

const char *history_commit(struct history *h)
{
	static char error[PATH_MAX + 160];
	char from[PATH_MAX], to[PATH_MAX], name[24];
	if (!h->is_prepared)
		return NULL;
	name_of(h->next.number, name);
	path_of(h, next_name, from, sizeof from);
	path_of(h, name, to, sizeof to);
	h->is_prepared = false;
	add(h, &h->next);
	bool is_done = !rename(from, to);
	if (is_done)
		keep_bounds(h);
	if (is_done && !file_sync_folder(to))
		return NULL;
	breaks(h, "keep a revision in");
	snprintf(error, sizeof error, "%s", h->broken);
	return error;
}

/* --- looking ---------------------------------------------------------------------------- */

size_t history_n(const struct history *h) { return h->n; }
const struct revision *history_at(const struct history *h, size_t i) { return &h->items[i]; }
const struct revision *history_last(const struct history *h) { return h->n ? &h->items[h->n - 1] : NULL; }
uint32_t history_next_number(const struct history *h) { return h->last_number + 1; }

const struct revision *history_find(const struct history *h, uint32_t number)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->items[i].number == number)
			return &h->items[i];
	return NULL;
}

/* The text behind the head of a file; null = it is not what the head says. */
static char *checked_text(char *all, size_t size, const struct revision *r)
{
	struct revision there;
	char digest[DIGEST_TEXT];
	size_t head = history_head_read(all, size, &there);
	if (!head || size != head + r->size)
		return NULL;
	digest_text(all + head, r->size, digest);
	if (strcmp(digest, r->digest))
		return NULL;
	memmove(all, all + head, r->size);
	all[r->size] = '\0';
	return all;
}

char *history_text(struct history *h, uint32_t number, size_t *ret_size, const char **ret_error)
{
	static char error[PATH_MAX + 160];
	char name[24], path[PATH_MAX];
	size_t size;
	const struct revision *r = history_find(h, number);
	if (!r) {
		snprintf(error, sizeof error, "there is no revision %" PRIu32, number);
		*ret_error = error;
		return NULL;
	}
	name_of(number, name);
	path_of(h, name, path, sizeof path);
	char *all = file_read(path, HISTORY_MAX_HEAD + HISTORY_MAX_TEXT, &size);
	char *text = all ? checked_text(all, size, r) : NULL;
	if (text) {
		*ret_size = r->size;
		return text;
	}
	snprintf(error, sizeof error, "revision %" PRIu32 " cannot be used: %s %s", number, path,
		 all ? "is damaged" : "cannot be read");
	*ret_error = error;
	free(all);
	note_odd(h, name);
	return NULL;
}

const char *history_problem(const struct history *h)
{
	struct history *mutable = (struct history *) (uintptr_t) h;
	if (h->broken[0])
		return h->broken;
	if (!h->n_odd)
		return NULL;
	snprintf(mutable->problem, sizeof mutable->problem, "%zu file%s in %s %s no revision, or damaged: %s", h->n_odd,
		 h->n_odd == 1 ? "" : "s", h->folder, h->n_odd == 1 ? "is" : "are", h->odd);
	return h->problem;
}
