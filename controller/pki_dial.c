/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/pki_dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

enum { HELLO_BYTES = 8, OFPT_HELLO = 0 };       /* OpenFlow 1.3, 7.1 */

static void say(struct pki_error *why, const char *text) { snprintf(why->text, sizeof why->text, "%s", text); }

/* OpenSSL's first word on it. */
static void say_ssl(struct pki_error *why, const SSL *ssl)
{
	unsigned long code = ERR_peek_error();
	long verdict = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
	const char *reason = ERR_reason_error_string(code);
	if (verdict != X509_V_OK)
		snprintf(why->text, sizeof why->text, "weftd's certificate: %s", X509_verify_cert_error_string(verdict));
	else if (reason)
		say(why, reason);
	else
		say(why, errno == EAGAIN ? "no answer" : errno ? strerror(errno) : "the other side ended it");
	ERR_clear_error();
}

static bool connect_within(int fd, const struct addrinfo *to, int patience_ms, struct pki_error *why)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t size = sizeof error;
	if (!connect(fd, to->ai_addr, to->ai_addrlen))
		return true;
	if (errno != EINPROGRESS) {
		say(why, strerror(errno));
		return false;
	}
	if (poll(&poll_fd, 1, patience_ms) <= 0) {
		say(why, "no answer");
		return false;
	}
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	say(why, strerror(error));
	return !error;
}

/* Connected and blocking, with a deadline for each call; -1 = not. */
static int dial_tcp(const struct pki_dial *dial, enum pki_dial_step *ret_step, struct pki_error *why)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	int failed = getaddrinfo(dial->address, dial->port, &hints, &list), fd = -1;
	*ret_step = PKI_DIAL_NAME;
	if (failed) {
		say(why, gai_strerror(failed));
		return -1;
	}
	*ret_step = PKI_DIAL_TCP;
	for (const struct addrinfo *to = list; to && fd < 0; to = to->ai_next) {
		fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0) {
			say(why, strerror(errno));
		} else if (!connect_within(fd, to, dial->patience_ms, why)) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	if (fd < 0)
		return -1;
	struct timeval patience = { dial->patience_ms / 1000, dial->patience_ms % 1000 * 1000 };
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	return fd;
}

static bool is_hello(const unsigned char *bytes, int n, struct pki_error *why)
{
	if (n == HELLO_BYTES && bytes[0] >= 1 && bytes[1] == OFPT_HELLO)
		return true;
	say(why, "what answers there speaks no OpenFlow");
	return false;
}

static SSL_CTX *context(const struct pki_dial *dial, struct pki_error *why)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	if (ctx && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	    SSL_CTX_load_verify_file(ctx, dial->ca) == 1 && SSL_CTX_use_certificate_chain_file(ctx, dial->cert) == 1 &&
	    SSL_CTX_use_PrivateKey_file(ctx, dial->key, SSL_FILETYPE_PEM) == 1) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		return ctx;
	}
	say_ssl(why, NULL);
	SSL_CTX_free(ctx);
	return NULL;
}

static enum pki_dial_step speak_tls(const struct pki_dial *dial, int fd, struct pki_error *why)
{
	unsigned char hello[HELLO_BYTES];
	enum pki_dial_step step = PKI_DIAL_TLS;
	ERR_clear_error();
	SSL_CTX *ctx = context(dial, why);
	SSL *ssl = ctx ? SSL_new(ctx) : NULL;
	errno = 0;
	if (ssl && (SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1)) {
		say_ssl(why, ssl);
	} else if (ssl) {
		step = PKI_DIAL_HELLO;
		errno = 0;
		int n = SSL_read(ssl, hello, sizeof hello);
		if (n <= 0)
			say_ssl(why, ssl);
		else if (is_hello(hello, n, why))
			step = PKI_DIAL_DONE;
		SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	return step;
}

enum pki_dial_step pki_dial(const struct pki_dial *dial, struct pki_error *why)
{
	unsigned char hello[HELLO_BYTES];
	enum pki_dial_step step;
	void (*old)(int) = signal(SIGPIPE, SIG_IGN);
	int fd = dial_tcp(dial, &step, why);
	if (fd >= 0 && dial->only_tcp) {
		step = PKI_DIAL_DONE;
	} else if (fd >= 0 && dial->ca) {
		step = speak_tls(dial, fd, why);
	} else if (fd >= 0) {
		ssize_t n = recv(fd, hello, sizeof hello, MSG_WAITALL);
		step = PKI_DIAL_HELLO;
		if (n <= 0)
			say(why, n < 0 ? "no answer" : "the other side ended it");
		else if (is_hello(hello, (int) n, why))
			step = PKI_DIAL_DONE;
	}
	if (fd >= 0)
		close(fd);
	signal(SIGPIPE, old);
	return step;
}
