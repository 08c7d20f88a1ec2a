/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For LD_PRELOAD: measures each turn of an event loop, from one epoll_wait to the next, in the thread that main runs
 * in. Processor time is what the program is to blame for; the time on the wall holds what else the machine did.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "turns.h"

static struct turns *map_file(void)
{
	const char *path = getenv("TURNS_FILE");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(struct turns), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	return at == MAP_FAILED ? NULL : at;
}

static uint64_t ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
	static int (*next)(int, struct epoll_event *, int, int);
	static struct turns *turns;
	static uint64_t cpu, wall;

	if (!next) {
		next = (int (*)(int, struct epoll_event *, int, int))dlsym(RTLD_NEXT, "epoll_wait");
		turns = map_file();
	}
	if (!turns || gettid() != getpid())
		return next(epfd, events, max, timeout);
	if (cpu) {
		uint64_t c = ns(CLOCK_THREAD_CPUTIME_ID) - cpu, w = ns(CLOCK_MONOTONIC) - wall;

		turns->n++;
		if (c > turns->longest_cpu)
			turns->longest_cpu = c;
		if (w > turns->longest_wall)
			turns->longest_wall = w;
	}
	int n = next(epfd, events, max, timeout);
	cpu = ns(CLOCK_THREAD_CPUTIME_ID);
	wall = ns(CLOCK_MONOTONIC);
	return n;
}
