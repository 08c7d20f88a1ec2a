/* SPDX-License-Identifier: Apache-2.0 */
/* Random files. Written without much thought and then asked of net_parse: what
 * it takes is a good one. NICs (up*) are uplinks or nothing, VLANs of the LAN are
 * unique, so that two networks never meet outside of our switches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/controller/sim.h"

enum { MAX_TRIES = 2000 };

struct writer {
	struct sim *s;
	FILE *to;
	bool declared[SIM_SWITCHES];
	bool any_declared;
	bool any_vteps, in_blue[SIM_SWITCHES];
};

static bool is_good(const char *text)
{
	struct diag *diag = diag_new("try.yaml");
	struct net *net = net_parse("try.yaml", text, strlen(text), diag);
	bool good = net != NULL;
	net_free(net);
	diag_free(diag);
	return good;
}

static void put_switches(struct writer *w, bool whole)
{
	struct sim *s = w->s;
	w->any_declared = sim_chance(s, 85);
	if (!w->any_declared)
		return;
	w->any_vteps = s->has_underlays && sim_chance(s, 85);
	if (w->any_vteps)
		fprintf(w->to, "underlays: {red: {main: true}, blue: {}}\n");
	fprintf(w->to, "switches:\n");
	for (size_t i = 0; i < SIM_SWITCHES; i++) {
		w->declared[i] = whole || i == 0 || sim_chance(s, 85);
		if (!w->declared[i])
			continue;
		fprintf(w->to, "  %s: {dpid: 0x%llx%s", s->switches[i].name,
			(unsigned long long) s->switches[i].dpid + (!whole && sim_chance(s, 3) ? 16 : 0),
			sim_chance(s, 10) ? ", acl: ajar" : sim_chance(s, 10) ? ", acl_out: open" : "");
		w->in_blue[i] = w->any_vteps && sim_chance(s, 80);
		if (w->any_vteps)
			fprintf(w->to, ", vteps: {red: 10.0.0.%zu", i + 1);
		if (w->in_blue[i])
			fprintf(w->to, ", blue: 10.1.0.%zu", i + 1);
		fprintf(w->to, w->any_vteps ? "}}\n" : "}\n");
	}
}

/* Without any the file means a mesh in each underlay. */
static void put_tunnels(struct writer *w, bool any)
{
	struct sim *s = w->s;
	unsigned percent = sim_chance(s, 30) ? 0 : 70;
	for (uint32_t i = 0; i < SIM_SWITCHES; i++)
		for (uint32_t k = i + 1; k < SIM_SWITCHES; k++)
			for (unsigned blue = 0; blue < 2; blue++) {
				if (!w->declared[i] || !w->declared[k] || (blue && !(w->in_blue[i] && w->in_blue[k]))
				    || !sim_chance(s, percent))
					continue;
				fprintf(w->to, "%s  - {between: [%s, %s], underlay: %s, cost: %u", any ? "" : "links:\n",
					s->switches[i].name, s->switches[k].name, blue ? "blue" : "red", 1 + sim_random(s, 3));
				if (blue && sim_chance(s, 80))
					fprintf(w->to, ", bfd: [\"%s:bfd%s\", \"%s:bfd%s\"]", s->switches[i].name,
						s->switches[k].name, s->switches[k].name, s->switches[i].name);
				fprintf(w->to, "}\n");
				any = true;
			}
	if (sim_chance(s, 60))
		fprintf(w->to, "te: {hold_up: %us, goal: %s}\n", 1 + sim_random(s, 9), sim_chance(s, 80) ? "balance" : "shortest");
}

static const char *some_switch(struct writer *w)
{
	size_t i;
	if (sim_chance(w->s, 25))
		return "*";
	do
		i = sim_random(w->s, SIM_SWITCHES);
	while (w->any_declared && !w->declared[i]);
	return w->s->switches[i].name;
}

static void put_port(struct writer *w)
{
	static const char *const names[] = {
		"vm1", "vm2", "vm3", "vm4", "vm5", "tr1", "tr2", "vm*", "tr?", "vm?", "v*2", "br0",
	};
	struct sim *s = w->s;
	const char *sw = some_switch(w);
	fprintf(w->to, "      - {port: \"%s:%s\"", sw, names[sim_random(s, 12)]);
	if (sim_chance(s, 40))
		fprintf(w->to, ", tag: %u", 5 + sim_random(s, 4));
	if (sim_chance(s, 15))
		fprintf(w->to, ", max_hosts: %u", sim_random(s, 4));
	if (sim_chance(s, 15))
		fprintf(w->to, ", flood: false");
	if (sim_chance(s, 15))
		fprintf(w->to, ", hairpin: true");
	if (sim_chance(s, 4))
		fprintf(w->to, ", enable: false");
	for (int out = 0; out < 2; out++)
		if (sim_chance(s, 10))
			fprintf(w->to, ", acl%s: open", out ? "_out" : "");
	if (s->has_storms && sim_chance(s, 10))
		fprintf(w->to, ", storm: {broadcast: %s, unknown: %upps}", sim_chance(s, 50) ? "none" : "7pps",
			1 + sim_random(s, 3));
	if (s->has_storms && sim_chance(s, 15))
		fprintf(w->to, ", rate: %uMbit", 1 + sim_random(s, 3));
	if (s->has_storms && sim_chance(s, 20))
		fprintf(w->to, ", mirror: \"%s:%s\"", sw, sim_chance(s, 70) ? "vm5" : "tr2");
	fprintf(w->to, "}\n");
}

/* Rules that let pass whatever the hosts say: frames go round by other tables. */
static void put_acls(struct writer *w)
{
	fprintf(w->to, "acls:\n  open: {stateful: %s, rules: [{deny: 0x88cc}, {allow: any}]}\n"
		"  ajar: [{deny: tcp}, {deny: any, from: \"02:00:00:00:99:00\"}, {allow: any}]\n",
		sim_chance(w->s, 50) ? "true" : "false");
}

static void put_transport(struct writer *w, unsigned vlan)
{
	struct sim *s = w->s;
	fprintf(w->to, "    transport: vlan\n    vlan: %u\n    uplinks: [", vlan);
	const char *comma = "";
	for (size_t i = 0; i < SIM_SWITCHES; i++) {
		if (!w->declared[i] || (*comma && sim_chance(s, 15)))
			continue;
		fprintf(w->to, "%s%s:up%u", comma, s->switches[i].name, sim_chance(s, 25));
		comma = ", ";
	}
	fprintf(w->to, "]\n");
}

static void put_network(struct writer *w, const char *name, unsigned vlan)
{
	static const char *const ageings[] = { "0", "5s", "60s", "10m" };
	struct sim *s = w->s;
	fprintf(w->to, "  %s:\n", name);
	if (sim_chance(s, 30))
		fprintf(w->to, "    ageing: %s\n", ageings[sim_random(s, 4)]);
	if (sim_chance(s, 25))
		fprintf(w->to, "    max_hosts: %u\n", 1 + sim_random(s, 5));
	if (sim_chance(s, 20))
		fprintf(w->to, "    flood: false\n");
	if (sim_chance(s, 20))
		fprintf(w->to, "    tags: pass\n");
	for (int out = 0; out < 2; out++)
		if (sim_chance(s, 15))
			fprintf(w->to, "    acl%s: %s\n", out ? "_out" : "", sim_chance(s, 50) ? "open" : "ajar");
	if (s->has_storms && sim_chance(s, 25))
		fprintf(w->to, "    storm: {broadcast: 9pps, multicast: %upps}\n", 1 + sim_random(s, 3));
	if (w->any_declared && sim_chance(s, w->any_vteps ? 20 : 75))
		put_transport(w, vlan);
	fprintf(w->to, "    ports:\n");
	for (uint32_t n = 2 + sim_random(s, 6); n; n--)
		put_port(w);
}

static bool put_cables(struct writer *w)
{
	struct sim *s = w->s;
	bool any = false;
	for (uint32_t i = 0; i < SIM_SWITCHES; i++)
		for (size_t p = SIM_CABLES; p < SIM_TUNNEL; p++) {
			uint32_t k = sim_cable_end(i, p);
			if (k < i || !w->declared[i] || !w->declared[k] || sim_chance(s, 15))
				continue;
			fprintf(w->to, "%s  - {between: [\"%s:%s\", \"%s:%s\"], cost: %u}\n", any ? "" : "links:\n",
				s->switches[i].name, s->switches[i].ports[p].name, s->switches[k].name,
				s->switches[k].ports[p].name, 1 + sim_random(s, 3));
			any = true;
		}
	return any;
}

static void put_links(struct writer *w)
{
	bool any = w->any_declared && !sim_chance(w->s, 50) && put_cables(w);
	if (w->any_vteps)
		put_tunnels(w, any);
}

static char *write_one(struct sim *s, bool whole)
{
	static const char *const names[] = { "red", "green", "blue", "white" };
	char *text = NULL;
	size_t size;
	struct writer w = { .s = s, .to = open_memstream(&text, &size) };
	fprintf(w.to, "# %u\nversion: 1\n", sim_random(s, 1000));
	put_switches(&w, whole);
	fprintf(w.to, "networks:\n");
	for (unsigned i = 0; i < 4; i++)
		if (i == 0 || sim_chance(s, 60))
			put_network(&w, names[i], 10 * (1 + (i + sim_random(s, 2) * 4)));
	put_links(&w);
	put_acls(&w);
	fclose(w.to);
	return text;
}

/* The same with one line gone, twice, or in another place. */
static char *edit_one(struct sim *s)
{
	char *text = strdup(s->text), *at = text + sim_random(s, (uint32_t) strlen(text));
	char *line = at, *end;
	while (line > text && line[-1] != '\n')
		line--;
	end = line + strcspn(line, "\n");
	end += *end == '\n';
	char *result = NULL;
	size_t size;
	FILE *f = open_memstream(&result, &size);
	int len = (int) (end - line);
	fprintf(f, "%.*s", (int) (line - text), text);
	if (sim_chance(s, 40))
		fprintf(f, "%.*s%.*s", len, line, len, line);
	else if (sim_chance(s, 20))
		fprintf(f, "# a line more\n%.*s", len, line);
	fprintf(f, "%s", end);
	fclose(f);
	free(text);
	return result;
}

char *sim_file_good(struct sim *s, bool whole)
{
	for (int i = 0; i < MAX_TRIES; i++) {
		char *text = !whole && s->text && sim_chance(s, 60) ? edit_one(s) : write_one(s, whole);
		if (is_good(text))
			return text;
		free(text);
	}
	fail_msg("no good file in %d tries", MAX_TRIES);
	return NULL;
}

char *sim_file_bad(struct sim *s)
{
	for (int i = 0; i < MAX_TRIES; i++) {
		char *text = sim_chance(s, 50) ? edit_one(s) : write_one(s, false);
		size_t size = strlen(text);
		if (sim_chance(s, 50))
			text[sim_random(s, (uint32_t) size)] = "{[:\t*&#!x\n"[sim_random(s, 10)];
		if (!is_good(text))
			return text;
		free(text);
	}
	fail_msg("no bad file in %d tries", MAX_TRIES);
	return NULL;
}
