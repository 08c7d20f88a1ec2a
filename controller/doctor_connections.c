/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: connection tracking, which stateful lists need. Is there room for connections? Who
 * fills the table takes it from all. Do fragments stay where they are?
 * docs/explanation/stateful.md, "A full table" and "Fragments". */
#include <stdlib.h>
#include <string.h>

#include "controller/doctor.h"

#define CURE(...) arena_printf(d->arena, __VA_ARGS__)
#define DATAPATH "netdev@ovs-netdev"    /* the one of all bridges in userspace */

enum { NEARLY_PERCENT = 90, USUAL_MAX = 3000000 };

static bool is_in_userspace(const struct doctor *d)
{
	return !strcmp(vsctl_text(d->bridge, "datapath_type"), "netdev");
}

/* The first line as a number; false = there is none. */
static bool read_number(const char *text, unsigned long *ret_n)
{
	char *end;
	unsigned long n = text ? strtoul(text, &end, 10) : 0;
	if (!text || end == text || *end != '\n')
		return false;
	*ret_n = n;
	return true;
}

static const char *ask(struct doctor *d, const char *what)
{
	const char *why;
	return vsctl_ask(d->runner, lab_argv(d->arena, "ovs-appctl", "--timeout=5", what, DATAPATH, NULL), &why);
}

/* A file of the kernel. */
static bool read_sysctl(struct doctor *d, const char *name, unsigned long *ret_n)
{
	char line[32];
	FILE *f = fopen(CURE("%s/sys/net/netfilter/%s", d->proc, name), "re");
	bool is_read = f && fgets(line, sizeof line, f);
	if (f)
		fclose(f);
	return is_read && read_number(line, ret_n);
}

static void judge(struct doctor *d, struct doctor_result *r, unsigned long n, unsigned long max, const char *cure)
{
	if (n >= max)
		doctor_say(d, r, DOCTOR_WRONG, cure, "the table of connections is full, %lu of %lu: new ones are not remembered, and nobody's answers pass",
			   n, max);
	else if (n >= max / 100 * NEARLY_PERCENT)
		doctor_say(d, r, DOCTOR_NOTE, cure, "%lu of %lu connections", n, max);
}

/* Of the network in that zone, or the zone alone. */
static const char *zone_name(struct doctor *d, unsigned zone)
{
	for (size_t i = 0; d->net && i < d->net->n_networks; i++)
		if (d->net->networks[i].zone == zone)
			return CURE("network %s (zone %u)", d->net->networks[i].name, zone);
	return CURE("zone %u", zone);
}

/* Lines "zone=5,limit=10,count=3"; a limit of 0 is none. */
static void judge_zones(struct doctor *d, struct doctor_result *r)
{
	const char *line = ask(d, "dpctl/ct-get-limits");
	for (; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		unsigned zone;
		unsigned long limit, n;
		if (sscanf(line, "zone=%u,limit=%lu,count=%lu", &zone, &limit, &n) == 3 && limit && n >= limit)
			doctor_say(d, r, DOCTOR_WRONG, CURE("ovs-appctl dpctl/ct-set-limits " DATAPATH " zone=%u,limit=%lu", zone, 2 * limit),
				   "%s has %lu connections of %lu: its new ones are not remembered, and their answers do not pass",
				   zone_name(d, zone), n, limit);
	}
}

static void in_userspace(struct doctor *d, struct doctor_result *r)
{
	unsigned long n, max;
	if (!read_number(ask(d, "dpctl/ct-get-nconns"), &n) || !read_number(ask(d, "dpctl/ct-get-maxconns"), &max)) {
		doctor_say(d, r, DOCTOR_SKIPPED, NULL, "ovs-vswitchd does not tell");
		return;
	}
	judge(d, r, n, max, CURE("ovs-appctl dpctl/ct-set-maxconns " DATAPATH " %lu", max ? 2 * max : USUAL_MAX));
	judge_zones(d, r);
	doctor_say(d, r, DOCTOR_FINE, NULL, "%lu of %lu", n, max);
}

void doctor_connections(struct doctor *d, struct doctor_result *r)
{
	unsigned long n, max;
	if (is_in_userspace(d)) {
		in_userspace(d, r);
		return;
	}
	if (!read_sysctl(d, "nf_conntrack_count", &n) || !read_sysctl(d, "nf_conntrack_max", &max)) {
		doctor_say(d, r, DOCTOR_FINE, NULL, "the kernel tracks none");
		return;
	}
	judge(d, r, n, max, CURE("sysctl net.netfilter.nf_conntrack_max=%lu", 2 * max));
	doctor_say(d, r, DOCTOR_FINE, NULL, "%lu of %lu", n, max);
}

/* --- fragments ----------------------------------------------------------------------- */

/* Without a file: maybe. */
static bool has_stateful_list(const struct net *net)
{
	for (size_t i = 0; net && i < net->n_networks; i++)
		if (net->networks[i].needs_zone)
			return true;
	return !net;
}

void doctor_fragments(struct doctor *d, struct doctor_result *r)
{
	if (!is_in_userspace(d) || !has_stateful_list(d->net)) {
		doctor_say(d, r, DOCTOR_FINE, NULL, is_in_userspace(d) ? "the file has no stateful list" : "the kernel puts them together");
		return;
	}
	const char *status = ask(d, "dpctl/ipf-get-status");
	if (!status || !strstr(status, "v4 enabled: ") || !strstr(status, "v6 enabled: ")) {
		doctor_say(d, r, DOCTOR_SKIPPED, NULL, "ovs-vswitchd does not tell");
		return;
	}
	for (unsigned v = 4; v <= 6; v += 2)
		if (strstr(status, CURE("v%u enabled: 1", v)))
			doctor_say(d, r, d->net ? DOCTOR_WRONG : DOCTOR_NOTE,
				   "ovs-appctl dpctl/ipf-set-disabled " DATAPATH " v4 && ovs-appctl dpctl/ipf-set-disabled " DATAPATH
				   " v6, after each start of ovs-vswitchd",
				   "this datapath gathers fragments of IPv%u for stateful lists: those that stay alone come out in other networks", v);
	doctor_say(d, r, DOCTOR_FINE, NULL, "not gathered: each piece is judged by itself");
}
