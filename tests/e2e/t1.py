# SPDX-License-Identifier: Apache-2.0
"""The bridge of the black-box scenarios: one switch, hosts h1 to h4."""


def t1(ports="", network="", hosts=4, extra="", name="v100", tag=None):
    """YAML of one bridge s1 with hosts h1.. on one network. ports: entries
    that take the place of the plain ones, by host number, as {n: text}."""
    ports = ports or {}
    lines = []
    for n in range(1, hosts + 1):
        entry = f"s1:h{n}" if tag is None else f"{{port: s1:h{n}, tag: {tag}}}"
        lines.append(f"      - {ports.get(n, entry)}")
    body = "\n".join(line for line in lines if line.strip() != "-")
    options = "".join(f"    {line}\n" for line in network.splitlines())
    return (f"version: 1\nswitches:\n  s1: {{dpid: 0x1}}\nnetworks:\n  {name}:\n"
            f"    subnet: 10.0.0.0/24\n{options}    ports:\n{body}\n{extra}")
