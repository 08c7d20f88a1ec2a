/* SPDX-License-Identifier: Apache-2.0 */
/* conn: one byte stream to a switch, cut into OpenFlow messages.
 *
 * Knows nothing of OpenFlow but the length in the header, and nothing of TLS
 * but that it reads and writes.
 *
 * The idea: a system call costs more than a hundred messages, so one wake-up is
 * one read of all there is, into one buffer that all connections share, and
 * messages are handed out where they lie. Only what stays behind (half a
 * message, or whole ones while the peer does not read our answers) is copied to
 * the connection's own memory. Then the next connection has its turn: a peer
 * that floods gets no more than one read per round of the loop.
 *
 * Callbacks come only from the loop, never from inside a function of conn.h, so
 * any of these functions may be called from any callback. Every callback is the
 * last thing that is done with the connection in that wake-up, except
 * `message`, from which the connection must not be freed.
 *
 * The owner is the loop thread: the shared buffer has one user at a time. */
#include "ofproto/conn_impl.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ofproto/mem.h"
#include "ofproto/tls.h"
#include "ofproto/wire.h"

enum {
	INPUT_SIZE = 256 << 10,         /* one read; at least one message and TLS_READ_MIN */
	REST_SMALL = 4 << 10,           /* that much memory a connection keeps for a rest */
};

unsigned conn_handshake_ms = 10000;

static uint8_t input[INPUT_SIZE];

static void on_readable(evutil_socket_t, short, void *);
static void on_writable(evutil_socket_t, short, void *);
static void on_timer(evutil_socket_t, short, void *);
static void open_up(struct conn *);
static void shake_hands(struct conn *);
static void turn(struct conn *);
static void farewell(struct conn *);
static void name_peer(struct conn *);

/* --- life --------------------------------------------------------------------- */

struct conn *conn_new(struct event_base *base, int fd, struct tls *tls, const struct conn_ops *ops,
		      void *ctx)
{
	struct conn *c = mem_zalloc(sizeof(*c));

	c->ops = ops;
	c->ctx = ctx;
	c->fd = fd;
	c->state = CONN_NEW;
	c->tls = tls ? tls_session_new(tls, fd) : NULL;
	event_assign(&c->readable, base, fd, EV_READ | EV_PERSIST, on_readable, c);
	event_assign(&c->writable, base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
	event_assign(&c->timer, base, -1, 0, on_timer, c);
	name_peer(c);
	return c;
}

void conn_free(struct conn *c)
{
	if (!c)
		return;
	assert(!c->in_message);
	farewell(c);
	tls_session_free(c->tls);
	close(c->fd);
	free(c->rest.data);
	free(c->out.data);
	free(c);
}

/* A timer of 0, not event_active(): libevent runs activated events before it
 * looks at the sockets again, which would starve the others. */
void conn_run_next_round(struct conn *c)
{
	event_add(&c->timer, &(struct timeval) {0, 0});
}

void conn_start(struct conn *c)
{
	assert(c->state == CONN_NEW);
	if (c->tls) {
		c->state = CONN_HANDSHAKE;
		event_add(&c->readable, NULL);
		event_add(&c->timer, &(struct timeval) {conn_handshake_ms / 1000,
						       conn_handshake_ms % 1000 * 1000});
	} else {
		c->state = CONN_STARTING;
		conn_run_next_round(c);
	}
}

void conn_close(struct conn *c, const char *why)
{
	if (c->state == CONN_CLOSING || c->state == CONN_CLOSED)
		return;
	c->state = CONN_CLOSING;
	snprintf(c->why, sizeof(c->why), "%s", why);
	event_del(&c->readable);
	event_del(&c->writable);
	conn_run_next_round(c);
}

/* The last words: what is queued, then the end of the stream. Unread input is
 * taken from the kernel, or it would answer with a reset that can overtake our
 * words. */
static void farewell(struct conn *c)
{
	if (c->state == CONN_CLOSED)
		return;
	c->state = CONN_CLOSED;
	event_del(&c->readable);
	event_del(&c->writable);
	event_del(&c->timer);
	if (!c->is_established)
		return;
	conn_push(c);
	if (c->tls)
		tls_shutdown(c->tls);
	shutdown(c->fd, SHUT_WR);
	/* Not into `input`: another connection may be handing out from it. */
	(void) !recv(c->fd, NULL, INPUT_SIZE, MSG_DONTWAIT | MSG_TRUNC);
}

/* --- the loop calls ----------------------------------------------------------- */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void) fd, (void) what;
	if (c->state == CONN_HANDSHAKE)
		shake_hands(c);
	else if (c->state == CONN_OPEN)
		turn(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void) fd, (void) what;
	if (c->state == CONN_HANDSHAKE)
		shake_hands(c);
	else if (c->state == CONN_OPEN)
		conn_push(c);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void) fd, (void) what;
	switch (c->state) {
	case CONN_STARTING:
		event_add(&c->readable, NULL);
		open_up(c);
		return;
	case CONN_HANDSHAKE:
		conn_close(c, "TLS: the handshake took too long");
		return;
	case CONN_OPEN:
		turn(c);
		return;
	case CONN_CLOSING:
		farewell(c);
		c->ops->closed(c->ctx, c->why);
		return;
	case CONN_NEW:
	case CONN_CLOSED:
		return;
	}
}

void conn_wait_writable(struct conn *c, bool wait)
{
	if (wait == c->is_blocked)
		return;
	c->is_blocked = wait;
	if (wait)
		event_add(&c->writable, NULL);
	else
		event_del(&c->writable);
}

static void open_up(struct conn *c)
{
	c->state = CONN_OPEN;
	c->is_established = true;
	conn_flush(c);
	if (c->state == CONN_OPEN)
		c->ops->established(c->ctx);
}

static void shake_hands(struct conn *c)
{
	char why[sizeof(c->why)];

	switch (tls_handshake(c->tls)) {
	case TLS_OK:
		c->n_sealed = tls_unsent(c->tls);
		conn_wait_writable(c, c->n_sealed > 0);
		event_del(&c->timer);
		open_up(c);
		return;
	case TLS_WANT_READ:
		conn_wait_writable(c, tls_unsent(c->tls) > 0);
		return;
	case TLS_WANT_WRITE:
		conn_wait_writable(c, true);
		return;
	case TLS_EOF:
		conn_close(c, "TLS: closed by peer during the handshake");
		return;
	case TLS_FAILED:
		c->is_untrusted = true;
		snprintf(why, sizeof(why), "TLS: %s", tls_session_error(c->tls));
		conn_close(c, why);
		return;
	}
}

/* --- input -------------------------------------------------------------------- */

/* Copies what stayed behind to the shared buffer. */
static size_t take_rest(struct conn *c)
{
	size_t size = c->rest.size;

	if (size > 0)
		memcpy(input, c->rest.data, size);
	c->rest.size = 0;
	if (c->rest.room > REST_SMALL) {
		free(c->rest.data);
		c->rest.data = NULL;
		c->rest.room = 0;
	}
	return size;
}

static void keep_rest(struct conn *c, const uint8_t *p, size_t size)
{
	if (size > c->rest.room) {
		c->rest.room = size > REST_SMALL ? size : REST_SMALL;
		free(c->rest.data);
		c->rest.data = mem_alloc(c->rest.room);
	}
	if (size > 0)
		memcpy(c->rest.data, p, size);
	c->rest.size = size;
}

/* One read. False when there will be nothing more, with the reason in why; the
 * bytes that came before the end count all the same. */
static bool fill(struct conn *c, uint8_t *p, size_t room, size_t *ret_n, char *why, size_t why_size)
{
	enum tls_result result;
	ssize_t n;

	c->counts.n_reads++;
	*ret_n = 0;
	if (c->tls) {
		result = tls_read(c->tls, p, room, ret_n);
		if (result == TLS_EOF)
			snprintf(why, why_size, "closed by peer");
		else if (result == TLS_FAILED)
			snprintf(why, why_size, "TLS: %s", tls_session_error(c->tls));
		c->n_sealed = tls_unsent(c->tls);
		conn_wait_writable(c, c->is_blocked || c->n_sealed > 0);
		return result != TLS_EOF && result != TLS_FAILED;
	}
	do
		n = recv(c->fd, p, room, 0);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		*ret_n = (size_t) n;
		return true;
	}
	if (n < 0 && errno == EAGAIN)
		return true;
	snprintf(why, why_size, "%s", n < 0 ? strerror(errno) : "closed by peer");
	return false;
}

/* The peer does not take our answers: no more questions then. */
static bool must_wait(struct conn *c)
{
	if (conn_queued(c) < CONN_PAUSE_BYTES)
		return false;
	if (!c->is_blocked)
		conn_push(c);
	if (conn_queued(c) < CONN_PAUSE_BYTES || c->state != CONN_OPEN)
		return c->state != CONN_OPEN;
	c->is_paused = true;
	event_del(&c->readable);
	return true;
}

/* Hands out whole messages; returns the bytes used. */
static size_t hand_out(struct conn *c, const uint8_t *p, size_t size)
{
	size_t used = 0, len;
	char why[64];

	while (c->state == CONN_OPEN && size - used >= WIRE_LENGTH + 2) {
		len = wire_u16(p + used + WIRE_LENGTH);
		if (len < WIRE_HEADER) {
			snprintf(why, sizeof(why), "malformed: a message with length %zu", len);
			conn_close(c, why);
			break;
		}
		if (len > size - used || must_wait(c))
			break;
		c->counts.n_messages_in++;
		c->in_message = true;
		c->ops->message(c->ctx, p + used, len);
		c->in_message = false;
		used += len;
	}
	return used;
}

/* A wake-up: the rest of the last one, one read, the messages, `batch`. */
static void turn(struct conn *c)
{
	uint64_t n_before = c->counts.n_messages_in;
	char why[sizeof(c->why)];
	bool goes_on = true;
	size_t size, used, n;

	if (c->is_paused || must_wait(c))
		return;
	size = take_rest(c);
	if (INPUT_SIZE - size >= TLS_READ_MIN) {
		goes_on = fill(c, input + size, INPUT_SIZE - size, &n, why, sizeof(why));
		c->counts.n_bytes_in += n;
		size += n;
	}
	/* A ClientHello (RFC 8446, section 5.1) would pass for a message. */
	if (!c->tls && n_before == 0 && size >= 3 && input[0] == 22 && input[1] == 3)
		conn_close(c, "speaks TLS where weftd listens for tcp: connect to an ssl: address of weftd");
	used = hand_out(c, input, size);
	if (c->state == CONN_OPEN)
		keep_rest(c, input + used, size - used);
	if (!goes_on && !c->is_paused)
		conn_close(c, why);
	if (c->counts.n_messages_in != n_before)
		c->ops->batch(c->ctx);
}

/* --- what it is --------------------------------------------------------------- */

bool conn_is_untrusted(const struct conn *c)
{
	return c->is_untrusted;
}

bool conn_is_established(const struct conn *c)
{
	return c->is_established;
}

bool conn_is_ending(const struct conn *c)
{
	return c->state == CONN_CLOSING || c->state == CONN_CLOSED;
}

const char *conn_peer(const struct conn *c)
{
	return c->peer;
}

const char *conn_peer_address(const struct conn *c)
{
	return c->address;
}

const char *conn_cert_name(const struct conn *c)
{
	return c->tls ? tls_peer_name(c->tls) : NULL;
}

bool conn_cert_is_for(const struct conn *c, const char *name)
{
	return c->tls && tls_peer_is(c->tls, name);
}

void conn_count(const struct conn *c, struct conn_counts *ret)
{
	*ret = c->counts;
}

static void name_peer(struct conn *c)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a = {0};
	socklen_t size = sizeof(a);
	uint16_t port = 0;
	bool is_v6 = false;

	if (getpeername(c->fd, &a.any, &size) < 0)
		a.any.sa_family = AF_UNSPEC;
	if (a.any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a.v4.sin_addr, c->address, sizeof(c->address));
		port = ntohs(a.v4.sin_port);
	} else if (a.any.sa_family == AF_INET6) {
		is_v6 = !IN6_IS_ADDR_V4MAPPED(&a.v6.sin6_addr);
		inet_ntop(is_v6 ? AF_INET6 : AF_INET, &a.v6.sin6_addr.s6_addr[is_v6 ? 0 : 12], c->address,
			  sizeof(c->address));
		port = ntohs(a.v6.sin6_port);
	} else {
		snprintf(c->address, sizeof(c->address), "local");
	}
	snprintf(c->peer, sizeof(c->peer), "%s:%s%s%s:%u", c->tls ? "ssl" : "tcp", is_v6 ? "[" : "",
		 c->address, is_v6 ? "]" : "", port);
}
