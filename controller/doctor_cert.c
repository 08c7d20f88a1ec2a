/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: the certificate of this host, and the clock that judges it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/doctor.h"

#define CURE(...) arena_printf(d->arena, __VA_ARGS__)

bool doctor_user_of(const struct doctor *d, long pid, unsigned *ret_uid, unsigned *ret_gid)
{
	char path[4096], line[256];
	bool found = false;
	snprintf(path, sizeof path, "%s/%ld/status", d->proc, pid);
	FILE *f = pid ? fopen(path, "re") : NULL;
	while (f && fgets(line, sizeof line, f)) {
		/* real, effective, saved, filesystem */
		found |= sscanf(line, "Uid: %*u %u", ret_uid) == 1;
		if (sscanf(line, "Gid: %*u %u", ret_gid) == 1)
			break;
	}
	if (f)
		fclose(f);
	return found;
}

static bool may(const struct stat *st, unsigned uid, unsigned gid, unsigned bit)
{
	if (uid == st->st_uid)
		return st->st_mode & bit << 6;
	return st->st_mode & (gid == st->st_gid ? bit << 3 : bit);
}

const char *doctor_closed_to(struct doctor *d, const char *path, unsigned uid, unsigned gid)
{
	struct stat st;
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		const char *folder = arena_strndup(d->arena, path, (size_t) (slash - path));
		if (!stat(folder, &st) && !may(&st, uid, gid, 1))
			return folder;
	}
	return !stat(path, &st) && !may(&st, uid, gid, 4) ? path : NULL;
}

void doctor_cert_files(struct doctor *d, struct doctor_result *r)
{
	const char *name = d->name ? d->name : "NAME", *join = CURE("weft switch join %s", name);
	const json_t *row;
	bool uses_tls = false;
	for (size_t i = 0; (row = vsctl_controller(&d->ovs, d->bridge, i)); i++)
		uses_tls |= !strncmp(vsctl_text(row, "target"), "ssl:", 4);
	if (!uses_tls && !vsctl_ssl(&d->ovs)) {
		doctor_say(d, r, DOCTOR_SKIPPED, NULL, "no controller by ssl, and no certificate set");
		return;
	}
	if (!vsctl_ssl(&d->ovs)) {
		doctor_say(d, r, DOCTOR_WRONG, join, "Open vSwitch has no certificate");
		return;
	}
	if (d->cert.unread) {
		doctor_say(d, r, DOCTOR_WRONG, geteuid() && strstr(d->cert.unread, strerror(EACCES)) ? "run this as root" : join, "%s",
			   d->cert.unread);
		return;
	}
	unsigned uid = 0, gid = 0;
	char pid_file[4096];
	snprintf(pid_file, sizeof pid_file, "%s/ovs-vswitchd.pid", d->ovs_run_dir);
	if (doctor_user_of(d, (long) lab_pid_of(pid_file), &uid, &gid) && uid)
		for (size_t i = 0; i < N_JOIN_FILES; i++) {
			const char *closed = doctor_closed_to(d, d->cert.files[i], uid, gid);
			if (closed)
				doctor_say(d, r, DOCTOR_WRONG, CURE("chown %u:%u %s", uid, gid, closed),
					   "ovs-vswitchd (user %u) may not open %s", uid, closed);
		}
	doctor_say(d, r, DOCTOR_FINE, NULL, "%s", d->cert.files[JOIN_CERT]);
}

void doctor_cert_name(struct doctor *d, struct doctor_result *r)
{
	const char *wrong;
	if (!d->name)
		doctor_say(d, r, DOCTOR_SKIPPED, "weft doctor NAME", "nobody says which switch this is");
	else if ((wrong = join_cert_bad_name(&d->cert, d->name)))
		doctor_say(d, r, DOCTOR_WRONG, CURE("weft switch join %s --replace --pki DIR, where the files of %s are", d->name, d->name), "%s", wrong);
	else
		doctor_say(d, r, DOCTOR_FINE, NULL, "%s", d->name);
}

void doctor_cert_chain(struct doctor *d, struct doctor_result *r)
{
	const char *wrong = join_cert_bad_chain(&d->cert);
	if (wrong)
		doctor_say(d, r, DOCTOR_WRONG, "copy ca.pem, certificate and key here again, from one folder of `weft pki`", "%s", wrong);
	else
		doctor_say(d, r, DOCTOR_FINE, NULL, "signed by %s, with the key that belongs to it", d->cert.files[JOIN_CA]);
}

void doctor_cert_dates(struct doctor *d, struct doctor_result *r)
{
	time_t now = time(NULL);
	const char *wrong = join_cert_bad_dates(&d->cert, now), *name = d->cert.is_read ? d->cert.info.name : "NAME";
	if (wrong && d->cert.is_read && now < d->cert.info.not_before) {
		doctor_say(d, r, DOCTOR_WRONG, "set the clock of this host, or of the machine that made it: timedatectl", "%s", wrong);
		return;
	}
	const char *renew = CURE("if the clock is right: weft pki renew %s, and copy first the certificate, then the key, here", name);
	long left = d->cert.is_read ? pki_days_left(&d->cert.info, now) : 0;
	if (wrong)
		doctor_say(d, r, DOCTOR_WRONG, renew, "%s", wrong);
	else if (left < PKI_WARN_DAYS)
		doctor_say(d, r, DOCTOR_NOTE, renew, "%s ends in %ld day%s", d->cert.files[JOIN_CERT], left, left == 1 ? "" : "s");
	else
		doctor_say(d, r, DOCTOR_FINE, NULL, "for %ld days", left);
}

void doctor_clock(struct doctor *d, struct doctor_result *r)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[40];
	gmtime_r(&now, &tm);
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm);
	if (d->clock_is_kept)
		doctor_say(d, r, DOCTOR_FINE, NULL, "%s, kept", text);
	else
		doctor_say(d, r, DOCTOR_NOTE, "systemctl enable --now systemd-timesyncd, or chrony", "%s; the kernel knows nothing that keeps it right",
			   text);
}

/* --- the way to weftd ---------------------------------------------------------------------- */

void doctor_reach(struct doctor *d, struct doctor_result *r)
{
	const char *list = "";
	for (size_t i = 0; i < d->n_dials; i++) {
		const struct doctor_dial *dial = &d->dials[i];
		if (!dial->is_asked)
			continue;
		list = CURE("%s%s%s", list, *list ? ", " : "", dial->target);
		if (dial->step == PKI_DIAL_NAME)
			doctor_say(d, r, DOCTOR_WRONG, "write an address instead of the name, or see why DNS does not have it", "%s: %s", dial->target,
				   dial->why.text);
		else if (dial->step == PKI_DIAL_TCP)
			doctor_say(d, r, DOCTOR_WRONG, "is weftd running there, and does a firewall let TCP through? there: ss -lnt sport = :6653",
				   "%s: %s", dial->target, dial->why.text);
	}
	doctor_say(d, r, *list ? DOCTOR_FINE : DOCTOR_SKIPPED, NULL, "%s", *list ? list : "no controller that could be called");
}

void doctor_handshake(struct doctor *d, struct doctor_result *r)
{
	const char *list = "";
	for (size_t i = 0; i < d->n_dials; i++) {
		const struct doctor_dial *dial = &d->dials[i];
		if (!dial->is_asked || dial->step < PKI_DIAL_TLS)
			continue;
		list = CURE("%s%s%s", list, *list ? ", " : "", dial->target);
		if (dial->step == PKI_DIAL_TLS)
			doctor_say(d, r, DOCTOR_WRONG, "compare ca.pem here with the one in weftd's --pki; at weftd: weft pki list",
				   "%s: no TLS 1.3: %s", dial->target, dial->why.text);
		else if (dial->step == PKI_DIAL_HELLO)
			doctor_say(d, r, DOCTOR_WRONG, "at weftd: weft status (it lists whom it refused, and why)", "%s: no greeting: %s", dial->target,
				   dial->why.text);
	}
	doctor_say(d, r, *list ? DOCTOR_FINE : DOCTOR_SKIPPED, NULL, "%s", *list ? list : "none that could be reached");
}
