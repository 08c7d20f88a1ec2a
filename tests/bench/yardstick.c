/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ideal server that controllers are measured against: what a machine can do at all.
 *
 *     yardstick [--pki DIR] [--flow-only] tcp:ADDR:PORT | ssl:ADDR:PORT
 *
 * It shakes hands, gives each switch one row that sends to the controller and a barrier, then answers each PACKET_IN
 * with a fixed FLOW_MOD and PACKET_OUT (--flow-only: without the latter) into which it copies the source address. It
 * reads all there is, learns in a hash table, writes once per read, and allocates nothing per packet. It checks no
 * more than it must to stay inside its buffers. It knows no topology, no timeouts and no errors.
 */
#include "stream.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	HOSTS = 1 << 22,        /* slots of the hash table; when all of a run are taken the oldest way is lost */
	PROBES = 8,
	FRAME = 60,             /* bytes of the frame in a PACKET_OUT */
	EVENTS = 256,
};

struct client {
	struct stream stream;
	uint32_t id;
};

static struct {
	int epoll, listener;
	const char *pki;
	SSL_CTX *tls;           /* null over TCP */
	struct buf rx, tx;
	uint64_t *hosts;        /* MAC << 16 | port */
	struct buf answer;      /* FLOW_MOD, PACKET_OUT */
	size_t flow_mac, flow_port, out_frame, out_in_port;
} self;

static void learn(uint64_t mac, uint32_t port)
{
	uint64_t h = mac * UINT64_C(0x9e3779b97f4a7c15);
	size_t at = h >> 42;

	for (int i = 0; i < PROBES; i++, at = (at + 1) & (HOSTS - 1))
		if (!self.hosts[at] || self.hosts[at] >> 16 == mac)
			break;
	self.hosts[at] = mac << 16 | (port & 0xffff);
}

/* The fixed answer: a row for the host, and the frame sent on. */
static void make_answer(bool flow_only)
{
	struct buf *b = &self.answer;
	size_t at = msg_begin(b, OFPT_FLOW_MOD, 0);

	buf_zero(b, FM_MATCH - OFP_HEADER);
	b->data[FM_TABLE] = 1;
	put16(b->data + FM_PRIORITY, 100);
	put16(b->data + FM_IDLE, 300);
	put32(b->data + FM_BUFFER, OFP_NO_BUFFER);
	put32(b->data + FM_OUT_PORT, OFPP_ANY);
	put32(b->data + FM_OUT_GROUP, OFPG_ANY);
	buf_u16(b, 1); /* OFPMT_OXM */
	buf_u16(b, 14);
	buf_u32(b, OXM_ETH_SRC);
	self.flow_mac = b->n;
	buf_zero(b, 8);
	buf_u16(b, OFPIT_APPLY_ACTIONS);
	buf_u16(b, 24);
	buf_u32(b, 0);
	buf_u16(b, OFPAT_OUTPUT);
	buf_u16(b, 16);
	self.flow_port = b->n;
	buf_zero(b, 12);
	msg_end(b, at);
	if (flow_only)
		return;

	at = msg_begin(b, OFPT_PACKET_OUT, 0);
	buf_u32(b, OFP_NO_BUFFER);
	self.out_in_port = b->n;
	buf_u32(b, 0);
	buf_u16(b, 16);
	buf_zero(b, 6);
	buf_u16(b, OFPAT_OUTPUT);
	buf_u16(b, 16);
	buf_u32(b, 0xfffffffb); /* OFPP_FLOOD */
	buf_zero(b, 8);
	self.out_frame = b->n;
	buf_zero(b, FRAME);
	msg_end(b, at);
}

static void packet_in(const uint8_t *msg, size_t size)
{
	size_t frame = PI_MATCH + pad8(get16(msg + PI_MATCH + 2)) + 2;
	uint32_t port = 0;
	uint64_t mac;
	uint8_t *p;

	if (frame + 14 > size)
		return;
	for (size_t i = PI_MATCH + 4; i + 8 <= frame; i += 4U + msg[i + 3])
		if (get32(msg + i) == OXM_IN_PORT) {
			port = get32(msg + i + 4);
			break;
		}
	mac = get64(msg + frame + 6) >> 16;
	learn(mac, port);
	p = buf_add(&self.tx, self.answer.n);
	memcpy(p, self.answer.data, self.answer.n);
	memcpy(p + self.flow_mac, msg + frame + 6, 6);
	put32(p + self.flow_port, port);
	if (self.out_frame) {
		put32(p + self.out_in_port, port);
		memcpy(p + self.out_frame, msg + frame, size - frame < FRAME ? size - frame : FRAME);
	}
}

/* The row that sends what no other row matches to us, and a barrier behind it. */
static void program(struct buf *b)
{
	size_t at = msg_begin(b, OFPT_FLOW_MOD, 2);

	buf_zero(b, FM_MATCH - OFP_HEADER);
	put32(b->data + at + FM_BUFFER, OFP_NO_BUFFER);
	put32(b->data + at + FM_OUT_PORT, OFPP_ANY);
	put32(b->data + at + FM_OUT_GROUP, OFPG_ANY);
	buf_u16(b, 1);
	buf_u16(b, 4);
	buf_u32(b, 0);
	buf_u16(b, OFPIT_APPLY_ACTIONS);
	buf_u16(b, 24);
	buf_u32(b, 0);
	buf_u16(b, OFPAT_OUTPUT);
	buf_u16(b, 16);
	buf_u32(b, OFPP_CONTROLLER);
	buf_u16(b, 0xffff);
	buf_zero(b, 6);
	msg_end(b, at);
	msg_end(b, msg_begin(b, OFPT_BARRIER_REQUEST, 3));
}

static void message(const uint8_t *msg, size_t size)
{
	size_t at;

	switch (msg[1]) {
	case OFPT_PACKET_IN:
		if (size >= PI_MATCH + 8)
			packet_in(msg, size);
		break;
	case OFPT_ECHO_REQUEST:
		at = msg_begin(&self.tx, OFPT_ECHO_REPLY, get32(msg + 4));
		buf_put(&self.tx, msg + OFP_HEADER, size - OFP_HEADER);
		msg_end(&self.tx, at);
		break;
	case OFPT_HELLO:
		msg_end(&self.tx, msg_begin(&self.tx, OFPT_FEATURES_REQUEST, 1));
		at = msg_begin(&self.tx, OFPT_SET_CONFIG, 1);
		buf_u32(&self.tx, 0xffff);
		msg_end(&self.tx, at);
		break;
	case OFPT_FEATURES_REPLY:
		program(&self.tx);
		break;
	default:
		break;
	}
}

static void client_arm(struct client *c)
{
	uint32_t want = stream_wants(&c->stream);
	struct epoll_event ev = {.events = want, .data.ptr = c};

	/* One that does not read is not read from. */
	if (want & EPOLLOUT && c->stream.state == STREAM_OPEN)
		ev.events = want = EPOLLOUT;
	if (want != c->stream.armed)
		epoll_ctl(self.epoll, c->stream.armed ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->stream.fd, &ev);
	c->stream.armed = want;
}

static void client_open(struct client *c)
{
	self.tx.n = 0;
	msg_end(&self.tx, msg_begin(&self.tx, OFPT_HELLO, 0));
	stream_write(&c->stream, self.tx.data, self.tx.n);
}

static void client_read(struct client *c)
{
	bool more = true;

	while (more && c->stream.state == STREAM_OPEN && c->stream.backlog.n == c->stream.sent) {
		long n = stream_read(&c->stream, &self.rx, &more);
		size_t i = 0, size;

		if (n <= 0)
			return;
		self.tx.n = 0;
		for (; i + OFP_HEADER <= (size_t)n; i += size) {
			size = get16(self.rx.data + i + 2);
			if (size < OFP_HEADER) {
				stream_close(&c->stream, "malformed");
				return;
			}
			if (i + size > (size_t)n)
				break;
			message(self.rx.data + i, size);
		}
		stream_keep(&c->stream, self.rx.data + i, (size_t)n - i);
		if (self.tx.n)
			stream_write(&c->stream, self.tx.data, self.tx.n);
	}
}

static void client_event(struct client *c, uint32_t events)
{
	struct stream *s = &c->stream;

	if (s->state == STREAM_HANDSHAKE) {
		if (stream_advance(s)) {
			client_open(c);
			client_read(c); /* what came with the end of the handshake */
		}
	} else {
		if (events & EPOLLOUT)
			stream_flush(s);
		client_read(c);
	}
	if (s->state == STREAM_DEAD) {
		buf_free(&s->tail);
		buf_free(&s->backlog);
		free(c);
	} else {
		client_arm(c);
	}
}

static void accept_all(void)
{
	int fd;

	while ((fd = accept4(self.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct client *c = calloc(1, sizeof *c);
		SSL *ssl = self.tls ? SSL_new(self.tls) : NULL;

		if (!c || (self.tls && !ssl))
			abort();
		stream_accept(&c->stream, fd, ssl);
		if (!ssl)
			client_open(c);
		client_arm(c);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"pki", required_argument, NULL, 'p'}, {"flow-only", no_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'}, {0}};
	struct epoll_event events[EVENTS], ev = {.events = EPOLLIN};
	struct endpoint at;
	char err[200];
	bool flow_only = false;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (c) {
		case 'p':
			self.pki = optarg;
			break;
		case 'f':
			flow_only = true;
			break;
		default:
			fprintf(c == 'h' ? stdout : stderr,
				"usage: yardstick [--pki DIR] [--flow-only] tcp:ADDR:PORT | ssl:ADDR:PORT\n"
				"The ideal learning controller: answers each PACKET_IN with a fixed FLOW_MOD and PACKET_OUT.\n"
				"  --pki DIR    ca.pem, cert.pem, key.pem; needed for ssl:\n"
				"  --flow-only  answer with the FLOW_MOD alone\n");
			return c != 'h';
		}
	if (optind + 1 != argc || !endpoint_parse(argv[optind], &at) || at.tls != !!self.pki) {
		fprintf(stderr, "yardstick: expected one tcp:ADDR:PORT, or --pki DIR and one ssl:ADDR:PORT\n");
		return 1;
	}
	if (at.tls && !(self.tls = tls_context(true, self.pki, err, sizeof err))) {
		fprintf(stderr, "yardstick: %s\n", err);
		return 1;
	}
	self.listener = endpoint_listen(&at);
	if (self.listener < 0) {
		fprintf(stderr, "yardstick: %s: %s\n", argv[optind], strerror(errno));
		return 1;
	}
	self.hosts = mmap(NULL, HOSTS * sizeof *self.hosts, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (self.hosts == MAP_FAILED)
		abort();
	make_answer(flow_only);
	self.epoll = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(self.epoll, EPOLL_CTL_ADD, self.listener, &ev);
	for (;;) {
		int n = epoll_wait(self.epoll, events, EVENTS, -1);
		for (int i = 0; i < n; i++)
			if (events[i].data.ptr)
				client_event(events[i].data.ptr, events[i].events);
			else
				accept_all();
	}
}
