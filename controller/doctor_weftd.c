/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: weftd and what it lives on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include "controller/client.h"
#include "controller/doctor.h"
#include "ofproto/listen.h"
#include "ofproto/tls.h"

#define CURE(...) arena_printf(d->arena, __VA_ARGS__)

/* Null, or why nobody answers there. */
static const char *knock(const struct doctor *d)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (snprintf(address.sun_path, sizeof address.sun_path, "%s/weftd.sock", d->run_dir) >= (int) sizeof address.sun_path)
		return "the path is too long";
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *why = fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof address) ? strerror(errno) : NULL;
	if (fd >= 0)
		close(fd);
	return why;
}

static json_t *ask(const struct doctor *d, const char *what) { return knock(d) ? NULL : client_get(d->run_dir, what); }

void doctor_weftd(struct doctor *d, struct doctor_result *r)
{
	const char *why = knock(d);
	json_t *status = why ? NULL : client_get(d->run_dir, "/v1/status");
	if (!why && status)
		doctor_say(d, r, DOCTOR_FINE, NULL, "weftd %s, pid %ld", client_text(status, "version"), d->weftd_pid);
	else if (why && !strcmp(why, strerror(EACCES)))
		doctor_say(d, r, DOCTOR_WRONG, "run this as root, or join the group of the socket", "%s/weftd.sock: %s", d->run_dir, why);
	else
		doctor_say(d, r, DOCTOR_WRONG, "systemctl start weftd; why it ended: journalctl -u weftd -n 30", "weftd does not answer on %s/weftd.sock%s%s",
			   d->run_dir, why ? ": " : "", why ? why : "");
	json_decref(status);
}

void doctor_file(struct doctor *d, struct doctor_result *r)
{
	struct diag *diag = diag_new(d->file);
	struct net *net = net_load(d->file, diag);
	json_t *config = net ? ask(d, "/v1/status") : NULL;
	char line[1024];
	if (!net) {
		diag_format(diag, diag_finding(diag, 0), line, sizeof line);
		doctor_say(d, r, DOCTOR_WRONG, CURE("weft check %s", d->file), "%s", line);
	} else if (config && strcmp(client_text(json_object_get(config, "config"), "digest"), net->digest_text)) {
		doctor_say(d, r, DOCTOR_WRONG, "weft reload", "%s is not what is in force", d->file);
	} else {
		doctor_say(d, r, DOCTOR_FINE, NULL, "%s, digest %s", d->file, net->digest_text);
	}
	json_decref(config);
	net_free(net);
	diag_free(diag);
}

static bool listens_by_tls(const struct options *o)
{
	struct listen_target target;
	for (size_t i = 0; i < o->n_listen; i++)
		if (!listen_parse(o->listen[i], &target) && target.is_tls)
			return true;
	return false;
}

void doctor_weftd_pki(struct doctor *d, struct doctor_result *r)
{
	const char *why = NULL;
	if (!listens_by_tls(&d->weftd)) {
		doctor_say(d, r, DOCTOR_SKIPPED, NULL, "no listener by ssl");
		return;
	}
	static const char *const files[] = { "ca.pem", "cert.pem", "key.pem" };
	for (size_t i = 0; d->weftd_uid && i < 3; i++) {
		const char *closed = doctor_closed_to(d, CURE("%s/%s", d->pki, files[i]), d->weftd_uid, d->weftd_gid);
		if (closed)
			doctor_say(d, r, DOCTOR_WRONG, CURE("chgrp %u %s && chmod g+rX %s", d->weftd_gid, closed, closed),
				   "weftd (user %u) may not open %s", d->weftd_uid, closed);
	}
	struct tls *tls = tls_new(d->pki, &why);
	if (!tls)
		doctor_say(d, r, DOCTOR_WRONG, CURE("weft pki list --dir %s", d->pki), "%s", why);
	else if (tls_days_left(tls) < PKI_WARN_DAYS)
		doctor_say(d, r, DOCTOR_NOTE, CURE("weft pki renew weftd --dir %s", d->pki), "%s/cert.pem ends in %d days", d->pki, tls_days_left(tls));
	else
		doctor_say(d, r, DOCTOR_FINE, NULL, "%s, for %d days", d->pki, tls_days_left(tls));
	tls_free(tls);
}

void doctor_state_dir(struct doctor *d, struct doctor_result *r)
{
	const char *dir = d->weftd.state_dir;
	struct stat st;
	struct statvfs fs;
	if (stat(dir, &st)) {
		doctor_say(d, r, DOCTOR_WRONG, CURE("mkdir -p %s, for the user of weftd", dir), "%s: %s", dir, strerror(errno));
		return;
	}
	bool may_write = d->weftd_pid ? !d->weftd_uid || (st.st_uid == d->weftd_uid && st.st_mode & S_IWUSR) || st.st_mode & S_IWOTH
				      : !access(dir, W_OK);
	if (!S_ISDIR(st.st_mode) || !may_write)
		doctor_say(d, r, DOCTOR_WRONG, CURE("chown %u: %s", d->weftd_uid, dir), "%s cannot be written by weftd (user %u)", dir, d->weftd_uid);
	else if (!statvfs(dir, &fs) && !fs.f_bavail)
		doctor_say(d, r, DOCTOR_WRONG, CURE("df %s", dir), "%s is on a full disk", dir);
	doctor_say(d, r, DOCTOR_FINE, NULL, "%s", dir);
}

static void judge_listener(struct doctor *d, struct doctor_result *r, const char *text)
{
	struct listen_target target;
	struct pki_error why;
	const char *wrong = listen_parse(text, &target);
	if (wrong) {
		doctor_say(d, r, DOCTOR_WRONG, "weftd --help", "%s: %s", text, wrong);
		return;
	}
	const char *port = CURE("%u", target.port);
	bool is_all = !*target.address || !strcmp(target.address, "::") || !strcmp(target.address, "0.0.0.0");
	struct pki_dial dial = { .address = is_all ? "127.0.0.1" : target.address, .port = port, .patience_ms = 1000, .only_tcp = true };
	bool is_taken = pki_dial(&dial, &why) == PKI_DIAL_DONE;
	if (d->weftd_pid && !is_taken)
		doctor_say(d, r, DOCTOR_WRONG, CURE("ss -lntp sport = :%s", port), "%s takes no connection: %s", text, why.text);
	else if (!d->weftd_pid && is_taken)
		doctor_say(d, r, DOCTOR_WRONG, CURE("ss -lntp sport = :%s says which one", port), "weftd does not run, and another program has port %s", port);
}

void doctor_listening(struct doctor *d, struct doctor_result *r)
{
	const char *list = "";
	for (size_t i = 0; i < d->weftd.n_listen; i++) {
		judge_listener(d, r, d->weftd.listen[i]);
		list = CURE("%s%s%s", list, i ? ", " : "", d->weftd.listen[i]);
	}
	doctor_say(d, r, d->weftd_pid ? DOCTOR_FINE : DOCTOR_SKIPPED, NULL, "%s%s", list, d->weftd_pid ? "" : ": free");
}

void doctor_switches(struct doctor *d, struct doctor_result *r)
{
	json_t *status = ask(d, "/v1/status"), *problem;
	size_t i, n = 0;
	const char *first = NULL;
	if (!status) {
		doctor_say(d, r, DOCTOR_SKIPPED, NULL, "weftd does not answer");
		return;
	}
	json_array_foreach(json_object_get(status, "problems"), i, problem)
		if (strcmp(client_text(problem, "severity"), "info")) {
			n++;
			first = first ? first : CURE("%s", client_text(problem, "text"));
		}
	if (n)
		doctor_say(d, r, DOCTOR_WRONG, "weft status", "%zu problem%s, the first: %s", n, n == 1 ? "" : "s", first);
	else
		doctor_say(d, r, DOCTOR_FINE, NULL, "%s", client_text(status, "verdict"));
	json_decref(status);
}
