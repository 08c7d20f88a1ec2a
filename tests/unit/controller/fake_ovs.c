/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/controller/fake_ovs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "controller/pki.h"

static const char database[] =
	"{\"headings\":[\"_uuid\",\"ovs_version\",\"other_config\",\"external_ids\",\"ssl\",\"manager_options\",\"bridges\"],"
	"\"data\":[[[\"uuid\",\"u-all\"],[\"set\",[]],[\"map\",[]],[\"map\",[]],[\"uuid\",\"u-ssl\"],[\"set\",[]],[\"uuid\",\"u-br\"]]]}\n"
	"{\"headings\":[\"_uuid\",\"private_key\",\"certificate\",\"ca_cert\"],"
	"\"data\":[[[\"uuid\",\"u-ssl\"],\"@/pki/kvm1-key.pem\",\"@/pki/kvm1-cert.pem\",\"@/pki/ca.pem\"]]}\n"
	"{\"headings\":[\"_uuid\",\"target\",\"connection_mode\",\"is_connected\",\"role\",\"status\",\"max_backoff\",\"inactivity_probe\"],"
	"\"data\":[[[\"uuid\",\"u-ctl\"],\"TARGET\",\"out-of-band\",true,\"master\",[\"map\",[[\"state\",\"ACTIVE\"]]],1000,5000]]}\n"
	"{\"headings\":[\"_uuid\",\"name\",\"controller\",\"datapath_id\",\"datapath_type\",\"fail_mode\",\"protocols\",\"ports\",\"other_config\",\"external_ids\"],"
	"\"data\":[[[\"uuid\",\"u-br\"],\"br-int\",[\"uuid\",\"u-ctl\"],\"0000525400a10011\",\"\",\"secure\",\"OpenFlow13\","
	"[\"set\",[[\"uuid\",\"p-br\"],[\"uuid\",\"p-vx\"],[\"uuid\",\"p-vm\"]]],[\"map\",[[\"datapath-id\",\"0000525400a10011\"]]],"
	"[\"map\",[[\"weft-switch\",\"kvm1\"]]]]]}\n"
	"{\"headings\":[\"_uuid\",\"name\",\"interfaces\"],\"data\":[[[\"uuid\",\"p-br\"],\"br-int\",[\"uuid\",\"i-br\"]],"
	"[[\"uuid\",\"p-vx\"],\"vxlan0\",[\"uuid\",\"i-vx\"]],[[\"uuid\",\"p-vm\"],\"vm-a\",[\"uuid\",\"i-vm\"]]]}\n"
	"{\"headings\":[\"_uuid\",\"name\",\"type\",\"options\",\"ofport\",\"error\",\"mtu\",\"bfd\",\"bfd_status\",\"external_ids\"],"
	"\"data\":[[[\"uuid\",\"i-br\"],\"br-int\",\"internal\",[\"map\",[]],65534,[\"set\",[]],1500,[\"map\",[]],[\"map\",[]],[\"map\",[]]],"
	"[[\"uuid\",\"i-vx\"],\"vxlan0\",\"vxlan\",[\"map\",[[\"key\",\"flow\"],[\"local_ip\",\"127.0.0.1\"],[\"remote_ip\",\"flow\"]]],1,"
	"[\"set\",[]],[\"set\",[]],[\"map\",[]],[\"map\",[]],[\"map\",[]]],"
	"[[\"uuid\",\"i-vm\"],\"vm-a\",\"\",[\"map\",[]],2,[\"set\",[]],1500,[\"map\",[]],[\"map\",[]],[\"map\",[]]]]}\n";

/* What changes something is written down, an argument a line. */
static const char vsctl[] =
	"#!/bin/sh\n"
	"case \"$*\" in\n"
	"*'list Open_vSwitch'*) [ ! -e \"$FAKE/nodb\" ] || { echo 'ovs-vsctl: unix:/x: database connection failed (No such file)' >&2; exit 1; }\n"
	"    exec cat \"$FAKE/db\" ;;\n"
	"*) printf '%s\\n' \"$@\" >>\"$FAKE/ran\"; cat \"$FAKE/said\" >&2; exit $(cat \"$FAKE/status\") ;;\n"
	"esac\n";
static const char appctl[] =
	"#!/bin/sh\n"
	"case \"$*\" in\n"
	"*version) [ ! -e \"$FAKE/dead\" ] || { echo 'ovs-appctl: cannot connect' >&2; exit 1; }; echo 'ovs-vswitchd (Open vSwitch) 3.1.0' ;;\n"
	"*lookup*) exec cat \"$FAKE/route\" ;;\n"
	"*neigh*) exec cat \"$FAKE/neigh\" ;;\n"
	"*'ct-get-nconns netdev@ovs-netdev') exec cat \"$FAKE/nconns\" ;;\n"
	"*'ct-get-maxconns netdev@ovs-netdev') exec cat \"$FAKE/maxconns\" ;;\n"
	"*'ipf-get-status netdev@ovs-netdev') exec cat \"$FAKE/ipf\" ;;\n"
	"*'ct-get-limits netdev@ovs-netdev') exec cat \"$FAKE/limits\" ;;\n"
	"esac\n";

/* All of them; text is replaced. */
static char *replaced(char *text, const char *from, const char *to)
{
	size_t room = strlen(text) * 2 + 4096;
	char *new = calloc(1, room), *at = text, *found;
	while ((found = strstr(at, from))) {
		strncat(new, at, (size_t) (found - at));
		strcat(new, to);
		at = found + strlen(from);
		assert_true(strlen(new) + strlen(at) + strlen(to) < room);
	}
	strcat(new, at);
	free(text);
	return new;
}

void fake_ovs_change(const char *from, const char *to)
{
	char *text = scratch_read("db");
	HAS(text, from);
	text = replaced(text, from, to);
	scratch_write("db", text);
	free(text);
}

void fake_ovs_reset(const char *target)
{
	static const char *const gone[] = { "ran", "nodb", "dead", "rules" };
	for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
		unlink(scratch_path(gone[i]));
	scratch_write("db", database);
	fake_ovs_change("TARGET", target);
	fake_ovs_change("@", scratch_dir);
	scratch_write("flows", "NXST_FLOW reply (xid=0x2):\n cookie=0x7701000000000001, priority=0 actions=drop\n");
	scratch_write("neigh", "IP   MAC   Bridge\n=====\n127.0.0.2   02:00:00:00:00:02   br-phys\n");
	scratch_write("route", "src 127.0.0.1\ngateway 0.0.0.0\ndev br-phys\n");
	scratch_write("nconns", "7\n\n");
	scratch_write("maxconns", "3000000\n\n");
	scratch_write("ipf", "\tv4 enabled: 0\n\tv6 enabled: 0\n");
	scratch_write("limits", "default limit=0\n");
	scratch_write("status", "0");
	scratch_write("said", "");
}

static void write_program(const char *name, const char *text)
{
	scratch_write(name, text);
	assert_int_equal(chmod(scratch_path(name), 0755), 0);
}

int fake_ovs_up(void **state)
{
	struct pki_written written;
	struct pki_error error;
	char path[4096];
	(void) state;
	if (!scratch_make())
		return -1;
	write_program("ovs-vsctl", vsctl);
	write_program("ovs-appctl", appctl);
	write_program("ovs-ofctl", "#!/bin/sh\nexec cat \"$FAKE/flows\"\n");
	write_program("nft", "#!/bin/sh\nexec cat \"$FAKE/rules\"\n");
	write_program("iptables-save", "#!/bin/sh\nexit 1\n");
	snprintf(path, sizeof path, "%s:%s", scratch_dir, getenv("PATH"));
	setenv("PATH", path, 1);
	setenv("FAKE", scratch_dir, 1);
	setenv("OVS_RUNDIR", scratch_dir, 1);
	return pki_dir_init(scratch_path("pki"), NULL, 0, 365, time(NULL), &written, &error) &&
	       pki_dir_issue(scratch_path("pki"), NULL, "kvm1", false, 365, time(NULL), &written, &error) &&
	       pki_dir_issue(scratch_path("pki"), NULL, "kvm2", false, 10, time(NULL), &written, &error) ? 0 : -1;
}

int fake_ovs_down(void **state)
{
	(void) state;
	return scratch_remove();
}
