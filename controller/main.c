/* SPDX-License-Identifier: Apache-2.0 */
/* weftd: puts the parts together and runs the loop. Nothing is decided here. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/api.h"
#include "controller/core_te.h"
#include "controller/file.h"
#include "controller/loop.h"
#include "controller/notify.h"
#include "controller/options.h"
#include "controller/rundir.h"
#include "controller/worker.h"
#include "ofproto/listen.h"
#include "ofproto/log.h"
#include "ofproto/tls.h"
#include "topo/arena.h"

LOG_MODULE(weft)

enum {
	TICK_MS = 250, SLOW_TICKS = 4,
	ROWS_AT_A_TIME = 4000,          /* 10 to 20 ms */
};

/* A clock may have been wrong by as much as a hundred years. */
#define GENERATION_AHEAD_MS (100ULL * 366 * 86400 * 1000)

struct daemon {
	struct options options;
	struct loop *loop;
	struct history *history;
	struct config *config;
	struct core *core;
	struct sessions *sessions;
	struct worker *worker;
	struct tls *tls;
	struct listener *listeners[OPTIONS_MAX_LISTENERS];
	char *listener_texts[OPTIONS_MAX_LISTENERS + 1];
	size_t n_listeners;
	struct api *api;
	struct loop_timer *ticker, *later;
	unsigned n_ticks;
	int state_fd;                   /* the state folder's lock; -1 = none */
};

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "weftd: %s%s%s\n", what, why ? ": " : "", why ? why : "");
	return 1;
}

static void set_time(struct daemon *d)
{
	d->core->now_ms = loop_now_ms(d->loop);
	d->core->now_us = loop_now_us(d->loop);
	d->core->wall_ms = loop_wall_ms();
}

static void on_end_of_tick(void *ctx)
{
	struct daemon *d = ctx;
	set_time(d);
	core_plan(d->core);
	sessions_flush(d->sessions);
}

static void on_go_on(void *ctx)
{
	struct daemon *d = ctx;
	set_time(d);
	core_go_on(d->core);
	sessions_flush(d->sessions);
}

static void on_kick(void *ctx)
{
	struct daemon *d = ctx;
	loop_at_end_of_tick(d->loop, on_end_of_tick, d);
}

/* A timer, not the end of this tick: sockets are looked at before. */
static void on_later(void *ctx)
{
	struct daemon *d = ctx;
	loop_timer_again(d->later, 0);
}

static void on_send(void *ctx, uint32_t sw, const uint32_t *ofports, size_t n_ports,
		    const uint8_t *frame, size_t size)
{
	struct daemon *d = ctx;
	if (d->core->switches[sw]->session) {
		session_packet_out(d->core->switches[sw]->session, ofports, n_ports, frame, size);
		core_touch(d->core, sw);
	}
}

static void on_send_as_in(void *ctx, uint32_t sw, uint32_t in_port, const uint8_t *frame, size_t size)
{
	struct daemon *d = ctx;
	if (d->core->switches[sw]->session) {
		session_packet_out_as_in(d->core->switches[sw]->session, in_port, frame, size);
		core_touch(d->core, sw);
	}
}

static void on_send_tunnel(void *ctx, uint32_t sw, uint32_t ofport, const struct net_vtep_at *to,
			   const uint8_t *frame, size_t size)
{
	struct daemon *d = ctx;
	if (d->core->switches[sw]->session) {
		session_packet_out_tunnel(d->core->switches[sw]->session, ofport, to->bytes,
					  to->is_v6 ? 16 : 4, frame, size);
		core_touch(d->core, sw);
	}
}

static void on_work(void *ctx, void (*run)(void *), void (*done)(void *), void *task)
{
	struct daemon *d = ctx;
	worker_run(d->worker, run, done, task);
}

static void reload_certificates(struct daemon *d)
{
	const char *error = NULL;
	if (!d->tls)
		return;
	int result = tls_reload(d->tls, &error);
	if (result > 0) {
		VLOG_INFO("new certificates in %s are in force for new connections", d->options.pki);
		events_note(d->core->events, d->core->wall_ms, EVENT_INFO, "certificates", "",
			    "new certificates in %s are in force for new connections", d->options.pki);
	} else if (result < 0) {
		static struct vlog_rate_limit rl = LOG_RATE;
		VLOG_ERR_RL(&rl, "%s; the old certificates stay in force", error);
	}
}

static void on_ticker(void *ctx)
{
	struct daemon *d = ctx;
	set_time(d);
	sessions_tick(d->sessions);
	core_soon(d->core);
	if (d->n_ticks++ % SLOW_TICKS)
		return;
	core_tick(d->core);
	reload_certificates(d);
	config_look(d->config);
	log_check_file();
}

static void on_config_changed(void *ctx)
{
	struct daemon *d = ctx;
	sessions_check_admission(d->sessions);
	on_kick(d);
}

static void on_hangup(void *ctx)
{
	struct daemon *d = ctx;
	set_time(d);
	reload_certificates(d);
	config_reload(d->config, HISTORY_NOBODY);
}

static void on_terminate(void *ctx)
{
	struct daemon *d = ctx;
	VLOG_INFO("ending; the switches keep their flows");
	notify_manager("STOPPING=1");
	loop_stop(d->loop);
}

static void on_accept(void *ctx, int fd, bool is_tls)
{
	struct daemon *d = ctx;
	set_time(d);
	sessions_accept(d->sessions, fd, is_tls ? d->tls : NULL);
}

/* The fence among several controllers: it must grow with every start. Kept in
 * a file; where none can be kept the clock has to do. */
static uint64_t next_generation(const char *state_dir)
{
	char path[4096], text[32] = "";
	uint64_t generation = 0;
	snprintf(path, sizeof path, "%s/generation", state_dir);
	FILE *f = fopen(path, "r");
	if (f) {
		if (fgets(text, sizeof text, f))
			generation = strtoull(text, NULL, 10);
		fclose(f);
	}
	uint64_t wall = loop_wall_ms();
	/* What no clock and no number of starts can have come to is no generation id of ours. */
	bool is_ours = generation >= wall && generation < wall + GENERATION_AHEAD_MS;
	generation = is_ours ? generation + 1 : wall;
	int n = snprintf(text, sizeof text, "%" PRIu64 "\n", generation);
	if (file_replace(path, text, (size_t) n, 0644))
		VLOG_WARN("cannot keep the generation id in %s: %s; the clock stands in for it", path,
			  strerror(errno));
	return generation;
}

static int start_listeners(struct daemon *d)
{
	for (size_t i = 0; i < d->options.n_listen; i++) {
		struct listen_target target;
		const char *error = listen_parse(d->options.listen[i], &target);
		if (error)
			return fail(d->options.listen[i], error);
		if (target.is_tls && !d->tls) {
			d->tls = tls_new(d->options.pki, &error);
			if (!d->tls)
				return fail(error, NULL);
		}
		struct listener *listener = listen_new(loop_base(d->loop), &target, on_accept, d, &error);
		if (!listener)
			return fail(error, NULL);
		d->listeners[d->n_listeners] = listener;
		d->listener_texts[d->n_listeners++] = xheap_strdup(listen_text(listener));
		VLOG_INFO("listening on %s", listen_text(listener));
	}
	return 0;
}

static void raise_file_limit(void)
{
	struct rlimit limit;
	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int start(struct daemon *d)
{
	const char *error = NULL;
	struct config_state state;
	char history[4096];
	d->loop = loop_new();
	snprintf(history, sizeof history, "%s/history", d->options.state_dir);
	mkdir(d->options.state_dir, 0755);
	d->history = history_new(history);
	d->config = config_new(d->loop, d->options.topology, d->history);
	config_state(d->config, &state);
	diag_print(state.findings, stderr);
	if (state.failed)
		return fail(d->options.topology, "not started: the file has errors");
	d->core = core_new(config_take_net(d->config), loop_now_ms(d->loop));
	d->core->kick = on_kick;
	d->core->send = on_send;
	d->core->send_as_in = on_send_as_in;
	d->core->send_tunnel = on_send_tunnel;
	d->core->work = on_work;
	d->core->later = on_later;
	d->core->rows_at_a_time = ROWS_AT_A_TIME;
	d->later = loop_timer_new(d->loop, on_go_on, d);
	d->core->ctx = d;
	d->worker = worker_new(d->loop);
	set_time(d);
	error = statedir_claim(d->options.state_dir, &d->state_fd);
	if (error)
		return fail(error, NULL);
	core_te_load(d->core, d->options.state_dir);
	d->sessions = sessions_new(d->loop, d->core, next_generation(d->options.state_dir),
				   d->options.punt_budget);
	if (start_listeners(d))
		return 1;
	mkdir(d->options.run_dir, 0755);
	struct api_world world = {
		.core = d->core, .sessions = d->sessions, .config = d->config, .tls = d->tls,
		.started_wall_ms = loop_wall_ms(), .listeners = d->listener_texts,
	};
	d->api = api_new(d->loop, d->options.run_dir, &world, &error);
	if (!d->api)
		return fail(error, NULL);
	config_start(d->config, d->core, on_config_changed, d);
	d->ticker = loop_every(d->loop, TICK_MS, on_ticker, d);
	signal(SIGPIPE, SIG_IGN);
	loop_on_signal(d->loop, SIGHUP, on_hangup, d);
	loop_on_signal(d->loop, SIGTERM, on_terminate, d);
	loop_on_signal(d->loop, SIGINT, on_terminate, d);
	VLOG_INFO("weftd %s is up with %s", WEFT_VERSION, d->options.topology);
	notify_manager("READY=1");
	return 0;
}

static void stop(struct daemon *d)
{
	loop_timer_free(d->ticker);
	loop_timer_free(d->later);
	api_free(d->api);
	for (size_t i = 0; i < d->n_listeners; i++) {
		listen_free(d->listeners[i]);
		free(d->listener_texts[i]);
	}
	worker_free(d->worker);
	sessions_free(d->sessions);
	core_free(d->core);
	config_free(d->config);
	history_free(d->history);
	tls_free(d->tls);
	loop_free(d->loop);
	if (d->state_fd >= 0)
		close(d->state_fd);
}

static int check_only(const char *topology)
{
	struct diag *diag = diag_new(topology);
	struct net *net = net_load(topology, diag);
	diag_print(diag, stderr);
	diag_free(diag);
	net_free(net);
	return net ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct daemon d = { .state_fd = -1 };
	int status = options_parse(&d.options, argc, argv);
	if (status >= 0)
		return status;
	log_init("weftd");
	if (d.options.check)
		return check_only(d.options.topology);
	if (d.options.log_file) {
		const char *error = log_to_file(d.options.log_file);
		if (error)
			return fail(d.options.log_file, error);
	}
	for (size_t i = 0; i < d.options.n_levels; i++) {
		char module[64];
		const char *colon = strchr(d.options.levels[i], ':');
		snprintf(module, sizeof module, "%.*s", (int) (colon - d.options.levels[i]), d.options.levels[i]);
		const char *error = log_set(module, colon + 1);
		if (error)
			return fail(d.options.levels[i], error);
	}
	raise_file_limit();
	status = start(&d);
	if (!status)
		loop_run(d.loop);
	stop(&d);
	return status;
}
