# SPDX-License-Identifier: Apache-2.0
"""What a tag keeps on its way, as docs/explanation/packet.md says."""
from frames import arp_request, has, udp, vlan
from t1 import t1
from weftlab import wait_for

VID = 100
SENDER, RECEIVER = "02:7a:00:00:00:01", "02:7a:00:00:00:02"
DROP_ELIGIBLE = 1 << 12


def test_what_a_tag_keeps(lab):
    """A frame leaves with the tag that the file gives the port, not with the one it had."""
    cases = {
        "priority": vlan(VID, pcp=5),
        "drop-eligible": vlan(VID | DROP_ELIGIBLE),
        "service-tag": b"\x88\xa8" + vlan(VID)[2:],
    }
    l = lab(t1(hosts=2, tag=VID))
    with l.wire("h1") as w1, l.wire("h2") as w2:
        w2.send(arp_request(RECEIVER, "10.0.0.2", "10.0.0.9", tags=vlan(VID)))
        l.wait_host(RECEIVER)
        l.wait_rest()
        for name, tags in cases.items():
            w1.send(udp(RECEIVER, SENDER, name.encode(), tags=tags))
            frame = w2.wait(has(name.encode()))
            assert frame and frame[12:16] == vlan(VID), (name, frame)
            assert frame[16:].startswith(b"\x08\x00"), (name, frame)
        # A second tag is no guest's here; a frame of the same kind without one has just gone that way.
        w1.send(udp(RECEIVER, SENDER, b"tag-below", tags=vlan(VID) + vlan(7, pcp=3)))
        wait_for("it is counted", lambda: l.packets("s1", "table=60,dl_type=0x8100"))
        assert not w2.count(has(b"tag-below"))
