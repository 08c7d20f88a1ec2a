/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loadgen: many fake OpenFlow 1.3 switches in one process put load on a controller, and measure it.
 *
 *     CONNECT -> SETTLE -> LEARN -> WARM -> RUN -> DRAIN -> report
 *
 * All switches go through the phases together: all are ready before the first packet is sent, and every packet that
 * was sent must be answered at the end, else the exit status says so. One epoll loop, one thread; answers are
 * collected and PACKET_INs written once per read. The output says how much processor time the generator itself
 * took: when that is near one core, it is the generator that was measured, and the numbers per CPU-second of the
 * controller are the ones to compare.
 */
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

enum { EVENTS = 256, MAX_SWITCHES = 4096 };
enum phase { CONNECT, SETTLE, LEARN, WARM, RUN, DRAIN, DONE };
enum { EXIT_MISSING = 3 };

static const char *const mode_names[] = {"new", "known", "ready", "idle"};

static struct {
	/* options */
	struct load_plan plan;
	struct endpoint target;
	unsigned n;             /* switches */
	uint64_t dpid_base;
	const char *prefix, *pki, *label;
	double seconds, warmup, timeout, settle;
	bool json, forget, reconnect;
	pid_t pid;
	/* state */
	int epoll;
	SSL_CTX *tls;
	struct load *loads;
	struct buf rx, tx;
	enum phase phase;
	uint64_t phase_since, begin, run_ns, resend_next;
	unsigned n_lost;
	/* measured */
	struct load_totals totals;
	uint64_t run_answered, cpu_from, cpu, own_from, own;
	struct fswitch_counts counts;
} g;

static const char usage[] =
"usage: loadgen [OPTION...] tcp:ADDR:PORT | ssl:ADDR:PORT\n"
"Fake OpenFlow 1.3 switches that put load on a controller, and measure it.\n"
"\n"
"  --mode new       every PACKET_IN has a new source address; answered by its row (default)\n"
"         known     the same hosts again and again; each batch ends in an echo request\n"
"         ready     all switches connect at once: time until the last is programmed\n"
"         idle      stay connected and answer echo requests\n"
"  --switches N     how many (1)\n"
"  --window W       new: PACKET_INs open per switch; known: PACKET_INs per batch (64)\n"
"  --depth D        known: batches open per switch (2; 1 with --window 1)\n"
"  --hosts H        known: hosts per switch (64)\n"
"  --seconds S      how long to measure (2)\n"
"  --warmup S       load before measuring (0.2)\n"
"  --count C        new: exactly C PACKET_INs per switch, no warm-up\n"
"  --settle S       start when no row has come for so long (0.1)\n"
"  --timeout S      give up when nothing has been answered for so long (5)\n"
"  --resend S       send an unanswered PACKET_IN again after S; default never\n"
"\n"
"What is sent, and what counts (the defaults suit weftd and yardstick):\n"
"  --answer row     a FLOW_MOD that matches the source address answers (default)\n"
"           any     so does a PACKET_OUT of the frame\n"
"  --punt learn     PACKET_INs are those of the row with an output to the controller (default)\n"
"         miss      table 0, cookie 0, reason NO_MATCH\n"
"  --punt-table T   learn that row from table T only\n"
"  --ready barrier  a switch is ready at the first barrier behind a row (default)\n"
"          features when it was asked for its features\n"
"  --like ovs-testcontroller   --answer any --punt miss --ready features --forget\n"
"  --unicast        frames go to a host learned beforehand, not to the broadcast address\n"
"  --frame BYTES    (60)\n"
"  --run N          0 to 63; against a controller that has learned the hosts of a run, take another (0)\n"
"  --ports P        per switch, named p1 to pP (4)\n"
"  --forget         do not keep rows: what is read back is empty (saves memory in long runs)\n"
"  --reconnect      idle: connect again when the controller goes away, with the rows kept\n"
"\n"
"  --dpid-base D    datapath id of the first switch (1)\n"
"  --prefix NAME    switches are called NAME1 to NAMEn (s); their certificates NAME1-cert.pem ...\n"
"  --pki DIR        ca.pem, NAME1-cert.pem, NAME1-key.pem ...; needed for ssl:\n"
"  --pid PID        of the controller: measure its CPU time and memory\n"
"  --label TEXT     printed in front of the line\n"
"  --json           print one JSON object instead of the line\n"
"\n"
"Exit status: 0 measured and all answered, 1 cannot start, 3 answers are missing.\n";

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	return clock_gettime(id, &ts) ? 0 : (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

/* CPU time of all threads of the controller: what /proc/PID/stat says, but in ns, not in ticks of 10 ms. */
static uint64_t controller_cpu(void)
{
	clockid_t id;

	return g.pid && !clock_getcpuclockid(g.pid, &id) ? clock_ns(id) : 0;
}

/* kB from /proc/PID/status. */
static long controller_memory(const char *key)
{
	char path[64], line[128];
	long kb = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)g.pid);
	if (!g.pid || !(f = fopen(path, "r")))
		return 0;
	while (fgets(line, sizeof line, f))
		if (!strncmp(line, key, strlen(key)))
			kb = strtol(line + strlen(key), NULL, 10);
	fclose(f);
	return kb;
}

/* --- connections ------------------------------------------------------------------- */

static void arm(struct load *l)
{
	if (!stream_arm(&l->sw.stream, g.epoll, l)) {
		perror("loadgen: epoll_ctl");
		exit(1);
	}
}

/* The switch's end of TLS with its certificate; null over TCP. */
static SSL *identity(const struct load *l)
{
	SSL *ssl = g.tls ? SSL_new(g.tls) : NULL;
	char err[200];

	if (ssl && !tls_identity(ssl, g.pki, l->sw.name, err, sizeof err)) {
		fprintf(stderr, "loadgen: %s\n", err);
		exit(1);
	}
	return ssl;
}

static void dial(struct load *l, SSL *ssl)
{
	l->start = load_clock();
	stream_dial(&l->sw.stream, &g.target, ssl);
	arm(l);
}

/* What the switch sends of its own accord in this phase. */
static void produce(struct load *l)
{
	switch (g.phase) {
	case LEARN:
		load_fill(l, &g.tx);
		return;
	case WARM:
	case RUN:
		if (g.plan.mode == MODE_NEW)
			load_fill(l, &g.tx);
		else if (g.plan.mode == MODE_KNOWN)
			load_batches(l, &g.tx);
		return;
	case CONNECT:
	case SETTLE:
	case DRAIN:
	case DONE:
		return;
	}
}

static void flush(struct load *l)
{
	if (g.tx.n)
		stream_write(&l->sw.stream, g.tx.data, g.tx.n);
	g.tx.n = 0;
}

static void receive(struct load *l)
{
	struct stream *s = &l->sw.stream;
	bool more = true;

	while (more && s->state == STREAM_OPEN) {
		long n = stream_read(s, &g.rx, &more), used;

		if (n <= 0)
			return;
		load_clock();
		used = fswitch_take(&l->sw, g.rx.data, (size_t)n, &g.tx);
		if (used < 0)
			return;
		stream_keep(s, g.rx.data + used, (size_t)(n - used));
		produce(l);
		flush(l);
	}
}

static void event(struct load *l, uint32_t events)
{
	struct stream *s = &l->sw.stream;

	if (s->state == STREAM_DEAD)
		return;
	if (s->state != STREAM_OPEN) {
		if (stream_advance(s)) {
			fswitch_hello(&l->sw, &g.tx);
			flush(l);
			receive(l); /* what came with the end of the handshake */
		}
	} else {
		if (events & EPOLLOUT)
			stream_flush(s);
		if (events & ~(uint32_t)EPOLLOUT)
			receive(l);
	}
	g.tx.n = 0;
	arm(l);
}

/* --- phases ------------------------------------------------------------------------ */

static void kick(void)
{
	for (unsigned i = 0; i < g.n; i++) {
		load_clock();
		produce(&g.loads[i]);
		flush(&g.loads[i]);
		arm(&g.loads[i]);
	}
}

static void enter(enum phase phase, uint64_t now)
{
	g.phase = phase;
	g.phase_since = g.totals.last_progress = now;
}

static bool all_done(void)
{
	for (unsigned i = 0; i < g.n; i++)
		if (!load_done(&g.loads[i]) || g.loads[i].next < g.loads[i].limit)
			return false;
	return true;
}

static bool all_prepared(void)
{
	bool ok = true;

	for (unsigned i = 0; i < g.n; i++)
		ok = load_prepare(&g.loads[i]) && ok;
	return ok;
}

static void set_limit(uint32_t limit)
{
	for (unsigned i = 0; i < g.n; i++)
		g.loads[i].limit = limit;
}

static void begin_run(uint64_t now)
{
	enter(RUN, now);
	hist_clear(&g.totals.latency);
	g.run_answered = g.totals.answered;
	g.cpu_from = controller_cpu();
	g.own_from = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static void end_run(uint64_t now)
{
	g.run_ns = now - g.phase_since;
	g.run_answered = g.totals.answered - g.run_answered;
	g.cpu = controller_cpu() - g.cpu_from;
	g.own = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - g.own_from;
	if (g.plan.mode == MODE_NEW)
		for (unsigned i = 0; i < g.n; i++)
			g.loads[i].limit = g.loads[i].next;
	enter(DRAIN, now);
}

/* Load begins: after what must be known beforehand has been learned. */
static void begin_load(uint64_t now)
{
	if (g.plan.mode == MODE_NEW)
		set_limit(g.plan.count ? g.plan.count + g.plan.unicast : LOAD_MAX_SEQ - 1);
	enter(WARM, now);
	if (g.plan.count)
		begin_run(now);
	kick();
}

static void step_run(uint64_t now)
{
	bool time_up = (double)(now - g.phase_since) >= g.seconds * 1e9;

	/* Counted runs end with the last answer, runs out of addresses early. */
	if (g.plan.count ? all_done() : time_up || (g.plan.mode == MODE_NEW && all_done()))
		end_run(now);
}

static void step(uint64_t now)
{
	double in_phase = (double)(now - g.phase_since);

	switch (g.phase) {
	case CONNECT:
		if (g.totals.n_ready < g.n)
			return;
		if (g.plan.mode == MODE_READY)
			enter(DONE, now);
		else
			enter(SETTLE, now);
		return;
	case SETTLE:
		if (in_phase < g.settle * 1e9 || (double)(now - g.totals.last_row) < g.settle * 1e9)
			return;
		if (g.plan.mode == MODE_IDLE) {
			begin_run(now);
		} else if (all_prepared()) {
			set_limit(g.plan.mode == MODE_KNOWN ? g.plan.hosts : g.plan.unicast);
			enter(LEARN, now);
			kick();
		}
		return;
	case LEARN:
		if (all_done())
			begin_load(now);
		return;
	case WARM:
		if (in_phase >= g.warmup * 1e9)
			begin_run(now);
		return;
	case RUN:
		step_run(now);
		return;
	case DRAIN:
		if (all_done())
			enter(DONE, now);
		return;
	case DONE:
		return;
	}
}

static void resend(uint64_t now)
{
	if (!g.plan.resend || now < g.resend_next || g.phase == CONNECT)
		return;
	g.resend_next = now + g.plan.resend / 4;
	for (unsigned i = 0; i < g.n; i++) {
		load_resend(&g.loads[i], &g.tx);
		flush(&g.loads[i]);
		arm(&g.loads[i]);
	}
}

/* Lost connections: an error, unless switches are to come back. */
static bool check_lost(uint64_t now)
{
	bool again = g.reconnect && g.plan.mode == MODE_IDLE && g.phase == RUN;

	for (unsigned i = 0; i < g.n; i++) {
		struct load *l = &g.loads[i];
		if (l->sw.stream.state != STREAM_DEAD)
			continue;
		if (!again)
			return false;
		if (now - l->start > 100000000) {
			g.n_lost++;
			dial(l, identity(l));
		}
	}
	return true;
}

static bool is_missing(const struct load *l)
{
	if (l->sw.stream.state == STREAM_DEAD || !l->ready)
		return true;
	return g.phase == SETTLE ? !l->punt.found : !load_done(l);
}

static void explain(void)
{
	static const char *const names[] = {"connecting", "waiting for rows", "learning", "warming up", "measuring",
					    "waiting for the last answers", "done"};
	unsigned missing = 0;
	char text[300];

	fprintf(stderr, "loadgen: gave up while %s after %.1f s: %llu sent, %llu answered, %u of %u switches ready\n",
		names[g.phase], (double)(load_clock() - g.begin) / 1e9, (unsigned long long)g.totals.sent,
		(unsigned long long)g.totals.answered, g.totals.n_ready, g.n);
	for (unsigned i = 0; i < g.n; i++) {
		if (!is_missing(&g.loads[i]) || ++missing > 5)
			continue;
		load_missing(&g.loads[i], text, sizeof text);
		fprintf(stderr, "loadgen: %s\n", text);
	}
	if (missing > 5)
		fprintf(stderr, "loadgen: and %u more\n", missing - 5);
}

static bool run(void)
{
	struct epoll_event events[EVENTS];
	uint64_t now, next_check = 0;
	SSL **ssl = calloc(g.n, sizeof *ssl);

	if (!ssl)
		abort();
	/* Files are read before the clock starts. */
	for (unsigned i = 0; i < g.n; i++)
		ssl[i] = identity(&g.loads[i]);
	g.begin = load_clock();
	enter(CONNECT, g.begin);
	for (unsigned i = 0; i < g.n; i++) {
		dial(&g.loads[i], ssl[i]);
		g.loads[i].start = g.begin;
	}
	free(ssl);
	while (g.phase != DONE) {
		int n = epoll_wait(g.epoll, events, EVENTS, g.plan.mode == MODE_IDLE ? 20 : 2);
		for (int i = 0; i < n; i++)
			event(events[i].data.ptr, events[i].events);
		now = load_clock();
		step(now);
		resend(now);
		if (now < next_check)
			continue;
		next_check = now + 20000000;
		if (!check_lost(now))
			return false;
		if ((double)(now - g.totals.last_progress) > g.timeout * 1e9 &&
		    !(g.plan.mode == MODE_IDLE && g.phase == RUN))
			return false;
	}
	return true;
}

/* --- report -------------------------------------------------------------------------- */

static void sum_counts(void)
{
	uint64_t *to = (uint64_t *)&g.counts;

	for (unsigned i = 0; i < g.n; i++) {
		const uint64_t *from = (const uint64_t *)&g.loads[i].sw.counts;
		for (size_t k = 0; k < sizeof g.counts / sizeof *to; k++)
			to[k] += from[k];
	}
}

static double per(double n, double seconds)
{
	return seconds > 0 ? n / seconds : 0;
}

static void report_json(bool ok)
{
	double s = (double)g.run_ns / 1e9, cpu = (double)g.cpu / 1e9, answers = (double)g.run_answered;
	const struct hist *h = &g.totals.latency, *r = &g.totals.ready;
	const struct fswitch_counts *c = &g.counts;

	printf("{\"ok\": %s, \"mode\": \"%s\", \"transport\": \"%s\", \"switches\": %u, \"window\": %u, "
	       "\"seconds\": %.6f, \"answers\": %llu, \"answers_per_second\": %.1f, "
	       "\"latency_p50_us\": %.2f, \"latency_p99_us\": %.2f, \"latency_max_us\": %.2f, ",
	       ok ? "true" : "false", mode_names[g.plan.mode], g.tls ? "tls" : "tcp", g.n, g.plan.window, s,
	       (unsigned long long)g.run_answered, per(answers, s), hist_us(h, 0.5), hist_us(h, 0.99),
	       (double)h->max / 1e3);
	printf("\"total_sent\": %llu, \"total_answered\": %llu, \"total_resent\": %llu, "
	       "\"switches_ready\": %u, \"ready_p50_ms\": %.3f, \"ready_all_ms\": %.3f, "
	       "\"controller_cpu_seconds\": %.6f, \"answers_per_cpu_second\": %.1f, \"controller_cpu_percent\": %.3f, "
	       "\"controller_rss_kib\": %ld, \"controller_rss_peak_kib\": %ld, \"generator_cpu_seconds\": %.6f, ",
	       (unsigned long long)g.totals.sent, (unsigned long long)g.totals.answered,
	       (unsigned long long)g.totals.resent, g.totals.n_ready, hist_us(r, 0.5) / 1e3, (double)r->max / 1e6, cpu,
	       per(answers, cpu), 100 * per(cpu, s), controller_memory("VmRSS:"), controller_memory("VmHWM:"),
	       (double)g.own / 1e9);
	printf("\"messages\": %llu, \"flow_mods\": %llu, \"group_mods\": %llu, \"meter_mods\": %llu, "
	       "\"packet_outs\": %llu, \"bundles\": %llu, \"barriers\": %llu, \"echo_requests\": %llu, \"dumps\": %llu, "
	       "\"errors_received\": %llu, \"errors_sent\": %llu, \"reconnects\": %u}\n",
	       (unsigned long long)c->messages, (unsigned long long)c->flow_mods, (unsigned long long)c->group_mods,
	       (unsigned long long)c->meter_mods, (unsigned long long)c->packet_outs, (unsigned long long)c->bundles,
	       (unsigned long long)c->barriers, (unsigned long long)c->echo_requests, (unsigned long long)c->dumps,
	       (unsigned long long)c->errors, (unsigned long long)c->refused, g.n_lost);
}

static void report_line(void)
{
	double s = (double)g.run_ns / 1e9, cpu = (double)g.cpu / 1e9, answers = (double)g.run_answered;
	const struct hist *h = &g.totals.latency;

	printf("%s%s%-5s %s %4u switches", g.label ? g.label : "", g.label ? " " : "", mode_names[g.plan.mode],
	       g.tls ? "tls" : "tcp", g.n);
	if (g.plan.mode == MODE_NEW || g.plan.mode == MODE_KNOWN)
		printf("  window %3u  %9.0f/s  p50 %8.1f us  p99 %8.1f us  generator %3.0f %%", g.plan.window,
		       per(answers, s), hist_us(h, 0.5), hist_us(h, 0.99), 100 * per((double)g.own / 1e9, s));
	else
		printf("  all ready %8.2f ms  p50 %8.2f ms", (double)g.totals.ready.max / 1e6,
		       hist_us(&g.totals.ready, 0.5) / 1e3);
	if (g.pid && g.plan.mode != MODE_READY)
		printf("  controller %5.2f %%", 100 * per(cpu, s));
	if (g.pid && (g.plan.mode == MODE_NEW || g.plan.mode == MODE_KNOWN))
		printf("  %9.0f/cpu-s", per(answers, cpu));
	if (g.pid)
		printf("  rss %.1f MiB", (double)controller_memory("VmRSS:") / 1024);
	if (g.counts.errors || g.counts.refused)
		printf("  ERRORS received %llu sent %llu", (unsigned long long)g.counts.errors,
		       (unsigned long long)g.counts.refused);
	printf("\n");
}

/* --- options ------------------------------------------------------------------------- */

static void bad(const char *what, const char *value)
{
	fprintf(stderr, "loadgen: %s \"%s\"; see loadgen --help\n", what, value);
	exit(1);
}

static unsigned number(const char *text, unsigned min, unsigned max, const char *name)
{
	char *end;
	long v = strtol(text, &end, 0);

	if (*end || end == text || v < (long)min || v > (long)max) {
		fprintf(stderr, "loadgen: --%s: expected a number from %u to %u, not \"%s\"\n", name, min, max, text);
		exit(1);
	}
	return (unsigned)v;
}

static double duration(const char *text, const char *name)
{
	char *end;
	double v = strtod(text, &end);

	if (*end || end == text || !(v >= 0 && v <= 86400)) {
		fprintf(stderr, "loadgen: --%s: expected seconds, not \"%s\"\n", name, text);
		exit(1);
	}
	return v;
}

/* `text` is one of two words; true for the second. */
static bool either(const char *text, const char *first, const char *second)
{
	if (strcmp(text, first) && strcmp(text, second))
		bad("unknown value", text);
	return !strcmp(text, second);
}

static enum mode mode_of(const char *text)
{
	for (unsigned i = 0; i < sizeof mode_names / sizeof *mode_names; i++)
		if (!strcmp(text, mode_names[i]))
			return (enum mode)i;
	bad("unknown mode", text);
	return MODE_NEW;
}

static void parse(int argc, char **argv)
{
	enum { MODE = 256, SWITCHES, WINDOW, DEPTH, HOSTS, SECONDS, WARMUP, COUNT, SETTLE_FOR, TIMEOUT, RESEND, ANSWER, PUNT,
	       PUNT_TABLE, READY, LIKE, UNICAST, FRAME, RUN_NUMBER, PORTS, FORGET, RECONNECT, DPID, PREFIX, PKI, PID, LABEL, JSON };
	static const struct option options[] = {
		{"mode", 1, NULL, MODE}, {"switches", 1, NULL, SWITCHES}, {"window", 1, NULL, WINDOW},
		{"depth", 1, NULL, DEPTH}, {"hosts", 1, NULL, HOSTS}, {"seconds", 1, NULL, SECONDS},
		{"warmup", 1, NULL, WARMUP}, {"count", 1, NULL, COUNT}, {"settle", 1, NULL, SETTLE_FOR},
		{"timeout", 1, NULL, TIMEOUT}, {"resend", 1, NULL, RESEND}, {"answer", 1, NULL, ANSWER},
		{"punt", 1, NULL, PUNT}, {"punt-table", 1, NULL, PUNT_TABLE}, {"ready", 1, NULL, READY},
		{"like", 1, NULL, LIKE}, {"unicast", 0, NULL, UNICAST}, {"frame", 1, NULL, FRAME}, {"run", 1, NULL, RUN_NUMBER},
		{"ports", 1, NULL, PORTS}, {"forget", 0, NULL, FORGET}, {"reconnect", 0, NULL, RECONNECT},
		{"dpid-base", 1, NULL, DPID}, {"prefix", 1, NULL, PREFIX}, {"pki", 1, NULL, PKI}, {"pid", 1, NULL, PID},
		{"label", 1, NULL, LABEL}, {"json", 0, NULL, JSON}, {"help", 0, NULL, 'h'}, {0},
	};
	struct load_plan *p = &g.plan;
	int c;

	*p = (struct load_plan){.punt_table = -1, .window = 64, .hosts = 64, .n_ports = 4, .frame = 60};
	g.n = 1, g.dpid_base = 1, g.prefix = "s";
	g.seconds = 2, g.warmup = 0.2, g.settle = 0.1, g.timeout = 5;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case MODE: p->mode = mode_of(optarg); break;
		case SWITCHES: g.n = number(optarg, 1, MAX_SWITCHES, "switches"); break;
		case WINDOW: p->window = number(optarg, 1, 65536, "window"); break;
		case DEPTH: p->depth = number(optarg, 1, LOAD_MAX_DEPTH, "depth"); break;
		case HOSTS: p->hosts = number(optarg, 2, 1 << 20, "hosts"); break;
		case SECONDS: g.seconds = duration(optarg, "seconds"); break;
		case WARMUP: g.warmup = duration(optarg, "warmup"); break;
		case COUNT: p->count = number(optarg, 1, LOAD_MAX_SEQ - 2, "count"); break;
		case SETTLE_FOR: g.settle = duration(optarg, "settle"); break;
		case TIMEOUT: g.timeout = duration(optarg, "timeout"); break;
		case RESEND: p->resend = (uint64_t)(duration(optarg, "resend") * 1e9); break;
		case ANSWER: p->answer_any = either(optarg, "row", "any"); break;
		case PUNT: p->punt_miss = either(optarg, "learn", "miss"); break;
		case PUNT_TABLE: p->punt_table = (int)number(optarg, 0, 254, "punt-table"); break;
		case READY: p->ready_features = either(optarg, "barrier", "features"); break;
		case LIKE:
			if (strcmp(optarg, "ovs-testcontroller"))
				bad("no preset", optarg);
			p->answer_any = p->punt_miss = p->ready_features = g.forget = true;
			break;
		case UNICAST: p->unicast = true; break;
		case FRAME: p->frame = number(optarg, 60, LOAD_MAX_FRAME, "frame"); break;
		case RUN_NUMBER: p->run = number(optarg, 0, 63, "run"); break;
		case PORTS: p->n_ports = number(optarg, 2, FSWITCH_MAX_PORTS, "ports"); break;
		case FORGET: g.forget = true; break;
		case RECONNECT: g.reconnect = true; break;
		case DPID: g.dpid_base = strtoull(optarg, NULL, 0); break;
		case PREFIX: g.prefix = optarg; break;
		case PKI: g.pki = optarg; break;
		case PID: g.pid = (pid_t)number(optarg, 1, 1 << 30, "pid"); break;
		case LABEL: g.label = optarg; break;
		case JSON: g.json = true; break;
		case 'h': fputs(usage, stdout); exit(0);
		default: fputs(usage, stderr); exit(1);
		}
	}
	if (!p->depth)
		p->depth = p->window == 1 ? 1 : 2;
	if (optind + 1 != argc || !endpoint_parse(argv[optind], &g.target))
		bad("expected one tcp:ADDR:PORT or ssl:ADDR:PORT, not", optind < argc ? argv[optind] : "");
	if (g.target.tls != !!g.pki)
		bad("ssl: and --pki go together; target", argv[optind]);
	if (p->count && p->mode != MODE_NEW)
		bad("--count needs --mode new, not", mode_names[p->mode]);
}

int main(int argc, char **argv)
{
	struct rlimit files = {MAX_SWITCHES + 64, MAX_SWITCHES + 64};
	char err[200], name[32];
	bool ok;

	parse(argc, argv);
	setrlimit(RLIMIT_NOFILE, &files);
	g.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (g.pki && !(g.tls = tls_context(false, g.pki, err, sizeof err))) {
		fprintf(stderr, "loadgen: %s\n", err);
		return 1;
	}
	g.loads = calloc(g.n, sizeof *g.loads);
	if (!g.loads)
		abort();
	for (unsigned i = 0; i < g.n; i++) {
		snprintf(name, sizeof name, "%.16s%u", g.prefix, i + 1);
		load_init(&g.loads[i], &g.plan, &g.totals, i, name, g.dpid_base + i, !g.forget);
	}
	ok = run();
	sum_counts();
	if (!ok)
		explain();
	if (g.json)
		report_json(ok);
	else if (ok)
		report_line();
	for (unsigned i = 0; i < g.n; i++)
		load_uninit(&g.loads[i]);
	free(g.loads);
	buf_free(&g.rx);
	buf_free(&g.tx);
	SSL_CTX_free(g.tls);
	return ok ? 0 : EXIT_MISSING;
}
