/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/controller/fake_ovs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controller/cli.h"
#include "controller/pki.h"

char fake_dir[64], fake_out[65536], fake_err[65536];

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
	"*'ct-get-limits netdev@ovs-netdev') exec cat \"$FAKE/limits\" ;;\n"
	"esac\n";

const char *fake_path(const char *name)
{
	static char paths[8][128];
	static unsigned turn;
	char *path = paths[turn++ % 8];
	snprintf(path, sizeof paths[0], "%s/%s", fake_dir, name);
	return path;
}

void fake_ovs_write(const char *name, const char *text)
{
	FILE *f = fopen(fake_path(name), "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

char *fake_ovs_read(const char *name)
{
	char *text = calloc(1, 1 << 16);
	FILE *f = fopen(fake_path(name), "r");
	if (f) {
		size_t n = fread(text, 1, (1 << 16) - 1, f);
		text[n] = '\0';
		fclose(f);
	}
	return text;
}

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
	char *text = fake_ovs_read("db");
	FAKE_HAS(text, from);
	text = replaced(text, from, to);
	fake_ovs_write("db", text);
	free(text);
}

void fake_ovs_reset(const char *target)
{
	static const char *const gone[] = { "ran", "nodb", "dead", "rules" };
	for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
		unlink(fake_path(gone[i]));
	fake_ovs_write("db", database);
	fake_ovs_change("TARGET", target);
	fake_ovs_change("@", fake_dir);
	fake_ovs_write("flows", "NXST_FLOW reply (xid=0x2):\n cookie=0x7701000000000001, priority=0 actions=drop\n");
	fake_ovs_write("neigh", "IP   MAC   Bridge\n=====\n127.0.0.2   02:00:00:00:00:02   br-phys\n");
	fake_ovs_write("route", "src 127.0.0.1\ngateway 0.0.0.0\ndev br-phys\n");
	fake_ovs_write("nconns", "7\n\n");
	fake_ovs_write("maxconns", "3000000\n\n");
	fake_ovs_write("limits", "default limit=0\n");
	fake_ovs_write("status", "0");
	fake_ovs_write("said", "");
}

static void write_program(const char *name, const char *text)
{
	fake_ovs_write(name, text);
	assert_int_equal(chmod(fake_path(name), 0755), 0);
}

int fake_ovs_up(void **state)
{
	struct pki_written written;
	struct pki_error error;
	char path[4096];
	(void) state;
	snprintf(fake_dir, sizeof fake_dir, "/tmp/weft-ovs-XXXXXX");
	if (!mkdtemp(fake_dir))
		return -1;
	write_program("ovs-vsctl", vsctl);
	write_program("ovs-appctl", appctl);
	write_program("ovs-ofctl", "#!/bin/sh\nexec cat \"$FAKE/flows\"\n");
	write_program("nft", "#!/bin/sh\nexec cat \"$FAKE/rules\"\n");
	write_program("iptables-save", "#!/bin/sh\nexit 1\n");
	snprintf(path, sizeof path, "%s:%s", fake_dir, getenv("PATH"));
	setenv("PATH", path, 1);
	setenv("FAKE", fake_dir, 1);
	setenv("OVS_RUNDIR", fake_dir, 1);
	return pki_dir_init(fake_path("pki"), NULL, 0, 365, time(NULL), &written, &error) &&
	       pki_dir_issue(fake_path("pki"), NULL, "kvm1", false, 365, time(NULL), &written, &error) &&
	       pki_dir_issue(fake_path("pki"), NULL, "kvm2", false, 10, time(NULL), &written, &error) ? 0 : -1;
}

int fake_ovs_down(void **state)
{
	char command[128];
	(void) state;
	snprintf(command, sizeof command, "rm -r %s", fake_dir);
	return system(command);
}

static void read_all(const char *name, char *buf)
{
	char *text = fake_ovs_read(name);
	snprintf(buf, 65536, "%s", text);
	free(text);
}

int fake_weft(const char *words)
{
	char *text = replaced(strdup(words), "@", fake_dir), *argv[32] = { (char *) "weft" };
	int argc = 1, status;
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	fflush(NULL);
	pid_t pid = fork();
	if (!pid) {
		if (!freopen(fake_path("out"), "w", stdout) || !freopen(fake_path("err"), "w", stderr) ||
		    !freopen("/dev/null", "r", stdin))
			_exit(9);
		exit(cli_main(argc, argv));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	free(text);
	read_all("out", fake_out);
	read_all("err", fake_err);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}
