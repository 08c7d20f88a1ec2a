/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of the lab's VMs, from names alone: the same file gives the same
 * addresses on every machine, and a new VM moves no other one (unless two names
 * fall on one number, then the later name goes on to the next free one).
 *
 * In a network a VM has one number for both families: 10.77.0.23 and
 * fd..::17 (hexadecimal). What x-lab or `subnet` fixes stays as it is. */
#include "controller/lab.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The addresses of one network. */
struct pool {
	const struct net_network *network;
	uint32_t base;                  /* IPv4, host order */
	unsigned prefix;
	unsigned char base6[16];
	unsigned prefix6;
	uint32_t first, count;          /* numbers to choose from */
	uint32_t *used;                 /* numbers that are taken */
	size_t n_used;
};

static bool parse_subnet(const char *text, struct pool *pool)
{
	char address[INET6_ADDRSTRLEN + 4];
	const char *slash = strchr(text, '/');
	unsigned prefix = slash ? (unsigned) atoi(slash + 1) : 0;
	struct in_addr v4;

	snprintf(address, sizeof address, "%.*s", slash ? (int) (slash - text) : 0, text);
	if (inet_pton(AF_INET, address, &v4) == 1 && prefix >= 1 && prefix <= 32) {
		pool->base = ntohl(v4.s_addr) & (uint32_t) (UINT64_MAX << (32 - prefix));
		pool->prefix = prefix;
		return true;
	}
	if (inet_pton(AF_INET6, address, pool->base6) == 1 && prefix >= 1 && prefix <= 112) {
		pool->prefix6 = prefix;
		for (unsigned i = prefix; i < 128; i++)
			pool->base6[i / 8] &= (unsigned char) ~(0x80 >> i % 8);
		return true;
	}
	return false;
}

/* Networks without a subnet get 10.X.0.0/16, X its own for each (while they
 * last), and fd...::/64. */
static void choose_subnets(struct pool *pools, size_t n)
{
	bool taken[256] = {false};

	for (size_t i = 0; i < n; i++) {
		struct pool *pool = &pools[i];
		const char *name = pool->network->name;
		uint64_t hash = net_hash(name, strlen(name));
		unsigned x = (unsigned) (hash % 254);

		if (pool->network->subnet)
			parse_subnet(pool->network->subnet, pool);
		if (!pool->prefix) {
			for (unsigned tries = 0; tries < 254 && taken[x + 1]; tries++)
				x = (x + 1) % 254;
			taken[x + 1] = true;
			pool->base = 10u << 24 | (x + 1) << 16;
			pool->prefix = 16;
		}
		if (!pool->prefix6) {
			pool->base6[0] = 0xfd;
			for (unsigned b = 0; b < 5; b++)
				pool->base6[1 + b] = (unsigned char) (hash >> 8 * b);
			pool->prefix6 = 64;
		}
	}
}

/* Numbers leave out the network's own, the gateway's (1) and the broadcast
 * address where there is room, and stay small while the network is. */
static void choose_range(struct pool *pool, size_t n_vms)
{
	uint64_t size = pool->prefix >= 32 ? 1 : UINT64_C(1) << (32 - pool->prefix);

	if (size >= 8) {
		pool->first = 2;
		size -= 3;
	} else if (size >= 4) {
		pool->first = 1;
		size -= 2;
	}
	if (n_vms <= 200 && size > 250)
		size = 250;
	pool->count = size > 65000 ? 65000 : (uint32_t) size;
}

static bool is_used(const struct pool *pool, uint32_t number)
{
	for (size_t i = 0; i < pool->n_used; i++) {
		if (pool->used[i] == number)
			return true;
	}
	return false;
}

static bool number_of(const struct pool *pool, const char *ip, uint32_t *ret_number)
{
	struct in_addr address;
	uint32_t number;

	if (!ip || inet_pton(AF_INET, ip, &address) != 1)
		return false;
	number = ntohl(address.s_addr) - pool->base;
	if (pool->prefix < 32 && number >> (32 - pool->prefix))
		return false;
	*ret_number = number;
	return true;
}

static bool choose_number(struct pool *pool, const char *name, uint32_t *ret_number)
{
	uint32_t at = (uint32_t) (net_hash(name, strlen(name)) % pool->count);

	for (uint32_t tries = 0; tries < pool->count; tries++) {
		uint32_t number = pool->first + (at + tries) % pool->count;

		if (is_used(pool, number))
			continue;
		pool->used[pool->n_used++] = number;
		*ret_number = number;
		return true;
	}
	return false;
}

static void fill(struct arena *arena, const struct pool *pool, uint32_t number,
		 struct lab_stand *stand)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	struct in_addr v4 = {htonl(pool->base + number)};
	uint32_t ignored;

	if (!stand->ip) {
		stand->ip = arena_strdup(arena, inet_ntop(AF_INET, &v4, text, sizeof text));
		stand->prefix = pool->prefix;
	} else if (!stand->prefix) {
		stand->prefix = number_of(pool, stand->ip, &ignored) ? pool->prefix : 24;
	}
	if (!stand->ip6) {
		memcpy(bytes, pool->base6, 16);
		for (unsigned b = 0; b < 4; b++)
			bytes[15 - b] |= (unsigned char) (number >> 8 * b);
		stand->ip6 = arena_strdup(arena, inet_ntop(AF_INET6, bytes, text, sizeof text));
		stand->prefix6 = pool->prefix6;
	} else if (!stand->prefix6) {
		stand->prefix6 = pool->prefix6;
	}
	/* "" was: none, please. */
	if (!stand->ip[0])
		stand->ip = NULL;
	if (!stand->ip6[0])
		stand->ip6 = NULL;
}

/* Fixed addresses first, so that no chosen one falls on them. */
static bool fill_network(struct lab_plan *plan, struct pool *pool, struct diag *diag)
{
	size_t n = 0;
	uint32_t number;

	for (size_t i = 0; i < plan->n_vms; i++) {
		for (size_t j = 0; j < plan->vms[i].n_stands; j++)
			n += !strcmp(plan->vms[i].stands[j].network, pool->network->name);
	}
	choose_range(pool, n);
	pool->used = arena_new_array(plan->arena, uint32_t, n);
	for (int fixed = 1; fixed >= 0; fixed--) {
		for (size_t i = 0; i < plan->n_vms; i++) {
			struct lab_vm *vm = &plan->vms[i];

			for (size_t j = 0; j < vm->n_stands; j++) {
				struct lab_stand *stand = &vm->stands[j];
				bool is_fixed = number_of(pool, stand->ip, &number);

				if (strcmp(stand->network, pool->network->name) || is_fixed != fixed)
					continue;
				if (is_fixed) {
					pool->used[pool->n_used++] = number;
				} else if (!choose_number(pool, vm->name, &number)) {
					diag_add(diag, pool->network->where, DIAG_RANGE, "the subnet of "
						 "network \"%s\" has no address left for VM %s: the lab needs "
						 "one for each", pool->network->name, vm->name);
					return false;
				}
				fill(plan->arena, pool, number, stand);
			}
		}
	}
	return true;
}

static const char *choose_mac(struct lab_plan *plan, const struct lab_vm *vm)
{
	const char *place = vm->host == LAB_ON_LAN || vm->host == LAB_ON_UNDERLAY
		? vm->name
		: arena_printf(plan->arena, "%s:%s", plan->hosts[vm->host].name, vm->port);
	uint64_t hash = net_hash(place, strlen(place));

	return arena_printf(plan->arena, "02:%02x:%02x:%02x:%02x:%02x", (unsigned) (hash & 255),
			    (unsigned) (hash >> 8 & 255), (unsigned) (hash >> 16 & 255),
			    (unsigned) (hash >> 24 & 255), (unsigned) (hash >> 32 & 255));
}

bool lab_plan_addresses(struct lab_plan *plan, const struct net *net, struct diag *diag)
{
	struct pool *pools = arena_new_array(plan->arena, struct pool, net->n_networks);

	for (size_t i = 0; i < plan->n_vms; i++) {
		if (!plan->vms[i].mac)
			plan->vms[i].mac = choose_mac(plan, &plan->vms[i]);
	}
	for (size_t i = 0; i < net->n_networks; i++)
		pools[i].network = &net->networks[i];
	choose_subnets(pools, net->n_networks);
	for (size_t i = 0; i < net->n_networks; i++) {
		if (!fill_network(plan, &pools[i], diag))
			return false;
	}
	return true;
}
