/* SPDX-License-Identifier: Apache-2.0 */
/* readback_probe SOCKET: puts the corpus on a real Open vSwitch bridge through
 * its management socket (OpenFlow 1.3), reads it back and compares keys and
 * digests. Prints one line per rule that came back otherwise, or not at all;
 * then "N rules, M differ". Exit status 0 only when M is 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ofproto/mem.h"
#include "ofproto/readback.h"
#include "ofproto/wire.h"
#include "tests/unit/ofproto/corpus.h"

enum {
	HELLO = 0, ERROR = 1, ECHO_REQUEST = 2, ECHO_REPLY = 3, MULTIPART_REQUEST = 18, MULTIPART_REPLY = 19,
	BARRIER_REQUEST = 20, BARRIER_REPLY = 21, MAX_RULES = 400, TEXT = 2048,
};

struct probe {
	int fd;
	unsigned n_rules, n_differ, n_errors;
	struct {
		struct rule rule;
		char *name;
		bool found;
	} rules[MAX_RULES];
};

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void put(int fd, const uint8_t *p, size_t size)
{
	while (size) {
		ssize_t n = write(fd, p, size);

		if (n <= 0)
			die("write");
		p += n;
		size -= (size_t) n;
	}
}

static void get(int fd, uint8_t *p, size_t size)
{
	while (size) {
		ssize_t n = read(fd, p, size);

		if (n <= 0)
			die("read");
		p += n;
		size -= (size_t) n;
	}
}

static void put_small(int fd, uint8_t type, uint32_t xid, const uint8_t *body, size_t size)
{
	uint8_t msg[64] = {4, type};

	wire_put_u16(msg + WIRE_LENGTH, (uint16_t) (8 + size));
	wire_put_u32(msg + WIRE_XID, xid);
	if (size)
		memcpy(msg + 8, body, size);
	put(fd, msg, 8 + size);
}

/* The next message that is not keepalive, into an aligned buffer. */
static size_t next(struct probe *p, uint8_t *msg)
{
	for (;;) {
		size_t size;

		get(p->fd, msg, 8);
		size = wire_u16(msg + WIRE_LENGTH);
		get(p->fd, msg + 8, size - 8);
		if (msg[1] != ECHO_REQUEST)
			return size;
		msg[1] = ECHO_REPLY;
		put(p->fd, msg, size);
	}
}

static void make(void *ctx, const char *name, const struct rule *rule)
{
	struct probe *p = ctx;
	uint8_t *copy = mem_alloc(rule->size);

	if (p->n_rules == MAX_RULES)
		abort();
	memcpy(copy, rule->msg, rule->size);
	wire_put_u32(copy + WIRE_XID, p->n_rules);
	p->rules[p->n_rules].rule = *rule;
	p->rules[p->n_rules].rule.msg = copy;
	p->rules[p->n_rules].name = strdup(name);
	p->n_rules++;
	put(p->fd, copy, rule->size);
}

static void compare(void *ctx, const struct rule *got, uint64_t n_packets, uint64_t n_bytes, uint32_t duration)
{
	struct probe *p = ctx;
	char was[TEXT], is[TEXT];

	(void) n_packets, (void) n_bytes, (void) duration;
	if (!rule_is_ours(got))
		return;
	rule_format(got, is, sizeof(is));
	for (unsigned i = 0; i < p->n_rules; i++) {
		if (!rule_key_equal(&p->rules[i].rule, got))
			continue;
		p->rules[i].found = true;
		if (rule_digest(&p->rules[i].rule) == rule_digest(got))
			return;
		rule_format(&p->rules[i].rule, was, sizeof(was));
		printf("%s: sent %s\n  came back as %s\n", p->rules[i].name, was, is);
		p->n_differ++;
		return;
	}
	printf("unknown key came back: %s\n", is);
	p->n_differ++;
}

static void dump(struct probe *p, uint16_t type, const uint8_t *body, size_t size)
{
	static uint8_t msg[65536] __attribute__((aligned(8)));
	uint8_t request[48] = {0};
	bool more = true;

	wire_put_u16(request, type);
	if (size)
		memcpy(request + 8, body, size);
	put_small(p->fd, MULTIPART_REQUEST, 1000, request, 8 + size);
	while (more) {
		size_t n = next(p, msg);
		const char *error;

		if (msg[1] != MULTIPART_REPLY)
			continue;
		more = wire_u16(msg + 10) & 1;
		error = readback_decode(msg, n, compare, p);
		if (error) {
			printf("read-back: %s\n", error);
			p->n_differ++;
		}
	}
}

static void barrier(struct probe *p)
{
	static uint8_t msg[65536] __attribute__((aligned(8)));

	put_small(p->fd, BARRIER_REQUEST, 2000, NULL, 0);
	do {
		next(p, msg);
		if (msg[1] == ERROR) {
			uint32_t xid = wire_u32(msg + WIRE_XID);

			printf("refused: %s (type %u code %u)\n", xid < p->n_rules ? p->rules[xid].name : "?",
			       wire_u16(msg + 8), wire_u16(msg + 10));
			p->n_errors++;
		}
	} while (msg[1] != BARRIER_REPLY);
}

static int reach(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *) &sun, sizeof(sun)))
		die(path);
	return fd;
}

int main(int argc, char **argv)
{
	static struct probe p;
	static const uint8_t bitmap[8] = {0, 1, 0, 8, 0, 0, 0, 0x10};
	uint8_t flows[40] = {0xff}, meters[8] = {0xff, 0xff, 0xff, 0xff};

	if (argc != 2) {
		fputs("usage: readback_probe SOCKET\n", stderr);
		return 2;
	}
	p.fd = reach(argv[1]);
	put_small(p.fd, HELLO, 1, bitmap, sizeof(bitmap));
	corpus(make, &p);
	barrier(&p);
	memset(flows + 4, 0xff, 8);             /* OFPP_ANY, OFPG_ANY */
	wire_put_u16(flows + 32, MATCH_TYPE_OXM);
	wire_put_u16(flows + 34, MATCH_HEADER);
	dump(&p, 1, flows, sizeof(flows));
	dump(&p, 7, NULL, 0);
	dump(&p, 10, meters, sizeof(meters));
	for (unsigned i = 0; i < p.n_rules; i++) {
		if (!p.rules[i].found) {
			printf("did not come back: %s\n", p.rules[i].name);
			p.n_differ++;
		}
		free(p.rules[i].name);
		free((void *) p.rules[i].rule.msg);
	}
	close(p.fd);
	printf("%u rules, %u differ\n", p.n_rules, p.n_differ);
	return p.n_differ || p.n_errors ? 1 : 0;
}
