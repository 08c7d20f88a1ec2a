/* SPDX-License-Identifier: Apache-2.0 */
/* The table of metrics: name, type, unit, labels, what it means, and where the number
 * comes from. Units are base units: bytes, seconds, parts of 1. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "controller/config.h"
#include "controller/core_te.h"
#include "controller/metrics_private.h"
#include "controller/show.h"

/* --- weftd ------------------------------------------------------------------------------ */

static struct config_state config_of(const struct metric_at *at)
{
	struct config_state state = { 0 };
	if (at->world->config)
		config_state(at->world->config, &state);
	return state;
}

static double cpu_seconds(void)
{
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	return (double) (used.ru_utime.tv_sec + used.ru_stime.tv_sec)
		+ (double) (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* --- switches --------------------------------------------------------------------------- */

/* What only a connection counts. */
static double of_session(const struct metric_at *at, double n) { return at->cs->session ? n : NAN; }

static double count(const struct metric_at *at, uint64_t n)
{
	return at->port->counts_ms && n != UINT64_MAX ? (double) n : NAN;
}

/* --- networks and links ------------------------------------------------------------------ */

static const struct view_link *link_of(const struct metric_at *at)
{
	return view_link(at->core->view, at->index);
}

static double link_up(const struct metric_at *at)
{
	char why[300];
	return !strcmp(show_link_state(at->world, at->index, why, sizeof why), "up");
}

/* One way, as in /v1/links. */
static double link_delay(const struct metric_at *at)
{
	const struct view_probes *probes = link_of(at)->probes;
	double sum = (double) probes[0].delay_us + (double) probes[1].delay_us;
	if (!probes[0].is_measured || !probes[1].is_measured)
		return NAN;
	return sum > 0 ? sum / 2e6 : 0;
}

static double link_jitter(const struct metric_at *at)
{
	const struct view_probes *probes = link_of(at)->probes;
	return probes[0].is_measured && probes[1].is_measured ? fmax(probes[0].jitter_us, probes[1].jitter_us) / 1e6 : NAN;
}

static double link_loss(const struct metric_at *at)
{
	const struct view_probes *probes = &link_of(at)->probes[at->end];
	return probes->n_known ? (double) view_probes_lost(probes) / probes->n_known : NAN;
}

/* Bytes a second. */
static double link_capacity(const struct metric_at *at) { return te_capacity(at->core->view, at->index) * 1e6 / 8; }

static double link_load(const struct metric_at *at)
{
	const struct core_te *te = at->core->te;
	const struct demand *sent = at->index < te->n_edges ? &te->edges[at->index].sent[at->end] : NULL;
	return sent && sent->n ? demand_recent(sent, at->core->now_ms) * 1e6 / 8 : NAN;
}

/* --- the table ------------------------------------------------------------------------------ */

const char *const metric_labels[N_METRIC_SCOPES] = {
	[PER_WEFTD] = "", [PER_VERSION] = "version", [PER_CONFIG] = "file, digest", [PER_SEVERITY] = "severity",
	[PER_SWITCH] = "switch", [PER_SWITCH_APP] = "switch, app", [PER_SWITCH_DROP] = "switch, reason",
	[PER_PORT] = "switch, port", [PER_NETWORK] = "network", [PER_LINK] = "link", [PER_LINK_END] = "link, from",
};

/* METRIC(name without _total, type, unit, what there is a sample for, its number at `at`, what it means) */
#define METRICS \
	METRIC(weft_build_info, GAUGE, NULL, VERSION, 1, \
	       "always 1; the label says which weftd") \
	METRIC(process_cpu_seconds, COUNTER, "seconds", WEFTD, cpu_seconds(), \
	       "CPU time of weftd") \
	METRIC(process_resident_memory_bytes, GAUGE, "bytes", WEFTD, show_rss_bytes(), \
	       "memory of weftd") \
	METRIC(process_start_time_seconds, GAUGE, "seconds", WEFTD, (double) at->world->started_wall_ms / 1000, \
	       "when weftd started, since 1970") \
	METRIC(weft_problems, GAUGE, NULL, SEVERITY, metrics_problems(at->metrics, at->index), \
	       "problems of `weft status`; error and warning make the verdict degraded") \
	METRIC(weft_config_info, GAUGE, NULL, CONFIG, 1, \
	       "always 1; the labels say which file is in force, and the hash of what it says") \
	METRIC(weft_config_last_reload_successful, GAUGE, NULL, WEFTD, !config_of(at).failed, \
	       "0: the file on disk has errors, and what was in force before still is") \
	METRIC(weft_config_loaded_timestamp_seconds, GAUGE, "seconds", WEFTD, (double) config_of(at).loaded_wall_ms / 1000, \
	       "when what is in force was read, since 1970") \
	METRIC(weft_config_loads, COUNTER, NULL, WEFTD, config_of(at).n_loads, \
	       "times that a file was put in force") \
	METRIC(weft_config_failures, COUNTER, NULL, WEFTD, config_of(at).n_failures, \
	       "times that the file had errors") \
	METRIC(weft_events, COUNTER, NULL, WEFTD, events_last_id(at->core->events), \
	       "events so far: the id of the last one") \
	METRIC(weft_facts, COUNTER, NULL, WEFTD, at->core->counts.n_facts, \
	       "things that switches told") \
	METRIC(weft_packet_ins, COUNTER, NULL, WEFTD, at->core->counts.n_punts, \
	       "frames that switches handed to weftd and that it looked at") \
	METRIC(weft_packet_ins_dropped, COUNTER, NULL, WEFTD, at->core->counts.n_punts_over_budget, \
	       "frames beyond what one switch may cost (--punt-budget)") \
	METRIC(weft_openflow_errors, COUNTER, NULL, WEFTD, at->core->counts.n_errors_received, \
	       "OpenFlow errors that switches sent") \
	METRIC(weft_malformed_connections, COUNTER, NULL, WEFTD, at->core->counts.n_malformed, \
	       "connections ended for bytes that make no sense") \
	METRIC(weft_refused_connections, COUNTER, NULL, WEFTD, at->core->counts.n_switches_refused, \
	       "connections that were not let in") \
	\
	METRIC(weft_switch_up, GAUGE, NULL, SWITCH, at->is_connected, \
	       "1: connected, and its rows are read back") \
	METRIC(weft_switch_in_sync, GAUGE, NULL, SWITCH, core_is_in_sync(at->core, at->sw), \
	       "1: it has what it shall have, and no change of ways is half done") \
	METRIC(weft_switch_connections, COUNTER, NULL, SWITCH, at->cs->n_connects, \
	       "times that it connected; all but the first are reconnects") \
	METRIC(weft_switch_rows, GAUGE, NULL, SWITCH_APP, ledger_n_wanted(at->cs->ledger, at->app), \
	       "rows that it shall have, by app") \
	METRIC(weft_switch_flows, GAUGE, NULL, SWITCH, at->rows.n_flows, \
	       "flows that it has, ours") \
	METRIC(weft_switch_groups, GAUGE, NULL, SWITCH, at->rows.n_groups, \
	       "groups that it has, ours") \
	METRIC(weft_switch_meters, GAUGE, NULL, SWITCH, at->rows.n_meters, \
	       "meters that it has, ours") \
	METRIC(weft_switch_refused_rows, GAUGE, NULL, SWITCH, at->rows.n_refused, \
	       "rows that it did not take") \
	METRIC(weft_switch_foreign_rows, GAUGE, NULL, SWITCH, at->rows.n_foreign, \
	       "rows of ours whose place a foreign row has") \
	METRIC(weft_switch_messages_sent, COUNTER, NULL, SWITCH, at->rows.n_sent, \
	       "flow, group and meter messages") \
	METRIC(weft_switch_repaired_rows, COUNTER, NULL, SWITCH, of_session(at, (double) at->session.sync.n_repaired), \
	       "rows that somebody else had changed, in this connection") \
	METRIC(weft_switch_packet_ins, COUNTER, NULL, SWITCH, of_session(at, (double) at->session.n_punts), \
	       "frames that it handed to weftd, in this connection") \
	METRIC(weft_switch_packet_ins_dropped, COUNTER, NULL, SWITCH, of_session(at, (double) at->session.n_punts_dropped), \
	       "those beyond its budget, in this connection") \
	METRIC(weft_switch_openflow_errors, COUNTER, NULL, SWITCH, of_session(at, (double) at->session.n_errors), \
	       "OpenFlow errors that it sent, in this connection") \
	METRIC(weft_switch_round_trip_seconds, GAUGE, "seconds", SWITCH, at->session.rtt_us ? at->session.rtt_us / 1e6 : NAN, \
	       "time of the last echo") \
	METRIC(weft_switch_queued_bytes, GAUGE, "bytes", SWITCH, of_session(at, (double) at->session.queued_bytes), \
	       "what it has not read yet") \
	METRIC(weft_dropped_packets, COUNTER, NULL, SWITCH_DROP, NAN, \
	       "frames that rows have dropped, by kind of row (see the pipeline); `acl`: denied by " \
	       "a list, `storm` and `rate`: beyond a limit of a port; as of the last reading of the rows, which takes its turns") \
	\
	METRIC(weft_port_up, GAUGE, NULL, PORT, at->port->up, \
	       "1: it has a carrier and is not switched off") \
	METRIC(weft_port_receive_packets, COUNTER, NULL, PORT, count(at, at->port->counts.rx_packets), \
	       "frames that came in by it; ports are read every few seconds") \
	METRIC(weft_port_transmit_packets, COUNTER, NULL, PORT, count(at, at->port->counts.tx_packets), \
	       "frames that left by it") \
	METRIC(weft_port_receive_bytes, COUNTER, "bytes", PORT, count(at, at->port->counts.rx_bytes), \
	       "bytes that came in by it") \
	METRIC(weft_port_transmit_bytes, COUNTER, "bytes", PORT, count(at, at->port->counts.tx_bytes), \
	       "bytes that left by it") \
	METRIC(weft_port_receive_dropped_packets, COUNTER, NULL, PORT, count(at, at->port->counts.rx_dropped), \
	       "frames that the port itself dropped, before a row saw them") \
	METRIC(weft_port_transmit_dropped_packets, COUNTER, NULL, PORT, count(at, at->port->counts.tx_dropped), \
	       "frames that the port itself could not send") \
	METRIC(weft_ports_left_out, GAUGE, NULL, WEFTD, metrics_ports_left_out(at->metrics), \
	       "ports beyond the first 20000, which are not told one by one") \
	\
	METRIC(weft_network_hosts, GAUGE, NULL, NETWORK, view_network(at->core->view, at->index)->n_hosts, \
	       "learned hosts") \
	METRIC(weft_network_host_moves, COUNTER, NULL, NETWORK, view_network(at->core->view, at->index)->n_moves, \
	       "hosts that went from port to port") \
	METRIC(weft_network_refused_hosts, COUNTER, NULL, NETWORK, view_network(at->core->view, at->index)->n_refused, \
	       "hosts not let in: a limit was reached") \
	\
	METRIC(weft_link_up, GAUGE, NULL, LINK, link_up(at), \
	       "1: it is used") \
	METRIC(weft_link_flaps, COUNTER, NULL, LINK, link_of(at)->n_flaps, \
	       "failures") \
	METRIC(weft_link_capacity_bytes_per_second, GAUGE, "bytes_per_second", LINK, link_capacity(at), \
	       "each way") \
	METRIC(weft_link_load_bytes_per_second, GAUGE, "bytes_per_second", LINK_END, link_load(at), \
	       "what that end sends; not of tunnels that share a port") \
	METRIC(weft_link_utilisation_ratio, GAUGE, "ratio", LINK_END, link_load(at) / link_capacity(at), \
	       "the same, as a part of the capacity") \
	METRIC(weft_link_loss_ratio, GAUGE, "ratio", LINK_END, link_loss(at), \
	       "of the last probes that left by that end, at most 100") \
	METRIC(weft_link_delay_seconds, GAUGE, "seconds", LINK, link_delay(at), \
	       "one way, an estimate") \
	METRIC(weft_link_jitter_seconds, GAUGE, "seconds", LINK, link_jitter(at), \
	       "how much the delay differs from probe to probe") \
	\
	METRIC(weft_te_looks, COUNTER, NULL, WEFTD, at->core->te->n_looks, \
	       "times that traffic engineering looked at what is busy") \
	METRIC(weft_te_moves, COUNTER, NULL, WEFTD, at->core->te->n_changes, \
	       "times that it moved traffic to other paths") \
	METRIC(weft_te_slot_moves, COUNTER, NULL, WEFTD, at->core->te->n_deals, \
	       "times that it moved parts of a pair between its paths") \
	METRIC(weft_te_planned_utilisation_ratio, GAUGE, "ratio", WEFTD, at->core->te->look.is_known ? at->core->te->look.u : NAN, \
	       "of the busiest link, as planned at the last look")

#define METRIC(NAME, TYPE, UNIT, PER, NUMBER, HELP) \
	static double value_of_##NAME(const struct metric_at *at) { (void) at; return (double) (NUMBER); }
METRICS
#undef METRIC

const struct metric metrics[] = {
#define METRIC(NAME, TYPE, UNIT, PER, NUMBER, HELP) { #NAME, METRIC_##TYPE, UNIT, PER_##PER, HELP, value_of_##NAME },
	METRICS
#undef METRIC
};
const size_t n_metrics = sizeof metrics / sizeof *metrics;

void metrics_print_reference(FILE *f)
{
	fprintf(f, "# Metrics\n\n"
		"`GET /metrics` of weftd's socket, and of `weft web`, is OpenMetrics text 1.0: Prometheus and all that\n"
		"reads its format take it. Counters begin with 0 when weftd starts, when a switch connects (where it says\n"
		"so), or when a port or a row is made anew. A sample is left out while its number is not known. There is\n"
		"no series per host, and of ports there are %d at most.\n\n"
		"| metric | type | labels | meaning |\n|---|---|---|---|\n", METRICS_MAX_PORTS);
	for (size_t i = 0; i < n_metrics; i++)
		fprintf(f, "| `%s%s` | %s | %s | %s |\n", metrics[i].name, metrics[i].type == METRIC_COUNTER ? "_total" : "",
			metrics[i].type == METRIC_COUNTER ? "counter" : "gauge", metric_labels[metrics[i].scope], metrics[i].help);
}
