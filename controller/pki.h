/* SPDX-License-Identifier: Apache-2.0 */
/* A small certificate authority: who is a switch, and who is weftd.
 *
 * A PKI is a directory:
 *
 *     ca.pem ca-key.pem               the authority (the key only where certificates are made)
 *     cert.pem key.pem                weftd's own certificate, what weftd --pki reads beside ca.pem
 *     NAME-cert.pem NAME-key.pem      one switch; the name is the switch's name in the YAML file
 *
 * pki.c makes and reads certificates in memory, pki_dir.c keeps the directory,
 * pki_cmd.c is the command. Everything is ECDSA P-256 with SHA-256 (RFC 5280,
 * RFC 5480), serial numbers are 127 random bits. */
#ifndef CONTROLLER_PKI_H
#define CONTROLLER_PKI_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* What went wrong and what to do next, one line without newline. */
struct pki_error {
	char text[512];
};

enum pki_kind {
	PKI_CA,                         /* the authority */
	PKI_SERVER,                     /* weftd */
	PKI_SWITCH,                     /* the name of one switch */
};

enum {
	PKI_MAX_NAME = 63,              /* characters; RFC 5280 allows 64 in a common name */
	PKI_MAX_SANS = 32,              /* names in one certificate */
	PKI_CA_DAYS = 3650,
	PKI_LEAF_DAYS = 365,
	PKI_WARN_DAYS = 30,             /* fewer days left than this is worth a warning */
};

/* Certificate and private key as PEM text. Pairs own their text. */
struct pki_pair {
	char *cert;
	char *key;
};
void pki_pair_uninit(struct pki_pair *);         /* wipes the key first */

struct pki_request {
	enum pki_kind kind;
	const char *name;               /* common name; of a leaf also its first dNSName */
	const char *const *sans;        /* more names: DNS names and IP addresses, as text */
	size_t n_sans;
	bool server_too;                /* switch: may act as a TLS server as well (serverAuth) */
	time_t not_before;
	time_t not_after;               /* of a leaf: clipped to the authority's own */
};

/* ca is null when the request is for an authority. */
bool pki_make(const struct pki_request *, const struct pki_pair *ca, struct pki_pair *ret_pair,
	      struct pki_error *);

/* A certificate as read from PEM text. */
struct pki_info {
	char name[PKI_MAX_NAME + 2];    /* first dNSName, else common name */
	char serial[48];                /* hexadecimal, upper case */
	bool is_ca;
	bool server_too;                /* may act as a TLS server (serverAuth, or no such limits) */
	time_t not_before;
	time_t not_after;
	char *sans[PKI_MAX_SANS];       /* all names, the first one included; owned */
	size_t n_sans;
};
bool pki_read(const char *cert, struct pki_info *ret_info, struct pki_error *);
void pki_info_uninit(struct pki_info *);

/* The certificate was signed by ca and the key (may be null) is its own. Says
 * nothing about dates. */
bool pki_verify(const char *cert, const char *key, const char *ca, struct pki_error *);

/* A name that a certificate and a file can carry: letters, digits, dot, dash,
 * underscore, beginning with a letter or digit; "ca" and "weftd" are taken. */
bool pki_name_ok(const char *name, struct pki_error *);

/* --- the directory ----------------------------------------------------------- */

/* What was written where; paths are absolute. */
struct pki_written {
	char cert[4096], key[4096], ca[4096];
	char serial[48];
	time_t not_after;
	bool made_ca;                   /* init: the authority is new as well */
};

/* Makes the authority and weftd's certificate; completes a directory that has
 * an authority and no weftd yet. Refuses to overwrite. */
bool pki_dir_init(const char *dir, const char *const *sans, size_t n_sans, unsigned days,
		  time_t now, struct pki_written *, struct pki_error *);

/* A new certificate with a new key for a switch. Key, certificate and ca.pem go
 * to out (null: dir); the directory keeps a copy of the certificate. Open vSwitch
 * checks of its controller nothing but the chain, so what may be a server may
 * pose as weftd: server_too is for hosts whose ovsdb listens on pssl:. */
bool pki_dir_issue(const char *dir, const char *out, const char *name, bool server_too,
		   unsigned days, time_t now, struct pki_written *, struct pki_error *);

/* The same name again, with a new key, for the same use; "weftd" renews weftd's own. */
bool pki_dir_renew(const char *dir, const char *out, const char *name, unsigned days,
		   time_t now, struct pki_written *, struct pki_error *);

/* All certificates of the directory: authority, weftd, then switches by name. */
struct pki_entry {
	enum pki_kind kind;
	char *path;                     /* owned */
	bool readable;                  /* false: why says what is wrong with the file, info is empty */
	struct pki_info info;
	struct pki_error why;
};
bool pki_dir_list(const char *dir, struct pki_entry **ret_entries, size_t *ret_n,
		  struct pki_error *);
void pki_entries_free(struct pki_entry *, size_t n);

/* Days from now until the certificate ends, the one that has begun too; negative when it has ended. */
long pki_days_left(const struct pki_info *, time_t now);

#endif
