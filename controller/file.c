/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static int sync_folder(const char *path)
{
	char copy[PATH_MAX];
	snprintf(copy, sizeof copy, "%s", path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int result = fsync(fd);
	close(fd);
	return result;
}

int file_replace(const char *path, const void *data, size_t size, mode_t mode)
{
	char real[PATH_MAX], temporary[PATH_MAX + 16];
	struct stat st;
	if (!realpath(path, real)) {
		if (errno != ENOENT)
			return -1;
		snprintf(real, sizeof real, "%s", path);
	} else if (!stat(real, &st)) {
		mode = st.st_mode & 07777;
	}
	snprintf(temporary, sizeof temporary, "%s.XXXXXX", real);
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fchmod(fd, mode) || write_all(fd, data, size)) {
		int saved = errno;
		close(fd);
		unlink(temporary);
		errno = saved;
		return -1;
	}
	close(fd);
	if (rename(temporary, real)) {
		int saved = errno;
		unlink(temporary);
		errno = saved;
		return -1;
	}
	return sync_folder(real);
}
