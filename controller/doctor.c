/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: what the checks judge by is gathered once, here. */
#include "controller/doctor.h"
#include "controller/here.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 3000, MAX_WORDS = 128, MAX_COMMAND_LINE = 16384 };

void doctor_say(struct doctor *d, struct doctor_result *r, enum doctor_state state, const char *cure, const char *format, ...)
{
	va_list args;
	/* The first that is wrong is the one to begin with. */
	if (r->text && (r->state == DOCTOR_WRONG || state != DOCTOR_WRONG))
		return;
	va_start(args, format);
	*r = (struct doctor_result) { .state = state, .cure = cure, .text = arena_vprintf(d->arena, format, args) };
	va_end(args);
}

/* --- a host -------------------------------------------------------------------------------- */

static void read_certificate(struct doctor *d)
{
	const json_t *row = vsctl_ssl(&d->ovs);
	const char *files[N_JOIN_FILES] = { vsctl_text(row, "private_key"), vsctl_text(row, "certificate"), vsctl_text(row, "ca_cert") };
	if (!row)
		return;
	join_cert_read(d->arena, files, &d->cert);
	d->has_cert = !d->cert.unread && d->cert.is_read;
}

static void find_name(struct doctor *d)
{
	const char *noted = vsctl_key(d->bridge, "external_ids", "weft-switch");
	if (!d->name && *noted)
		d->name = noted;
	else if (!d->name && d->has_cert)
		d->name = d->cert.info.name;
	uint32_t i = d->net && d->name ? net_switch_by_name(d->net, d->name) : NET_NONE;
	if (i != NET_NONE)
		d->sw = &d->net->switches[i];
}

static void find_vtep(struct doctor *d)
{
	json_t *interfaces, *row;
	size_t i;
	d->vtep = d->sw ? d->sw->vtep : NULL;
	if (d->sw)
		return;
	interfaces = vsctl_interfaces(&d->ovs, d->bridge);
	json_array_foreach(interfaces, i, row)
		if (!d->vtep && !strcmp(vsctl_key(row, "options", "remote_ip"), "flow") && *vsctl_key(row, "options", "local_ip"))
			d->vtep = vsctl_key(row, "options", "local_ip");
	json_decref(interfaces);
}

static void dial(struct doctor *d, struct doctor_dial *one)
{
	char address[64], port[8];
	bool is_tls;
	if (!join_target_parts(one->target, address, port, &is_tls))
		return;
	struct pki_dial call = { .address = address, .port = port, .patience_ms = PATIENCE_MS };
	/* Without files the way there can be tried all the same. */
	if (is_tls && d->has_cert) {
		call.key = d->cert.files[JOIN_KEY];
		call.cert = d->cert.files[JOIN_CERT];
		call.ca = d->cert.files[JOIN_CA];
	}
	one->step = pki_dial(&call, &one->why);
	one->is_asked = true;
	if (is_tls && !d->has_cert && one->step > PKI_DIAL_TCP) {
		one->step = PKI_DIAL_TLS;
		snprintf(one->why.text, sizeof one->why.text, "not tried: there is no certificate");
	}
}

static void dial_all(struct doctor *d)
{
	const json_t *row;
	while (vsctl_controller(&d->ovs, d->bridge, d->n_dials))
		d->n_dials++;
	d->dials = arena_new_array(d->arena, struct doctor_dial, d->n_dials + 1);
	for (size_t i = 0; (row = vsctl_controller(&d->ovs, d->bridge, i)); i++) {
		d->dials[i].target = arena_strdup(d->arena, vsctl_text(row, "target"));
		dial(d, &d->dials[i]);
	}
}

/* ovs-vswitchd writes down every 5 s who is connected. Of one that answers us, and that it has
 * not yet said anything about, that is waited for. */
static void wait_for_word(struct doctor *d)
{
	const json_t *row;
	bool has_waited = false;
	for (size_t i = 0; (row = vsctl_controller(&d->ovs, d->bridge, i)); i++) {
		if (d->dials[i].step != PKI_DIAL_DONE || vsctl_true(row, "is_connected") || *vsctl_key(row, "status", "last_error"))
			continue;
		const char *why, **argv = lab_argv(d->arena, "ovs-vsctl", "--timeout=6", "wait-until", "Controller",
						   arena_strdup(d->arena, vsctl_text(row, "_uuid")), "is_connected=true", NULL);
		vsctl_ask(d->runner, argv, &why);
		has_waited = true;
	}
	if (!has_waited)
		return;
	vsctl_uninit(&d->ovs);
	d->ovs_wrong = vsctl_read(d->runner, &d->ovs);
	d->bridge = d->ovs_wrong ? NULL : vsctl_row(&d->ovs, VSCTL_BRIDGE, "name", d->bridge_name);
}

static void gather_host(struct doctor *d)
{
	d->ovs_wrong = vsctl_read(d->runner, &d->ovs);
	if (d->ovs_wrong)
		return;
	d->version = vsctl_ask(d->runner, lab_argv(d->arena, "ovs-appctl", "--timeout=5", "version", NULL), &d->daemon_wrong);
	d->bridge = vsctl_row(&d->ovs, VSCTL_BRIDGE, "name", d->bridge_name);
	read_certificate(d);
	if (d->bridge) {
		dial_all(d);
		wait_for_word(d);
	}
	find_name(d);
	if (d->bridge)
		find_vtep(d);
}

/* --- weftd --------------------------------------------------------------------------------- */

static long find_weftd(const struct doctor *d)
{
	char path[4096], link[4096];
	snprintf(path, sizeof path, "%s/weftd.pid", d->run_dir);
	long pid = (long) lab_pid_of(path);
	snprintf(link, sizeof link, "%s/%ld", d->proc, pid);
	return pid > 0 && !access(link, F_OK) ? pid : 0;
}

/* Words of its command line, which live as long as the doctor. */
static int read_words(struct doctor *d, const char **words)
{
	char *text = arena_alloc(d->arena, MAX_COMMAND_LINE + 1);
	char path[4096];
	int n = 0;
	snprintf(path, sizeof path, "%s/%ld/cmdline", d->proc, d->weftd_pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? 0 : read(fd, text, MAX_COMMAND_LINE);
	if (fd >= 0)
		close(fd);
	for (const char *end = text + (size > 0 ? size : 0); text < end && n < MAX_WORDS; text += strlen(text) + 1)
		words[n++] = text;
	return n;
}

static const char *absolute(struct doctor *d, const char *path)
{
	return !d->weftd_pid || *path == '/' ? path : arena_printf(d->arena, "%s/%ld/cwd/%s", d->proc, d->weftd_pid, path);
}

static void gather_weftd(struct doctor *d)
{
	static char program[] = "weftd", file[] = "/etc/weft/topology.yaml";
	char *defaults[] = { program, file, NULL };
	const char *words[MAX_WORDS + 1] = { NULL };
	d->weftd_pid = find_weftd(d);
	int n = d->weftd_pid ? read_words(d, words) : 0;
	if (n < 2 || options_parse(&d->weftd, n, (char **) words) >= 0)
		options_parse(&d->weftd, 2, defaults);
	d->weftd.state_dir = absolute(d, d->weftd.state_dir);
	if (!d->pki)
		d->pki = absolute(d, d->weftd.pki);
	/* What came by stdin was for the host. */
	if (!d->file || !strcmp(d->file, "-"))
		d->file = absolute(d, d->weftd.topology);
	const struct passwd *user = d->weftd_pid ? NULL : getpwnam("weft");
	if (user) {
		d->weftd_uid = user->pw_uid;
		d->weftd_gid = user->pw_gid;
	}
	doctor_user_of(d, d->weftd_pid, &d->weftd_uid, &d->weftd_gid);
}

/* --- the whole ----------------------------------------------------------------------------- */

void doctor_init(struct doctor *d)
{
	const char *run_dir = getenv("OVS_RUNDIR");
	d->arena = d->runner->arena;
	d->clock_is_kept = here_clock_is_kept();
	if (!d->ovs_run_dir)
		d->ovs_run_dir = run_dir && *run_dir ? run_dir : "/run/openvswitch";
	if (d->sides & DOCTOR_HOST)
		gather_host(d);
	if (d->sides & DOCTOR_WEFTD)
		gather_weftd(d);
}

void doctor_uninit(struct doctor *d)
{
	join_cert_uninit(&d->cert);
	vsctl_uninit(&d->ovs);
}

/* Null, or what it lacks. */
static const char *lacks(struct doctor *d, unsigned needs)
{
	if (needs & NEEDS_OVS && d->ovs_wrong)
		return "Open vSwitch does not tell";
	if (needs & NEEDS_DAEMON && !d->version)
		return "ovs-vswitchd does not answer";
	if (needs & NEEDS_BRIDGE && !d->bridge)
		return "there is no bridge";
	if (needs & NEEDS_CERT && !d->has_cert)
		return "there is no certificate that could be read";
	if (needs & NEEDS_SWITCH && !d->net)
		return "not compared with the file: give it with --file";
	if (needs & NEEDS_SWITCH && !d->sw)
		return arena_printf(d->arena, "%s has no switch %s", d->net->file, d->name ? d->name : "of that name, and nobody says which one this is");
	return needs & NEEDS_VTEP && !d->vtep ? "no tunnels here" : NULL;
}

void doctor_check(struct doctor *d, const struct doctor_check *check, struct doctor_result *r)
{
	*r = (struct doctor_result) { 0 };
	const char *lack = lacks(d, check->needs);
	if (lack)
		doctor_say(d, r, DOCTOR_SKIPPED, NULL, "%s", lack);
	else
		check->run(d, r);
}
