/* SPDX-License-Identifier: Apache-2.0 */
/* rundir: the run directory of one weftd and its socket.
 *
 * weftd.pid is locked (flock) as long as weftd lives, so two never share a
 * directory and a socket left by a killed one is known to be dead. */
#ifndef CONTROLLER_RUNDIR_H
#define CONTROLLER_RUNDIR_H

#include <stddef.h>
#include <sys/un.h>

struct rundir {
	int lock_fd;                    /* of weftd.pid; -1 = not ours */
	int listen_fd;                  /* bound and listening, non-blocking; -1 = none */
	struct sockaddr_un address;     /* of the socket */
	char pid_path[sizeof ((struct sockaddr_un *) NULL)->sun_path];
};

/* Null, or a sentence (static buffer) that says why not and what to do. Makes
 * the directory when only its last part is missing. The socket has mode 0660. */
const char *rundir_claim(struct rundir *, const char *dir);
/* Removes the socket, empties weftd.pid. Who takes listen_fd sets it to -1. */
void rundir_release(struct rundir *);

#endif
