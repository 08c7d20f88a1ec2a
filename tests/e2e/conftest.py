# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))


def pytest_sessionstart(session):
    if os.geteuid() != 0:
        pytest.exit("the end-to-end tests make network namespaces: run as root", 2)


def pytest_collection_modifyitems(items):
    """WEFT_PART=i/n: each n-th test of what is asked for, from the i-th on."""
    i, n = map(int, os.environ.get("WEFT_PART", "0/1").split("/"))
    items[:] = items[i::n]


@pytest.fixture
def lab():
    """A function that builds a lab; what it built is checked and taken down."""
    from weftlab import Lab
    labs = []

    def build(text, **options):
        options.setdefault("standby", "WEFT_STANDBY" in os.environ)
        made = Lab(text, **options)
        labs.append(made)
        return made

    yield build
    try:
        for made in labs:
            made.gate()
    finally:
        for made in labs:
            made.down()


@pytest.fixture(params=[False, True], ids=["one", "two"])
def any_lab(request, lab):
    """The same with one controller, and with a second one that stands by. With
    WEFT_STANDBY in the environment every lab has a second one: for other scenarios
    that neither end a weftd nor point a switch to another."""
    return lambda text, **options: lab(text, standby=request.param, **options)
