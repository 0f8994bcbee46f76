"""The contenders: corserver and its peers, each as it is started on a port of 127.0.0.1, with no access log."""

from typing import Final

from bench.peers.contender import Contender
from bench.peers.native import NATIVE, NODE
from bench.peers.proxies import PROXIES
from bench.peers.python import CORSERVER, PYTHON

#: In the order of the tables; `go` joins them where a checkout is given.
CONTENDERS: Final[tuple[Contender, ...]] = (*CORSERVER, *NATIVE, *PYTHON, *NODE, *PROXIES)
