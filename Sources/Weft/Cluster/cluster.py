"""`weft cluster`: one order as JSON on standard input, carried out on the Ray that runs on this machine."""
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error


def fail(text):
    sys.exit(f"Error: {text}")


try:
    import ray
except ImportError:
    fail(f"{sys.executable} has no Ray: `{sys.executable} -m pip install ray`, or name a Python that has it in "
         "WEFT_PYTHON")

import controller as control
import moves
import supervisor
from controller import NAME, NAMESPACE, Controller, nodes, refusal, registry

# A node is taken to be lost after three checks of a second without an answer; of a network that loses more than that,
# models would move to and fro. A head that is away stops nothing for an hour, and finds its state again.
SETTINGS = {
    "RAY_health_check_initial_delay_ms": "1000", "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "1000", "RAY_health_check_failure_threshold": "3",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "3600", "RAY_USAGE_STATS_ENABLED": "0",
    # Ray would hide GPUs from actors that ask for none of its own kind.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
OBJECTS = 80_000_000  # bytes of Ray's object store: nothing of Weft's goes through it, and this is about its least
ABSENT = ("address", "host", "secret", "keys", "workload", "costs")  # what an order may leave out
PORT = 6379  # where Ray's head listens by its own default


def connect():
    try:
        ray.init(address=os.environ.get("RAY_ADDRESS", "auto"), namespace=NAMESPACE, logging_level="error",
                 log_to_driver=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        fail(f"no Ray runs on this machine ({str(error).splitlines()[0]}); start it with `weft cluster node`")
    # The nodes of the cluster need no copy of these files.
    for module in (moves, supervisor, control):
        ray.cloudpickle.register_pickle_by_value(module)


def controller():
    """The controller that there is."""
    try:
        return ray.get_actor(NAME)
    except ValueError:
        fail("there is no plan on this cluster: `weft cluster up PLAN` submits one")


def ask(method, *words):
    """What the controller answers; one that was killed is back in seconds."""
    for left in range(30, -1, -1):
        try:
            return ray.get(getattr(controller(), method).remote(*words), timeout=150)
        except ray.exceptions.RayTaskError as error:
            fail(str(error.cause))
        except ray.exceptions.RayError as error:
            if not left:
                fail(f"the controller does not answer: {str(error).splitlines()[0]}")
            time.sleep(0.5)


# Commands.


def node(order):
    """Starts Ray on this machine."""
    os.environ.update(SETTINGS)
    os.environ["WEFT_DEVICES"] = ",".join(order["devices"])
    labels = {"weft-node": order["node"], "weft-version": order["version"], "weft-memory-gb": order["memory_gb"],
              "weft-speed": order["speed"]}
    words = [
        "--labels", ",".join(f"{name}={value}" for name, value in labels.items()), "--resources",
        json.dumps({f"device-{at}": 1 for at in range(len(order["devices"]))}), "--object-store-memory", str(OBJECTS),
        "--disable-usage-stats", "--include-log-monitor=false",
        # Ray keeps a process of 80 MB ready for each core that it knows of; a unit's supervisor asks for none.
        "--num-cpus", "1"]
    if order["host"]:
        words += ["--node-ip-address", order["host"]]
    if order["address"]:
        words += ["--address", order["address"]]
    else:
        folder = os.path.join(supervisor.cache(), "cluster", "ray")
        os.makedirs(folder, exist_ok=True)
        os.environ |= {"RAY_gcs_storage": "rocksdb", "RAY_gcs_storage_path": folder}
        forget_cluster()
        words += ["--head", "--port", str(PORT), "--include-dashboard=false"]
    start = "import sys; from ray.scripts.scripts import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", start, "start", *words], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode:
        sys.stderr.write(done.stdout)
        fail("Ray does not start")
    at = order["address"] or f"{order['host'] or 'this machine'}:{PORT}"
    print(f"node {order['node']} of the cluster at {at}: {len(order['devices'])} devices "
          f"({', '.join(order['devices'])})")


def forget_cluster():
    """Ray's head does not start while a file names one before it, even if that is gone."""
    path = "/tmp/ray/ray_current_cluster"
    try:
        with open(path) as file:
            host, port = file.read().strip().rsplit(":", 1)
        socket.create_connection((host, int(port)), 2).close()
    except (OSError, ValueError):
        if os.path.exists(path):
            os.remove(path)


def up(order):
    wait = order.pop("wait")
    faults = moves.faults(order["plan"]["units"], order["version"], nodes())
    faults += filter(None, (router_fault(router, order["secret"]) for router in order["routers"]))
    if faults:
        fail("\n       ".join(faults))
    try:
        ray.get_actor(NAME)
    except ValueError:
        ray.remote(Controller).options(
            name=NAME, lifetime="detached", max_restarts=-1, num_cpus=0, max_concurrency=8,
            resources={"node:__internal_head__": 0.001}).remote()
    ask("submit", order)
    units = order["plan"]["units"]
    print(f"a plan of {len(units)} units is submitted; `weft cluster status` tells how it stands", flush=True)
    end = time.monotonic() + wait
    while wait:
        found = ask("status")
        if len(found["units"]) == len(units) and all(unit["state"] == "ready" for unit in found["units"]):
            return print(f"all {len(units)} units are ready")
        failed = [unit for unit in found["units"] if unit["state"] == "failed"]
        if failed or time.monotonic() > end:
            show(found)
            fail("a unit failed" if failed else f"not all units are ready after {wait:.0f} s")
        time.sleep(0.2)


def router_fault(router, secret):
    """Why a router cannot be used, or nothing."""
    try:
        registry(router, secret)
    except urllib.error.HTTPError as error:
        return refusal(router, error.code)
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            return f"{secret}: cannot be read: {error.strerror}"
        return f"router {router} cannot be reached: {getattr(error, 'reason', error)}; is `weft route` running there?"


def status(order):
    found = ask("status")
    if order["json"]:
        print(json.dumps(found, indent=2, sort_keys=True))
    else:
        show(found)


def show(found):
    rows = [("unit", "node", "devices", "state", "models", "starts", "pid")]
    for unit in found["units"]:
        state = unit["state"] if unit["in_plan"] else f"{unit['state']}, leaves"
        rows.append((unit["unit"], unit["node"], ",".join(map(str, unit["devices"])), state, " ".join(unit["models"]),
                     unit["starts"], unit["pid"] or ""))
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
    for unit in found["units"]:
        if unit["state"] in ("failed", "waiting"):
            print(f"{unit['unit']} is {unit['state']}: {unit['reason']}")
        if unit["refused"]:
            print(f"{unit['unit']} does not change its models: {unit['refused']}")
    for lost in found["nodes"]:
        if not lost["alive"]:
            print(f"node {lost['node']} is lost")
    if found["missing"]:
        print(f"there is no room for {', '.join(found['missing'])}")
    for line in found["trouble"]:
        print(line)


def replan(order):
    print(ask("replan", order["workload"], order["costs"]), end="")


def logs(order):
    found = {unit["key"]: unit["unit"] for unit in ask("status")["units"]}
    of = [at for at, name in found.items() if order["unit"] in (at, name)]
    if not of:
        fail(f"there is no unit '{order['unit']}'; there are {', '.join(found.values()) or 'none'}")
    for at in of:
        try:
            print(ray.get(ray.get_actor("unit-" + at).tail.remote(order["lines"]), timeout=10), end="")
        except (ValueError, ray.exceptions.RayError):
            fail(f"nothing runs of unit '{order['unit']}' now")


def down(order):
    ask("down")
    end = time.monotonic() + order["wait"]
    while ask("status")["units"]:
        if time.monotonic() > end:
            fail(f"units still drain after {order['wait']:.0f} s; `weft cluster status` tells which")
        time.sleep(0.2)
    ask("forget")
    ray.kill(controller())
    print("nothing of Weft runs on the cluster any more; `ray stop` ends Ray on a machine")


if __name__ == "__main__":
    given = json.load(sys.stdin)
    command = {"up": up, "status": status, "replan": replan, "logs": logs, "down": down, "node": node}[given["command"]]
    if command is not node:
        connect()
    command(dict.fromkeys(ABSENT) | given["order"])
