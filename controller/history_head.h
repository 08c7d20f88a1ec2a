/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a revision's file, as text. Pure. */
#ifndef CONTROLLER_HISTORY_HEAD_H
#define CONTROLLER_HISTORY_HEAD_H

#include "controller/history.h"

enum { HISTORY_MAX_HEAD = 1024 };       /* bytes, the empty line behind it included */

/* Returns its size. */
size_t history_head_write(const struct revision *, char buf[HISTORY_MAX_HEAD]);
/* Size of the head, behind which the text begins; 0 = that is none. The bytes may go on. */
size_t history_head_read(const char *bytes, size_t size, struct revision *ret);

#endif
