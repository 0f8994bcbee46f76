"""Several processes on one port: a supervisor that never serves, and workers that do.

Who has what
------------
* The supervisor opens the listening sockets, one for each slot, all on one address (`SO_REUSEPORT`), and keeps them
  open. A worker has the sockets of its slot, by the fork. So nothing that waits in a socket's queue is lost with a
  worker: the next one in the slot accepts it. Without `SO_REUSEPORT` all slots share one queue.
* The supervisor serves nothing and never runs trio, so that it can fork at any time; it waits for signals, for what
  workers report, and for deadlines. It must be in the main thread, where Python lets signals be caught.
* A worker is told what to do through a pipe of its own. Nobody but the supervisor has the other end of it, so the pipe
  ends with the supervisor, however that dies, and the workers then stop by themselves, within the grace.

What holds
----------
* A worker that ends without having been told to is said and replaced at once; where it served for less than a second,
  and so did the one before it, after a delay that doubles each time.
* A worker that ends before the server as a whole has started means that something is wrong that would be wrong again:
  all stop, and `WorkersFailed` is raised.
* SIGHUP replaces the workers, slot by slot: the new worker serves before the old one is told to retire, and that one
  closes no connection without having said so in an answer (`Server.retire`), but those that ask nothing for the length
  of the grace. It is told that all were replaced when no old one accepts connections any more. Where a new worker does
  not start, the old ones stay. The new ones are forks of the same supervisor: the program is not read again.
* SIGTERM with a time to drain: the workers go on for that long, saying that they will end, and so does one that has to
  take another's place meanwhile; another SIGTERM or SIGINT ends it, a SIGHUP does nothing any more.
* SIGTERM or SIGINT stops: answers under way are finished, within the grace; a second one does not wait for them. A
  worker that does not stop in time is killed; once it has served all, its app has time of its own to end. A worker that
  gets SIGTERM itself stops and is replaced meanwhile.
* A SIGHUP that comes because the terminal is gone stops too; where it was ignored from the start (nohup) it stays so.

`supervisor` decides; `process` is a worker as the supervisor sees it, `worker` as it sees itself; `signals` has what
the system offers to wait for both.
"""

from corserver.http.workers.moments import Moment, WorkersFailed
from corserver.http.workers.serving import serve_workers
from corserver.http.workers.supervisor import Supervisor
from corserver.http.workers.worker import CannotStart

__all__ = ["CannotStart", "Moment", "Supervisor", "WorkersFailed", "serve_workers"]
