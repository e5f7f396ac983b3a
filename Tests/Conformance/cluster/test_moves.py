#!/usr/bin/env python3
"""What `weft cluster` decides, without Ray: cases, and random histories of a cluster in which all goes wrong.

    Tests/Conformance/cluster/test_moves.py
"""
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../Sources/Weft/Cluster"))
sys.dont_write_bytecode = True

from moves import Adopt, Drain, Forget, Load, Running, Start, Unload, actions, blockers, faults, key, models, with_kept


def unit(name, node, device, *names):
    return {"name": name, "node": node, "devices": [device], "models": [{"name": model} for model in names]}


def ready(of, *more, **fields):
    return Running(of, "running", frozenset([*models(of), *more]), **fields)


class Cases(unittest.TestCase):
    a, b = unit("a", 0, 0, "x", "y"), unit("b", 1, 0, "z")

    def test_what_is_missing_is_started_where_its_node_lives(self):
        self.assertEqual(actions([self.a, self.b], {0}, {}), [Start("a@0.0")])
        self.assertEqual(actions([self.a, self.b], {0, 1}, {"a@0.0": ready(self.a)}), [Start("b@1.0")])

    def test_what_is_equal_to_the_plan_is_left_alone(self):
        for state in ("starting", "running", "waiting", "failed"):
            self.assertEqual(actions([self.a], {0}, {"a@0.0": Running(self.a, state)}), [])

    def test_what_was_started_before_is_adopted(self):
        self.assertEqual(actions([self.a], {0}, {"a@0.0": ready(self.a, is_known=False)}), [Adopt("a@0.0")])

    def test_a_model_is_loaded_then_switched_to_then_unloaded(self):
        old, new = [self.a, self.b], [unit("a", 0, 0, "x"), unit("b", 1, 0, "z", "y")]
        run = {"a@0.0": ready(old[0]), "b@1.0": ready(old[1])}
        self.assertEqual(actions(new, {0, 1}, run), [Load("b@1.0")])
        run["b@1.0"].unit = new[1]
        self.assertEqual(actions(new, {0, 1}, run), [])
        run["b@1.0"].serves = frozenset("yz")
        self.assertEqual(actions(new, {0, 1}, run), [Unload("a@0.0")])

    def test_a_unit_goes_when_all_it_serves_is_served_elsewhere(self):
        new = unit("c", 2, 0, "x", "y")
        run = {"a@0.0": ready(self.a)}
        self.assertEqual(actions([new], {0, 2}, run), [Start("c@2.0")])
        run["c@2.0"] = Running(new, "running", frozenset("x"))
        self.assertEqual(actions([new], {0, 2}, run), [])
        run["c@2.0"] = ready(new)
        self.assertEqual(actions([new], {0, 2}, run), [Drain("a@0.0")])
        run["a@0.0"].state = "drained"
        self.assertEqual(actions([new], {0, 2}, run), [Forget("a@0.0")])

    def test_two_that_change_places_are_drained_first(self):
        one, two = unit("one", 0, 0, "x"), unit("two", 0, 1, "y")
        new = [unit("one", 0, 1, "x"), unit("two", 0, 0, "y")]
        run = {key(one): ready(one), key(two): ready(two)}
        self.assertEqual(actions(new, {0}, run), [Drain("one@0.0"), Drain("two@0.1")])

    def test_models_of_lost_nodes_stay_where_they_are_until_there_is_a_place(self):
        plan = [unit("a", 0, 0, "x"), self.b]
        run = {"a@0.0": ready(unit("a", 0, 0, "x", "z"))}
        self.assertEqual(actions(plan, {0}, run), [])

    def test_an_empty_plan_drains_all(self):
        self.assertEqual(actions([], {0}, {"a@0.0": ready(self.a)}), [Drain("a@0.0")])


class Faults(unittest.TestCase):
    plan = [unit("a", 0, 0, "x"), unit("b", 1, 2, "y"), unit("c", 3, 0, "z")]

    def test_what_is_not_there_is_named_with_what_to_do(self):
        there = {"version": "1", "devices": 1}
        self.assertEqual(faults(self.plan[:1], "1", {0: there}), [])
        lines = faults(self.plan, "1", {0: there | {"version": "0"}, 1: there})
        self.assertEqual(len(lines), 3)
        self.assertIn("node 0 has weft 0, and this is 1: install the same on all nodes", lines[0])
        self.assertIn("unit b: device 2 of node 1 is not there, the node has 1: plan anew", lines[1])
        self.assertIn("the plan has node 3, and the cluster has 0, 1: `weft cluster node --node 3` adds it", lines[2])


class World:
    """A cluster on which the actions are carried out, late, while nodes, supervisors and the controller come and go."""

    def __init__(self, draw):
        self.draw, self.alive, self.running, self.epoch, self.epochs = draw, set(range(3)), {}, 0, set()
        self.plan = self.any_plan()

    def any_plan(self):
        """Units of one or two devices, and models of which some have replicas."""
        units, names = [], "uvwxyz"
        for node in range(3):
            devices = [0, 1] if self.draw.random() < 0.8 else [[0, 1]]
            for at in devices:
                of = self.draw.sample(names, self.draw.randint(1, 3))
                units.append({
                    "name": f"unit-{self.draw.randrange(3)}-{node}-{at if at != [0, 1] else 'both'}", "node": node,
                    "devices": at if isinstance(at, list) else [at], "models": [{"name": name} for name in sorted(of)]})
        return units

    def look(self):
        for action in actions(self.plan, self.alive, self.running):
            self.carry_out(action)

    def carry_out(self, action):
        at, wanted = action.key, {key(unit): unit for unit in self.plan}
        match action:
            case Start():
                assert at not in self.running, f"{at} runs already"
                assert wanted[at]["node"] in self.alive
                assert not blockers(wanted[at], self.running), f"{at}: its devices are taken"
                self.epoch += 1
                assert (at, self.epoch) not in self.epochs
                self.epochs.add((at, self.epoch))
                self.running[at] = Running(wanted[at], "starting")
            case Load() | Unload():
                before = self.running[at]
                told = with_kept(wanted[at], before.unit, action.kept)
                for name in set(models(before.unit)) - set(models(told)):
                    self.check_goes(at, name)
                before.unit = told
                before.serves &= frozenset(models(told))
                if before.state == "failed":
                    before.state = "starting"
            case Drain():
                assert at not in wanted or wanted[at]["node"] not in self.alive
                run = self.running[at]
                blocked = [unit for unit in self.plan
                           if unit["node"] in self.alive and key(unit) not in self.running and at in blockers(
                               unit, self.running)]
                if run.state != "failed" and not blocked:
                    for name in models(run.unit):
                        self.check_goes(at, name)
                run.state, run.serves = "draining", frozenset()
            case Adopt():
                self.running[at].is_known = True
            case Forget():
                assert self.running.pop(at).state == "drained"

    def check_goes(self, at, name):
        """What goes is not planned any more, or served elsewhere as planned, where it was served at all."""
        homes = [key(unit) for unit in self.plan if name in models(unit)]
        if name in self.running[at].serves and homes:
            living = [home for home in homes if home != at and home in self.running]
            assert any(name in self.running[home].serves for home in living), f"{name} is served by nobody but {at}"

    def go_on(self):
        """What runs gets on by one step."""
        for at, run in list(self.running.items()):
            if self.draw.random() < 0.5:
                continue
            if run.state in ("starting", "waiting"):
                run.state = "running"
            elif run.state == "running":
                missing = sorted(set(models(run.unit)) - run.serves)
                run.serves |= frozenset(missing[:1])
            elif run.state == "draining":
                run.state = "drained"

    def go_wrong(self):
        match self.draw.randrange(8):
            case 0:
                node = self.draw.randrange(3)
                self.alive.symmetric_difference_update({node})
                self.running = {at: run for at, run in self.running.items() if run.unit["node"] in self.alive}
            case 1 if self.running:
                del self.running[self.draw.choice(sorted(self.running))]
            case 2 | 3 if self.running:
                run = self.running[self.draw.choice(sorted(self.running))]
                if run.state == "running":
                    run.state, run.serves = "waiting", frozenset()
            case 4 if self.running and self.draw.random() < 0.3:
                run = self.running[self.draw.choice(sorted(self.running))]
                if run.state == "running":
                    run.state, run.serves = "failed", frozenset()
            case 5:
                for run in self.running.values():
                    run.is_known = False
            case 6:
                self.plan = self.any_plan()

    def differences(self):
        """What is not as the plan says, but for models whose every place is on a lost node: they stay where they are."""
        wanted = {key(unit): set(models(unit)) for unit in self.plan if unit["node"] in self.alive}
        stranded = {name for unit in self.plan for name in models(unit)} - {name for of in wanted.values() for name in of}
        found = [f"{at} does not run" for at in wanted if at not in self.running]
        for at, run in self.running.items():
            more = set(models(run.unit)) - wanted.get(at, set())
            if not run.is_known or run.serves != set(models(run.unit)) or not wanted.get(at, set()) <= run.serves:
                found.append(f"{at} is {run}")
            if not (more <= stranded and (more or at in wanted)) and not (at not in wanted and more & stranded):
                found.append(f"{at} has {sorted(more)} beyond the plan")
        return found

    def settle(self):
        """Nothing goes wrong for a while, and failed units were mended."""
        for run in self.running.values():
            run.state = "starting" if run.state == "failed" else run.state
        for _ in range(60):
            self.look()
            self.go_on()
        return self.differences()


class Histories(unittest.TestCase):
    def test_all_histories_end_equal_to_the_plan_and_nothing_runs_twice(self):
        for seed in range(400):
            world = World(random.Random(seed))
            with self.subTest(seed=seed):
                for _ in range(60):
                    if world.draw.random() < 0.3:
                        world.go_wrong()
                    world.look()
                    world.go_on()
                self.assertEqual(world.settle(), [], f"{world.plan} on {world.alive}")
                world.alive = {0, 1, 2}
                self.assertEqual(world.settle(), [], f"{world.plan} on all nodes")
                self.assertEqual(set(world.running), set(map(key, world.plan)))


if __name__ == "__main__":
    unittest.main()
