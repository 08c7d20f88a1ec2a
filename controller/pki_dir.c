/* SPDX-License-Identifier: Apache-2.0 */
/* The PKI directory: which file holds what, and how files come into being.
 *
 * Nothing half-written is ever visible: a file is written under a temporary
 * name, synced and renamed. Commands that write hold a lock on the directory.
 *
 * Order matters when a pair is replaced: first the certificate, then the key.
 * ovs-vswitchd looks at the certificate only when it finds the key changed, so
 * the other order could leave it with the old pair until it restarts. */
#include "controller/pki.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "topo/arena.h"

enum {
	MAX_PEM = 256 << 10,            /* bytes; a certificate has less than 2 KiB */
	SKEW = 3600,                    /* seconds a peer's clock may be behind ours */
};

/* A directory held open and locked. fd -1 is the empty value. */
struct dir {
	int fd;
	char path[PATH_MAX];            /* absolute */
};
#define DIR_NULL ((struct dir){.fd = -1})

static bool fail(struct pki_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool fail(struct pki_error *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	return false;
}

/* --- directory and files ------------------------------------------------------- */

static bool dir_open(const char *path, bool create, struct dir *dir, struct pki_error *error)
{
	if (create && mkdir(path, 0755) < 0 && errno != EEXIST)
		return fail(error, "cannot make the directory %s: %s", path, strerror(errno));
	dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->fd < 0)
		return errno == ENOENT
			? fail(error, "there is no PKI in %s: make one with `weft pki init --dir %s`, or "
			       "name the right one with --dir or WEFT_PKI", path, path)
			: fail(error, "cannot open the directory %s: %s", path, strerror(errno));
	if (!realpath(path, dir->path) || flock(dir->fd, LOCK_EX) < 0)
		return fail(error, "%s: %s", path, strerror(errno));
	return true;
}

static void dir_close(struct dir *dir)
{
	if (dir->fd >= 0)
		close(dir->fd);
	dir->fd = -1;
}

static bool dir_has(const struct dir *dir, const char *file)
{
	return faccessat(dir->fd, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		text += n;
		size -= (size_t) n;
	}
	return true;
}

static bool dir_write(const struct dir *dir, const char *file, const char *text, mode_t mode,
		      struct pki_error *error)
{
	char temporary[NAME_MAX + 1];
	struct stat old;
	int fd, saved;
	bool ok;

	if (snprintf(temporary, sizeof temporary, ".%s.%d", file, (int) getpid()) >=
	    (int) sizeof temporary)
		return fail(error, "%s: the name is too long", file);
	unlinkat(dir->fd, temporary, 0);
	fd = openat(dir->fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return fail(error, "cannot write %s/%s: %s", dir->path, file, strerror(errno));
	/* Who could read the old one can read the new one. */
	if (fstatat(dir->fd, file, &old, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(old.st_mode) &&
	    fchown(fd, old.st_uid, old.st_gid) == 0)
		mode = old.st_mode & 0777;
	ok = fchmod(fd, mode) == 0 && write_all(fd, text, strlen(text)) && fsync(fd) == 0;
	saved = errno;
	if (close(fd) < 0 && ok) {
		saved = errno;
		ok = false;
	}
	if (ok && renameat(dir->fd, temporary, dir->fd, file) < 0) {
		saved = errno;
		ok = false;
	}
	if (!ok) {
		unlinkat(dir->fd, temporary, 0);
		return fail(error, "cannot write %s/%s: %s", dir->path, file, strerror(saved));
	}
	fsync(dir->fd);
	return true;
}

/* The text of a file, to be freed, or null. */
static char *dir_read(const struct dir *dir, const char *file, struct pki_error *error)
{
	int fd = openat(dir->fd, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text;
	ssize_t n = 0;
	size_t size = 0;

	if (fd < 0) {
		fail(error, "cannot read %s/%s: %s", dir->path, file, strerror(errno));
		return NULL;
	}
	text = xheap_alloc(MAX_PEM + 1);
	while (size < MAX_PEM && (n = read(fd, text + size, MAX_PEM - size)) > 0)
		size += (size_t) n;
	if (n < 0)
		fail(error, "cannot read %s/%s: %s", dir->path, file, strerror(errno));
	else if (size == MAX_PEM)
		fail(error, "%s/%s is too large for a certificate", dir->path, file);
	close(fd);
	if (n < 0 || size == MAX_PEM) {
		free(text);
		return NULL;
	}
	return text;
}

/* --- the authority and its leaves ----------------------------------------------- */

static bool read_ca(const struct dir *dir, struct pki_pair *ca, struct pki_error *error)
{
	if (!dir_has(dir, "ca.pem"))
		return fail(error, "there is no PKI in %s (no ca.pem): make one with `weft pki init "
			    "--dir %s`, or name the right one with --dir or WEFT_PKI",
			    dir->path, dir->path);
	if (!dir_has(dir, "ca-key.pem"))
		return fail(error, "%s has no ca-key.pem: certificates can only be made where the "
			    "key of the authority is", dir->path);
	ca->cert = dir_read(dir, "ca.pem", error);
	ca->key = ca->cert ? dir_read(dir, "ca-key.pem", error) : NULL;
	return ca->key != NULL;
}

static void file_names(const char *name, enum pki_kind kind, char cert[NAME_MAX], char key[NAME_MAX])
{
	if (kind == PKI_SERVER) {
		snprintf(cert, NAME_MAX, "cert.pem");
		snprintf(key, NAME_MAX, "key.pem");
	} else {
		snprintf(cert, NAME_MAX, "%s-cert.pem", name);
		snprintf(key, NAME_MAX, "%s-key.pem", name);
	}
}

static bool join(char *out, size_t size, const struct dir *dir, const char *file)
{
	return snprintf(out, size, "%s/%s", dir->path, file) < (int) size;
}

/* Makes a pair and puts it into out, beside ca.pem, with a copy of the
 * certificate in dir. */
static bool make_leaf(const struct dir *dir, const struct dir *out, struct pki_request *request,
		      unsigned days, time_t now, struct pki_written *written,
		      struct pki_error *error)
{
	struct pki_pair ca = {0}, pair = {0};
	struct pki_info info = {0};
	char cert[NAME_MAX], key[NAME_MAX];
	bool ok;

	request->not_before = now - SKEW;
	request->not_after = now + (time_t) days * 86400;
	file_names(request->name, request->kind, cert, key);
	ok = read_ca(dir, &ca, error) && pki_make(request, &ca, &pair, error) &&
	     pki_read(pair.cert, &info, error);
	if (ok && strcmp(dir->path, out->path))
		ok = dir_write(dir, cert, pair.cert, 0644, error) &&
		     dir_write(out, "ca.pem", ca.cert, 0644, error);
	ok = ok && dir_write(out, cert, pair.cert, 0644, error) &&
	     dir_write(out, key, pair.key, 0600, error);
	if (ok) {
		memcpy(written->serial, info.serial, sizeof written->serial);
		written->not_after = info.not_after;
		ok = join(written->cert, sizeof written->cert, out, cert) &&
		     join(written->key, sizeof written->key, out, key) &&
		     join(written->ca, sizeof written->ca, out, "ca.pem");
		if (!ok)
			fail(error, "the path %s is too long", out->path);
	}
	pki_info_uninit(&info);
	pki_pair_uninit(&pair);
	pki_pair_uninit(&ca);
	return ok;
}

static bool make_ca(const struct dir *dir, time_t now, struct pki_error *error)
{
	char name[PKI_MAX_NAME + 1];
	unsigned random;
	struct pki_pair ca = {0};
	struct pki_request request = {
		.kind = PKI_CA,
		.name = name,
		.not_before = now - SKEW,
		.not_after = now + (time_t) PKI_CA_DAYS * 86400,
	};
	bool ok;

	/* Two authorities must not have one name: chains are built by name. */
	if (getrandom(&random, sizeof random, 0) != sizeof random)
		return fail(error, "no random numbers: %s", strerror(errno));
	snprintf(name, sizeof name, "weft authority %08x", random);
	ok = pki_make(&request, NULL, &ca, error) &&
	     dir_write(dir, "ca-key.pem", ca.key, 0600, error) &&
	     dir_write(dir, "ca.pem", ca.cert, 0644, error);
	pki_pair_uninit(&ca);
	return ok;
}

bool pki_dir_init(const char *path, const char *const *sans, size_t n_sans, unsigned days,
		  time_t now, struct pki_written *written, struct pki_error *error)
{
	struct dir dir = DIR_NULL;
	const char *names[PKI_MAX_SANS];
	struct pki_request request = {.kind = PKI_SERVER, .name = "weftd", .sans = names};
	bool ok = false;

	*written = (struct pki_written){0};
	if (n_sans + 2 > PKI_MAX_SANS)
		return fail(error, "more than %d names in one certificate", PKI_MAX_SANS);
	if (!dir_open(path, true, &dir, error))
		goto out;
	if (dir_has(&dir, "cert.pem") || dir_has(&dir, "key.pem")) {
		fail(error, "there is a PKI in %s already and nothing was changed: `weft pki renew weftd "
		     "--dir %s` makes a new certificate for weftd, `weft pki issue NAME --dir %s` one "
		     "for a switch", dir.path, path, path);
		goto out;
	}
	if (dir_has(&dir, "ca-key.pem") != dir_has(&dir, "ca.pem")) {
		fail(error, "%s has only one of ca.pem and ca-key.pem and nothing was changed: put "
		     "the other one back, or remove it and begin anew", dir.path);
		goto out;
	}
	names[request.n_sans++] = "localhost";
	for (size_t i = 0; i < n_sans; i++)
		names[request.n_sans++] = sans[i];
	written->made_ca = !dir_has(&dir, "ca.pem");
	ok = (!written->made_ca || make_ca(&dir, now, error)) &&
	     make_leaf(&dir, &dir, &request, days, now, written, error);
out:
	dir_close(&dir);
	return ok;
}

/* out may be null or the same directory; then it is the same struct, for flock
 * on a second descriptor would wait for ourselves. */
static bool open_both(const char *path, const char *out_path, struct dir *dir, struct dir *other,
		      const struct dir **ret_out, struct pki_error *error)
{
	struct stat a, b;

	if (!dir_open(path, false, dir, error))
		return false;
	*ret_out = dir;
	if (!out_path)
		return true;
	if (stat(out_path, &a) == 0 && fstat(dir->fd, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino)
		return true;
	*ret_out = other;
	return dir_open(out_path, true, other, error);
}

bool pki_dir_issue(const char *path, const char *out_path, const char *name, bool server_too,
		   unsigned days, time_t now, struct pki_written *written, struct pki_error *error)
{
	struct dir dir = DIR_NULL, other = DIR_NULL;
	const struct dir *out;
	struct pki_request request = {
		.kind = PKI_SWITCH, .name = name, .server_too = server_too,
	};
	char cert[NAME_MAX], key[NAME_MAX];
	bool ok = false;

	*written = (struct pki_written){0};
	if (!pki_name_ok(name, error) || !open_both(path, out_path, &dir, &other, &out, error))
		goto out;
	file_names(name, PKI_SWITCH, cert, key);
	if (!dir_has(&dir, cert) && dir_has(out, key)) {
		fail(error, "%s/%s is there, but this authority has no certificate for it, and nothing "
		     "was changed: move the key away first", out->path, key);
		goto out;
	}
	if (dir_has(&dir, cert) || dir_has(out, cert)) {
		fail(error, "%s has a certificate already and nothing was changed: `weft pki renew %s "
		     "--dir %s` replaces it", name, name, path);
		goto out;
	}
	ok = make_leaf(&dir, out, &request, days, now, written, error);
out:
	dir_close(&other);
	dir_close(&dir);
	return ok;
}

bool pki_dir_renew(const char *path, const char *out_path, const char *name, unsigned days,
		   time_t now, struct pki_written *written, struct pki_error *error)
{
	bool is_server = !strcmp(name, "weftd");
	struct dir dir = DIR_NULL, other = DIR_NULL;
	const struct dir *out;
	struct pki_info old = {0};
	struct pki_request request = {.kind = is_server ? PKI_SERVER : PKI_SWITCH, .name = name};
	char cert[NAME_MAX], key[NAME_MAX], *text = NULL;
	bool ok = false;

	*written = (struct pki_written){0};
	if ((!is_server && !pki_name_ok(name, error)) ||
	    !open_both(path, out_path, &dir, &other, &out, error))
		goto out;
	file_names(name, request.kind, cert, key);
	if (!dir_has(&dir, cert)) {
		if (is_server)
			fail(error, "weftd has no certificate in %s: `weft pki init --dir %s` makes one",
			     dir.path, path);
		else
			fail(error, "%s has no certificate in %s: `weft pki issue %s --dir %s` makes one",
			     name, dir.path, name, path);
		goto out;
	}
	text = dir_read(&dir, cert, error);
	if (!text || !pki_read(text, &old, error))
		goto out;
	request.sans = (const char *const *) old.sans;
	request.n_sans = old.n_sans;
	request.server_too = old.server_too;
	ok = make_leaf(&dir, out, &request, days, now, written, error);
out:
	free(text);
	pki_info_uninit(&old);
	dir_close(&other);
	dir_close(&dir);
	return ok;
}

/* --- list ----------------------------------------------------------------------- */

static int by_kind_and_path(const void *a_, const void *b_)
{
	const struct pki_entry *a = a_, *b = b_;

	return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : strcmp(a->path, b->path);
}

static bool is_cert_file(const char *file, enum pki_kind *ret_kind)
{
	static const char suffix[] = "-cert.pem";
	size_t len = strlen(file);

	if (!strcmp(file, "ca.pem"))
		*ret_kind = PKI_CA;
	else if (!strcmp(file, "cert.pem"))
		*ret_kind = PKI_SERVER;
	else if (file[0] != '.' && len >= sizeof suffix && !strcmp(file + len - 9, suffix))
		*ret_kind = PKI_SWITCH;
	else
		return false;
	return true;
}

bool pki_dir_list(const char *path, struct pki_entry **ret_entries, size_t *ret_n,
		  struct pki_error *error)
{
	struct dir dir = DIR_NULL;
	struct pki_entry *entries = NULL;
	struct dirent *file;
	enum pki_kind kind;
	size_t n = 0;
	DIR *stream;

	if (!dir_open(path, false, &dir, error))
		return false;
	stream = fdopendir(dup(dir.fd));
	while (stream && (file = readdir(stream))) {
		struct pki_entry *entry;
		char *text, *full;

		if (!is_cert_file(file->d_name, &kind))
			continue;
		entries = xheap_realloc(entries, (n + 1) * sizeof *entries);
		entry = &entries[n++];
		*entry = (struct pki_entry){.kind = kind};
		full = xheap_alloc(strlen(dir.path) + strlen(file->d_name) + 2);
		sprintf(full, "%s/%s", dir.path, file->d_name);
		entry->path = full;
		text = dir_read(&dir, file->d_name, &entry->why);
		entry->readable = text && pki_read(text, &entry->info, &entry->why);
		free(text);
	}
	if (stream)
		closedir(stream);
	dir_close(&dir);
	if (n)
		qsort(entries, n, sizeof *entries, by_kind_and_path);
	*ret_entries = entries;
	*ret_n = n;
	return true;
}

void pki_entries_free(struct pki_entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(entries[i].path);
		pki_info_uninit(&entries[i].info);
	}
	free(entries);
}

long pki_days_left(const struct pki_info *info, time_t now)
{
	time_t left = info->not_after - now;

	return (long) (left >= 0 ? (left + 86399) / 86400 : -((-left + 86399) / 86400));
}
