"""What the measuring tools share: `weft serve` as a context, and `weft bench serve` under policy after policy."""

import json
import os
import re
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


class Server:
    """`weft serve` on a free port: `with Server(weft, config, ...) as url`."""

    def __init__(self, weft, config, policy, device, log):
        self.command = [weft, "serve", config, "--policy", policy, "--port", "0"]
        self.command += ["--device", device] if device else []
        self.log = log

    def __enter__(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(self.command, stderr=log)
        text = ""
        while "] ready" not in text:
            if self.process.poll() is not None:
                raise SystemExit(f"weft serve ended:\n{text}")
            time.sleep(0.2)
            with open(self.log) as log:
                text = log.read()
        return re.search(r"http://[\d.]+:\d+", text).group(0)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def load(weft, config, policy, device, workload, report, *words):
    """Serves a configuration and loads it; log and report stand under the name `report`."""
    with Server(weft, config, policy, device, report + ".log") as url:
        subprocess.run([weft, "bench", "serve", workload, "--url", url, "--json", report + ".json", *words],
                       check=True, stdout=subprocess.DEVNULL)


class Comparison:
    """Runs of the models of configs/comparison. Policies take turns, so that a slower machine is so for all."""

    def __init__(self, parser):
        parser.add_argument("folder", help="where reports go, as JSON and as pages")
        parser.add_argument("--alpha", default="2.1", help="of the models' popularity: 0.9 or 2.1")
        parser.add_argument("--device", default="opencl")
        parser.add_argument("--scales", default="0.5 1 2", help="what the workload's rates are multiplied by")
        parser.add_argument("--policies", default="adbs temporal spatial")
        parser.add_argument("--duration", default="60", help="seconds in which requests arrive")
        parser.add_argument(
            "--rounds", type=int, default=1, help="how often all is measured, each time with a new seed")
        parser.add_argument("--config", help="a configuration with devices of its own; of these, --device is measured")
        parser.add_argument("--weft", help="the program; built if none is given")
        options = parser.parse_args()
        self.__dict__.update(vars(options))
        self.folder, self.weft = os.path.abspath(self.folder), self.weft and os.path.abspath(self.weft)
        os.chdir(ROOT)
        self.served_device = None if self.config else self.device
        self.config = self.config or f"configs/comparison/serve-{self.alpha}.yaml"
        self.workload = f"configs/comparison/workload-{self.alpha}.yaml"
        if not os.path.exists(self.config):
            parser.error(f"there is no {self.config}")
        os.makedirs(self.folder, exist_ok=True)
        subprocess.run(["tools/models"] + ([self.weft] if self.weft else []), check=True)
        if not self.weft:
            build = ["swift", "build", "-c", "release", "--show-bin-path"]
            self.weft = subprocess.run(build, check=True, capture_output=True, text=True).stdout.strip() + "/weft"

    def run(self, around=None):
        """Measures all; yields (policy, scale, report without its ending) after each run.

        `around` is called before and after each run, while nothing is served, with the report."""
        first = None
        for number in range(1, self.rounds + 1):
            for scale in self.scales.split():
                for policy in self.policies.split():
                    report = f"{self.folder}/{policy}-{scale}-{number}"
                    say(f"{policy}, alpha {self.alpha}, rates x {scale}, round {number}")
                    if around:
                        around(report)
                    # All runs are measured against the unloaded latencies that the first one found.
                    known = ["--unloaded", first] if first else []
                    load(self.weft, self.config, policy, self.served_device, self.workload, report, "--rate-scale",
                         scale, "--duration", self.duration, "--seed", str(number), "--html", report + ".html",
                         "--record", report + ".jsonl", *known)
                    if around:
                        around(report)
                    first = first or report + ".json"
                    yield policy, scale, report

    def summary(self, reports):
        """Prints, for each policy and scale, requests within 8 times, throughput and mean latency over all rounds."""
        print(f"{'policy':10}{'scale':>6}{'requests':>10}{'within 8x':>11}{'requests/s':>12}{'mean latency':>14}")
        for scale in self.scales.split():
            for policy in self.policies.split():
                own = [overall(r) for p, s, r in reports if (p, s) == (policy, scale)]
                count = sum(run["requests"] for run in own)
                within = sum(fraction(run, 8) * run["requests"] for run in own)
                print(f"{policy:10}{scale:>6}{count:10}{100 * within / count:10.1f}%"
                      f"{statistics.median(run['throughput'] for run in own):12.2f}"
                      f"{statistics.median(run['latency']['mean'] for run in own):13.2f}s")


def overall(report):
    with open(report + ".json") as file:
        return json.load(file)["service"]["overall"]


def fraction(figures, scale):
    return next(point["fraction"] for point in figures["attainment"] if point["scale"] == scale)
