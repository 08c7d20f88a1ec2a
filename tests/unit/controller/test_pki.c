/* SPDX-License-Identifier: Apache-2.0 */
/* pki: what is in the certificates, who accepts whom, and that the directory is
 * never left half-written or overwritten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "controller/pki.h"

enum { NOW = 1700000000, DAY = 86400 };

static char dir[64];            /* of the running test */

static const char *in_dir(const char *file)
{
	static char path[4][256];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof path[turn], "%s/%s", dir, file);
	return path[turn];
}

static int make_dir(void **state)
{
	(void) state;
	snprintf(dir, sizeof dir, "/tmp/weft-pki-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static void remove_tree(const char *path)
{
	DIR *stream = opendir(path);
	struct dirent *file;

	while (stream && (file = readdir(stream))) {
		char child[512];

		if (!strcmp(file->d_name, ".") || !strcmp(file->d_name, ".."))
			continue;
		snprintf(child, sizeof child, "%s/%s", path, file->d_name);
		if (unlink(child) < 0)
			remove_tree(child);
	}
	if (stream)
		closedir(stream);
	rmdir(path);
}

static int drop_dir(void **state)
{
	(void) state;
	remove_tree(dir);
	return 0;
}

static char *slurp(const char *path)
{
	static char text[4][8192];
	static unsigned turn;
	FILE *file = fopen(path, "r");
	size_t n;

	if (!file)
		return NULL;
	turn = (turn + 1) % 4;
	n = fread(text[turn], 1, sizeof text[turn] - 1, file);
	text[turn][n] = 0;
	fclose(file);
	return text[turn];
}

static void spew(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void init(void)
{
	struct pki_written written;
	struct pki_error error = {""};

	if (!pki_dir_init(dir, NULL, 0, 365, NOW, &written, &error))
		fail_msg("%s", error.text);
}

static void issue(const char *name)
{
	struct pki_written written;
	struct pki_error error = {""};

	if (!pki_dir_issue(dir, NULL, name, false, 365, NOW, &written, &error))
		fail_msg("%s", error.text);
}

/* --- the directory --------------------------------------------------------------- */

static void init_writes_four_files(void **state)
{
	static const struct {
		const char *file;
		mode_t mode;
	} files[] = {
		{"ca.pem", 0644}, {"ca-key.pem", 0600}, {"cert.pem", 0644}, {"key.pem", 0600},
	};
	struct stat st;
	struct dirent *file;
	DIR *stream;
	unsigned n = 0;

	(void) state;
	umask(0);
	init();
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(stat(in_dir(files[i].file), &st), 0);
		assert_int_equal(st.st_mode & 07777, files[i].mode);
	}
	stream = opendir(dir);
	while ((file = readdir(stream)))
		n++;
	closedir(stream);
	assert_int_equal(n, 6);         /* . and .. and nothing temporary */
}

static void init_never_overwrites(void **state)
{
	struct pki_written written;
	struct pki_error error;
	char before[8192];

	(void) state;
	init();
	snprintf(before, sizeof before, "%s", slurp(in_dir("ca-key.pem")));
	assert_false(pki_dir_init(dir, NULL, 0, 365, NOW, &written, &error));
	assert_non_null(strstr(error.text, "nothing was changed"));
	assert_string_equal(before, slurp(in_dir("ca-key.pem")));

	/* Half an authority is somebody's authority: hands off. */
	unlink(in_dir("cert.pem"));
	unlink(in_dir("key.pem"));
	unlink(in_dir("ca.pem"));
	assert_false(pki_dir_init(dir, NULL, 0, 365, NOW, &written, &error));
	assert_non_null(strstr(error.text, "only one of ca.pem and ca-key.pem"));
	assert_string_equal(before, slurp(in_dir("ca-key.pem")));
}

static void init_completes_an_authority(void **state)
{
	struct pki_written written;
	struct pki_error error;
	char ca[8192];

	(void) state;
	init();
	snprintf(ca, sizeof ca, "%s", slurp(in_dir("ca.pem")));
	unlink(in_dir("cert.pem"));
	unlink(in_dir("key.pem"));
	assert_true(pki_dir_init(dir, NULL, 0, 365, NOW, &written, &error));
	assert_false(written.made_ca);
	assert_string_equal(ca, slurp(in_dir("ca.pem")));
	assert_true(pki_verify(slurp(written.cert), slurp(written.key), ca, &error));
}

static void issue_refuses(void **state)
{
	struct pki_written written;
	struct pki_error error;
	char before[8192];

	(void) state;
	assert_false(pki_dir_issue(dir, NULL, "kvm1", false, 365, NOW, &written, &error));
	assert_non_null(strstr(error.text, "weft pki init"));
	init();
	issue("kvm1");
	snprintf(before, sizeof before, "%s", slurp(in_dir("kvm1-cert.pem")));
	assert_false(pki_dir_issue(dir, NULL, "kvm1", false, 365, NOW, &written, &error));
	assert_non_null(strstr(error.text, "weft pki renew kvm1"));
	assert_string_equal(before, slurp(in_dir("kvm1-cert.pem")));

	/* A key that no certificate of ours belongs to is not ours to replace. */
	spew(in_dir("kvm2-key.pem"), "precious");
	assert_false(pki_dir_issue(dir, NULL, "kvm2", false, 365, NOW, &written, &error));
	assert_string_equal(slurp(in_dir("kvm2-key.pem")), "precious");

	unlink(in_dir("ca-key.pem"));
	assert_false(pki_dir_issue(dir, NULL, "kvm3", false, 365, NOW, &written, &error));
	assert_non_null(strstr(error.text, "no ca-key.pem"));
	assert_null(slurp(in_dir("kvm3-cert.pem")));
}

static void keys_of_others_are_refused(void **state)
{
	struct pki_request request = {
		.kind = PKI_CA, .name = "another", .not_before = NOW, .not_after = NOW + DAY,
	};
	struct pki_pair other = {0};
	struct pki_written written;
	struct pki_error error;

	(void) state;
	init();
	assert_true(pki_make(&request, NULL, &other, &error));
	spew(in_dir("ca-key.pem"), other.key);
	assert_false(pki_dir_issue(dir, NULL, "kvm1", false, 365, NOW, &written, &error));
	assert_non_null(strstr(error.text, "not the key of ca.pem"));
	pki_pair_uninit(&other);
}

static void issue_to_another_directory(void **state)
{
	char out[128];
	struct pki_written written;
	struct pki_error error;

	(void) state;
	init();
	snprintf(out, sizeof out, "%s/out", dir);
	assert_true(pki_dir_issue(dir, out, "kvm1", false, 365, NOW, &written, &error));
	assert_non_null(slurp(in_dir("out/kvm1-key.pem")));
	assert_string_equal(slurp(in_dir("out/ca.pem")), slurp(in_dir("ca.pem")));
	assert_string_equal(slurp(in_dir("out/kvm1-cert.pem")), slurp(in_dir("kvm1-cert.pem")));
	assert_null(slurp(in_dir("kvm1-key.pem")));     /* the key exists once */
}

static void renew_keeps_names_and_changes_the_key(void **state)
{
	const char *sans[] = {"10.0.0.1", "fd00::1", "weft.example"};
	struct pki_written first, second;
	struct pki_info info;
	struct pki_error error;
	struct stat cert, key;
	char old_key[8192];

	(void) state;
	assert_true(pki_dir_init(dir, sans, 3, 10, NOW, &first, &error));
	snprintf(old_key, sizeof old_key, "%s", slurp(first.key));
	/* Who may read the old key may read the new one: weftd as a user of its own. */
	assert_int_equal(chmod(first.key, 0640), 0);
	assert_true(pki_dir_renew(dir, NULL, "weftd", 365, NOW + 5 * DAY, &second, &error));
	assert_string_not_equal(old_key, slurp(second.key));
	assert_string_not_equal(first.serial, second.serial);
	assert_true(pki_verify(slurp(second.cert), slurp(second.key), slurp(in_dir("ca.pem")), &error));
	assert_true(pki_read(slurp(second.cert), &info, &error));
	assert_int_equal(info.n_sans, 5);
	assert_string_equal(info.sans[0], "weftd");
	assert_string_equal(info.sans[1], "localhost");
	assert_string_equal(info.sans[2], "10.0.0.1");
	assert_string_equal(info.sans[3], "fd00::1");
	assert_string_equal(info.sans[4], "weft.example");
	assert_int_equal(info.not_after, NOW + (5 + 365) * DAY);
	pki_info_uninit(&info);

	assert_int_equal(stat(second.key, &key), 0);
	assert_int_equal(key.st_mode & 0777, 0640);

	/* Open vSwitch misses the change when the key is the older of the two. */
	assert_int_equal(stat(second.cert, &cert), 0);
	assert_int_equal(stat(second.key, &key), 0);
	assert_true(cert.st_mtim.tv_sec < key.st_mtim.tv_sec ||
		    (cert.st_mtim.tv_sec == key.st_mtim.tv_sec &&
		     cert.st_mtim.tv_nsec <= key.st_mtim.tv_nsec));

	assert_false(pki_dir_renew(dir, NULL, "kvm9", 365, NOW, &second, &error));
	assert_non_null(strstr(error.text, "weft pki issue kvm9"));
}

static void list_is_sorted_and_survives_rubbish(void **state)
{
	struct pki_entry *entries;
	struct pki_error error;
	size_t n;

	(void) state;
	init();
	issue("kvm2");
	issue("kvm10");
	spew(in_dir("bad-cert.pem"), "rubbish");
	spew(in_dir("notes.txt"), "not ours");
	assert_true(pki_dir_list(dir, &entries, &n, &error));
	assert_int_equal(n, 5);
	assert_int_equal(entries[0].kind, PKI_CA);
	assert_true(entries[0].info.is_ca);
	assert_string_equal(entries[1].info.name, "weftd");
	assert_false(entries[2].readable);
	assert_non_null(strstr(entries[2].why.text, "not a certificate"));
	assert_string_equal(entries[3].info.name, "kvm10");
	assert_string_equal(entries[4].info.name, "kvm2");
	assert_int_equal(pki_days_left(&entries[3].info, NOW), 365);
	assert_int_equal(pki_days_left(&entries[3].info, NOW + 1), 365);
	assert_int_equal(pki_days_left(&entries[3].info, NOW + DAY), 364);
	assert_int_equal(pki_days_left(&entries[3].info, NOW + 365 * DAY + 1), -1);
	pki_entries_free(entries, n);
}

static void leaves_end_with_their_authority(void **state)
{
	struct pki_written written;
	struct pki_error error;
	const time_t ca_end = NOW + (time_t) PKI_CA_DAYS * DAY;

	(void) state;
	init();
	assert_true(pki_dir_issue(dir, NULL, "late", false, 365, ca_end - 2 * DAY, &written, &error));
	assert_int_equal(written.not_after, ca_end);
	assert_false(pki_dir_issue(dir, NULL, "later", false, 365, ca_end + DAY, &written, &error));
	assert_non_null(strstr(error.text, "expired"));
}

static void names(void **state)
{
	static const struct {
		const char *name;
		bool ok;
	} cases[] = {
		{"kvm1", true}, {"a", true}, {"rack-2.row_3", true}, {"9lives", true},
		{"", false}, {"ca", false}, {"weftd", false}, {".hidden", false}, {"-x", false},
		{"a/b", false}, {"..", false}, {"a b", false}, {"k\xc3\xa4se", false}, {"a,DNS:b", false},
		{"012345678901234567890123456789012345678901234567890123456789012", true},
		{"0123456789012345678901234567890123456789012345678901234567890123", false},
	};
	struct pki_error error;

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (pki_name_ok(cases[i].name, &error) != cases[i].ok)
			fail_msg("\"%s\" should be %s", cases[i].name, cases[i].ok ? "fine" : "refused");
	}
}

/* --- the certificates ------------------------------------------------------------- */

static X509 *parse(const char *path)
{
	BIO *bio = BIO_new_file(path, "r");
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(cert);
	return cert;
}

static void contents_follow_rfc_5280(void **state)
{
	X509 *ca, *leaf;
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	const ASN1_INTEGER *serial;

	(void) state;
	init();
	issue("kvm1");
	ca = parse(in_dir("ca.pem"));
	leaf = parse(in_dir("kvm1-cert.pem"));
	assert_int_equal(X509_get_extension_flags(ca) & (EXFLAG_CA | EXFLAG_BCONS), EXFLAG_CA | EXFLAG_BCONS);
	assert_int_equal(X509_get_pathlen(ca), 0);
	assert_int_equal(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_false(X509_get_extension_flags(leaf) & EXFLAG_CA);
	assert_int_equal(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_extended_key_usage(leaf), XKU_SSL_CLIENT);
	assert_int_equal(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(leaf),
					       X509_get0_subject_key_id(ca)), 0);
	assert_int_equal(X509_check_host(leaf, "kvm1", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(leaf, "kvm2", 0, 0, NULL), 0);
	assert_int_equal(X509_get_signature_nid(leaf), NID_ecdsa_with_SHA256);
	assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(leaf)), 256);
	serial = X509_get0_serialNumber(leaf);
	assert_int_equal(ASN1_STRING_length(serial), 16);
	assert_int_not_equal(ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(ca)), 0);

	/* Judged as strictly as OpenSSL can. */
	X509_STORE_add_cert(store, ca);
	X509_STORE_CTX_init(context, store, leaf, NULL);
	X509_STORE_CTX_set_time(context, X509_V_FLAG_X509_STRICT, NOW);
	X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT);
	X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_CLIENT);
	if (X509_verify_cert(context) != 1)
		fail_msg("%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	X509_free(ca);
	X509_free(leaf);
}

static SSL *endpoint(bool server, const char *pki, const char *cert, const char *key)
{
	SSL_CTX *context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	char path[256];
	SSL *ssl;

	SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	snprintf(path, sizeof path, "%s/ca.pem", pki);
	assert_int_equal(SSL_CTX_load_verify_locations(context, path, NULL), 1);
	snprintf(path, sizeof path, "%s/%s", pki, cert);
	assert_int_equal(SSL_CTX_use_certificate_file(context, path, SSL_FILETYPE_PEM), 1);
	snprintf(path, sizeof path, "%s/%s", pki, key);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM), 1);
	X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(context), NOW);
	ssl = SSL_new(context);
	SSL_CTX_free(context);
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

/* Both sides shake hands in memory and each accepts the other. */
static bool handshake(SSL *server, SSL *client)
{
	BIO *a, *b;
	bool ok;

	BIO_new_bio_pair(&a, 0, &b, 0);
	SSL_set_bio(server, a, a);
	SSL_set_bio(client, b, b);
	for (int i = 0; i < 20; i++) {
		SSL_do_handshake(client);
		SSL_do_handshake(server);
	}
	ok = SSL_is_init_finished(server) && SSL_is_init_finished(client);
	SSL_free(server);
	SSL_free(client);
	return ok;
}

static void who_accepts_whom(void **state)
{
	char other[128];
	struct pki_written written;
	struct pki_error error;

	(void) state;
	init();
	issue("kvm1");
	assert_true(pki_dir_issue(dir, NULL, "kvm2", true, 365, NOW, &written, &error));
	snprintf(other, sizeof other, "%s/other", dir);
	assert_true(pki_dir_init(other, NULL, 0, 365, NOW, &written, &error));
	assert_true(pki_dir_issue(other, NULL, "kvm1", false, 365, NOW, &written, &error));

	assert_true(handshake(endpoint(true, dir, "cert.pem", "key.pem"),
			      endpoint(false, dir, "kvm1-cert.pem", "kvm1-key.pem")));
	assert_true(handshake(endpoint(true, dir, "cert.pem", "key.pem"),
			      endpoint(false, dir, "kvm2-cert.pem", "kvm2-key.pem")));
	/* Another authority, though of the same names. */
	assert_false(handshake(endpoint(true, dir, "cert.pem", "key.pem"),
			       endpoint(false, other, "kvm1-cert.pem", "kvm1-key.pem")));
	/* The key of a switch cannot pose as weftd, unless it was asked for; a new key changes neither. */
	for (int i = 0; i < 2; i++) {
		assert_false(handshake(endpoint(true, dir, "kvm1-cert.pem", "kvm1-key.pem"),
				       endpoint(false, dir, "kvm2-cert.pem", "kvm2-key.pem")));
		assert_true(handshake(endpoint(true, dir, "kvm2-cert.pem", "kvm2-key.pem"),
				      endpoint(false, dir, "kvm1-cert.pem", "kvm1-key.pem")));
		assert_true(pki_dir_renew(dir, NULL, "kvm1", 365, NOW, &written, &error));
		assert_true(pki_dir_renew(dir, NULL, "kvm2", 365, NOW, &written, &error));
	}
	assert_true(handshake(endpoint(true, dir, "cert.pem", "key.pem"),
			      endpoint(false, dir, "kvm1-cert.pem", "kvm1-key.pem")));
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, make_dir, drop_dir)
	const struct CMUnitTest tests[] = {
		TEST(init_writes_four_files),
		TEST(init_never_overwrites),
		TEST(init_completes_an_authority),
		TEST(issue_refuses),
		TEST(keys_of_others_are_refused),
		TEST(issue_to_another_directory),
		TEST(renew_keeps_names_and_changes_the_key),
		TEST(list_is_sorted_and_survives_rubbish),
		TEST(leaves_end_with_their_authority),
		TEST(contents_follow_rfc_5280),
		TEST(who_accepts_whom),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
