/* SPDX-License-Identifier: Apache-2.0 */
/* scratch: a folder of the test's own, and the whole command run in it: each time in a
 * process of its own, for its words, its exit code and what it says. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <stdbool.h>

extern char scratch_dir[64];

bool scratch_make(void);
/* With all that is in it; 0 = gone. */
int scratch_remove(void);

/* NAME in the folder; a buffer of its own for the last few. */
const char *scratch_path(const char *name);
void scratch_write(const char *name, const char *text);
char *scratch_read(const char *name);   /* "" when there is none; to be freed */

/* What it said the last time. */
extern char weft_out[1 << 20], weft_err[1 << 16];
/* `weft WORDS`, @ is the folder, and the file "in", if there is one, what it reads.
 * Its exit code. */
int weft(const char *words);
/* It ends with that code, and these are in what it says: errors in weft_err, all else
 * in weft_out. Ends with null. */
void weft_says(const char *words, int code, ...) __attribute__((sentinel));

#define HAS(TEXT, PART) do { \
	if (!strstr(TEXT, PART)) \
		fail_msg("\"%s\" is not in:\n%s", PART, TEXT); \
} while (0)

#endif
