/* SPDX-License-Identifier: Apache-2.0 */
/* tls: certificate, key and authority of a directory, and when they change.
 *
 * The idea: what is read is built into a fresh SSL_CTX and tried (does the key
 * belong to the certificate, does the authority vouch for it, is it valid
 * today) before it takes the place of the old one. Sessions hold a reference to
 * the context they began with, so a swap does not touch them. */
#include "ofproto/tls.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "ofproto/mem.h"
#include "ofproto/tls_impl.h"

enum { N_FILES = 3 };
static const char *const files[N_FILES] = {"ca.pem", "cert.pem", "key.pem"};

/* By what a file is known to be the one that was read; zero = it is not there. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

struct tls {
	char *dir;                      /* owned */
	SSL_CTX *ctx;                   /* owned; in force */
	struct stamp tried[N_FILES];    /* as they were last read, good or bad */
	char bad_files[1024];           /* what was wrong with them; "" = nothing */
};

static char error[1024];                /* what tls_new and tls_reload hand out */

static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, sizeof(error), format, args);
	va_end(args);
}

static void look(const char *dir, struct stamp *stamps)
{
	char path[4200];
	struct stat st;

	memset(stamps, 0, N_FILES * sizeof(*stamps));
	for (size_t i = 0; i < N_FILES; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		if (stat(path, &st) < 0)
			continue;
		stamps[i].device = st.st_dev;
		stamps[i].inode = st.st_ino;
		stamps[i].size = st.st_size;
		stamps[i].modified = st.st_mtim;
		stamps[i].changed = st.st_ctim;
	}
}

/* OpenSSL would ask on the terminal. */
static int no_password(char *buf, int size, int is_encrypting, void *ctx)
{
	(void) buf, (void) size, (void) is_encrypting, (void) ctx;
	return -1;
}

/* The oldest entry of OpenSSL's queue says where it began. */
static const char *openssl_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	return reason ? reason : "not what it should be";
}

static bool is_readable(const char *path)
{
	struct stat st;
	FILE *f;

	/* A pipe would hold us up. */
	if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
		complain("%s: it is no regular file", path);
		return false;
	}
	f = fopen(path, "r");
	if (f) {
		fclose(f);
		return true;
	}
	complain("%s: %s%s", path, strerror(errno),
		 errno == ENOENT ? "; make certificates with: weft pki init" : "");
	return false;
}

static bool load_authority(SSL_CTX *ctx, const char *path)
{
	STACK_OF(X509_NAME) *names;

	if (!SSL_CTX_load_verify_file(ctx, path) || !(names = SSL_load_client_CA_file(path))) {
		complain("%s: no certificate of an authority (%s)", path, openssl_reason());
		return false;
	}
	SSL_CTX_set_client_CA_list(ctx, names);
	return true;
}

static bool load_certificate(SSL_CTX *ctx, const char *path)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, path) == 1)
		return true;
	complain("%s: no usable certificate (%s)", path, openssl_reason());
	return false;
}

static bool load_key(SSL_CTX *ctx, const char *path)
{
	int reason;

	if (SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) == 1 &&
	    SSL_CTX_check_private_key(ctx) == 1)
		return true;
	reason = ERR_GET_REASON(ERR_peek_last_error());
	if (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH ||
	    reason == SSL_R_NO_CERTIFICATE_ASSIGNED)
		complain("%s: does not belong to the certificate in cert.pem; "
			 "make both anew with: weft pki renew weftd", path);
	else
		complain("%s: no usable private key without a password (%s)", path, openssl_reason());
	return false;
}

/* What every switch will check of us, checked first. The chain that is sent
 * includes the authority itself: `ovs-vsctl --bootstrap set-ssl` wants it. */
static bool check_certificate(SSL_CTX *ctx, const char *path)
{
	X509 *cert = SSL_CTX_get0_certificate(ctx);
	X509_STORE_CTX *check = X509_STORE_CTX_new();
	STACK_OF(X509) *chain = NULL;
	char words[288];
	bool is_good;

	SSL_CTX_get0_chain_certs(ctx, &chain);
	is_good = X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(ctx), cert, chain) == 1;
	if (is_good) {
		X509_STORE_CTX_set_purpose(check, X509_PURPOSE_SSL_SERVER);
		is_good = X509_verify_cert(check) == 1;
	}
	if (!is_good) {
		tls_words_verify(words, sizeof(words), true, X509_STORE_CTX_get_current_cert(check),
				 X509_STORE_CTX_get_error(check));
		complain("%s: %s", path, words);
	}
	X509_STORE_CTX_free(check);
	if (is_good)
		SSL_CTX_build_cert_chain(ctx, SSL_BUILD_CHAIN_FLAG_UNTRUSTED |
					 SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR | SSL_BUILD_CHAIN_FLAG_CLEAR_ERROR);
	return is_good;
}

/* A context with the files of the directory; null with `error` set. */
static SSL_CTX *load(const char *dir)
{
	char paths[N_FILES][4200];
	SSL_CTX *ctx;

	ERR_clear_error();
	for (size_t i = 0; i < N_FILES; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", dir, files[i]);
		if (!is_readable(paths[i]))
			return NULL;
	}
	ctx = mem_check(SSL_CTX_new(TLS_server_method()));
	SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	/* Every session begins with certificates: no tickets, nothing to resume. */
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_default_passwd_cb(ctx, no_password);
	if (load_authority(ctx, paths[0]) && load_certificate(ctx, paths[1]) &&
	    load_key(ctx, paths[2]) && check_certificate(ctx, paths[1]))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

struct tls *tls_new(const char *dir, const char **ret_error)
{
	struct stamp stamps[N_FILES];
	struct tls *tls;
	SSL_CTX *ctx;

	look(dir, stamps);
	ctx = load(dir);
	if (!ctx) {
		*ret_error = error;
		return NULL;
	}
	tls = mem_zalloc(sizeof(*tls));
	tls->dir = mem_check(strdup(dir));
	tls->ctx = ctx;
	memcpy(tls->tried, stamps, sizeof(stamps));
	return tls;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->ctx);
	free(tls->dir);
	free(tls);
}

int tls_reload(struct tls *tls, const char **ret_error)
{
	struct stamp before[N_FILES], after[N_FILES];
	SSL_CTX *ctx;

	look(tls->dir, before);
	if (!memcmp(before, tls->tried, sizeof(before)))
		return 0;
	ctx = load(tls->dir);
	look(tls->dir, after);
	if (memcmp(before, after, sizeof(before))) {
		/* Somebody is writing: the next look will see all of it. */
		SSL_CTX_free(ctx);
		return 0;
	}
	memcpy(tls->tried, before, sizeof(before));
	if (!ctx) {
		snprintf(tls->bad_files, sizeof(tls->bad_files), "%s", error);
		*ret_error = error;
		return -1;
	}
	tls->bad_files[0] = '\0';
	SSL_CTX_free(tls->ctx);
	tls->ctx = ctx;
	return 1;
}

const char *tls_bad_files(const struct tls *tls)
{
	return tls->bad_files[0] ? tls->bad_files : NULL;
}

int tls_days_left(const struct tls *tls)
{
	int days = 0, seconds = 0;

	ASN1_TIME_diff(&days, &seconds, NULL,
		       X509_get0_notAfter(SSL_CTX_get0_certificate(tls->ctx)));
	return seconds < 0 ? days - 1 : days;
}

bool tls_is_for(const struct tls *tls, const char *name)
{
	return tls_cert_is_for(SSL_CTX_get0_certificate(tls->ctx), name);
}

struct ssl_st *tls_server(const struct tls *tls)
{
	return mem_check(SSL_new(tls->ctx));
}

SSL_CTX *tls_context(const struct tls *tls)
{
	return tls->ctx;
}
