/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of problem that status can tell of, for the manual. */
#include "controller/problems.h"

static const struct { const char *word, *help; } kinds[] = {
	{ "config-refused", "the file has errors; what was before is in force" },
	{ "confirm", "a revision waits for a confirmation, or going back without one does not work" },
	{ "history", "revisions cannot be kept, or one of them cannot be used" },
	{ "certificate", "weftd's own ends soon, has ended, or cannot be used" },
	{ "switch-waiting", "a switch of the file has not connected since weftd started" },
	{ "switch-disconnected", "a switch is gone" },
	{ "switch-connecting", "a switch is being read back" },
	{ "switch-standby", "another controller is in charge of a switch" },
	{ "switch-refused", "a connection was not let in" },
	{ "row-refused", "a switch does not take a row" },
	{ "row-blocked", "a row that is not weft's stands where one of ours has to" },
	{ "openflow-error", "a switch answered with an error" },
	{ "foreign-flows", "a bridge has flows that are not weft's, and keeps them" },
	{ "drift", "another hand has changed rows; they were put right" },
	{ "tunnel-missing", "a switch has no VXLAN port for its networks" },
	{ "port-conflict", "two networks want the same port in the same way" },
	{ "port-no-network", "ports that are in no network" },
	{ "port-shut", "a port lets nothing of a network in for some time" },
	{ "host-echo", "hosts were heard where they are not, and were not let in: of a loop, or a LAN that sends frames back" },
	{ "host-limit", "hosts were not let in: a limit is reached" },
	{ "flood-list-full", "a network has more ports on a switch than one flood can reach" },
	{ "duplicate-ip", "two hosts use one IP address" },
	{ "violation", "a port sent what it may not" },
	{ "rogue-dhcp", "a DHCP server answers at a port that is not trusted" },
	{ "rogue-router", "a router advertises itself at a port that is not trusted" },
	{ "storm", "a port sends more to everybody than it may" },
	{ "storm-no-meter", "a switch has too few meters for the storm limits" },
	{ "rate", "a port sends more than its rate: no fault, it gets what it may" },
	{ "rate-no-meter", "a switch has too few meters for the rates" },
	{ "mirror", "a mirror port is not there or down, so that no copies are made" },
	{ "quarantine", "a port is closed in a network because of a loop" },
	{ "acl-audit", "a list counts and drops nothing" },
	{ "mtu", "packets of hosts are larger than what their network carries" },
	{ "guest-mtu", "the MTU that guests need in networks by VXLAN" },
	{ "uplink-down", "an uplink is down, or not there" },
	{ "lan-cut", "a network does not reach the LAN" },
	{ "lan-no-spare", "one of the ports to the LAN is not alive" },
	{ "link-down", "a link carries nothing" },
	{ "link-wrong", "a cable does not lead where the file says" },
	{ "link-resting", "a link that was silent is good again, and rests before it is used" },
	{ "link-no-bfd", "links without BFD: a silent one is found by probes only; with the command that gives it" },
	{ "te-link-full", "a link is above what it shall carry" },
	{ "te-guarantee", "others leave a guarantee less room than was promised" },
	{ "te-link-held", "a link came back and gets no traffic yet" },
	{ "te-labels", "there are fewer labels than paths need" },
	{ "te-rules", "pins, avoids or delays that cannot be kept" },
	{ "te-advice", "better paths are known; the file says to recommend only" },
	{ "te-state", "the paths cannot be written to the state folder" },
};

void problems_print_kinds(FILE *f)
{
	fprintf(f, "| kind | what is so |\n|---|---|\n");
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		fprintf(f, "| `%s` | %s |\n", kinds[i].word, kinds[i].help);
}
