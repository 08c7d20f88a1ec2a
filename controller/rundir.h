/* SPDX-License-Identifier: Apache-2.0 */
/* rundir: the folders of one weftd: the run directory with its socket, and that of its state.
 *
 * weftd.pid is locked (flock) as long as weftd lives, so two never share a
 * directory and a socket left by a killed one is known to be dead. weftd.lock in the state folder
 * is the same: two that write there would each undo what the other one remembers. */
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
/* The folder of what outlives a restart is one weftd's as well, as long as *ret_fd is open. Null, or
 * a sentence as above. A folder that cannot be written is no error: nothing is kept there (-1). */
const char *statedir_claim(const char *dir, int *ret_fd);
/* Removes the socket, empties weftd.pid. Who takes listen_fd sets it to -1. */
void rundir_release(struct rundir *);

#endif
