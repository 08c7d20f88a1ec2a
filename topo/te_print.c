/* SPDX-License-Identifier: Apache-2.0 */
/* Links, tunnels, underlays and `te` as a file. */

#include "topo/model.h"

static void print_rate(uint64_t rate, FILE *out)
{
	char text[32];

	scalar_rate_text(rate, text);
	fprintf(out, ", rate: %s", text);
}

static void print_common(uint32_t cost, uint64_t rate, const char *srlg, bool drain, uint32_t delay_us, FILE *out)
{
	fprintf(out, ", cost: %u", cost);
	if (rate)
		print_rate(rate, out);
	if (srlg) {
		fputs(", srlg: ", out);
		net_print_quoted(srlg, out);
	}
	if (drain)
		fputs(", drain: true", out);
	if (delay_us)
		fprintf(out, ", delay: %uus", delay_us);
}

static void print_ports(const char *key, const struct net_uplink ports[2], FILE *out)
{
	fprintf(out, "%s: [", key);
	for (size_t e = 0; e < 2; e++) {
		fputs(e ? ", " : "", out);
		if (ports[e].port)
			net_print_port(ports[e].switch_name, ports[e].port, out);
		else
			net_print_word(ports[e].switch_name, out);
	}
	putc(']', out);
}

void links_print(const struct net *net, FILE *out)
{
	if (net->n_links || net->n_tunnels)
		fputs("links:\n", out);
	for (size_t i = 0; i < net->n_links; i++) {
		const struct net_link *link = &net->links[i];

		fputs("  - {", out);
		print_ports("between", link->ends, out);
		print_common(link->cost, link->rate, link->srlg, link->drain, link->delay_us, out);
		fputs("}\n", out);
	}
	for (size_t i = 0; i < net->n_tunnels; i++) {
		const struct net_tunnel *tunnel = &net->tunnels[i];

		fputs("  - {", out);
		print_ports("between", tunnel->ends, out);
		print_common(tunnel->cost, tunnel->rate, tunnel->srlg, tunnel->drain, tunnel->delay_us, out);
		if (tunnel->underlay_name) {
			fputs(", underlay: ", out);
			net_print_word(tunnel->underlay_name, out);
		}
		if (tunnel->bfd[0].port)
			print_ports(", bfd", tunnel->bfd, out);
		fputs("}\n", out);
	}
}

void underlays_print(const struct net *net, FILE *out)
{
	if (net->n_underlays)
		fputs("underlays:\n", out);
	for (size_t i = 0; i < net->n_underlays; i++) {
		const struct net_underlay *underlay = &net->underlays[i];

		fputs("  ", out);
		net_print_word(underlay->name, out);
		fprintf(out, ": {mtu: %u", underlay->mtu);
		if (underlay->rate)
			print_rate(underlay->rate, out);
		if (underlay->main)
			fputs(", main: true", out);
		if (underlay->description) {
			fputs(", description: ", out);
			net_print_quoted(underlay->description, out);
		}
		fputs("}\n", out);
	}
}

static void print_names(const char *key, const char *const *names, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			fputs(", ", out);
		else
			fprintf(out, ", %s: [", key);
		net_print_word(names[i], out);
	}
	if (n)
		putc(']', out);
}

static void print_ends(const char *from, const char *to, FILE *out)
{
	fputs("    - {from: ", out);
	net_print_word(from, out);
	fputs(", to: ", out);
	net_print_word(to, out);
}

static void print_pairs(const char *key, const struct net_te_pair *pairs, size_t n, FILE *out)
{
	if (n)
		fprintf(out, "  %s:\n", key);
	for (size_t i = 0; i < n; i++) {
		print_ends(pairs[i].from_name, pairs[i].to_name, out);
		if (pairs[i].network_name) {
			fputs(", network: ", out);
			net_print_word(pairs[i].network_name, out);
		}
		print_names("via", pairs[i].via_names, pairs[i].n_via, out);
		print_names("links", pairs[i].edge_names, pairs[i].n_edges, out);
		print_names("underlays", pairs[i].underlay_names, pairs[i].n_underlays, out);
		fputs("}\n", out);
	}
}

static void print_guarantees(const struct net_te *te, FILE *out)
{
	if (te->n_guarantees)
		fputs("  guarantee:\n", out);
	for (size_t i = 0; i < te->n_guarantees; i++) {
		const struct net_te_guarantee *guarantee = &te->guarantees[i];

		if (guarantee->network_name) {
			fputs("    - {network: ", out);
			net_print_word(guarantee->network_name, out);
		} else {
			print_ends(guarantee->from_name, guarantee->to_name, out);
		}
		print_rate(guarantee->rate, out);
		fputs("}\n", out);
	}
}

void te_print(const struct net *net, FILE *out)
{
	static const char *const goals[] = { "", "balance", "shortest" };
	static const char *const modes[] = { "", "apply", "recommend", "freeze" };
	const struct net_te *te = &net->te;

	if (!te->is_given)
		return;
	fprintf(out, "te:\n  goal: %s\n  mode: %s\n  above: %.0f%%\n", goals[te->goal], modes[te->mode], 100 * te->above);
	if (!te->below_is_chosen)
		fprintf(out, "  below: %.0f%%\n", 100 * te->below);
	fprintf(out, "  interval: %us\n  max_paths: %u\n  labels: %u-%u\n  hold_up: %us\n", te->interval_s, te->max_paths,
		te->label_first, te->label_last, te->hold_up_s);
	if (te->max_delay_us)
		fprintf(out, "  max_delay: %uus\n", te->max_delay_us);
	print_pairs("pin", te->pins, te->n_pins, out);
	print_pairs("avoid", te->avoids, te->n_avoids, out);
	print_guarantees(te, out);
}
