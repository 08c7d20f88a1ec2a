/* SPDX-License-Identifier: Apache-2.0 */
/* The PKI directory: which file holds what, and how pairs come into being.
 *
 * Order matters when a pair is replaced: first the certificate, then the key.
 * ovs-vswitchd looks at the certificate only when it finds the key changed, so
 * the other order could leave it with the old pair until it restarts. */
#include "controller/pki_private.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "topo/arena.h"

enum {
	SKEW = 3600,                    /* seconds a peer's clock may be behind ours */
};

/* --- the authority and its leaves ----------------------------------------------- */

static bool read_ca(const struct pki_folder *dir, struct pki_pair *ca, struct pki_error *error)
{
	if (!pki_folder_has(dir, "ca.pem"))
		return pki_fail(error, "there is no PKI in %s (no ca.pem): make one with `weft pki init "
			    "--dir %s`, or name the right one with --dir or WEFT_PKI",
			    dir->path, dir->path);
	if (!pki_folder_has(dir, "ca-key.pem"))
		return pki_fail(error, "%s has no ca-key.pem: certificates can only be made where the "
			    "key of the authority is", dir->path);
	ca->cert = pki_folder_read(dir, "ca.pem", error);
	ca->key = ca->cert ? pki_folder_read(dir, "ca-key.pem", error) : NULL;
	return ca->key != NULL;
}

static void file_names(const char *name, enum pki_kind kind, char cert[NAME_MAX], char key[NAME_MAX])
{
	if (kind == PKI_SERVER) {
		snprintf(cert, NAME_MAX, "cert.pem");
		snprintf(key, NAME_MAX, "key.pem");
	} else {
		snprintf(cert, NAME_MAX, "%s-cert.pem", name);
		snprintf(key, NAME_MAX, "%s-key.pem", name);
	}
}

static bool join(char *out, size_t size, const struct pki_folder *dir, const char *file)
{
	return snprintf(out, size, "%s/%s", dir->path, file) < (int) size;
}

/* Makes a pair and puts it into out, beside ca.pem, with a copy of the
 * certificate in dir. */
static bool make_leaf(const struct pki_folder *dir, const struct pki_folder *out, struct pki_request *request,
		      unsigned days, time_t now, struct pki_written *written,
		      struct pki_error *error)
{
	struct pki_pair ca = {0}, pair = {0};
	struct pki_info info = {0};
	char cert[NAME_MAX], key[NAME_MAX];
	bool ok;

	request->not_before = now - SKEW;
	request->not_after = now + (time_t) days * 86400;
	file_names(request->name, request->kind, cert, key);
	ok = read_ca(dir, &ca, error) && pki_make(request, &ca, &pair, error) &&
	     pki_read(pair.cert, &info, error);
	if (ok && strcmp(dir->path, out->path))
		ok = pki_folder_write(dir, cert, pair.cert, 0644, error) &&
		     pki_folder_write(out, "ca.pem", ca.cert, 0644, error);
	ok = ok && pki_folder_write(out, cert, pair.cert, 0644, error) &&
	     pki_folder_write(out, key, pair.key, 0600, error);
	if (ok) {
		memcpy(written->serial, info.serial, sizeof written->serial);
		written->not_after = info.not_after;
		ok = join(written->cert, sizeof written->cert, out, cert) &&
		     join(written->key, sizeof written->key, out, key) &&
		     join(written->ca, sizeof written->ca, out, "ca.pem");
		if (!ok)
			pki_fail(error, "the path %s is too long", out->path);
	}
	pki_info_uninit(&info);
	pki_pair_uninit(&pair);
	pki_pair_uninit(&ca);
	return ok;
}

static bool make_ca(const struct pki_folder *dir, time_t now, struct pki_error *error)
{
	char name[PKI_MAX_NAME + 1];
	unsigned random;
	struct pki_pair ca = {0};
	struct pki_request request = {
		.kind = PKI_CA,
		.name = name,
		.not_before = now - SKEW,
		.not_after = now + (time_t) PKI_CA_DAYS * 86400,
	};
	bool ok;

	/* Two authorities must not have one name: chains are built by name. */
	if (getrandom(&random, sizeof random, 0) != sizeof random)
		return pki_fail(error, "no random numbers: %s", strerror(errno));
	snprintf(name, sizeof name, "weft authority %08x", random);
	ok = pki_make(&request, NULL, &ca, error) &&
	     pki_folder_write(dir, "ca-key.pem", ca.key, 0600, error) &&
	     pki_folder_write(dir, "ca.pem", ca.cert, 0644, error);
	pki_pair_uninit(&ca);
	return ok;
}

bool pki_dir_init(const char *path, const char *const *sans, size_t n_sans, unsigned days,
		  time_t now, struct pki_written *written, struct pki_error *error)
{
	struct pki_folder dir = PKI_FOLDER_NULL;
	const char *names[PKI_MAX_SANS];
	struct pki_request request = {.kind = PKI_SERVER, .name = "weftd", .sans = names};
	bool ok = false;

	*written = (struct pki_written){0};
	if (n_sans + 2 > PKI_MAX_SANS)
		return pki_fail(error, "more than %d names in one certificate", PKI_MAX_SANS);
	if (!pki_folder_open(path, true, &dir, error))
		goto out;
	if (pki_folder_has(&dir, "cert.pem") || pki_folder_has(&dir, "key.pem")) {
		pki_fail(error, "there is a PKI in %s already and nothing was changed: `weft pki renew weftd "
		     "--dir %s` makes a new certificate for weftd, `weft pki issue NAME --dir %s` one "
		     "for a switch", dir.path, path, path);
		goto out;
	}
	if (pki_folder_has(&dir, "ca-key.pem") != pki_folder_has(&dir, "ca.pem")) {
		pki_fail(error, "%s has only one of ca.pem and ca-key.pem and nothing was changed: put "
		     "the other one back, or remove it and begin anew", dir.path);
		goto out;
	}
	names[request.n_sans++] = "localhost";
	for (size_t i = 0; i < n_sans; i++)
		names[request.n_sans++] = sans[i];
	written->made_ca = !pki_folder_has(&dir, "ca.pem");
	ok = (!written->made_ca || make_ca(&dir, now, error)) &&
	     make_leaf(&dir, &dir, &request, days, now, written, error);
out:
	pki_folder_close(&dir);
	return ok;
}

/* out may be null or the same directory; then it is the same struct, for flock
 * on a second descriptor would wait for ourselves. */
static bool open_both(const char *path, const char *out_path, struct pki_folder *dir, struct pki_folder *other,
		      const struct pki_folder **ret_out, struct pki_error *error)
{
	struct stat a, b;

	if (!pki_folder_open(path, false, dir, error))
		return false;
	*ret_out = dir;
	if (!out_path)
		return true;
	if (stat(out_path, &a) == 0 && fstat(dir->fd, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino)
		return true;
	*ret_out = other;
	return pki_folder_open(out_path, true, other, error);
}

bool pki_dir_issue(const char *path, const char *out_path, const char *name, bool server_too,
		   unsigned days, time_t now, struct pki_written *written, struct pki_error *error)
{
	struct pki_folder dir = PKI_FOLDER_NULL, other = PKI_FOLDER_NULL;
	const struct pki_folder *out;
	struct pki_request request = {
		.kind = PKI_SWITCH, .name = name, .server_too = server_too,
	};
	char cert[NAME_MAX], key[NAME_MAX];
	bool ok = false;

	*written = (struct pki_written){0};
	if (!pki_name_ok(name, error) || !open_both(path, out_path, &dir, &other, &out, error))
		goto out;
	file_names(name, PKI_SWITCH, cert, key);
	if (!pki_folder_has(&dir, cert) && pki_folder_has(out, key)) {
		pki_fail(error, "%s/%s is there, but this authority has no certificate for it, and nothing "
		     "was changed: move the key away first", out->path, key);
		goto out;
	}
	if (pki_folder_has(&dir, cert) || pki_folder_has(out, cert)) {
		pki_fail(error, "%s has a certificate already and nothing was changed: `weft pki renew %s "
		     "--dir %s` replaces it", name, name, path);
		goto out;
	}
	ok = make_leaf(&dir, out, &request, days, now, written, error);
out:
	pki_folder_close(&other);
	pki_folder_close(&dir);
	return ok;
}

bool pki_dir_renew(const char *path, const char *out_path, const char *name, unsigned days,
		   time_t now, struct pki_written *written, struct pki_error *error)
{
	bool is_server = !strcmp(name, "weftd");
	struct pki_folder dir = PKI_FOLDER_NULL, other = PKI_FOLDER_NULL;
	const struct pki_folder *out;
	struct pki_info old = {0};
	struct pki_request request = {.kind = is_server ? PKI_SERVER : PKI_SWITCH, .name = name};
	char cert[NAME_MAX], key[NAME_MAX], *text = NULL;
	bool ok = false;

	*written = (struct pki_written){0};
	if ((!is_server && !pki_name_ok(name, error)) ||
	    !open_both(path, out_path, &dir, &other, &out, error))
		goto out;
	file_names(name, request.kind, cert, key);
	if (!pki_folder_has(&dir, cert)) {
		if (is_server)
			pki_fail(error, "weftd has no certificate in %s: `weft pki init --dir %s` makes one",
			     dir.path, path);
		else
			pki_fail(error, "%s has no certificate in %s: `weft pki issue %s --dir %s` makes one",
			     name, dir.path, name, path);
		goto out;
	}
	text = pki_folder_read(&dir, cert, error);
	if (!text || !pki_read(text, &old, error))
		goto out;
	request.sans = (const char *const *) old.sans;
	request.n_sans = old.n_sans;
	request.server_too = old.server_too;
	ok = make_leaf(&dir, out, &request, days, now, written, error);
out:
	free(text);
	pki_info_uninit(&old);
	pki_folder_close(&other);
	pki_folder_close(&dir);
	return ok;
}

/* --- list ----------------------------------------------------------------------- */

static int by_kind_and_path(const void *a_, const void *b_)
{
	const struct pki_entry *a = a_, *b = b_;

	return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : strcmp(a->path, b->path);
}

static bool is_cert_file(const char *file, enum pki_kind *ret_kind)
{
	static const char suffix[] = "-cert.pem";
	size_t len = strlen(file);

	if (!strcmp(file, "ca.pem"))
		*ret_kind = PKI_CA;
	else if (!strcmp(file, "cert.pem"))
		*ret_kind = PKI_SERVER;
	else if (file[0] != '.' && len >= sizeof suffix && !strcmp(file + len - 9, suffix))
		*ret_kind = PKI_SWITCH;
	else
		return false;
	return true;
}

bool pki_dir_list(const char *path, struct pki_entry **ret_entries, size_t *ret_n,
		  struct pki_error *error)
{
	struct pki_folder dir = PKI_FOLDER_NULL;
	struct pki_entry *entries = NULL;
	struct dirent *file;
	enum pki_kind kind;
	size_t n = 0;
	DIR *stream;

	if (!pki_folder_open(path, false, &dir, error))
		return false;
	stream = fdopendir(dup(dir.fd));
	while (stream && (file = readdir(stream))) {
		struct pki_entry *entry;
		char *text, *full;

		if (!is_cert_file(file->d_name, &kind))
			continue;
		entries = xheap_realloc(entries, (n + 1) * sizeof *entries);
		entry = &entries[n++];
		*entry = (struct pki_entry){.kind = kind};
		full = xheap_alloc(strlen(dir.path) + strlen(file->d_name) + 2);
		sprintf(full, "%s/%s", dir.path, file->d_name);
		entry->path = full;
		text = pki_folder_read(&dir, file->d_name, &entry->why);
		entry->readable = text && pki_read(text, &entry->info, &entry->why);
		free(text);
	}
	if (stream)
		closedir(stream);
	pki_folder_close(&dir);
	if (n)
		qsort(entries, n, sizeof *entries, by_kind_and_path);
	*ret_entries = entries;
	*ret_n = n;
	return true;
}

void pki_entries_free(struct pki_entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(entries[i].path);
		pki_info_uninit(&entries[i].info);
	}
	free(entries);
}

long pki_days_left(const struct pki_info *info, time_t now)
{
	time_t left = info->not_after - now;

	return (long) (left >= 0 ? (left + 86399) / 86400 : -((-left + 86399) / 86400));
}
