"""What is known to have gone wrong with CORS in other servers, as tables: requests in, header lines out.

The numbers (O01, F08 ...) are the families: O origins, F preflights, V Vary, W credentials and wildcards, E errors and
the app's own headers, M paths. A `Vector` says everything that a connection needs to run it too: method, target and
header lines in; the status where the server itself answers (None where the app does), and the exact
`Access-Control-*` and `Vary` lines out. `on_the_wire` is False where such a line cannot travel.
"""

from typing import Final

from .actuals import ACTUALS
from .origins import ORIGIN_VECTORS
from .preflights import PREFLIGHTS
from .vector import Vector

VECTORS: Final[tuple[Vector, ...]] = ORIGIN_VECTORS + PREFLIGHTS + ACTUALS
