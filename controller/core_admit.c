/* SPDX-License-Identifier: Apache-2.0 */
/* Who may connect. A certificate speaks for the switch it names and no other;
 * a datapath id without a certificate counts only on a tcp: listener. Every
 * refusal says what was expected, what came, and what to do. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/core_private.h"

static char why[400];

static const char *no_such_name(const struct core *core, const char *cert_name, uint64_t dpid)
{
	const struct net *net = core->net;
	uint32_t by_dpid = net_switch_by_dpid(net, dpid);
	if (by_dpid != NET_NONE)
		snprintf(why, sizeof why,
			 "datapath id 0x%016" PRIx64 " is switch \"%s\" (%s:%u): expected its certificate, "
			 "came one for \"%s\"; give the bridge's host the certificate of \"%s\" "
			 "(weft pki issue %s), or correct the file",
			 dpid, net->switches[by_dpid].name, net->file, net->switches[by_dpid].where.line,
			 cert_name, net->switches[by_dpid].name, net->switches[by_dpid].name);
	else
		snprintf(why, sizeof why,
			 "no switch \"%s\" in %s: expected a certificate for %s%zu switch%s; to let "
			 "it in, add `%s: {dpid: 0x%016" PRIx64 "}` under `switches:`",
			 cert_name, net->file, net->n_switches == 1 ? "its " : "one of its ", net->n_switches,
			 net->n_switches == 1 ? "" : "es", cert_name, dpid);
	return why;
}

/* The declared switch that this certificate and datapath id are, or why not. */
static const char *find_declared(const struct core *core, const char *cert_name,
				 bool (*cert_is)(void *, const char *), void *cert,
				 uint64_t dpid, const char **ret_name)
{
	const struct net *net = core->net;
	uint32_t i = net_switch_by_dpid(net, dpid);
	if (!cert_name) {
		if (i == NET_NONE) {
			snprintf(why, sizeof why,
				 "no switch in %s has datapath id 0x%016" PRIx64 "; to let it in, add "
				 "`NAME: {dpid: 0x%016" PRIx64 "}` under `switches:`, or set the bridge's: "
				 "ovs-vsctl set bridge BR other-config:datapath-id=...",
				 net->file, dpid, dpid);
			return why;
		}
		*ret_name = net->switches[i].name;
		return NULL;
	}
	if (i != NET_NONE && cert_is(cert, net->switches[i].name)) {
		*ret_name = net->switches[i].name;
		return NULL;
	}
	uint32_t named = net_switch_by_name(net, cert_name);
	if (named == NET_NONE || i != NET_NONE)
		return no_such_name(core, cert_name, dpid);
	snprintf(why, sizeof why,
		 "switch \"%s\" (%s:%u) has dpid 0x%016" PRIx64 " there: expected that datapath id, came "
		 "0x%016" PRIx64 "; correct the file, or: ovs-vsctl set bridge BR "
		 "other-config:datapath-id=%016" PRIx64,
		 cert_name, net->file, net->switches[named].where.line, net->switches[named].dpid, dpid,
		 net->switches[named].dpid);
	return why;
}

const char *core_identify(const struct core *core, const char *cert_name,
			  bool (*cert_is)(void *, const char *), void *cert, uint64_t dpid,
			  char ret_name[CORE_NAME])
{
	const char *name = cert_name;
	const char *refusal = core->net->n_switches
		? find_declared(core, cert_name, cert_is, cert, dpid, &name) : NULL;
	if (refusal)
		return refusal;
	if (!name) {
		snprintf(ret_name, CORE_NAME, "0x%016" PRIx64, dpid);
		return NULL;
	}
	if (strlen(name) >= CORE_NAME) {
		snprintf(why, sizeof why, "the certificate's name is longer than %d characters; "
			 "issue one with a shorter name", CORE_NAME - 1);
		return why;
	}
	strcpy(ret_name, name);
	return NULL;
}

const char *core_admit(struct core *core, const char *cert_name,
		       bool (*cert_is)(void *, const char *), void *cert, uint64_t dpid,
		       uint32_t *ret_sw)
{
	char name[CORE_NAME];
	const char *refusal = core_identify(core, cert_name, cert_is, cert, dpid, name);
	if (refusal)
		return refusal;
	uint32_t sw = view_switch_by_name(core->view, name);
	if (sw != NET_NONE && core->switches[sw]->session) {
		snprintf(why, sizeof why,
			 "switch \"%s\" is connected already and that connection lives: expected one "
			 "connection per bridge; look for a bridge with two controller targets that lead here "
			 "(ovs-vsctl get-controller), or for a second bridge with its certificate or datapath id",
			 name);
		return why;
	}
	sw = view_switch_slot(core->view, name, dpid);
	if (sw == NET_NONE) {
		snprintf(why, sizeof why, "%d switches are known already, that is the limit; restart weftd to "
			 "forget those that are gone", NET_MAX_SWITCHES);
		return why;
	}
	core_follow_slots(core);
	*ret_sw = sw;
	return NULL;
}

void core_refuse(struct core *core, const char *who, uint64_t dpid, const char *reason)
{
	struct core_refused *r = NULL;
	size_t kept = sizeof core->refused / sizeof *core->refused;
	core->counts.n_switches_refused++;
	for (size_t i = 0; i < core->n_refused; i++)
		if (core->refused[i].dpid == dpid && !strcmp(core->refused[i].who, who))
			r = &core->refused[i];
	if (!r) {
		if (core->n_refused < kept) {
			r = &core->refused[core->n_refused++];
		} else {
			r = &core->refused[0];
			for (size_t i = 1; i < kept; i++)
				if (core->refused[i].last_wall_ms < r->last_wall_ms)
					r = &core->refused[i];
		}
		*r = (struct core_refused) { .dpid = dpid };
		snprintf(r->who, sizeof r->who, "%s", who);
	}
	bool news = strcmp(r->why, reason);
	snprintf(r->why, sizeof r->why, "%s", reason);
	r->n++;
	r->last_wall_ms = core->wall_ms;
	if (news)
		events_note(core->events, core->wall_ms, EVENT_WARNING, "refused-switch", who, "%s", reason);
}
