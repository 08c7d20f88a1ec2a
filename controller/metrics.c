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

#define VALUE(NAME, EXPRESSION) \
	static double NAME(const struct metric_at *at) { (void) at; return (double) (EXPRESSION); }

/* --- weftd ------------------------------------------------------------------------------ */

static struct config_state config_of(const struct metric_at *at)
{
	struct config_state state = { 0 };
	if (at->world->config)
		config_state(at->world->config, &state);
	return state;
}

static double cpu_seconds(const struct metric_at *at)
{
	struct rusage used;
	(void) at;
	getrusage(RUSAGE_SELF, &used);
	return (double) (used.ru_utime.tv_sec + used.ru_stime.tv_sec)
		+ (double) (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

VALUE(one, 1)
VALUE(rss, show_rss_bytes())
VALUE(started, (double) at->world->started_wall_ms / 1000)
VALUE(problems, metrics_problems(at->metrics, at->index))
VALUE(config_is_good, !config_of(at).failed)
VALUE(config_loaded, (double) config_of(at).loaded_wall_ms / 1000)
VALUE(config_loads, config_of(at).n_loads)
VALUE(config_failures, config_of(at).n_failures)
VALUE(n_events, events_last_id(at->core->events))
VALUE(n_facts, at->core->counts.n_facts)
VALUE(n_punts, at->core->counts.n_punts)
VALUE(n_punts_dropped, at->core->counts.n_punts_over_budget)
VALUE(n_errors, at->core->counts.n_errors_received)
VALUE(n_malformed, at->core->counts.n_malformed)
VALUE(n_not_let_in, at->core->counts.n_switches_refused)
VALUE(te_looks, at->core->te->n_looks)
VALUE(te_changes, at->core->te->n_changes)
VALUE(te_deals, at->core->te->n_deals)
VALUE(te_planned, at->core->te->look.is_known ? at->core->te->look.u : NAN)
VALUE(ports_left_out, metrics_ports_left_out(at->metrics))

/* --- switches --------------------------------------------------------------------------- */

VALUE(switch_up, at->is_connected)
VALUE(switch_in_sync, core_is_in_sync(at->core, at->sw))
VALUE(switch_connects, at->cs->n_connects)
VALUE(switch_flows, at->rows.n_flows)
VALUE(switch_groups, at->rows.n_groups)
VALUE(switch_meters, at->rows.n_meters)
VALUE(switch_refused, at->rows.n_refused)
VALUE(switch_foreign, at->rows.n_foreign)
VALUE(switch_messages, at->rows.n_sent)
VALUE(switch_app_rows, ledger_n_wanted(at->cs->ledger, at->app))
VALUE(switch_punts, at->cs->session ? (double) at->session.n_punts : NAN)
VALUE(switch_punts_dropped, at->cs->session ? (double) at->session.n_punts_dropped : NAN)
VALUE(switch_errors, at->cs->session ? (double) at->session.n_errors : NAN)
VALUE(switch_repaired, at->cs->session ? (double) at->session.sync.n_repaired : NAN)
VALUE(switch_rtt, at->cs->session && at->session.rtt_us ? at->session.rtt_us / 1e6 : NAN)
VALUE(switch_queued, at->cs->session ? (double) at->session.queued_bytes : NAN)

static double count(const struct metric_at *at, uint64_t n)
{
	return at->port->counts_ms && n != UINT64_MAX ? (double) n : NAN;
}

VALUE(port_up, at->port->up)
VALUE(port_rx_packets, count(at, at->port->counts.rx_packets))
VALUE(port_tx_packets, count(at, at->port->counts.tx_packets))
VALUE(port_rx_bytes, count(at, at->port->counts.rx_bytes))
VALUE(port_tx_bytes, count(at, at->port->counts.tx_bytes))
VALUE(port_rx_dropped, count(at, at->port->counts.rx_dropped))
VALUE(port_tx_dropped, count(at, at->port->counts.tx_dropped))

/* --- networks and links ------------------------------------------------------------------ */

VALUE(network_hosts, view_network(at->core->view, at->index)->n_hosts)
VALUE(network_moves, view_network(at->core->view, at->index)->n_moves)
VALUE(network_refused, view_network(at->core->view, at->index)->n_refused)

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

VALUE(link_used, link_load(at) / link_capacity(at))
VALUE(link_flaps, link_of(at)->n_flaps)

/* --- the table ------------------------------------------------------------------------------ */

const char *const metric_labels[N_METRIC_SCOPES] = {
	[PER_WEFTD] = "", [PER_VERSION] = "version", [PER_CONFIG] = "file, digest", [PER_SEVERITY] = "severity",
	[PER_SWITCH] = "switch", [PER_SWITCH_APP] = "switch, app", [PER_SWITCH_DROP] = "switch, reason",
	[PER_PORT] = "switch, port", [PER_NETWORK] = "network", [PER_LINK] = "link", [PER_LINK_END] = "link, from",
};

#define G METRIC_GAUGE
#define C METRIC_COUNTER

const struct metric metrics[] = {
	{ "weft_build_info", G, NULL, PER_VERSION, "always 1; the label says which weftd", one },
	{ "process_cpu_seconds", C, "seconds", PER_WEFTD, "CPU time of weftd", cpu_seconds },
	{ "process_resident_memory_bytes", G, "bytes", PER_WEFTD, "memory of weftd", rss },
	{ "process_start_time_seconds", G, "seconds", PER_WEFTD, "when weftd started, since 1970", started },
	{ "weft_problems", G, NULL, PER_SEVERITY, "problems of `weft status`; error and warning make the verdict degraded", problems },
	{ "weft_config_info", G, NULL, PER_CONFIG, "always 1; the labels say which file is in force, and the hash of what it says", one },
	{ "weft_config_last_reload_successful", G, NULL, PER_WEFTD, "0: the file on disk has errors, and what was in force before still is", config_is_good },
	{ "weft_config_loaded_timestamp_seconds", G, "seconds", PER_WEFTD, "when what is in force was read, since 1970", config_loaded },
	{ "weft_config_loads", C, NULL, PER_WEFTD, "times that a file was put in force", config_loads },
	{ "weft_config_failures", C, NULL, PER_WEFTD, "times that the file had errors", config_failures },
	{ "weft_events", C, NULL, PER_WEFTD, "events so far: the id of the last one", n_events },
	{ "weft_facts", C, NULL, PER_WEFTD, "things that switches told", n_facts },
	{ "weft_packet_ins", C, NULL, PER_WEFTD, "frames that switches handed to weftd and that it looked at", n_punts },
	{ "weft_packet_ins_dropped", C, NULL, PER_WEFTD, "frames beyond what one switch may cost (--punt-budget)", n_punts_dropped },
	{ "weft_openflow_errors", C, NULL, PER_WEFTD, "OpenFlow errors that switches sent", n_errors },
	{ "weft_malformed_connections", C, NULL, PER_WEFTD, "connections ended for bytes that make no sense", n_malformed },
	{ "weft_refused_connections", C, NULL, PER_WEFTD, "connections that were not let in", n_not_let_in },

	{ "weft_switch_up", G, NULL, PER_SWITCH, "1: connected, and its rows are read back", switch_up },
	{ "weft_switch_in_sync", G, NULL, PER_SWITCH, "1: it has what it shall have, and no change of ways is half done", switch_in_sync },
	{ "weft_switch_connections", C, NULL, PER_SWITCH, "times that it connected; all but the first are reconnects", switch_connects },
	{ "weft_switch_rows", G, NULL, PER_SWITCH_APP, "rows that it shall have, by app", switch_app_rows },
	{ "weft_switch_flows", G, NULL, PER_SWITCH, "flows that it has, ours", switch_flows },
	{ "weft_switch_groups", G, NULL, PER_SWITCH, "groups that it has, ours", switch_groups },
	{ "weft_switch_meters", G, NULL, PER_SWITCH, "meters that it has, ours", switch_meters },
	{ "weft_switch_refused_rows", G, NULL, PER_SWITCH, "rows that it did not take", switch_refused },
	{ "weft_switch_foreign_rows", G, NULL, PER_SWITCH, "rows of ours whose place a foreign row has", switch_foreign },
	{ "weft_switch_messages_sent", C, NULL, PER_SWITCH, "flow, group and meter messages", switch_messages },
	{ "weft_switch_repaired_rows", C, NULL, PER_SWITCH, "rows that somebody else had changed, in this connection", switch_repaired },
	{ "weft_switch_packet_ins", C, NULL, PER_SWITCH, "frames that it handed to weftd, in this connection", switch_punts },
	{ "weft_switch_packet_ins_dropped", C, NULL, PER_SWITCH, "those beyond its budget, in this connection", switch_punts_dropped },
	{ "weft_switch_openflow_errors", C, NULL, PER_SWITCH, "OpenFlow errors that it sent, in this connection", switch_errors },
	{ "weft_switch_round_trip_seconds", G, "seconds", PER_SWITCH, "time of the last echo", switch_rtt },
	{ "weft_switch_queued_bytes", G, "bytes", PER_SWITCH, "what it has not read yet", switch_queued },
	{ "weft_dropped_packets", C, NULL, PER_SWITCH_DROP, "frames that rows have dropped, by kind of row (see the pipeline); `acl`: denied by "
	  "a list, `storm` and `rate`: beyond a limit of a port; as of the last reading of the rows, which takes its turns", NULL },

	{ "weft_port_up", G, NULL, PER_PORT, "1: it has a carrier and is not switched off", port_up },
	{ "weft_port_receive_packets", C, NULL, PER_PORT, "frames that came in by it; ports are read every few seconds", port_rx_packets },
	{ "weft_port_transmit_packets", C, NULL, PER_PORT, "frames that left by it", port_tx_packets },
	{ "weft_port_receive_bytes", C, "bytes", PER_PORT, "bytes that came in by it", port_rx_bytes },
	{ "weft_port_transmit_bytes", C, "bytes", PER_PORT, "bytes that left by it", port_tx_bytes },
	{ "weft_port_receive_dropped_packets", C, NULL, PER_PORT, "frames that the port itself dropped, before a row saw them", port_rx_dropped },
	{ "weft_port_transmit_dropped_packets", C, NULL, PER_PORT, "frames that the port itself could not send", port_tx_dropped },
	{ "weft_ports_left_out", G, NULL, PER_WEFTD, "ports beyond the first 20000, which are not told one by one", ports_left_out },

	{ "weft_network_hosts", G, NULL, PER_NETWORK, "learned hosts", network_hosts },
	{ "weft_network_host_moves", C, NULL, PER_NETWORK, "hosts that went from port to port", network_moves },
	{ "weft_network_refused_hosts", C, NULL, PER_NETWORK, "hosts not let in: a limit was reached", network_refused },

	{ "weft_link_up", G, NULL, PER_LINK, "1: it is used", link_up },
	{ "weft_link_flaps", C, NULL, PER_LINK, "failures", link_flaps },
	{ "weft_link_capacity_bytes_per_second", G, "bytes_per_second", PER_LINK, "each way", link_capacity },
	{ "weft_link_load_bytes_per_second", G, "bytes_per_second", PER_LINK_END, "what that end sends; not of tunnels that share a port", link_load },
	{ "weft_link_utilisation_ratio", G, "ratio", PER_LINK_END, "the same, as a part of the capacity", link_used },
	{ "weft_link_loss_ratio", G, "ratio", PER_LINK_END, "of the last probes that left by that end, at most 100", link_loss },
	{ "weft_link_delay_seconds", G, "seconds", PER_LINK, "one way, an estimate", link_delay },
	{ "weft_link_jitter_seconds", G, "seconds", PER_LINK, "how much the delay differs from probe to probe", link_jitter },

	{ "weft_te_looks", C, NULL, PER_WEFTD, "times that traffic engineering looked at what is busy", te_looks },
	{ "weft_te_moves", C, NULL, PER_WEFTD, "times that it moved traffic to other paths", te_changes },
	{ "weft_te_slot_moves", C, NULL, PER_WEFTD, "times that it moved parts of a pair between its paths", te_deals },
	{ "weft_te_planned_utilisation_ratio", G, "ratio", PER_WEFTD, "of the busiest link, as planned at the last look", te_planned },
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
