/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fabric: fake OpenFlow 1.3 switches that cables join, each with one VM of the same network, and what a controller
 * makes of a cable that is cut.
 *
 *     CONNECT -> SETTLE -> IDLE -> (CUT -> WAIT) as often as asked -> report
 *
 * A cable passes on what the controller sends into it with PACKET_OUT, so its probes arrive; rows are remembered, not
 * obeyed. While switches connect and after a cut one of them, far from the cable, asks ECHO_REQUESTs: the longest wait
 * for an answer is how long the controller did nothing else. With --turns it also tells how much processor time the
 * longest turn of the controller's loop took (turns.so).
 */
#include "fswitch.h"
#include "turns.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, MAX_SWITCHES = 1000, MAX_CABLES = 4000, VM_PORT = 1, TABLE_PATH = 102, TABLE_SLOT = 104 };
enum { OFPPR_MODIFY = 2, OFPPS_LINK_DOWN = 1, OFPPS_LIVE = 4, PORT = 64 };
#define OFPP_TABLE 0xfffffff9U
enum phase { CONNECT, SETTLE, IDLE, CUT, WAIT, DONE };

struct node {
	struct fswitch sw;              /* first: hooks cast back */
	struct buf out;                 /* owned; what it says when this round ends */
	struct far { unsigned node, port; } far[FSWITCH_MAX_PORTS + 1]; /* port 0 = no cable */
	uint64_t cookies[FSWITCH_MAX_PORTS + 1];        /* of the row that takes probes there; 0 = none */
	uint8_t table;
	bool is_dirty;                  /* on g.dirty */
	bool is_ready;                  /* it has rows */
};

struct cable {
	unsigned node[2], port[2];
	bool is_down;
};

/* Of one cut, or of connecting; ns. */
struct found {
	uint64_t first_row, repaired, echo_max, turn_cpu, turn_wall, cpu;
	uint64_t n_flow_mods, n_switches;
};

static struct {
	unsigned n, n_cables, n_cuts;
	double settle, idle, quiet, timeout;
	bool own_networks;
	pid_t pid;
	struct endpoint target;
	struct node *nodes;
	struct cable cables[MAX_CABLES];
	unsigned *dirty, n_dirty;
	int epoll;
	struct buf rx;
	struct turns *turns;
	enum phase phase;
	uint64_t begin, now, since, last_row, echo_sent, echo_next;
	unsigned n_ready, cut;
	uint64_t cpu_from, idle_ns;
	bool *is_touched;
	struct found connected, idled, found[16];
} g;

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	return clock_gettime(id, &ts) ? 0 : (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static uint64_t controller_cpu(void)
{
	clockid_t id;

	return g.pid && !clock_getcpuclockid(g.pid, &id) ? clock_ns(id) : 0;
}

/* --- the fabric ------------------------------------------------------------------------ */

static unsigned degree(const struct node *node)
{
	return node->sw.n_ports - VM_PORT;
}

static void join(unsigned a, unsigned b)
{
	struct cable *c = &g.cables[g.n_cables++];
	struct node *ends[2] = {&g.nodes[a], &g.nodes[b]};

	*c = (struct cable){.node = {a, b}};
	for (unsigned e = 0; e < 2; e++)
		c->port[e] = ++ends[e]->sw.n_ports;
	for (unsigned e = 0; e < 2; e++)
		ends[e]->far[c->port[e]] = (struct far){c->node[!e], c->port[!e]};
}

/* A ring, and chords that are always the same ones. */
static void make_cables(unsigned n_cables)
{
	uint64_t seed = 4711;

	for (unsigned i = 0; i < g.n; i++)
		join(i, (i + 1) % g.n);
	while (g.n_cables < n_cables) {
		seed = seed * 6364136223846793005U + 1442695040888963407U;
		unsigned a = (unsigned)(seed >> 33) % g.n, b = (unsigned)(seed >> 43) % g.n;
		if (a != b && degree(&g.nodes[a]) < 10 && degree(&g.nodes[b]) < 10)
			join(a, b);
	}
}

static void print_file(void)
{
	printf("version: 1\nswitches:\n");
	for (unsigned i = 0; i < g.n; i++)
		printf("  %s: {dpid: %u}\n", g.nodes[i].sw.name, i + 1);
	printf("networks:\n");
	if (g.own_networks)
		for (unsigned i = 0; i < g.n; i++)
			printf("  n%u: {link_vlan: %u, ports: [\"%s:p%d\"]}\n", i, i + 1, g.nodes[i].sw.name, VM_PORT);
	else
		printf("  all: {ports: [\"*:p%d\"]}\n", VM_PORT);
	printf("links:\n");
	for (unsigned i = 0; i < g.n_cables; i++) {
		const struct cable *c = &g.cables[i];
		printf("  - {between: [\"%s:p%u\", \"%s:p%u\"]}\n", g.nodes[c->node[0]].sw.name, c->port[0],
		       g.nodes[c->node[1]].sw.name, c->port[1]);
	}
}

static void touch(unsigned node)
{
	if (!g.nodes[node].is_dirty)
		g.dirty[g.n_dirty++] = node;
	g.nodes[node].is_dirty = true;
}

static unsigned number_of(const struct node *node)
{
	return (unsigned)(node - g.nodes);
}

static void packet_in(unsigned to, uint32_t port, const uint8_t *frame, size_t size)
{
	struct node *node = &g.nodes[to];
	struct buf *b = &node->out;

	if (!port || port > node->sw.n_ports || !node->cookies[port])
		return;
	size_t at = msg_begin(b, OFPT_PACKET_IN, 0);
	buf_u32(b, OFP_NO_BUFFER);
	buf_u16(b, (uint16_t)size);
	buf_u8(b, OFPR_ACTION);
	buf_u8(b, node->table);
	buf_u64(b, node->cookies[port]);
	buf_u16(b, 1); /* OFPMT_OXM */
	buf_u16(b, 12);
	buf_u32(b, OXM_IN_PORT);
	buf_u32(b, port);
	buf_zero(b, 6);
	buf_put(b, frame, size);
	msg_end(b, at);
	touch(to);
}

static void on_packet_out(struct fswitch *sw, const uint8_t *msg, size_t size)
{
	const struct node *node = (const struct node *)sw;
	size_t at = PO_ACTIONS + get16(msg + PO_ACTIONS_LEN);

	if (at > size || get16(msg + PO_ACTIONS_LEN) < 16 || get16(msg + PO_ACTIONS) != OFPAT_OUTPUT)
		return;
	uint32_t port = get32(msg + PO_ACTIONS + 4);
	if (port == OFPP_TABLE)
		packet_in(number_of(node), get32(msg + 12), msg + at, size - at);
	else if (port <= FSWITCH_MAX_PORTS && node->far[port].port)
		packet_in(node->far[port].node, node->far[port].port, msg + at, size - at);
}

/* The row that takes probes from a cable says its port and their address. */
static void learn_probe_row(struct node *node, const uint8_t *msg, size_t size)
{
	static const uint8_t probes[6] = {0x03, 0x77, 0x65, 0x66, 0x74, 0x01};
	size_t end = FM_MATCH + get16(msg + FM_MATCH + 2);
	uint32_t port = 0;
	bool is_it = false;

	for (size_t i = FM_MATCH + 4; end <= size && i + 4 <= end && i + 4 + msg[i + 3] <= end; i += 4U + msg[i + 3]) {
		if (get32(msg + i) == OXM_IN_PORT)
			port = get32(msg + i + 4);
		is_it |= get32(msg + i) == OXM_ETH_DST && !memcmp(msg + i + 4, probes, 6);
	}
	if (is_it && port <= FSWITCH_MAX_PORTS && port) {
		node->cookies[port] = get64(msg + FM_COOKIE);
		node->table = msg[FM_TABLE];
	}
}

static struct found *finding(void)
{
	return g.phase == CUT ? &g.found[g.cut] : &g.connected;
}

static void on_flow_mod(struct fswitch *sw, const uint8_t *msg, size_t size)
{
	struct node *node = (struct node *)sw;
	struct found *f = finding();

	learn_probe_row(node, msg, size);
	g.last_row = g.now;
	if (!f->first_row)
		f->first_row = g.now;
	if ((msg[FM_TABLE] == TABLE_PATH || msg[FM_TABLE] == TABLE_SLOT) && msg[FM_COMMAND] <= OFPFC_MODIFY_STRICT)
		f->repaired = g.now;
	f->n_flow_mods++;
	f->n_switches += !g.is_touched[number_of(node)];
	g.is_touched[number_of(node)] = true;
}

static void on_echo_reply(struct fswitch *sw, const uint8_t *msg, size_t size)
{
	struct found *f = finding();

	(void)sw;
	(void)msg;
	(void)size;
	if (g.echo_sent && g.now - g.echo_sent > f->echo_max)
		f->echo_max = g.now - g.echo_sent;
	g.echo_sent = 0;
}

static void on_barrier(struct fswitch *sw)
{
	struct node *node = (struct node *)sw;

	g.n_ready += sw->counts.flow_mods && !node->is_ready;
	node->is_ready |= sw->counts.flow_mods > 0;
}

static const struct fswitch_hooks hooks = {
	.flow_mod = on_flow_mod, .packet_out = on_packet_out, .echo_reply = on_echo_reply, .barrier = on_barrier,
};

/* --- connections ------------------------------------------------------------------------- */

static void arm(struct node *node)
{
	if (!stream_arm(&node->sw.stream, g.epoll, node)) {
		perror("fabric: epoll_ctl");
		exit(1);
	}
}

static void receive(struct node *node)
{
	struct stream *s = &node->sw.stream;
	bool more = true;

	while (more && s->state == STREAM_OPEN) {
		long n = stream_read(s, &g.rx, &more), used;

		if (n <= 0)
			return;
		g.now = clock_ns(CLOCK_MONOTONIC);
		used = fswitch_take(&node->sw, g.rx.data, (size_t)n, &node->out);
		if (used < 0)
			return;
		stream_keep(s, g.rx.data + used, (size_t)(n - used));
	}
}

static void event(struct node *node, uint32_t events)
{
	struct stream *s = &node->sw.stream;

	if (s->state == STREAM_DEAD)
		return;
	touch(number_of(node));
	if (s->state != STREAM_OPEN) {
		if (stream_advance(s)) {
			fswitch_hello(&node->sw, &node->out);
			receive(node);
		}
	} else {
		if (events & EPOLLOUT)
			stream_flush(s);
		if (events & ~(uint32_t)EPOLLOUT)
			receive(node);
	}
}

static void flush_all(void)
{
	for (unsigned i = 0; i < g.n_dirty; i++) {
		struct node *node = &g.nodes[g.dirty[i]];
		node->is_dirty = false;
		if (node->out.n && node->sw.stream.state == STREAM_OPEN) {
			stream_write(&node->sw.stream, node->out.data, node->out.n);
			node->out.n = 0;
		}
		arm(node);
	}
	g.n_dirty = 0;
}

/* --- phases --------------------------------------------------------------------------------- */

static void forget_turns(void)
{
	if (g.turns)
		g.turns->longest_cpu = g.turns->longest_wall = 0;
}

static void enter(enum phase phase)
{
	g.phase = phase;
	g.since = g.now;
	g.echo_sent = 0;
	memset(g.is_touched, 0, g.n);
	forget_turns();
	g.cpu_from = controller_cpu();
}

static void note_work(struct found *f)
{
	f->cpu = controller_cpu() - g.cpu_from;
	if (g.turns) {
		f->turn_cpu = g.turns->longest_cpu;
		f->turn_wall = g.turns->longest_wall;
	}
}

static void port_status(unsigned number, unsigned port, bool is_down)
{
	struct node *node = &g.nodes[number];
	uint8_t *p;

	size_t at = msg_begin(&node->out, OFPT_PORT_STATUS, 0);
	buf_u8(&node->out, OFPPR_MODIFY);
	buf_zero(&node->out, 7);
	p = buf_add(&node->out, PORT);
	memset(p, 0, PORT);
	put32(p, port);
	p[8] = 0x02;
	p[9] = 0xfe;
	put16(p + 10, (uint16_t)node->sw.dpid);
	put16(p + 12, (uint16_t)port);
	snprintf((char *)p + 16, 16, "p%u", port);
	put32(p + 36, is_down ? OFPPS_LINK_DOWN : OFPPS_LIVE);
	put32(p + 40, 0x2040);
	put32(p + 56, 10000000);
	msg_end(&node->out, at);
	touch(number);
}

/* Cuts lie apart, and stay: what came back would be held for a while. */
static void cut(void)
{
	struct cable *c = &g.cables[(g.cut + 1) * g.n / 17];

	c->is_down = true;
	for (unsigned e = 0; e < 2; e++) {
		g.nodes[c->node[e]].far[c->port[e]].port = 0;
		port_status(c->node[e], c->port[e], true);
	}
}

static void ask_echo(void)
{
	struct node *node = &g.nodes[g.n / 2];

	if (g.echo_sent || g.now < g.echo_next || node->sw.stream.state != STREAM_OPEN || !node->sw.got_features)
		return;
	msg_end(&node->out, msg_begin(&node->out, OFPT_ECHO_REQUEST, 0));
	touch(g.n / 2);
	g.echo_sent = g.now;
	g.echo_next = g.now + 2000000;
}

static void step(void)
{
	double in_phase = (double)(g.now - g.since) / 1e9;

	if (g.phase == CONNECT || g.phase == SETTLE || g.phase == CUT)
		ask_echo();
	switch (g.phase) {
	case CONNECT:
		if (g.n_ready == g.n) {
			g.phase = SETTLE;
			g.since = g.now;
		}
		return;
	case SETTLE:
		if (in_phase < g.settle || (double)(g.now - g.last_row) / 1e9 < g.settle)
			return;
		if (g.n_cuts && !g.connected.repaired)
			return; /* no paths yet */
		note_work(&g.connected);
		enter(IDLE);
		return;
	case IDLE:
		if (in_phase < g.idle)
			return;
		g.idle_ns = g.now - g.since;
		note_work(&g.idled);
		enter(g.n_cuts ? CUT : DONE);
		if (g.n_cuts)
			cut();
		return;
	case CUT:
		if (in_phase < g.quiet || !g.found[g.cut].first_row || (double)(g.now - g.last_row) / 1e9 < g.quiet)
			return;
		note_work(&g.found[g.cut]);
		g.found[g.cut].first_row -= g.since;
		g.found[g.cut].repaired -= g.found[g.cut].repaired ? g.since : 0;
		g.cut++;
		enter(g.cut == g.n_cuts ? DONE : WAIT);
		return;
	case WAIT:
		if (in_phase < 1)
			return;
		enter(CUT);
		cut();
		return;
	case DONE:
		return;
	}
}

static const char *lost(void)
{
	for (unsigned i = 0; i < g.n; i++)
		if (g.nodes[i].sw.stream.state == STREAM_DEAD)
			return g.nodes[i].sw.stream.why;
	return NULL;
}

static bool run(void)
{
	struct epoll_event events[EVENTS];

	g.begin = g.now = g.since = clock_ns(CLOCK_MONOTONIC);
	g.cpu_from = controller_cpu();
	for (unsigned i = 0; i < g.n; i++) {
		stream_dial(&g.nodes[i].sw.stream, &g.target, NULL);
		arm(&g.nodes[i]);
	}
	while (g.phase != DONE) {
		/* A generator that wakes up while nothing is to be measured would take what it measures. */
		int n = epoll_wait(g.epoll, events, EVENTS, g.phase == IDLE ? 20 : 1);
		for (int i = 0; i < n; i++)
			event(events[i].data.ptr, events[i].events);
		g.now = clock_ns(CLOCK_MONOTONIC);
		step();
		flush_all();
		if (lost()) {
			fprintf(stderr, "fabric: connection lost: %s\n", lost());
			return false;
		}
		if ((double)(g.now - g.since) / 1e9 > g.timeout + g.idle) {
			fprintf(stderr, "fabric: gave up in phase %d: %u of %u switches ready\n", g.phase, g.n_ready, g.n);
			return false;
		}
	}
	return true;
}

/* --- report ----------------------------------------------------------------------------------- */

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static void report_found(const char *name, const struct found *f)
{
	printf("{\"what\": \"%s\", \"first_row_ms\": %.3f, \"repaired_ms\": %.3f, \"echo_max_ms\": %.3f, "
	       "\"turn_cpu_ms\": %.3f, \"turn_wall_ms\": %.3f, \"cpu_ms\": %.3f, \"flow_mods\": %llu, \"switches\": %llu}",
	       name, ms(f->first_row), ms(f->repaired), ms(f->echo_max), ms(f->turn_cpu), ms(f->turn_wall), ms(f->cpu),
	       (unsigned long long)f->n_flow_mods, (unsigned long long)f->n_switches);
}

static void report(void)
{
	uint64_t errors = 0, packet_outs = 0;

	for (unsigned i = 0; i < g.n; i++) {
		errors += g.nodes[i].sw.counts.errors + g.nodes[i].sw.counts.refused;
		packet_outs += g.nodes[i].sw.counts.packet_outs;
	}
	printf("{\"switches\": %u, \"cables\": %u, \"idle_cpu_percent\": %.3f, \"idle_turn_cpu_ms\": %.3f, \"errors\": %llu, \"packet_outs\": %llu, "
	       "\"changes\": [\n", g.n, g.n_cables, g.idle_ns ? 100 * (double)g.idled.cpu / (double)g.idle_ns : 0,
	       ms(g.idled.turn_cpu),
	       (unsigned long long)errors, (unsigned long long)packet_outs);
	g.connected.first_row -= g.begin;
	g.connected.repaired -= g.connected.repaired ? g.begin : 0;
	report_found("connect", &g.connected);
	for (unsigned i = 0; i < g.n_cuts; i++) {
		printf(",\n");
		report_found("cut", &g.found[i]);
	}
	printf("]}\n");
}

static const char usage[] =
"usage: fabric [OPTION...] --file | tcp:ADDR:PORT\n"
"Fake switches joined by cables: what a cut costs a controller, and what probes cost it.\n"
"  --file           print the topology file, and end\n"
"  --switches N     in a ring (200)\n"
"  --cables N       that many in all (the ring's)\n"
"  --own-networks   each VM has a network of its own: nobody talks to anybody\n"
"  --settle S       connected, when no row has come for so long (1)\n"
"  --idle S         then measure how much the controller does (0)\n"
"  --cuts N         then cut so many cables, one after the other (0)\n"
"  --quiet S        a cut is over when no row has come for so long (3)\n"
"  --timeout S      of each of these (60)\n"
"  --pid PID        of the controller\n"
"  --turns FILE     that turns.so writes there\n";

static void bad(const char *what)
{
	fprintf(stderr, "fabric: %s\n%s", what, usage);
	exit(1);
}

static void map_turns(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *g.turns, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		bad("--turns: no such file");
	close(fd);
	g.turns = at;
}

/* Returns whether the file is all that is wanted. */
static bool parse(int argc, char **argv, unsigned *ret_cables)
{
	enum { SWITCHES = 256, CABLES, OWN, SETTLE_FOR, IDLE_FOR, CUTS, QUIET, TIMEOUT, PID, TURNS, FILE_ONLY };
	static const struct option options[] = {
		{"switches", 1, NULL, SWITCHES}, {"cables", 1, NULL, CABLES}, {"own-networks", 0, NULL, OWN},
		{"settle", 1, NULL, SETTLE_FOR}, {"idle", 1, NULL, IDLE_FOR}, {"cuts", 1, NULL, CUTS},
		{"quiet", 1, NULL, QUIET}, {"timeout", 1, NULL, TIMEOUT}, {"pid", 1, NULL, PID}, {"turns", 1, NULL, TURNS},
		{"file", 0, NULL, FILE_ONLY}, {"help", 0, NULL, 'h'}, {0},
	};
	bool is_file = false;
	int c;

	g.n = 200, g.settle = 1, g.quiet = 3, g.timeout = 60;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case SWITCHES: g.n = (unsigned)atoi(optarg); break;
		case CABLES: *ret_cables = (unsigned)atoi(optarg); break;
		case OWN: g.own_networks = true; break;
		case SETTLE_FOR: g.settle = atof(optarg); break;
		case IDLE_FOR: g.idle = atof(optarg); break;
		case CUTS: g.n_cuts = (unsigned)atoi(optarg); break;
		case QUIET: g.quiet = atof(optarg); break;
		case TIMEOUT: g.timeout = atof(optarg); break;
		case PID: g.pid = (pid_t)atoi(optarg); break;
		case TURNS: map_turns(optarg); break;
		case FILE_ONLY: is_file = true; break;
		case 'h': fputs(usage, stdout); exit(0);
		default: fputs(usage, stderr); exit(1);
		}
	}
	if (g.n < 3 || g.n > MAX_SWITCHES || *ret_cables > MAX_CABLES || *ret_cables > 4 * g.n
	    || g.n_cuts > sizeof g.found / sizeof *g.found)
		bad("a number is out of range");
	if (!is_file && (optind + 1 != argc || !endpoint_parse(argv[optind], &g.target) || g.target.tls))
		bad("expected one tcp:ADDR:PORT");
	return is_file;
}

int main(int argc, char **argv)
{
	struct rlimit files = {MAX_SWITCHES + 64, MAX_SWITCHES + 64};
	unsigned n_cables = 0;
	bool is_file = parse(argc, argv, &n_cables), ok = true;
	char name[32];

	setrlimit(RLIMIT_NOFILE, &files);
	g.nodes = calloc(g.n, sizeof *g.nodes);
	g.dirty = calloc(g.n, sizeof *g.dirty);
	g.is_touched = calloc(g.n, sizeof *g.is_touched);
	g.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!g.nodes || !g.dirty || !g.is_touched)
		abort();
	for (unsigned i = 0; i < g.n; i++) {
		snprintf(name, sizeof name, "s%03u", i);
		fswitch_init(&g.nodes[i].sw, &hooks, name, i + 1, VM_PORT, true);
	}
	make_cables(n_cables);
	if (is_file) {
		print_file();
	} else if ((ok = run())) {
		report();
	}
	for (unsigned i = 0; i < g.n; i++) {
		fswitch_uninit(&g.nodes[i].sw);
		buf_free(&g.nodes[i].out);
	}
	free(g.nodes);
	free(g.dirty);
	free(g.is_touched);
	buf_free(&g.rx);
	return ok ? 0 : 1;
}
