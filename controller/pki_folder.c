/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a PKI directory. Nothing half-written is ever visible: a file is written
 * under a temporary name, synced and renamed. */
#include "controller/pki_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "topo/arena.h"

enum { MAX_PEM = 256 << 10 };           /* bytes; a certificate has less than 2 KiB */

bool pki_folder_open(const char *path, bool create, struct pki_folder *dir, struct pki_error *error)
{
	if (create && mkdir(path, 0755) < 0 && errno != EEXIST)
		return pki_fail(error, "cannot make the directory %s: %s", path, strerror(errno));
	dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->fd < 0)
		return errno == ENOENT
			? pki_fail(error, "there is no PKI in %s: make one with `weft pki init --dir %s`, or "
			       "name the right one with --dir or WEFT_PKI", path, path)
			: pki_fail(error, "cannot open the directory %s: %s", path, strerror(errno));
	if (!realpath(path, dir->path) || flock(dir->fd, LOCK_EX) < 0)
		return pki_fail(error, "%s: %s", path, strerror(errno));
	return true;
}

void pki_folder_close(struct pki_folder *dir)
{
	if (dir->fd >= 0)
		close(dir->fd);
	dir->fd = -1;
}

bool pki_folder_has(const struct pki_folder *dir, const char *file)
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

bool pki_folder_write(const struct pki_folder *dir, const char *file, const char *text, mode_t mode,
		      struct pki_error *error)
{
	char temporary[NAME_MAX + 1];
	struct stat old;
	int fd, saved;
	bool ok;

	if (snprintf(temporary, sizeof temporary, ".%s.%d", file, (int) getpid()) >=
	    (int) sizeof temporary)
		return pki_fail(error, "%s: the name is too long", file);
	unlinkat(dir->fd, temporary, 0);
	fd = openat(dir->fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return pki_fail(error, "cannot write %s/%s: %s", dir->path, file, strerror(errno));
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
		return pki_fail(error, "cannot write %s/%s: %s", dir->path, file, strerror(saved));
	}
	fsync(dir->fd);
	return true;
}

char *pki_folder_read(const struct pki_folder *dir, const char *file, struct pki_error *error)
{
	int fd = openat(dir->fd, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text;
	ssize_t n = 0;
	size_t size = 0;

	if (fd < 0) {
		pki_fail(error, "cannot read %s/%s: %s", dir->path, file, strerror(errno));
		return NULL;
	}
	text = xheap_alloc(MAX_PEM + 1);
	while (size < MAX_PEM && (n = read(fd, text + size, MAX_PEM - size)) > 0)
		size += (size_t) n;
	if (n < 0)
		pki_fail(error, "cannot read %s/%s: %s", dir->path, file, strerror(errno));
	else if (size == MAX_PEM)
		pki_fail(error, "%s/%s is too large for a certificate", dir->path, file);
	close(fd);
	if (n < 0 || size == MAX_PEM) {
		free(text);
		return NULL;
	}
	return text;
}
