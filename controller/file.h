/* SPDX-License-Identifier: Apache-2.0 */
/* file: replace a whole file so that a crash at any instant leaves the old or
 * the new one: temporary file beside it, fsync, rename, fsync of the folder. And
 * what else is done with whole files. */
#ifndef CONTROLLER_FILE_H
#define CONTROLLER_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* 0; or -1 with errno, and the old file is as it was; or 1 with errno: the new file
 * is in its place, but the disk did not promise to remember that. mode counts for a
 * file that did not exist; else mode and owner (as far as we may) are kept. A
 * symbolic link is followed: the file it leads to is replaced. */
int file_replace(const char *path, const void *data, size_t size, mode_t mode);

/* What became of names in the folder of that path is on the disk; 0, or -1 with errno. */
int file_sync_folder(const char *path);
/* It is gone, and stays so after a crash; also when it was not there. -1 with errno: it is still there;
 * 1 with errno: the disk did not promise to remember. */
int file_remove(const char *path);

/* All of a regular file, a NUL behind it; heap. Null with errno; EINVAL: it is no regular file; EFBIG: it has
 * more than max bytes. */
char *file_read(const char *path, size_t max, size_t *ret_size);

#endif
