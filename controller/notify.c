/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool notify_manager(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof to.sun_path)
		return false;
	memcpy(to.sun_path, path, strlen(path));
	/* An abstract socket: its name begins with a NUL. */
	if (*path == '@')
		to.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	socklen_t size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + strlen(path));
	bool is_told = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *) &to, size) == (ssize_t) strlen(state);
	close(fd);
	return is_told;
}
