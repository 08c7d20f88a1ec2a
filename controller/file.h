/* SPDX-License-Identifier: Apache-2.0 */
/* file: replace a whole file so that a crash at any instant leaves the old or
 * the new one: temporary file beside it, fsync, rename, fsync of the folder. */
#ifndef CONTROLLER_FILE_H
#define CONTROLLER_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* 0; or -1 with errno, and the old file is as it was; or 1 with errno: the new file
 * is in its place, but the disk did not promise to remember that. mode counts for a
 * file that did not exist; else mode and owner (as far as we may) are kept. A
 * symbolic link is followed: the file it leads to is replaced. */
int file_replace(const char *path, const void *data, size_t size, mode_t mode);

#endif
