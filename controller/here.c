/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/here.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

static bool parse(const char *address, struct sockaddr_storage *to, socklen_t *size)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *) to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *) to;
	memset(to, 0, sizeof *to);
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(9);        /* any will do */
		*size = sizeof *v4;
		return true;
	}
	if (inet_pton(AF_INET6, address, &v6->sin6_addr) != 1)
		return false;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(9);
	*size = sizeof *v6;
	return true;
}

static bool is_same(const struct sockaddr *a, const struct sockaddr_storage *b)
{
	if (!a || a->sa_family != b->ss_family)
		return false;
	if (a->sa_family == AF_INET)
		return !memcmp(&((const struct sockaddr_in *) a)->sin_addr, &((const struct sockaddr_in *) b)->sin_addr, 4);
	return a->sa_family == AF_INET6 &&
	       !memcmp(&((const struct sockaddr_in6 *) a)->sin6_addr, &((const struct sockaddr_in6 *) b)->sin6_addr, 16);
}

static bool find_device(const struct sockaddr_storage *address, char ret_device[IF_NAMESIZE])
{
	struct ifaddrs *all;
	bool found = false;
	if (getifaddrs(&all))
		return false;
	for (const struct ifaddrs *one = all; one && !found; one = one->ifa_next)
		if (is_same(one->ifa_addr, address)) {
			snprintf(ret_device, IF_NAMESIZE, "%s", one->ifa_name);
			found = true;
		}
	freeifaddrs(all);
	return found;
}

bool here_has(const char *address, char ret_device[IF_NAMESIZE])
{
	struct sockaddr_storage of;
	socklen_t size;
	return parse(address, &of, &size) && find_device(&of, ret_device);
}

bool here_way_to(const char *address, char ret_device[IF_NAMESIZE])
{
	struct sockaddr_storage to, from;
	socklen_t size;
	if (!parse(address, &to, &size))
		return false;
	int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	bool has_way = !connect(fd, (struct sockaddr *) &to, size);
	size = sizeof from;
	has_way = has_way && !getsockname(fd, (struct sockaddr *) &from, &size);
	close(fd);
	return has_way && find_device(&from, ret_device);
}

int here_mtu(const char *device)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
	int failed = ioctl(fd, SIOCGIFMTU, &request);
	close(fd);
	return failed ? 0 : request.ifr_mtu;
}

bool here_clock_is_kept(void)
{
	struct timex now = { 0 };
	return adjtimex(&now) >= 0 && !(now.status & STA_UNSYNC);
}
