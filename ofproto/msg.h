/* SPDX-License-Identifier: Apache-2.0 */
/* msg: OpenFlow 1.3 messages at the border. Hot ones by hand, the others by the
 * library; decoders never trust a length and never need alignment.
 *
 * What conn hands out has at least a header and is as long as its header says:
 * decoders rely on that and on nothing else. They return false when malformed.
 * Encoders write into the caller's buffer and return the size. */
#ifndef OFPROTO_MSG_H
#define OFPROTO_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MSG_HEADER = 8, MSG_VERSION = 0x04, MSG_MAX = 65535 };

/* OFPT_* of OpenFlow 1.3.5, appendix A.1: those that weft speaks. */
enum msg_type {
	MSG_HELLO = 0, MSG_ERROR = 1, MSG_ECHO_REQUEST = 2, MSG_ECHO_REPLY = 3,
	MSG_EXPERIMENTER = 4, MSG_FEATURES_REQUEST = 5, MSG_FEATURES_REPLY = 6,
	MSG_GET_CONFIG_REPLY = 8, MSG_SET_CONFIG = 9, MSG_PACKET_IN = 10,
	MSG_FLOW_REMOVED = 11, MSG_PORT_STATUS = 12, MSG_PACKET_OUT = 13,
	MSG_FLOW_MOD = 14, MSG_GROUP_MOD = 15, MSG_MULTIPART_REQUEST = 18,
	MSG_MULTIPART_REPLY = 19, MSG_BARRIER_REQUEST = 20, MSG_BARRIER_REPLY = 21,
	MSG_ROLE_REQUEST = 24, MSG_ROLE_REPLY = 25, MSG_SET_ASYNC = 28, MSG_METER_MOD = 29,
	MSG_ROLE_STATUS = 30,           /* of 1.4; seen from switches that run both */
};

static inline uint8_t msg_version(const uint8_t *m) { return m[0]; }
static inline uint8_t msg_type(const uint8_t *m) { return m[1]; }
static inline uint16_t msg_size(const uint8_t *m) { return (uint16_t) (m[2] << 8 | m[3]); }
static inline uint32_t msg_xid(const uint8_t *m)
{
	return (uint32_t) m[4] << 24 | (uint32_t) m[5] << 16 | (uint32_t) m[6] << 8 | m[7];
}
const char *msg_type_name(uint8_t type);         /* "PACKET_IN"; "type 77" for others */
/* Text from a switch (NUL padded, perhaps not terminated) for logs and JSON:
 * what is not printable ASCII becomes '?'. Cut at max - 1. */
void msg_text(char *ret_text, size_t max, const uint8_t *from, size_t size);

/* HELLO (section 7.5.1): whether its sender speaks 1.3, by the bitmap or, when
 * there is none, by the version of the header. False when malformed. */
bool msg_hello(const uint8_t *m, size_t size, bool *ret_speaks_13);

/* A packet-in (section 7.4.1) whose row punted on purpose. */
struct punt {
	uint64_t cookie;
	uint8_t table;                  /* OpenFlow table id */
	uint8_t reason;                 /* OFPR_* */
	uint32_t in_port;               /* 0 = not given */
	uint32_t reg[4];                /* registers 0..3 from the match; 0 = not given */
	uint64_t tun_id;
	uint32_t tun_src;               /* host order */
	uint16_t total_size;            /* of the frame */
	const uint8_t *frame;           /* borrowed, may be cut */
	size_t size;
};
/* False when malformed. Handles every well-formed packet-in; unknown OXM fields are skipped. */
bool msg_punt(const uint8_t *m, size_t size, struct punt *);

/* FLOW_REMOVED (section 7.4.2) as the rule it was about; the rule's message is
 * rebuilt in buf (MSG_REMOVED_MAX bytes) in canonical form, without
 * instructions: good for key comparison and field look-up. A match too large
 * for buf (no row of ours) leaves ret_rule->size 0. */
enum { MSG_REMOVED_MAX = 1024 };
struct rule;
struct removed {
	uint64_t cookie;
	uint8_t reason;                 /* OFPRR_* : 0 idle, 1 hard, 2 delete, 3 group delete */
	uint32_t duration;              /* seconds */
	uint64_t n_packets, n_bytes;
};
bool msg_removed(const uint8_t *m, size_t size, struct removed *, struct rule *ret_rule, uint8_t *buf);

/* PORT_STATUS and entries of PORT_DESC (section 7.2.1). */
struct msg_port {
	uint32_t ofport;
	char name[16];
	uint8_t mac[6];
	bool is_local;                  /* OFPP_LOCAL */
	bool is_up;                     /* neither OFPPC_PORT_DOWN nor OFPPS_LINK_DOWN */
	bool is_live;                   /* OFPPS_LIVE (BFD, carrier) */
	uint32_t speed_mbps;            /* current, 0 = unknown */
};
enum msg_port_reason { MSG_PORT_ADD = 0, MSG_PORT_DELETE = 1, MSG_PORT_MODIFY = 2 };
bool msg_port_status(const uint8_t *m, size_t size, enum msg_port_reason *, struct msg_port *);
/* One port of a PORT_DESC reply, whose body is an array of them. */
enum { MSG_PORT = 64 };
void msg_port(const uint8_t entry[MSG_PORT], struct msg_port *);

/* What a switch says of itself: FEATURES_REPLY (section 7.3.1), the body of a
 * METER_FEATURES reply (7.3.5.13), ROLE_REPLY (7.3.9). */
struct msg_features {
	uint64_t dpid;
	uint32_t capabilities;
	uint8_t n_tables;
	uint8_t auxiliary_id;           /* 0 = main connection */
};
bool msg_features(const uint8_t *m, size_t size, struct msg_features *);
bool msg_meter_features(const uint8_t *m, size_t size, uint32_t *ret_max_meters);
enum msg_role { ROLE_NOCHANGE, ROLE_EQUAL, ROLE_PRIMARY, ROLE_SECONDARY };
bool msg_role(const uint8_t *m, size_t size, enum msg_role *, uint64_t *ret_generation_id);
/* ONF extension 191 over OpenFlow 1.3: the switch says unasked which role we have
 * now. False when it is another message. */
bool msg_role_status(const uint8_t *m, size_t size, enum msg_role *);

/* ERROR (section 7.4.4): "OFPFMFC_TABLE_FULL" and so on. Experimenter errors have
 * type 0xffff and their exp_type as code. */
enum {
	ERROR_HELLO_FAILED = 0, ERROR_BAD_REQUEST = 1, ERROR_ROLE_REQUEST_FAILED = 11,
	ERROR_METER_MOD_FAILED = 12,
	ERROR_EXPERIMENTER = 0xffff,
	/* codes */
	HELLO_FAILED_INCOMPATIBLE = 0, HELLO_FAILED_EPERM = 1,
	BAD_REQUEST_BAD_VERSION = 0, BAD_REQUEST_BAD_TYPE = 1, BAD_REQUEST_BAD_LEN = 6,
	BAD_REQUEST_IS_SECONDARY = 10,
	ROLE_REQUEST_STALE = 0,
};
bool msg_error(const uint8_t *m, size_t size, uint16_t *ret_type, uint16_t *ret_code,
	       const uint8_t **ret_data, size_t *ret_data_size);
const char *msg_error_name(uint16_t type, uint16_t code);
const char *msg_error_name_of(const uint8_t *m, size_t size);    /* also experimenter errors; static text */

/* --- encoders --------------------------------------------------------------------- */
size_t msg_put_header(uint8_t *buf, uint8_t type, uint32_t xid, size_t size);
size_t msg_put_hello(uint8_t *buf, uint32_t xid);                        /* 16 bytes, bitmap 1.3 */
/* version: what the peer can read, at most MSG_VERSION. The text is cut to fit max. */
size_t msg_put_hello_failed(uint8_t *buf, size_t max, uint8_t version, uint32_t xid,
			    uint16_t code, const char *text);
size_t msg_put_echo_reply(uint8_t *buf, const uint8_t *request, size_t size);
size_t msg_put_error(uint8_t *buf, uint16_t type, uint16_t code, const uint8_t *request, size_t size);
size_t msg_put_barrier(uint8_t *buf, uint32_t xid);
size_t msg_put_role(uint8_t *buf, uint32_t xid, enum msg_role, uint64_t generation_id);  /* 24 */
/* As primary all packet-ins, port status and flow removed; as secondary none (7.3.10). */
size_t msg_put_set_async(uint8_t *buf, uint32_t xid);                    /* 32 */
size_t msg_put_set_config(uint8_t *buf, uint32_t xid, uint16_t miss_send_len);   /* 12 */
/* Packet-out of a frame with output to each of n ports (no in_port). More than
 * MSG_MAX bytes cannot be sent: the caller looks at the size first. */
size_t msg_packet_out_size(size_t frame_size, size_t n_ports);
size_t msg_put_packet_out(uint8_t *buf, uint32_t xid, const uint32_t *ofports, size_t n_ports,
			  const uint8_t *frame, size_t frame_size);
/* The tables of the switch look at it as if it had come in by that port; of the size of one to one port. */
size_t msg_put_packet_out_as_in(uint8_t *buf, uint32_t xid, uint32_t in_port, const uint8_t *frame, size_t frame_size);
/* The same through a flow-based tunnel port, to a VTEP of 4 or 16 bytes. */
size_t msg_packet_out_tunnel_size(size_t frame_size, size_t vtep_size);
size_t msg_put_packet_out_tunnel(uint8_t *buf, uint32_t xid, uint32_t ofport, uint64_t tun_id,
				 const uint8_t *vtep, size_t vtep_size, const uint8_t *frame, size_t frame_size);
/* ONF bundle extension 230 over OpenFlow 1.3: experimenter 0x4f4e4600, types
 * 2300 (control) and 2301 (add message). Flags: 1 atomic, 2 ordered. */
enum msg_bundle_ctrl {
	BUNDLE_OPEN = 0, BUNDLE_OPEN_REPLY, BUNDLE_CLOSE, BUNDLE_CLOSE_REPLY,
	BUNDLE_COMMIT, BUNDLE_COMMIT_REPLY, BUNDLE_DISCARD, BUNDLE_DISCARD_REPLY,
};
enum { MSG_BUNDLE_CTRL = 24, MSG_BUNDLE_ADD = 24 };
size_t msg_put_bundle_ctrl(uint8_t *buf, uint32_t xid, uint32_t bundle, enum msg_bundle_ctrl);
/* The header of an add; the message of `size` bytes with the same xid follows at once. */
size_t msg_put_bundle_add(uint8_t *buf, uint32_t xid, uint32_t bundle, size_t size);
bool msg_bundle_ctrl(const uint8_t *m, size_t size, uint32_t *ret_bundle, enum msg_bundle_ctrl *);
/* Multipart requests for a whole read-back: flows (table -1 = all), group
 * descriptions, meter configurations; port descriptions, description, meter features. */
size_t msg_put_flow_dump(uint8_t *buf, uint32_t xid, int table);         /* 56 */
/* Only those of that cookie. */
size_t msg_put_flow_ask(uint8_t *buf, uint32_t xid, int table, uint64_t cookie);         /* 56 */
size_t msg_put_multipart(uint8_t *buf, uint32_t xid, uint16_t type);     /* 16, empty body */
size_t msg_put_meter_config(uint8_t *buf, uint32_t xid);                 /* 24, all meters */
size_t msg_put_meter_stats(uint8_t *buf, uint32_t xid);                  /* the same for their counters */
enum { MSG_PORT_STATS_REQUEST = 24 };
size_t msg_put_port_stats(uint8_t *buf, uint32_t xid);                   /* of all ports */
/* OFPMP_* (section 7.3.5). */
enum {
	MULTIPART_DESC = 0, MULTIPART_FLOW = 1, MULTIPART_PORT_STATS = 4, MULTIPART_GROUP_DESC = 7,
	MULTIPART_METER = 9, MULTIPART_METER_CONFIG = 10, MULTIPART_METER_FEATURES = 11, MULTIPART_PORT_DESC = 13,
	MSG_MULTIPART = 16,             /* bytes before the body */
};
bool msg_multipart(const uint8_t *m, size_t size, uint16_t *ret_type, bool *ret_more);
/* The entry of a METER reply (section 7.3.5.11) at *at, which moves on to the next one;
 * *at 0 begins. Returns 1, 0 at the end of the message, -1 when it is malformed. */
struct msg_meter_stats {
	uint32_t id;
	uint64_t n_packets;             /* that came to the meter */
	uint64_t n_dropped;             /* packets, by all bands together */
};
int msg_meter_stats(const uint8_t *m, size_t size, size_t *at, struct msg_meter_stats *);

#endif
