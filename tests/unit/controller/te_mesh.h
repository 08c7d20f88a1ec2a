/* SPDX-License-Identifier: Apache-2.0 */
/* A full mesh of four switches, 100 Mbit/s each cable, for tests with te_world. */
#ifndef TESTS_TE_MESH_H
#define TESTS_TE_MESH_H

/* The file: with one network of all VMs, or with that NETWORK, and MORE lines behind it. */
#define TE_MESH(MORE) TE_MESH_OF("red: {ports: [\"*:vm*\"]}", MORE)
#define TE_MESH_OF(NETWORK, MORE) \
	"version: 1\n" \
	"switches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}, d: {dpid: 4}}\n" \
	"networks:\n" \
	"  " NETWORK "\n" \
	"links:\n" \
	"  - {between: [a:ab, b:ba], rate: 100Mbit}\n" \
	"  - {between: [a:ac, c:ca], rate: 100Mbit}\n" \
	"  - {between: [a:ad, d:da], rate: 100Mbit}\n" \
	"  - {between: [b:bc, c:cb], rate: 100Mbit}\n" \
	"  - {between: [b:bd, d:db], rate: 100Mbit}\n" \
	"  - {between: [c:cd, d:dc], rate: 100Mbit}\n" MORE

/* By index: its edges and its switches. */
enum { AB, AC, AD, BC, BD, CD };
enum { A, B, C, D };

#endif
