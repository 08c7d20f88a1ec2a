/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: who else has a hand on the bridge. */
#include <stdlib.h>
#include <string.h>

#include "controller/doctor.h"

#define CURE(...) arena_printf(d->arena, __VA_ARGS__)

void doctor_patch_ports(struct doctor *d, struct doctor_result *r)
{
	json_t *interfaces = vsctl_interfaces(&d->ovs, d->bridge), *row;
	size_t i;
	json_array_foreach(interfaces, i, row) {
		const char *name = vsctl_text(row, "name"), *peer = vsctl_key(row, "options", "peer");
		const json_t *other = vsctl_bridge_of(&d->ovs, peer);
		if (strcmp(vsctl_text(row, "type"), "patch"))
			continue;
		doctor_say(d, r, DOCTOR_NOTE, CURE("name it in the file (`ports: [\"%s:%s\"]`, or a link, an uplink), or: ovs-vsctl del-port %s %s",
						   d->name ? d->name : "NAME", name, d->bridge_name, name),
			   "%s leads to %s%s", name, other ? vsctl_text(other, "name") : "nothing: its peer is ",
			   other ? "" : *peer ? peer : "not set");
	}
	json_decref(interfaces);
	doctor_say(d, r, DOCTOR_FINE, NULL, "none");
}

/* The cookie of the first row that is not weft's. */
static const char *first_cookie(struct doctor *d, const char *dump)
{
	for (const char *line = dump; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *one = arena_strndup(d->arena, line, strcspn(line, "\n")), *cookie = strstr(one, "cookie=");
		if (join_count_rows(one))
			return cookie ? arena_strndup(d->arena, cookie + 7, strcspn(cookie + 7, ", ")) : "0";
	}
	return "0";
}

void doctor_foreign_rows(struct doctor *d, struct doctor_result *r)
{
	const char *why, *dump = vsctl_flows(d->runner, d->bridge_name, &why);
	size_t n = dump ? join_count_rows(dump) : 0;
	if (!dump) {
		doctor_say(d, r, DOCTOR_SKIPPED, NULL, "%s", why);
	} else if (n) {
		const char *cookie = first_cookie(d, dump);
		doctor_say(d, r, DOCTOR_NOTE, CURE("ovs-ofctl -O OpenFlow13 del-flows %s cookie=%s/-1", d->bridge_name, cookie),
			   "%zu row%s not weft's, the first with cookie %s: weftd leaves them alone, and they may go before its own", n,
			   n == 1 ? " is" : "s are", cookie);
	} else {
		doctor_say(d, r, DOCTOR_FINE, NULL, "none");
	}
}
