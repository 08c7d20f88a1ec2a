/* SPDX-License-Identifier: Apache-2.0 */
/* file: replace a whole file so that a crash at any instant leaves the old or
 * the new one: temporary file beside it, fsync, rename, fsync of the folder. */
#ifndef CONTROLLER_FILE_H
#define CONTROLLER_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* 0, or -1 with errno; the old file is then as it was. mode counts for a file
 * that did not exist; else the old file's mode is kept. A symbolic link is
 * followed: the file it leads to is replaced. */
int file_replace(const char *path, const void *data, size_t size, mode_t mode);

#endif
