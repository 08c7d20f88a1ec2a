/* SPDX-License-Identifier: Apache-2.0 */
/* confirm: what `weft apply --confirm` promised, on the disk: when nobody confirms in
 * time, weftd goes back. Written before the change is in force, removed when it was
 * confirmed or undone; beside the revisions. Only what it says; what follows from it is
 * in config_confirm.c. */
#ifndef CONTROLLER_CONFIRM_H
#define CONTROLLER_CONFIRM_H

#include <stdbool.h>
#include <stdint.h>

#define CONFIRM_NAME "confirm"                  /* of the file, in the folder of the history */
enum { CONFIRM_MIN_S = 1, CONFIRM_MAX_S = 24 * 3600 };

struct confirm {
	uint32_t revision;                      /* that waits; 0 = none does */
	uint32_t back_to;                       /* the revision before */
	uint32_t seconds;                       /* to wait in all */
	uint64_t since_wall_ms;                 /* since 1970 */
};

/* Null, or why not (static); then nothing of it is there. */
const char *confirm_write(const char *folder, const struct confirm *);
/* Null also when there was none. */
const char *confirm_remove(const char *folder);
/* revision 0 when there is none; a file that makes no sense is told in ret_problem
 * (static, else null) and counts as none. */
struct confirm confirm_read(const char *folder, const char **ret_problem);

/* What is left of the time; a clock that was set back does not make it longer. */
uint64_t confirm_left_ms(const struct confirm *, uint64_t wall_ms);

#endif
