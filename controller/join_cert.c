/* SPDX-License-Identifier: Apache-2.0 */
/* join: certificate, key and authority on a host, looked at before Open vSwitch does. */
#include "controller/join.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PEM = 256 << 10 };

static const char *read_text(struct arena *arena, const char *path, const char **ret_why)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *text = NULL;
	if (fd < 0) {
		*ret_why = arena_printf(arena, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > MAX_PEM) {
		*ret_why = arena_printf(arena, "%s: it is no file with a certificate or key", path);
	} else {
		char *room = arena_alloc(arena, MAX_PEM + 1);
		ssize_t n = read(fd, room, MAX_PEM);
		if (n < 0)
			*ret_why = arena_printf(arena, "%s: %s", path, strerror(errno));
		else
			text = room;
	}
	close(fd);
	return text;
}

void join_cert_read(struct arena *arena, const char *const files[N_JOIN_FILES], struct join_cert *cert)
{
	*cert = (struct join_cert) { .arena = arena };
	for (size_t i = 0; i < N_JOIN_FILES; i++) {
		const char *why = NULL;
		cert->files[i] = arena_strdup(arena, files[i]);
		cert->texts[i] = read_text(arena, files[i], &why);
		if (!cert->unread)
			cert->unread = why;
	}
	if (cert->texts[JOIN_CERT])
		cert->is_read = pki_read(cert->texts[JOIN_CERT], &cert->info, &cert->why);
}

void join_cert_uninit(struct join_cert *cert)
{
	if (cert->is_read)
		pki_info_uninit(&cert->info);
	cert->is_read = false;
}

#define SAY(...) arena_printf(cert->arena, __VA_ARGS__)

const char *join_cert_bad_name(const struct join_cert *cert, const char *name)
{
	if (!cert->is_read)
		return SAY("%s: %s", cert->files[JOIN_CERT], cert->why.text);
	for (size_t i = 0; i < cert->info.n_sans; i++)
		if (!strcmp(cert->info.sans[i], name))
			return NULL;
	if (!strcmp(cert->info.name, name))
		return NULL;
	return SAY("%s is the certificate of %s, not of %s", cert->files[JOIN_CERT], cert->info.name, name);
}

/* ca.pem may hold several authorities, while one takes the place of another. */
const char *join_cert_bad_chain(const struct join_cert *cert)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	const char *ca = cert->texts[JOIN_CA], *key = cert->texts[JOIN_KEY];
	struct pki_error error = { "it holds no certificate" };
	if (!cert->texts[JOIN_CERT] || !ca || !key)
		return SAY("%s", cert->unread);
	ca = strstr(ca, begin);
	while (ca && !pki_verify(cert->texts[JOIN_CERT], NULL, ca, &error))
		ca = strstr(ca + 1, begin);
	if (!ca)
		return SAY("%s does not vouch for %s: %s", cert->files[JOIN_CA], cert->files[JOIN_CERT], error.text);
	if (!pki_verify(cert->texts[JOIN_CERT], key, ca, &error))
		return SAY("%s: %s", cert->files[JOIN_KEY], error.text);
	return NULL;
}

const char *join_cert_bad_dates(const struct join_cert *cert, time_t now)
{
	char date[32], today[32];
	struct tm tm;
	if (!cert->is_read)
		return SAY("%s: %s", cert->files[JOIN_CERT], cert->why.text);
	bool is_early = now < cert->info.not_before;
	if (!is_early && now <= cert->info.not_after)
		return NULL;
	gmtime_r(is_early ? &cert->info.not_before : &cert->info.not_after, &tm);
	strftime(date, sizeof date, "%Y-%m-%d %H:%M", &tm);
	gmtime_r(&now, &tm);
	strftime(today, sizeof today, "%Y-%m-%d %H:%M", &tm);
	return SAY("%s is valid %s %s, and here it is %s UTC", cert->files[JOIN_CERT], is_early ? "from" : "until", date, today);
}

/* --- for join ------------------------------------------------------------------------------ */

static const char *how_to_make(struct arena *arena, const char *name, const char *folder, const char *why)
{
	return arena_printf(arena, "%s\non the machine with the authority:\n  weft pki issue %s\n"
			    "  tar -C pki -c ca.pem %s-cert.pem %s-key.pem | ssh root@%s tar -C %s -x\nthen here again",
			    why, name, name, name, name, folder);
}

static const char *judge(struct arena *arena, const char *name, const char *folder, const char *const files[N_JOIN_FILES])
{
	struct join_cert cert;
	join_cert_read(arena, files, &cert);
	const char *wrong = join_cert_bad_name(&cert, name);
	if (cert.unread)
		wrong = how_to_make(arena, name, folder, cert.unread);
	else if (!wrong)
		wrong = join_cert_bad_chain(&cert);
	if (!wrong && (wrong = join_cert_bad_dates(&cert, time(NULL))))
		wrong = arena_printf(arena, "%s\nis the clock right? If it is: weft pki renew %s, and copy the files here", wrong, name);
	join_cert_uninit(&cert);
	return wrong;
}

const char *join_certificate(struct arena *arena, const struct vsctl *ovs, const char *name, const char *folder,
			     const char *ret_files[N_JOIN_FILES])
{
	const json_t *row = vsctl_ssl(ovs);
	const char *has[N_JOIN_FILES] = { vsctl_text(row, "private_key"), vsctl_text(row, "certificate"),
					  vsctl_text(row, "ca_cert") };
	char real[PATH_MAX];
	if (!folder && row) {
		const char *wrong = judge(arena, name, JOIN_PKI, has);
		if (!wrong)
			memcpy(ret_files, has, sizeof has);
		if (!wrong)
			return NULL;
	}
	folder = folder ? folder : JOIN_PKI;
	/* Open vSwitch begins elsewhere. */
	if (realpath(folder, real))
		folder = arena_strdup(arena, real);
	ret_files[JOIN_KEY] = arena_printf(arena, "%s/%s-key.pem", folder, name);
	ret_files[JOIN_CERT] = arena_printf(arena, "%s/%s-cert.pem", folder, name);
	ret_files[JOIN_CA] = arena_printf(arena, "%s/ca.pem", folder);
	return judge(arena, name, folder, ret_files);
}
