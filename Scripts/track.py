"""Hands the rounds of a run to TensorBoard or MLflow: see Scripts/track."""

import argparse
import json
import os
import pathlib
import sys
import time


def flat(value, prefix=""):
    """The numbers and texts of a JSON value, by their path."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from flat(part, f"{prefix}{key}." if prefix or isinstance(part, (dict, list)) else key + ".")
    elif not isinstance(value, list):
        yield prefix.rstrip("."), value


def scalars(report):
    """What a line of rounds.jsonl says in numbers."""
    for name, value in report.get("metrics", {}).items():
        yield f"metrics/{name}", value
    for name in ("bytesUp", "bytesDown"):
        if name in report:
            yield f"traffic/{name}", report[name]
    for name, value in report.get("seconds", {}).items():
        yield f"seconds/{name}", value
    yield "sites/absent", len(report.get("absent", []))
    for site in report["participants"]:
        for name, value in site.get("metrics", {}).items():
            yield f"{name}/{site['client']}", value
        if "share" in site:
            yield f"share/{site['client']}", site["share"]


class Lines:
    """The complete lines of a growing file, each once."""

    def __init__(self, path):
        self.path, self.offset = path, 0

    def new(self):
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self.offset += len(line)
                yield json.loads(line)


class TensorBoard:
    def __init__(self, folder):
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.summary.writer.event_file_writer import EventFileWriter
        self.event, self.summary = event_pb2.Event, summary_pb2.Summary
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.glob("events.*")):
            sys.exit(f"track: {folder}: event files are there already; remove them, or name another --output.")
        self.writer = EventFileWriter(str(folder))

    def add(self, report):
        values = [self.summary.Value(tag=name, simple_value=value) for name, value in scalars(report)]
        self.writer.add_event(
            self.event(wall_time=time.time(), step=report["round"], summary=self.summary(value=values)))
        self.writer.flush()


class MLflow:
    def __init__(self, uri, name, settings):
        import mlflow
        mlflow.set_tracking_uri(uri)
        self.client = mlflow.MlflowClient(uri)
        experiment = self.client.get_experiment_by_name("federated-contrastive")
        identifier = experiment.experiment_id if experiment else self.client.create_experiment("federated-contrastive")
        self.run = self.client.create_run(identifier, run_name=name).info.run_id
        for key, value in flat(settings):
            self.client.log_param(self.run, key, str(value)[:500])

    def add(self, report):
        for name, value in scalars(report):
            self.client.log_metric(self.run, name.replace(":", "-"), value, step=report["round"])


parser = argparse.ArgumentParser(prog="track", description="Hands the rounds of a run to a tracking tool.")
parser.add_argument("run", type=pathlib.Path)
parser.add_argument("--to", choices=["tensorboard", "mlflow"], default="tensorboard")
parser.add_argument("--output", type=pathlib.Path, help="the folder of event files (default: RUN/tensorboard)")
parser.add_argument("--uri", help="MLflow's tracking URI (default: sqlite:///RUN/mlflow.db)")
parser.add_argument("--follow", action="store_true", help="go on with new rounds until Ctrl-C")
options = parser.parse_args()
if not (options.run / "config.json").exists():
    sys.exit(f"track: {options.run}: is no folder of a run: there is no config.json in it.")
settings = json.loads((options.run / "config.json").read_text())
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

followed = {}
total = 0
try:
    while True:
        for path in sorted([*options.run.glob("rounds.jsonl"), *options.run.glob("trials/*/rounds.jsonl")]):
            if path not in followed:
                name = path.parent.name if path.parent != options.run else options.run.resolve().name
                folder = (options.output or options.run / "tensorboard") / name
                tool = TensorBoard(folder) if options.to == "tensorboard" else MLflow(
                    options.uri or f"sqlite:///{(options.run / 'mlflow.db').resolve()}", name, settings)
                followed[path] = (Lines(path), tool)
            lines, tool = followed[path]
            for report in lines.new():
                tool.add(report)
                total += 1
        if not options.follow:
            break
        time.sleep(5)
except KeyboardInterrupt:
    pass
if not followed:
    sys.exit(f"track: {options.run}: there is no rounds.jsonl in it yet.")
print(f"{total} rounds of {len(followed)} run{'' if len(followed) == 1 else 's'}")
