/* SPDX-License-Identifier: Apache-2.0 */
/* tls: the files of certificates: what is wrong with them, and new ones while sessions live. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "tests/unit/ofproto/tls_client.h"

static void explains(struct scene *s, const char *words)
{
	const char *error = NULL;
	struct tls *tls = tls_new(s->dir, &error);

	if (tls)
		fail_msg("taken, wanted: %s", words);
	if (strncmp(error, s->dir, strlen(s->dir)) || !strstr(error, words))
		fail_msg("wanted: %s; came: %s", words, error);
}

static void write_text(const char *dir, const char *name, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void explains_bad_files(void **state)
{
	struct scene *s = *state;
	struct cert *other_ca = cert_new((struct cert_wish) {.cn = "other CA", .is_ca = true});
	struct cert *old = cert_new((struct cert_wish) {.ca = s->ca, .cn = "weftd", .from_days = -9,
							.to_days = -2});
	struct cert *rsa = cert_new((struct cert_wish) {.ca = s->ca, .cn = "weftd", .is_rsa = true});
	struct cert *client = cert_new((struct cert_wish) {.ca = s->ca, .cn = "weftd",
							   .usage = "clientAuth"});
	struct cert *old_ca = cert_new((struct cert_wish) {.cn = "weft CA", .is_ca = true,
							   .from_days = -9, .to_days = -2});
	char path[300];
	FILE *f;

	cert_write(s->kvm1, s->dir, NULL, "key.pem");
	explains(s, "/key.pem: does not belong to the certificate in cert.pem");
	cert_write(rsa, s->dir, NULL, "key.pem");
	explains(s, "/key.pem: does not belong to the certificate in cert.pem");
	write_text(s->dir, "key.pem", "nonsense\n");
	explains(s, "/key.pem: no usable private key");
	snprintf(path, sizeof(path), "%s/key.pem", s->dir);
	f = fopen(path, "w");
	PEM_write_PrivateKey(f, s->weftd->key, EVP_aes_256_cbc(), (unsigned char *) "secret", 6, NULL, NULL);
	fclose(f);
	explains(s, "/key.pem: no usable private key without a password");
	cert_write(old, s->dir, "cert.pem", "key.pem");
	explains(s, "/cert.pem: weftd's certificate (weftd) has expired on 20");
	cert_write(client, s->dir, "cert.pem", "key.pem");
	explains(s, "/cert.pem: weftd's certificate (weftd) is not meant for this side");
	write_text(s->dir, "cert.pem", "");
	explains(s, "/cert.pem: no usable certificate");
	cert_write(s->weftd, s->dir, "cert.pem", "key.pem");
	cert_write(other_ca, s->dir, "ca.pem", NULL);
	explains(s, "/cert.pem: weftd's certificate (weftd) was made by another authority (weft CA)");
	explains(s, "make a new one with: weft pki renew weftd");
	cert_write(old_ca, s->dir, "ca.pem", NULL);
	explains(s, "/cert.pem: ");
	write_text(s->dir, "ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	explains(s, "/ca.pem: no certificate of an authority");
	snprintf(path, sizeof(path), "%s/ca.pem", s->dir);
	unlink(path);
	explains(s, "/ca.pem: No such file or directory; make certificates with: weft pki init");
	cert_free(old_ca);
	cert_free(client);
	cert_free(rsa);
	cert_free(old);
	cert_free(other_ca);
}

static void exchange(struct scene *s, struct end *e, struct client *c)
{
	size_t n = e->n_messages + 1;
	uint8_t msg[50], got[50];

	message_make(msg, 50, (unsigned) n);
	client_send(c, msg, 50);
	RUN_UNTIL(s->base, (client_pump(c), e->n_messages == n));
	conn_send(e->conn, msg, 50);
	conn_flush(e->conn);
	RUN_UNTIL(s->base, client_read(c, got, 50) == 50);
	assert_memory_equal(got, msg, 50);
}

/* For browsers: no certificate is asked of them, TLS 1.3 all the same. */
static void serves_who_has_no_certificate(void **state)
{
	struct scene *s = *state;
	SSL *ssl = tls_server(s->tls);

	assert_int_equal(SSL_get_verify_mode(ssl), SSL_VERIFY_NONE);
	assert_int_equal(SSL_get_min_proto_version(ssl), TLS1_3_VERSION);
	assert_non_null(SSL_get_certificate(ssl));
	SSL_free(ssl);
	assert_true(tls_is_for(s->tls, "weftd"));
	assert_false(tls_is_for(s->tls, "kvm1"));
}

static void takes_new_certificates_while_sessions_live(void **state)
{
	struct scene *s = *state;
	struct cert *ca2 = cert_new((struct cert_wish) {.cn = "weft CA 2", .is_ca = true});
	struct cert *weftd2 = cert_new((struct cert_wish) {.ca = ca2, .cn = "weftd", .to_days = 90});
	struct cert *kvm2 = cert_new((struct cert_wish) {.ca = ca2, .cn = "kvm2"});
	struct end *live, *e;
	struct client *c = let_in(s, &live), *c2;
	const char *error = NULL;

	assert_int_equal(tls_days_left(s->tls), 30);
	assert_int_equal(tls_reload(s->tls, &error), 0);
	assert_null(tls_bad_files(s->tls));
	/* Half of the change: said once, and the old ones stay in force. */
	cert_write(weftd2, s->dir, "cert.pem", NULL);
	assert_int_equal(tls_reload(s->tls, &error), -1);
	assert_non_null(strstr(error, "/key.pem: does not belong"));
	assert_int_equal(tls_reload(s->tls, &error), 0);
	cert_write(weftd2, s->dir, NULL, "key.pem");
	assert_int_equal(tls_reload(s->tls, &error), -1);
	assert_non_null(strstr(error, "another authority"));
	assert_string_equal(tls_bad_files(s->tls), error);
	assert_int_equal(tls_days_left(s->tls), 30);
	exchange(s, live, c);
	e = end_new(s->base, false, s->tls);
	c2 = client_new(e, s->kvm1, s->ca, 0);
	client_handshake(c2);
	assert_int_equal(e->n_established, 1);
	client_free(c2);
	end_free(e);
	/* All of it. */
	cert_write(ca2, s->dir, "ca.pem", NULL);
	assert_int_equal(tls_reload(s->tls, &error), 1);
	assert_int_equal(tls_reload(s->tls, &error), 0);
	assert_null(tls_bad_files(s->tls));
	assert_int_equal(tls_days_left(s->tls), 90);
	exchange(s, live, c);
	e = end_new(s->base, false, s->tls);
	c2 = client_new(e, kvm2, ca2, 0);
	client_handshake(c2);
	assert_int_equal(e->n_established, 1);
	assert_string_equal(conn_cert_name(e->conn), "kvm2");
	client_free(c2);
	end_free(e);
	tls_refuse(s, s->kvm1, ca2, 0, "another authority (weft CA)");
	exchange(s, live, c);
	/* The owner of the files may go before the sessions do. */
	tls_free(s->tls);
	s->tls = NULL;
	exchange(s, live, c);
	client_free(c);
	end_free(live);
	cert_free(kvm2);
	cert_free(weftd2);
	cert_free(ca2);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, tls_up, tls_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(explains_bad_files), TEST(serves_who_has_no_certificate),
		TEST(takes_new_certificates_while_sessions_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
