/* SPDX-License-Identifier: Apache-2.0 */
/* listen: sockets that switches connect to.
 *
 * Accepts and hands over; who is let in is decided elsewhere. The trap here is
 * a process that has no file descriptors left: the connection stays in the
 * kernel's queue, the socket stays readable and the loop would spin. So the
 * listener sleeps for a moment instead; the switches wait meanwhile. */
#include "ofproto/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "ofproto/mem.h"

enum {
	BACKLOG = 1024,                 /* connections that wait for accept */
	ACCEPT_AT_ONCE = 64,            /* then the others in the loop have their turn */
	SLEEP_MS = 200,                 /* without file descriptors */
};

struct listener {
	int fd;                         /* owned */
	bool is_tls;
	uint16_t port;
	char text[96];
	listen_cb *cb;
	void *ctx;
	struct event readable;
	struct event wake;              /* ends the sleep */
	uint64_t n_exhausted;
};

/* A number from 0 to 65535 and nothing else. */
static bool parse_port(const char *s, uint16_t *ret)
{
	unsigned n = 0;
	size_t len = strlen(s);

	if (len == 0 || len > 5 || strspn(s, "0123456789") != len)
		return false;
	for (; *s; s++)
		n = n * 10 + (unsigned) (*s - '0');
	if (n > UINT16_MAX)
		return false;
	*ret = (uint16_t) n;
	return true;
}

/* The address in numbers, no name look-up. */
static struct addrinfo *resolve(const char *address)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
	}, *found;

	return getaddrinfo(address, "0", &hints, &found) ? NULL : found;
}

const char *listen_parse(const char *text, struct listen_target *ret)
{
	struct listen_target target = {0};
	struct addrinfo *found;
	const char *at, *colon;
	size_t len;

	if (!strncmp(text, "ssl:", 4))
		target.is_tls = true;
	else if (strncmp(text, "tcp:", 4))
		return "wanted ssl:[ADDRESS]:PORT or tcp:[ADDRESS]:PORT, for example ssl::6653";
	at = text + 4;
	colon = strrchr(at, ':');
	if (!parse_port(colon ? colon + 1 : at, &target.port))
		return "the port is a number from 0 to 65535, for example ssl::6653";
	len = colon ? (size_t) (colon - at) : 0;
	if (len >= 2 && at[0] == '[' && at[len - 1] == ']') {
		at++;
		len -= 2;
	} else if (memchr(at, ':', len)) {
		return "an IPv6 address stands in brackets, for example ssl:[2001:db8::1]:6653";
	}
	if (len >= sizeof(target.address))
		return "the address is too long";
	memcpy(target.address, at, len);
	if (len > 0) {
		found = resolve(target.address);
		if (!found)
			return "the address is an IPv4 or IPv6 address, not a name; empty means all";
		freeaddrinfo(found);
	}
	*ret = target;
	return NULL;
}

static void sleep_awhile(struct listener *l)
{
	l->n_exhausted++;
	event_del(&l->readable);
	event_add(&l->wake, &(struct timeval) {0, SLEEP_MS * 1000});
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void) fd, (void) what;
	event_add(&l->readable, NULL);
}

static void on_connection(evutil_socket_t listen_fd, short what, void *arg)
{
	struct listener *l = arg;
	int fd;

	(void) what;
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int) {1}, sizeof(int));
			l->cb(l->ctx, fd, l->is_tls);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			sleep_awhile(l);
		/* Others belong to one connection that has gone again (accept(2)). */
		if (errno != ECONNABORTED && errno != EINTR && errno != EPROTO)
			return;
	}
}

/* A bound socket that listens, or -1 with errno. */
static int open_socket(const struct sockaddr *address, socklen_t size)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int) {1}, sizeof(int));
	if (address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int) {0}, sizeof(int));
	if (!bind(fd, address, size) && !listen(fd, BACKLOG))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* All addresses: one IPv6 socket takes both; without IPv6, IPv4 only. */
static int open_all(uint16_t port)
{
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_any,
	};
	struct sockaddr_in v4 = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_ANY)},
	};
	int fd = open_socket((struct sockaddr *) &v6, sizeof(v6));

	if (fd < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
		fd = open_socket((struct sockaddr *) &v4, sizeof(v4));
	return fd;
}

static int open_target(const struct listen_target *target)
{
	struct addrinfo *found;
	int fd, error;

	if (!target->address[0])
		return open_all(target->port);
	found = resolve(target->address);
	if (!found) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	/* Port in network order at the same place for both families. */
	((struct sockaddr_in *) found->ai_addr)->sin_port = htons(target->port);
	fd = open_socket(found->ai_addr, found->ai_addrlen);
	error = errno;
	freeaddrinfo(found);
	errno = error;
	return fd;
}

/* What the socket really has: "ssl:[::]:6653". */
static void name_listener(struct listener *l)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	char host[64] = "", port[8] = "0";
	bool is_v6;

	getsockname(l->fd, (struct sockaddr *) &address, &size);
	getnameinfo((struct sockaddr *) &address, size, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	parse_port(port, &l->port);
	is_v6 = strchr(host, ':');
	snprintf(l->text, sizeof(l->text), "%s:%s%s%s:%s", l->is_tls ? "ssl" : "tcp",
		 is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
}

struct listener *listen_new(struct event_base *base, const struct listen_target *target,
			    listen_cb *cb, void *ctx, const char **ret_error)
{
	static char error[256];
	struct listener *l;
	bool is_v6 = strchr(target->address, ':');
	int fd = open_target(target);

	if (fd < 0) {
		snprintf(error, sizeof(error), "cannot listen on %s:%s%s%s:%u: %s",
			 target->is_tls ? "ssl" : "tcp", is_v6 ? "[" : "", target->address,
			 is_v6 ? "]" : "", target->port, strerror(errno));
		*ret_error = error;
		return NULL;
	}
	l = mem_zalloc(sizeof(*l));
	l->fd = fd;
	l->is_tls = target->is_tls;
	l->cb = cb;
	l->ctx = ctx;
	name_listener(l);
	event_assign(&l->readable, base, fd, EV_READ | EV_PERSIST, on_connection, l);
	event_assign(&l->wake, base, -1, 0, on_wake, l);
	event_add(&l->readable, NULL);
	return l;
}

void listen_free(struct listener *l)
{
	if (!l)
		return;
	event_del(&l->readable);
	event_del(&l->wake);
	close(l->fd);
	free(l);
}

uint16_t listen_port(const struct listener *l)
{
	return l->port;
}

const char *listen_text(const struct listener *l)
{
	return l->text;
}

uint64_t listen_n_exhausted(const struct listener *l)
{
	return l->n_exhausted;
}
