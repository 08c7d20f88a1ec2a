/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "topo/arena.h"

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		size -= (size_t) n;
	}
	return fsync(fd);
}

static int open_folder(const char *path)
{
	char copy[PATH_MAX];
	snprintf(copy, sizeof copy, "%s", path);
	return open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Beside the file: a temporary one with all of it on the disk. */
static int write_beside(char *path, const struct stat *like, const void *data, size_t size)
{
	int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -1;
	/* Who may not give a file away keeps it. */
	bool is_owner_same = like->st_uid == geteuid() && like->st_gid == getegid();
	if (!is_owner_same && fchown(fd, like->st_uid, like->st_gid))
		errno = 0;
	bool is_whole = !fchmod(fd, like->st_mode & 07777) && !write_all(fd, data, size);
	int saved = errno;
	close(fd);
	if (is_whole)
		return 0;
	unlink(path);
	errno = saved;
	return -1;
}

static int replace(const char *path, int folder, const struct stat *like, const void *data, size_t size)
{
	char temporary[PATH_MAX + 16];
	snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
	if (write_beside(temporary, like, data, size))
		return -1;
	if (!rename(temporary, path))
		return fsync(folder) ? 1 : 0;
	int saved = errno;
	unlink(temporary);
	errno = saved;
	return -1;
}

int file_replace(const char *path, const void *data, size_t size, mode_t mode)
{
	char real[PATH_MAX];
	struct stat like = { .st_mode = mode, .st_uid = geteuid(), .st_gid = getegid() };
	if (!realpath(path, real)) {
		if (errno != ENOENT)
			return -1;
		snprintf(real, sizeof real, "%s", path);
	} else if (stat(real, &like)) {
		return -1;
	}
	int folder = open_folder(real);
	if (folder < 0)
		return -1;
	int result = replace(real, folder, &like, data, size);
	int saved = errno;
	close(folder);
	errno = saved;
	return result;
}

int file_sync_folder(const char *path)
{
	int folder = open_folder(path);
	if (folder < 0)
		return -1;
	int result = fsync(folder), saved = errno;
	close(folder);
	errno = saved;
	return result;
}

int file_remove(const char *path)
{
	if (unlink(path) && errno != ENOENT)
		return -1;
	return file_sync_folder(path) ? 1 : 0;
}

char *file_read(const char *path, size_t max, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t size = 0, room = 1 << 14;
	ssize_t n = 1;
	struct stat st;
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EINVAL;
		return NULL;
	}
	char *text = xheap_alloc(room + 1);
	while (size <= max && (n = read(fd, text + size, room - size))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		size += (size_t) n;
		if (room - size < 4096)
			text = xheap_realloc(text, (room *= 2) + 1);
	}
	int saved = n < 0 ? errno : EFBIG;
	close(fd);
	if (n < 0 || size > max) {
		free(text);
		errno = saved;
		return NULL;
	}
	text[size] = '\0';
	*ret_size = size;
	return text;
}
