/* SPDX-License-Identifier: Apache-2.0 */
/* For LD_PRELOAD: the clock on the wall is CLOCK_AHEAD_S seconds ahead. What ends at a time
 * of day can so be seen to end; all else goes by the other clock. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *ts)
{
	static int (*next)(clockid_t, struct timespec *);
	static long ahead_s;
	if (!next) {
		const char *text = getenv("CLOCK_AHEAD_S");
		ahead_s = text ? strtol(text, NULL, 10) : 0;
		next = (int (*)(clockid_t, struct timespec *)) dlsym(RTLD_NEXT, "clock_gettime");
	}
	int error = next(id, ts);
	if (!error && id == CLOCK_REALTIME)
		ts->tv_sec += ahead_s;
	return error;
}
