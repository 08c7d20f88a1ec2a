/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Non-blocking byte streams over TCP or TLS 1.3.
 *
 * No event loop, no OpenFlow. The caller owns one big receive buffer for all streams, so that the bytes being
 * parsed stay in the cache; a stream keeps only what is left over: the beginning of a message, and what the
 * socket did not take.
 */
#include "stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RX_SIZE = 256 * 1024 };

bool endpoint_parse(const char *text, struct endpoint *ret)
{
	char host[64];
	const char *p = text + 4, *colon = strrchr(text, ':');
	struct endpoint e = {.tls = !strncmp(text, "ssl:", 4)};
	size_t n;
	long port;
	char *end;

	if (strncmp(text, "tcp:", 4) && !e.tls)
		return false;
	if (!colon || colon < p)
		return false;
	port = strtol(colon + 1, &end, 10);
	n = (size_t)(colon - p);
	if (port < 1 || port > 65535 || *end || n >= sizeof host)
		return false;
	memcpy(host, p, n);
	host[n] = '\0';
	if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
		struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
		host[n - 1] = '\0';
		if (inet_pton(AF_INET6, host + 1, &a.sin6_addr) != 1)
			return false;
		memcpy(&e.addr, &a, sizeof a);
		e.addr_size = sizeof a;
	} else {
		struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
		if (n && inet_pton(AF_INET, host, &a.sin_addr) != 1)
			return false;
		memcpy(&e.addr, &a, sizeof a);
		e.addr_size = sizeof a;
	}
	*ret = e;
	return true;
}

int endpoint_listen(const struct endpoint *e)
{
	int one = 1, fd = socket(e->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (const struct sockaddr *)&e->addr, e->addr_size) || listen(fd, 4096)) {
		int err = errno;
		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

static void pem_path(char path[PATH_MAX], const char *dir, const char *name, const char *file)
{
	snprintf(path, PATH_MAX, "%s/%s%s%s", dir, name ? name : "", name ? "-" : "", file);
}

static void tls_error(const char *what, char *err, size_t err_size)
{
	char text[120];
	ERR_error_string_n(ERR_get_error(), text, sizeof text);
	snprintf(err, err_size, "%s: %s", what, text);
	ERR_clear_error();
}

SSL_CTX *tls_context(bool server, const char *dir, char *err, size_t err_size)
{
	SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	char ca[PATH_MAX], cert[PATH_MAX], key[PATH_MAX];

	pem_path(ca, dir, NULL, "ca.pem");
	pem_path(cert, dir, NULL, "cert.pem");
	pem_path(key, dir, NULL, "key.pem");
	if (!ctx)
		abort();
	SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	/* One read(2) for many records instead of two for each. */
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_read_buffer_len(ctx, 64 * 1024);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	if (SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1) {
		tls_error(ca, err, err_size);
		SSL_CTX_free(ctx);
		return NULL;
	}
	if (server && (SSL_CTX_use_certificate_file(ctx, cert, SSL_FILETYPE_PEM) != 1 ||
		       SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)) {
		tls_error(cert, err, err_size);
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

bool tls_identity(SSL *ssl, const char *dir, const char *name, char *err, size_t err_size)
{
	char cert[PATH_MAX], key[PATH_MAX];

	pem_path(cert, dir, name, "cert.pem");
	pem_path(key, dir, name, "key.pem");
	if (SSL_use_certificate_file(ssl, cert, SSL_FILETYPE_PEM) != 1) {
		tls_error(cert, err, err_size);
		return false;
	}
	if (SSL_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1) {
		tls_error(key, err, err_size);
		return false;
	}
	return true;
}

static void stream_reset(struct stream *s, int fd, SSL *ssl, enum stream_state state)
{
	int one = 1;

	s->state = state;
	s->fd = fd;
	s->ssl = ssl;
	s->wants_write = false;
	s->armed = 0;
	s->tail.n = s->backlog.n = s->sent = 0;
	s->why[0] = '\0';
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (ssl)
		SSL_set_fd(ssl, fd);
}

void stream_accept(struct stream *s, int fd, SSL *ssl)
{
	stream_reset(s, fd, ssl, ssl ? STREAM_HANDSHAKE : STREAM_OPEN);
	if (ssl)
		SSL_set_accept_state(ssl);
}

void stream_dial(struct stream *s, const struct endpoint *e, SSL *ssl)
{
	int fd = socket(e->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	stream_reset(s, fd, ssl, STREAM_CONNECTING);
	if (ssl)
		SSL_set_connect_state(ssl);
	if (fd < 0 || (connect(fd, (const struct sockaddr *)&e->addr, e->addr_size) && errno != EINPROGRESS))
		stream_close(s, strerror(errno));
}

void stream_close(struct stream *s, const char *why)
{
	if (s->state == STREAM_DEAD)
		return;
	snprintf(s->why, sizeof s->why, "%s", why);
	SSL_free(s->ssl);
	s->ssl = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->state = STREAM_DEAD;
}

/* What an unfinished TLS call means: true when it just has to wait. */
static bool tls_waits(struct stream *s, int rc, const char *what)
{
	char text[200];

	switch (SSL_get_error(s->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		s->wants_write = false;
		return true;
	case SSL_ERROR_WANT_WRITE:
		s->wants_write = true;
		return true;
	case SSL_ERROR_ZERO_RETURN:
		stream_close(s, "closed by the peer");
		return false;
	case SSL_ERROR_SYSCALL:
		stream_close(s, errno ? strerror(errno) : "closed without notice");
		return false;
	default:
		tls_error(what, text, sizeof text);
		stream_close(s, text);
		return false;
	}
}

bool stream_advance(struct stream *s)
{
	if (s->state == STREAM_CONNECTING) {
		int err = 0;
		socklen_t n = sizeof err;
		struct sockaddr_storage peer;
		socklen_t peer_size = sizeof peer;

		getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &n);
		if (err) {
			stream_close(s, strerror(err));
			return false;
		}
		if (getpeername(s->fd, (struct sockaddr *)&peer, &peer_size))
			return false; /* not yet */
		s->state = s->ssl ? STREAM_HANDSHAKE : STREAM_OPEN;
	}
	if (s->state == STREAM_HANDSHAKE) {
		int rc = SSL_do_handshake(s->ssl);
		if (rc == 1) {
			s->wants_write = false;
			s->state = STREAM_OPEN;
		} else {
			tls_waits(s, rc, "TLS handshake");
		}
	}
	return s->state == STREAM_OPEN;
}

uint32_t stream_wants(const struct stream *s)
{
	if (s->state == STREAM_CONNECTING || (s->state == STREAM_HANDSHAKE && s->wants_write))
		return EPOLLOUT;
	return s->backlog.n > s->sent ? EPOLLIN | EPOLLOUT : EPOLLIN;
}

bool stream_arm(struct stream *s, int epoll, void *ptr)
{
	struct epoll_event ev = {.events = s->state == STREAM_DEAD ? 0 : stream_wants(s), .data.ptr = ptr};

	if (!ev.events || ev.events == s->armed)
		return true;
	if (epoll_ctl(epoll, s->armed ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, s->fd, &ev))
		return false;
	s->armed = ev.events;
	return true;
}

/* TLS hands out a record of at most 16 KiB at a time: go on until there is no more or no room. */
static long tls_read(struct stream *s, uint8_t *p, size_t room, bool *ret_more)
{
	size_t got = 0;

	while (room - got >= 16 * 1024) {
		int rc = SSL_read(s->ssl, p + got, (int)(room - got));
		if (rc > 0) {
			got += (size_t)rc;
			continue;
		}
		*ret_more = false;
		if (!tls_waits(s, rc, "TLS read"))
			return got ? (long)got : -1;
		return (long)got;
	}
	*ret_more = true;
	return (long)got;
}

long stream_read(struct stream *s, struct buf *rx, bool *ret_more)
{
	long got;

	*ret_more = false;
	rx->n = 0;
	buf_put(rx, s->tail.data, s->tail.n);
	if (rx->cap < RX_SIZE)
		buf_grow(rx, RX_SIZE);
	s->n_reads++;
	if (s->ssl) {
		errno = 0;
		got = tls_read(s, rx->data + rx->n, RX_SIZE - rx->n, ret_more);
	} else {
		got = read(s->fd, rx->data + rx->n, RX_SIZE - rx->n);
		if (got == 0) {
			stream_close(s, "closed by the peer");
			return -1;
		}
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (got < 0)
			stream_close(s, strerror(errno));
	}
	if (got <= 0)
		return got;
	rx->n += (size_t)got;
	s->tail.n = 0;
	return (long)rx->n;
}

void stream_keep(struct stream *s, const uint8_t *rest, size_t n)
{
	s->tail.n = 0;
	buf_put(&s->tail, rest, n);
}

/* Bytes taken by the socket, -1 when the stream died. */
static long write_some(struct stream *s, const uint8_t *p, size_t n)
{
	s->n_writes++;
	if (s->ssl) {
		size_t done = 0;
		while (done < n) {
			int rc;
			errno = 0;
			rc = SSL_write(s->ssl, p + done, (int)(n - done));
			if (rc <= 0)
				return tls_waits(s, rc, "TLS write") ? (long)done : -1;
			done += (size_t)rc;
		}
		return (long)done;
	}
	long rc = send(s->fd, p, n, MSG_NOSIGNAL);
	if (rc >= 0)
		return rc;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	stream_close(s, strerror(errno));
	return -1;
}

bool stream_flush(struct stream *s)
{
	if (s->sent < s->backlog.n) {
		long rc = write_some(s, s->backlog.data + s->sent, s->backlog.n - s->sent);
		if (rc < 0)
			return false;
		s->sent += (size_t)rc;
	}
	if (s->sent == s->backlog.n)
		s->sent = s->backlog.n = 0;
	return true;
}

bool stream_write(struct stream *s, const uint8_t *p, size_t n)
{
	long rc = 0;

	if (s->state != STREAM_OPEN)
		return false;
	if (s->backlog.n == s->sent) {
		s->backlog.n = s->sent = 0;
		rc = write_some(s, p, n);
		if (rc < 0)
			return false;
	}
	buf_put(&s->backlog, p + rc, n - (size_t)rc);
	return true;
}
