import asyncio
import os
import pickle
import urllib.request
from itertools import islice

import dask
import psutil
import pytest
from distributed import LocalCluster, Security, get_worker
from distributed.comm import connect

from gazescribe.pipeline.core.errors import AlignmentError, GazeError
from gazescribe.pipeline.core.parallel import map_tasks


def double(task):
    if task == "bad":
        raise AlignmentError("bad.", where="row 1", remedy="Fix it.", faults=["a", "b"])
    return task * 2


@pytest.mark.parametrize("workers", [None, 1])
@pytest.mark.parametrize("tasks", [[], [3], [3, 1, 2]])
def test_in_this_process(tasks, workers):
    assert list(map_tasks(double, tasks, workers=workers)) == [2 * task for task in tasks]


def test_results_come_as_they_are_made():
    results = map_tasks(double, [1, "bad"], workers=1)
    assert next(results) == 2
    with pytest.raises(AlignmentError, match=r"row 1: bad\. Fix it"):
        next(results)


def test_in_workers(capfd):
    """In task order, more tasks than are in flight; an error travels whole, without noise."""
    results = map_tasks(double, [*range(12), "bad"], workers=2)
    assert list(islice(results, 12)) == list(range(0, 24, 2))
    with pytest.raises(AlignmentError, match=r"row 1: bad\. Fix it") as raised:
        next(results)
    assert raised.value.faults == ("a", "b")
    assert capfd.readouterr() == ("", "")


def scheduler_of(_):
    return get_worker().scheduler.address


def listening():
    """Addresses at which this process and its workers listen."""
    this = psutil.Process()
    sockets = [
        socket
        for process in (this, *this.children(recursive=True))
        for socket in process.net_connections()
    ]
    return [socket.laddr for socket in sockets if socket.status == psutil.CONN_LISTEN]


def knock(address, security):
    """Open a connection to a scheduler."""

    async def knock():
        arguments = security.get_connection_args("client")
        comm = await connect(address, timeout=2, **arguments)
        await comm.close()

    asyncio.run(knock())


def test_nobody_else_reaches_the_workers(capfd):
    """Not from another machine, and not as another user of this one; nothing is said of it."""
    before = listening()
    results = map_tasks(scheduler_of, [0] * 3, workers=2)
    address = next(results)
    opened = set(listening()) - set(before)
    assert len(opened) >= 3
    assert {at.ip for at in opened} == {"127.0.0.1"}
    for stranger in (Security(), Security.temporary()):
        for protocol in ("tls:", "tcp:"):
            with pytest.raises((OSError, TypeError, RuntimeError)):
                knock(address.replace("tls:", protocol), stranger)
    for at in opened:
        for page in ("info/main/workers.html", "json/counts.json", "health", "status"):
            with pytest.raises(OSError, match=r"Not Found|closed|reset|refused|violat"):
                urllib.request.urlopen(f"http://{at.ip}:{at.port}/{page}", timeout=5)
    assert list(results) == [address] * 2
    assert capfd.readouterr() == ("", "")


def test_scheduler_with_certificates(tmp_path):
    """Those of dask's configuration, as a user's own cluster has them."""
    security = Security.temporary()
    names = {"ca-file": security.tls_ca_file}
    for role in ("client", "scheduler", "worker"):
        names[f"{role}.cert"] = security.tls_client_cert
        names[f"{role}.key"] = security.tls_client_key
    config = {}
    for name, text in names.items():
        path = tmp_path / name
        path.write_text(text)
        config[f"distributed.comm.tls.{name}"] = str(path)
    with (
        dask.config.set(config),
        LocalCluster(n_workers=1, protocol="tls", dashboard_address=None) as cluster,
    ):
        address = cluster.scheduler_address
        assert address.startswith("tls://")
        assert list(map_tasks(double, [1, 2], scheduler=address)) == [2, 4]


def test_no_certificates_for_a_scheduler_that_asks_for_them():
    with pytest.raises(GazeError, match=r"those of dask's configuration, distributed\.comm\.tls"):
        list(map_tasks(double, [1, 2], scheduler="tls://127.0.0.1:1"))
    with (
        dask.config.set({"distributed.comm.require-encryption": True}),
        pytest.raises(GazeError, match="encryption required by Dask configuration"),
    ):
        list(map_tasks(double, [1, 2], scheduler="tcp://127.0.0.1:1"))


@pytest.mark.parametrize("address", ["nowhere", "http://x", "tls://127.0.0.1:1", "inproc://1"])
def test_no_scheduler(address):
    with pytest.raises(GazeError, match=f"no dask.distributed scheduler answers at {address} "):
        list(map_tasks(double, [1, 2], scheduler=address))


def test_errors_keep_their_fields_between_processes():
    error = AlignmentError("bad.", where="row 1", remedy="Fix it.", faults=["a"])
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  (as workers send it)
    assert (type(copy), str(copy), copy.faults) == (AlignmentError, str(error), ("a",))


@pytest.mark.usefixtures("two_workers")
def test_workers_keep_freed_memory():
    """Else every large array is asked of the system again: half of the time of a window search."""
    (found,) = set(map_tasks(os.getenv, ["MALLOC_TRIM_THRESHOLD_"] * 4, workers=2))
    assert int(found) >= 2**27
