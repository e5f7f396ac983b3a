"""What is to be done so that what runs becomes the plan: decided in values, and carried out elsewhere.

A unit is what a plan says of it: {"name", "node", "devices", "models": [{"name", ...}]}. A unit at its place has a key,
and is told by it from one of the same name that another plan puts elsewhere.
"""
import dataclasses


@dataclasses.dataclass
class Running:
    """A unit that has a supervisor."""

    unit: dict
    # "starting", "running", "waiting" to be started again, "failed" for good, "draining" or "drained".
    state: str
    # Models that every router sends it requests for.
    serves: frozenset = frozenset()
    # Whether the controller knows its supervisor, which it does not after a restart of its own.
    is_known: bool = True


@dataclasses.dataclass(frozen=True)
class Start:
    """Starts a unit that nothing runs of."""

    key: str


@dataclasses.dataclass(frozen=True)
class Load:
    """Has a unit serve these models of the plan, and for now those it has."""

    key: str
    kept: tuple = ()


@dataclasses.dataclass(frozen=True)
class Unload:
    """Has a unit serve the plan's models, and for now those that are kept."""

    key: str
    kept: tuple = ()


@dataclasses.dataclass(frozen=True)
class Drain:
    """Ends a unit when it has ended what it has."""

    key: str


@dataclasses.dataclass(frozen=True)
class Adopt:
    """Takes over a unit that a controller before this one started."""

    key: str


@dataclasses.dataclass(frozen=True)
class Forget:
    """Lets a supervisor go whose unit is drained."""

    key: str


def key(unit):
    """UNIT@NODE.DEVICES"""
    return f"{unit['name']}@{unit['node']}.{'-'.join(str(device) for device in unit['devices'])}"


def models(unit):
    return {model["name"]: model for model in unit["models"]}


def places(unit):
    return {(unit["node"], device) for device in unit["devices"]}


def actions(plan, alive, running):
    """What to do now, given the plan's units, the numbers of the nodes that live, and what runs, by key.

    New before old: a model is served where it shall be before it goes where it was. What stands on devices that a new
    unit needs goes first, when nothing else is to be waited for."""
    wanted = {key(unit): unit for unit in plan if unit["node"] in alive}
    planned = {name for unit in plan for name in models(unit)}
    doing = [Adopt(at) for at, run in running.items() if not run.is_known]
    doing += [Forget(at) for at, run in running.items() if run.state == "drained"]
    blocked = {at for at, unit in wanted.items() if at not in running and blockers(unit, running)}

    def has_gone_over(name):
        """Whether a model is served where the plan has it, or never will be as things stand."""
        homes = [at for at, unit in wanted.items() if name in models(unit)]
        return all(at in running and name in running[at].serves for at in homes) and (homes or name not in planned)

    def waits_for(name):
        """Whether something is under way that will serve a model where the plan has it."""
        homes = [at for at, unit in wanted.items() if name in models(unit)]
        return any(
            at not in blocked and (at not in running or (
                name not in running[at].serves and running[at].state in ("starting", "running", "waiting")))
            for at in homes)

    for at, unit in wanted.items():
        if at not in running:
            if at not in blocked:
                doing.append(Start(at))
        elif running[at].state not in ("draining", "drained") and running[at].unit != unit:
            doing += change(at, unit, running[at], has_gone_over)
    in_the_way = {other for at in blocked for other in blockers(wanted[at], running)}
    for at, run in running.items():
        if at in wanted or run.state in ("draining", "drained"):
            continue
        served = set(models(run.unit)) & planned
        if run.state == "failed" or all(has_gone_over(name) for name in served) or (
                at in in_the_way and not any(waits_for(name) for name in served)):
            doing.append(Drain(at))
    return doing


def blockers(unit, running):
    """Units that stand on a device of this one."""
    return [at for at, run in running.items() if places(run.unit) & places(unit)]


def change(at, unit, run, has_gone_over):
    """Has a living unit serve other models: more at first, and less when these are served elsewhere."""
    old, new = models(run.unit), models(unit)
    surplus = tuple(name for name in old if name not in new)
    if any(old.get(name) != model for name, model in new.items()):
        return [Load(at, surplus)]
    kept = tuple(name for name in surplus if not has_gone_over(name))
    return [Unload(at, kept)] if kept != surplus else []


def with_kept(unit, old, kept):
    """The unit with models that it serves beyond the plan for now."""
    had = models(old)
    return unit | {"models": unit["models"] + [had[name] for name in kept if name in had]}


def faults(plan, version, nodes):
    """What of the plan's units is not there, a line each, with what to do. `nodes`: {number: {"version", "devices"}}"""
    found, wanted = [], {}
    for unit in plan:
        wanted.setdefault(unit["node"], []).append(unit)
    for at, units in sorted(wanted.items()):
        if at not in nodes:
            there = ", ".join(map(str, sorted(nodes))) or "none"
            found.append(
                f"the plan has node {at}, and the cluster has {there}: `weft cluster node --node {at}` adds it")
            continue
        if nodes[at]["version"] != version:
            found.append(f"node {at} has weft {nodes[at]['version']}, and this is {version}: install the same on all "
                         "nodes, then `ray stop` and `weft cluster node` there")
        found += [
            f"unit {unit['name']}: device {device} of node {at} is not there, the node has {nodes[at]['devices']}: "
            "plan anew for the devices that there are"
            for unit in units for device in unit["devices"] if device >= nodes[at]["devices"]]
    return found
