"""Keeps what runs equal to the plan: looks twice a second, decides with `moves`, and has it done."""
import json
import os
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import ray

from moves import Adopt, Drain, Forget, Load, Running, Start, Unload, actions, key, models, with_kept
from supervisor import Supervisor, announce_start, bearer, cache

NAMESPACE, NAME, PREFIX = "weft", "weft-controller", "unit-"
LOOK = 0.5  # seconds from one look to the next
ANSWER = 1  # seconds that a router or a supervisor has for an answer: who is slower is asked again
AGAIN = 10  # seconds until what a unit refused is tried again


def nodes():
    """The living nodes of the cluster by their number; of a number that two have, the first."""
    found = {}
    for node in ray.nodes():
        labels = node.get("Labels") or {}
        if node["Alive"] and labels.get("weft-node", "").isdigit():
            devices = sum(name.startswith("device-") for name in node["Resources"])
            found.setdefault(int(labels["weft-node"]), {
                "devices": devices, "memory_gb": float(labels.get("weft-memory-gb", 80)),
                "speed": float(labels.get("weft-speed", 1)), "version": labels.get("weft-version", "unknown"),
                "host": node["NodeManagerAddress"]})
    return found


def registry(router, secret):
    """What workers told a router, by name. Raises OSError, ValueError."""
    request = urllib.request.Request(f"{router}/registry", headers=bearer(secret))
    with urllib.request.urlopen(request, timeout=ANSWER) as answer:
        return {worker["worker"]["name"]: worker for worker in json.load(answer)["workers"]}


class Controller:
    """What it must not forget is a file; the rest it finds again when Ray has started it anew."""

    def __init__(self):
        self.path = os.path.join(cache(), "cluster", "controller.json")
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self.memory = {"order": None, "epoch": 0, "nodes": {}, "leaving": False}
        if os.path.exists(self.path):
            with open(self.path) as file:
                self.memory = json.load(file)
        # Made once: Ray sends its code to the head for each that is made, which takes a second.
        self.lock, self.supervisors = threading.Lock(), ray.remote(Supervisor)
        self.has_looked = threading.Event()  # at what is ordered now
        # By key: supervisors that are known, and all there are; loads under way; when and why one was refused; what was
        # seen last. By what it is about: what people should know.
        self.known, self.actors, self.changes, self.refusals, self.seen, self.trouble = {}, {}, {}, {}, {}, {}
        self.force = (None, [], [])  # of which order and nodes; the units then; models that have no place
        threading.Thread(target=self.look_again_and_again, daemon=True).start()

    # What people ask.

    def submit(self, order):
        """Takes a plan, in place of what there was. `order`: plan, routers, secret, keys, insecure, weft, workload,
        costs."""
        with self.lock:
            found = nodes()
            self.memory |= {"order": order, "leaving": False, "nodes": {str(at): node for at, node in found.items()}}
            self.refusals.clear()
            self.save()
            self.has_looked.clear()

    def down(self):
        """Drains all units."""
        with self.lock:
            self.memory["leaving"] = True
            self.save()
            self.has_looked.clear()

    def forget(self):
        """Leaves nothing to a controller after this one."""
        with self.lock:
            self.memory["order"] = None
            self.save()

    def replan(self, workload, costs):
        """Changes the plan for other rates with few moves. Returns what `weft plan` says, or raises ValueError."""
        with self.lock:
            order = self.memory["order"] and dict(self.memory["order"])
        if not order:
            raise ValueError("there is no plan: `weft cluster up PLAN` submits one")
        order |= {"workload": workload, "costs": costs or order["costs"]}
        if not order["costs"]:
            raise ValueError("costs are not known: give --costs, as to `weft plan`")
        found, said = self.planned(order, [])
        with self.lock:
            self.memory["order"] = order | {"plan": found["plan"]}
            self.save()
            self.has_looked.clear()
        return said

    def status(self):
        self.has_looked.wait(10)
        with self.lock:
            order = self.memory["order"]
            alive = nodes()
            units = [] if not order or self.memory["leaving"] else self.force[1]
            shown = []
            for unit in units + [seen["unit"] for at, seen in self.seen.items() if at not in map(key, units)]:
                at = key(unit)
                seen = self.seen.get(at, {})
                shown.append({
                    "key": at, "unit": unit["name"], "node": unit["node"], "devices": unit["devices"],
                    "models": sorted(models(unit)), "in_plan": at in map(key, units),
                    "state": self.state_of(unit, seen), "reason": seen.get("reason", ""),
                    "serves": sorted(seen.get("serves", ())), "starts": seen.get("starts", 0),
                    "epoch": seen.get("epoch"), "pid": seen.get("pid"), "supervisor": seen.get("supervisor"),
                    "refused": self.refusals.get(at, (0, ""))[1]})
            return {
                "controller": os.getpid(), "leaving": self.memory["leaving"], "has_plan": bool(order),
                "nodes": [
                    {"node": int(at), "alive": int(at) in alive} | node
                    for at, node in sorted(self.memory["nodes"].items(), key=lambda item: int(item[0]))],
                "units": shown, "missing": self.force[2], "trouble": sorted(self.trouble.values())}

    @staticmethod
    def state_of(unit, seen):
        if not seen:
            return "absent"
        if seen["state"] == "running":
            return "ready" if set(models(unit)) <= set(seen["serves"]) else "loading"
        return seen["state"]

    # The look.

    def look_again_and_again(self):
        while True:
            began = time.monotonic()
            try:
                self.look()
                self.trouble.pop("look", None)
            except Exception as error:  # The next look begins anew, whatever it was; people see it in the status.
                self.trouble["look"] = f"the controller: {type(error).__name__}: {error}"
            time.sleep(max(0.05, LOOK - (time.monotonic() - began)))

    def look(self):
        with self.lock:
            order, leaving = self.memory["order"], self.memory["leaving"]
        if not order:
            return self.has_looked.set()
        alive = nodes()
        with self.lock:
            new = {str(at): node for at, node in alive.items() if self.memory["nodes"].get(str(at)) != node}
            if new:
                self.memory["nodes"] |= new
                self.save()
        plan = [] if leaving else self.plan_in_force(order, alive)
        running = self.find(order, alive)
        for action in actions(plan, set(alive), running):
            self.do(action, order, {key(unit): unit for unit in plan}, running, alive)
        with self.lock:
            if order is self.memory["order"] and leaving == self.memory["leaving"]:
                self.has_looked.set()

    def plan_in_force(self, order, alive):
        """The plan while all of its nodes live, else the plan for those that do."""
        lost = sorted({unit["node"] for unit in order["plan"]["units"]} - set(alive))
        of = (json.dumps(order, sort_keys=True), lost)
        if self.force[0] == of:
            return self.force[1]
        units, missing = order["plan"]["units"], []
        self.trouble.pop("plan", None)
        if lost and not (order["workload"] and order["costs"]):
            self.trouble["plan"] = ("models of lost nodes stay away: `weft cluster up` was given no --workload and "
                                    "--costs to place them anew")
        elif lost:
            try:
                found, _ = self.planned(order, lost)
                units, missing = found["plan"]["units"], found["missing"]
            except ValueError as error:
                self.trouble["plan"] = f"no plan for the nodes left: {error}"
        if lost and "plan" in self.trouble:
            placed = {name for unit in units if unit["node"] not in lost for name in models(unit)}
            missing = sorted({name for unit in units for name in models(unit)} - placed)
        self.force = (of, units, missing)
        return units

    def planned(self, order, lost):
        """What `weft plan` makes of the order's plan without some nodes: its JSON, and what it says to people."""
        with self.lock:
            known = self.memory["nodes"]
        rows = [known.get(str(at), {"devices": 1}) for at in range(max(map(int, known), default=0) + 1)]
        cluster = {"nodes": [
            {"devices": max(1, row["devices"]), "memory_gb": row.get("memory_gb", 80), "speed": row.get("speed", 1)}
            for row in rows]}
        gone = sorted({*lost, *(at for at in range(len(rows)) if str(at) not in known)})
        with tempfile.TemporaryDirectory() as folder:
            texts = {"workload.yaml": order["workload"], "from.yaml": json.dumps(order["plan"]),
                     order["costs"]["name"]: order["costs"]["text"], "cluster.yaml": json.dumps(cluster)}
            for name, text in texts.items():
                with open(os.path.join(folder, name), "w") as file:
                    file.write(text)
            command = [order["weft"], "plan", "workload.yaml", "--costs", order["costs"]["name"], "--from", "from.yaml",
                       "--cluster", "cluster.yaml", "--keep-meshes", "--json"]
            for node in gone:
                command += ["--without-node", str(node)]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise ValueError((done.stderr.strip().splitlines() or ["weft plan said nothing"])[0])
        return {"missing": []} | json.loads(done.stdout), done.stderr

    def find(self, order, alive):
        """What runs, as the supervisors and the routers have it."""
        names = [name[len(PREFIX):] for name in ray.util.list_named_actors() if name.startswith(PREFIX)]
        for at in [at for at in self.known if at not in names]:
            del self.known[at]
        actors = {}
        for at in names:
            try:
                actors[at] = self.known.get(at) or ray.get_actor(PREFIX + at)
            except ValueError:  # It went while it was looked for.
                continue
        asked = {actor.status.remote(): at for at, actor in actors.items()}
        done = ray.wait(list(asked), num_returns=len(asked), timeout=ANSWER)[0] if asked else []
        answers = {}
        for reference in done:
            try:
                answers[asked[reference]] = ray.get(reference)
            except ray.exceptions.RayError:  # It died, and its name is free in a moment.
                actors.pop(asked[reference], None)
        announced = self.announced(order)
        self.end_changes()
        running, seen = {}, {}
        for at in actors:
            answer = answers.get(at) or self.seen.get(at) or self.placeholder(at)
            if answer["unit"]["node"] not in alive:
                # An actor whose node is away waits for it in vain, and keeps its name from the one to come.
                ray.kill(actors[at])
                self.known.pop(at, None)
                continue
            serves = set(models(answer["unit"])) if announced else set()
            for router in announced:
                worker = router.get(at, {})
                told = worker.get("state") == "ready" and worker["worker"]["epoch"] >= (answer["epoch"] or 0)
                serves &= set(worker["models"]) if told else set()
            serves = frozenset(serves) if answer["state"] == "running" else frozenset()
            running[at] = Running(answer["unit"], answer["state"], serves, at in self.known)
            seen[at] = answer | {"serves": serves, "url": next(
                (router[at]["url"] for router in announced if at in router), None)}
        self.actors, self.seen = actors, seen
        return running

    def placeholder(self, at):
        """A unit whose supervisor has not answered yet, as its key tells."""
        name, place = at.rsplit("@", 1)
        node, devices = place.split(".")
        unit = {"name": name, "node": int(node), "devices": list(map(int, devices.split("-"))), "models": []}
        known = next((other for other in self.force[1] if key(other) == at), unit)
        return {"unit": known, "state": "starting", "epoch": None, "reason": ""}

    def announced(self, order):
        """What each router that answers was told, by the names of workers."""
        heard = []
        for router in order["routers"]:
            try:
                heard.append(registry(router, order["secret"]))
                self.trouble.pop(router, None)
            except urllib.error.HTTPError as error:
                self.trouble[router] = refusal(router, error.code)
            except (OSError, ValueError) as error:
                reason = getattr(error, "reason", error)
                self.trouble[router] = f"router {router} cannot be reached: {reason}; is `weft route` running there?"
        return heard

    # What is done.

    def do(self, action, order, wanted, running, alive):
        at = action.key
        match action:
            case Adopt():
                self.known[at] = self.actors[at]
            case Start():
                self.start(at, wanted[at], order, alive)
            case Load() | Unload() if at not in self.changes and time.monotonic() > self.refusals.get(at, (0, ""))[0]:
                url = self.seen[at]["url"]
                if url or running[at].state == "failed":
                    unit = with_kept(wanted[at], running[at].unit, action.kept)
                    self.changes[at] = self.actors[at].change.remote(unit, url)
            case Drain():
                self.actors[at].drain.remote()
            case Forget():
                ray.kill(self.actors[at])
                self.known.pop(at, None)

    def start(self, at, unit, order, alive):
        with self.lock:
            # Greater than all before: by the clock, and should that go back, by what is remembered. A supervisor has
            # room for 65,536 starts, which are three weeks of ends every half minute; by then the clock has gone on.
            self.memory["epoch"] = epoch = max(int(time.time() * 1e6), self.memory["epoch"] + (1 << 16))
            self.save()
        told = {name: order[name] for name in ("routers", "secret", "keys", "insecure", "weft", "version")}
        told |= {"unit": unit, "key": at, "epoch": epoch, "host": alive[unit["node"]]["host"]}
        announce_start(told, unit, epoch + 1)
        try:
            self.known[at] = self.supervisors.options(
                name=PREFIX + at, namespace=NAMESPACE, lifetime="detached", num_cpus=0, max_concurrency=8,
                label_selector={"weft-node": str(unit["node"])},
                resources={f"device-{device}": 1 for device in unit["devices"]}).remote(told)
        except ValueError:  # The name of one that died is not free yet: the next look starts it.
            pass

    def end_changes(self):
        """Takes note of loads and unloads that are over."""
        for at, reference in list(self.changes.items()):
            if not ray.wait([reference], timeout=0)[0]:
                continue
            del self.changes[at]
            try:
                why = ray.get(reference)
            except ray.exceptions.RayError:
                continue
            if why:
                self.refusals[at] = (time.monotonic() + AGAIN, why)
            else:
                self.refusals.pop(at, None)

    def save(self):
        with open(self.path + ".new", "w") as file:
            json.dump(self.memory, file)
        os.chmod(self.path + ".new", 0o600)
        os.replace(self.path + ".new", self.path)


def refusal(router, status):
    """Why a router does not tell what it knows, and what to do."""
    if status == 401:
        return (f"router {router} does not know this secret: give `weft route --secret` and `weft cluster up --secret` "
                "the same file")
    return f"router {router} answers with status {status}: is it `weft route`?"
