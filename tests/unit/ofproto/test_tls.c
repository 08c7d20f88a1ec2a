/* SPDX-License-Identifier: Apache-2.0 */
/* tls below conn: who is let in and with which words the others are sent away,
 * bytes in every kind of piece, certificates that change while sessions live. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>
#include <string.h>
#include <sys/socket.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "tests/unit/ofproto/tls_client.h"

/* --- the switch --------------------------------------------------------------- */

/* --- who is let in ------------------------------------------------------------ */

static void lets_a_switch_in(void **state)
{
	struct scene *s = *state;
	uint8_t msg[100], got[100];
	struct end *e;
	struct client *c = let_in(s, &e);

	assert_int_equal(e->n_established, 1);
	assert_string_equal(SSL_get_version(c->ssl), "TLSv1.3");
	assert_string_equal(conn_cert_name(e->conn), "kvm1");
	assert_int_equal(strncmp(conn_peer(e->conn), "ssl:127.0.0.1:", 14), 0);
	/* `ovs-vsctl --bootstrap set-ssl` takes the authority from the chain. */
	assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(c->ssl)), 2);
	assert_int_equal(X509_cmp(sk_X509_value(SSL_get_peer_cert_chain(c->ssl), 1), s->ca->x509), 0);
	message_make(msg, 100, 1);
	client_send(c, msg, 100);
	RUN_UNTIL(s->base, (client_pump(c), e->n_messages == 1));
	assert_memory_equal(e->bytes, msg, 100);
	conn_send(e->conn, msg, 100);
	conn_flush(e->conn);
	RUN_UNTIL(s->base, client_read(c, got, 100) == 100);
	assert_memory_equal(got, msg, 100);
	/* No tickets: the next session begins with certificates as well. */
	assert_int_equal(SSL_SESSION_has_ticket(SSL_get0_session(c->ssl)), 0);
	client_free(c);
	end_free(e);
}

static void knows_names(void **state)
{
	struct scene *s = *state;
	static const struct {
		struct cert_wish wish;
		const char *name, *is[3], *is_not[3];
	} cases[] = {
		{{.cn = "kvm1"}, "kvm1", {"kvm1"}, {"kvm", "kvm11", "KVM1"}},
		{{.cn = "kvm1", .sans = "DNS:kvm2,DNS:kvm3"}, "kvm2", {"kvm2", "kvm3"}, {"kvm1"}},
		{{.cn = "kvm1", .sans = "IP:192.0.2.1"}, "kvm1", {"kvm1"}, {"192.0.2.1"}},
		{{.sans = "DNS:kvm2"}, "kvm2", {"kvm2"}, {""}},
		{{.cn = "*.example", .sans = NULL}, "*.example", {"*.example"}, {"kvm1.example"}},
		{{.sans = "DNS:*"}, "*", {"*"}, {"kvm1", ""}},
		{{.cn = "kvm1\n2026 forged line"}, "kvm1?2026 forged line", {NULL}, {"kvm1"}},
		{{.cn = "kvm1\0.evil", .cn_size = 10}, NULL, {NULL}, {"kvm1"}},
		{{.cn = NULL}, NULL, {NULL}, {"", "kvm1"}},
		{{.cn = "kvm1", .is_rsa = true}, "kvm1", {"kvm1"}, {NULL}},
		{{.cn = "kvm1", .usage = "clientAuth"}, "kvm1", {"kvm1"}, {NULL}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cert_wish wish = cases[i].wish;
		struct end *e = end_new(s->base, false, s->tls);
		struct cert *cert;
		struct client *c;

		wish.ca = s->ca;
		cert = cert_new(wish);
		c = client_new(e, cert, s->ca, TLS1_3_VERSION);
		client_handshake(c);
		assert_int_equal(e->n_established, 1);
		if (cases[i].name)
			assert_string_equal(conn_cert_name(e->conn), cases[i].name);
		else
			assert_null(conn_cert_name(e->conn));
		for (size_t j = 0; j < 3 && cases[i].is[j]; j++)
			assert_true(conn_cert_is_for(e->conn, cases[i].is[j]));
		for (size_t j = 0; j < 3 && cases[i].is_not[j]; j++)
			assert_false(conn_cert_is_for(e->conn, cases[i].is_not[j]));
		client_free(c);
		end_free(e);
		cert_free(cert);
	}
}

static void sends_others_away_with_a_reason(void **state)
{
	struct scene *s = *state;
	struct cert *other_ca = cert_new((struct cert_wish) {.cn = "other CA", .is_ca = true});
	struct cert *twin_ca = cert_new((struct cert_wish) {.cn = "weft CA", .is_ca = true});
	struct cert *old = cert_new((struct cert_wish) {.ca = s->ca, .cn = "kvm1", .from_days = -9,
							.to_days = -2});
	struct cert *young = cert_new((struct cert_wish) {.ca = s->ca, .cn = "kvm1", .from_days = 2,
							  .to_days = 9});
	struct cert *foreign = cert_new((struct cert_wish) {.ca = other_ca, .cn = "kvm1"});
	struct cert *forged = cert_new((struct cert_wish) {.ca = twin_ca, .cn = "kvm1"});
	struct cert *selfmade = cert_new((struct cert_wish) {.cn = "kvm\033[31m1"});
	struct cert *server = cert_new((struct cert_wish) {.ca = s->ca, .cn = "kvm1",
							   .usage = "serverAuth"});

	tls_refuse(s, old, s->ca, 0, "its certificate (kvm1) has expired on 20");
	tls_refuse(s, old, s->ca, 0, "renew it with: weft pki renew kvm1");
	tls_refuse(s, young, s->ca, 0, "is not valid before 20");
	tls_refuse(s, foreign, s->ca, 0, "was made by another authority (other CA) than the one in ca.pem");
	tls_refuse(s, forged, s->ca, 0, "certificate (kvm1) ");
	tls_refuse(s, selfmade, s->ca, 0, "its certificate (kvm?[31m1) was made by another authority");
	tls_refuse(s, server, s->ca, 0, "extended key usage");
	tls_refuse(s, NULL, s->ca, 0, "no certificate came; give the switch one with: ovs-vsctl set-ssl");
	tls_refuse(s, s->kvm1, s->ca, TLS1_2_VERSION, "speaks only TLS 1.2; use TLS 1.3");
	/* The other way round: the switch does not like our certificate. */
	tls_refuse(s, s->kvm1, other_ca, 0, "the peer does not trust weftd's certificate");
	tls_refuse(s, s->kvm1, twin_ca, 0, "the peer ");
	cert_free(server);
	cert_free(selfmade);
	cert_free(forged);
	cert_free(foreign);
	cert_free(young);
	cert_free(old);
	cert_free(twin_ca);
	cert_free(other_ca);
}

static void knows_what_is_not_tls(void **state)
{
	struct scene *s = *state;
	static const uint8_t hello[16] = {4, 0, 0, 16, 0, 0, 0, 1, 0, 1, 0, 8, 0, 0, 0, 16};
	struct end *e = end_new(s->base, false, s->tls);

	peer_send(e, hello, sizeof(hello));
	RUN_UNTIL(s->base, e->n_closed);
	assert_non_null(strstr(e->why, "does not speak TLS; its controller must be ssl:"));
	end_free(e);

	e = end_new(s->base, false, s->tls);
	peer_send(e, "GET / HTTP/1.1\r\n\r\n", 18);
	RUN_UNTIL(s->base, e->n_closed);
	assert_non_null(strstr(e->why, "HTTP"));
	end_free(e);

	e = end_new(s->base, false, s->tls);
	end_hang_up(e);
	RUN_UNTIL(s->base, e->n_closed);
	assert_string_equal(e->why, "TLS: closed by peer during the handshake");
	end_free(e);
}

static void has_a_deadline(void **state)
{
	struct scene *s = *state;
	unsigned usual = conn_handshake_ms;
	struct end *e;

	conn_handshake_ms = 50;
	e = end_new(s->base, false, s->tls);
	conn_handshake_ms = usual;
	peer_send(e, "\026\003\001", 3);
	RUN_UNTIL(s->base, e->n_closed);
	assert_string_equal(e->why, "TLS: the handshake took too long");
	assert_int_equal(e->n_established, 0);
	end_free(e);
}

/* --- bytes -------------------------------------------------------------------- */

/* --- endings ------------------------------------------------------------------ */

static void hears_goodbye_and_hanging_up(void **state)
{
	struct scene *s = *state;
	uint8_t msg[8];
	struct end *e;
	struct client *c;

	message_make(msg, 8, 1);
	for (int says_goodbye = 0; says_goodbye < 2; says_goodbye++) {
		c = let_in(s, &e);
		client_send(c, msg, 8);
		if (says_goodbye)
			SSL_shutdown(c->ssl);
		client_pump_out(c);
		if (!says_goodbye)
			end_hang_up(e);
		RUN_UNTIL(s->base, e->n_closed);
		assert_int_equal(e->n_messages, 1);
		assert_string_equal(e->why, "closed by peer");
		client_free(c);
		end_free(e);
	}
}

static void says_goodbye(void **state)
{
	struct scene *s = *state;
	uint8_t msg[8], got[8], more;
	size_t n;
	struct end *e;
	struct client *c = let_in(s, &e);

	message_make(msg, 8, 1);
	conn_send(e->conn, msg, 8);
	conn_close(e->conn, "enough");
	RUN_UNTIL(s->base, e->n_closed);
	assert_string_equal(e->why, "enough");
	assert_int_equal(client_read(c, got, 8), 8);
	assert_int_equal(SSL_read_ex(c->ssl, &more, 1, &n), 0);
	assert_int_equal(SSL_get_error(c->ssl, 0), SSL_ERROR_ZERO_RETURN);
	client_free(c);
	end_free(e);
}

static void ends_at_a_forged_record(void **state)
{
	struct scene *s = *state;
	uint8_t msg[100], noise[] = {23, 3, 3, 0, 32, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
				     17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};
	struct end *e;
	struct client *c = let_in(s, &e);

	message_make(msg, 100, 1);
	client_send(c, msg, 100);
	client_pump_out(c);
	peer_send(e, noise, sizeof(noise));
	RUN_UNTIL(s->base, e->n_closed);
	assert_int_equal(e->n_messages, 1);
	assert_non_null(strstr(e->why, "TLS: decryption failed or bad record mac"));
	client_free(c);
	end_free(e);
}

static void is_freed_at_any_step(void **state)
{
	struct scene *s = *state;

	for (int steps = 0; steps < 8; steps++) {
		struct end *e = end_new(s->base, false, s->tls);
		struct client *c = client_new(e, s->kvm1, s->ca, 0);

		c->piece = 300;
		for (int i = 0; i < steps; i++) {
			SSL_do_handshake(c->ssl);
			client_pump(c);
		}
		conn_send(e->conn, "abcdefgh", 8);
		end_free(e);
		client_free(c);
	}
}

/* --- files -------------------------------------------------------------------- */

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, tls_up, tls_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lets_a_switch_in), TEST(knows_names), TEST(sends_others_away_with_a_reason),
		TEST(knows_what_is_not_tls), TEST(has_a_deadline), TEST(hears_goodbye_and_hanging_up),
		TEST(says_goodbye), TEST(ends_at_a_forged_record), TEST(is_freed_at_any_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
