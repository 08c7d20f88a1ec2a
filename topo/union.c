/* SPDX-License-Identifier: Apache-2.0 */
#include "topo/union.h"

void union_alone(uint32_t *parent, size_t n)
{
	for (size_t i = 0; i < n; i++)
		parent[i] = (uint32_t) i;
}

uint32_t union_root(uint32_t *parent, uint32_t i)
{
	while (parent[i] != i)
		i = parent[i] = parent[parent[i]];
	return i;
}

bool union_join(uint32_t *parent, uint32_t a, uint32_t b)
{
	a = union_root(parent, a);
	b = union_root(parent, b);
	if (a < b)
		parent[b] = a;
	else
		parent[a] = b;
	return a != b;
}
