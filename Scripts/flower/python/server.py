"""A server with Flower's own FedAvg. It asks one node for the first arrays, and checks every average on its own.

What it saw goes to the file `report` as JSON, because a node's number means nothing to who reads the log of a run.
"""

import json
import pathlib
import time

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Context, Message, RecordDict
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

# A reply takes a few seconds; this is for machines that do other things as well.
TIMEOUT = 300

app = ServerApp()


class CheckedFedAvg(FedAvg):
    """FedAvg that computes the weighted mean a second time, in double precision, and fails at a difference."""

    def __init__(self, nodes: int):
        super().__init__(fraction_train=1.0, fraction_evaluate=0.0, min_train_nodes=nodes, min_available_nodes=nodes)
        self.nodes = nodes
        self.rounds: list[dict] = []

    def aggregate_train(self, server_round, replies):
        replies = list(replies)
        errors = [reply.error.reason for reply in replies if reply.has_error()]
        if errors or len(replies) != self.nodes:
            raise RuntimeError(f"{len(replies)} of {self.nodes} nodes replied in round {server_round}; errors: {errors}")
        arrays, metrics = super().aggregate_train(server_round, replies)

        examples = [reply.content["metrics"]["num-examples"] for reply in replies]
        largest = 0.0
        for name, average in arrays.items():
            models = [reply.content["arrays"][name].numpy().astype(np.float64) for reply in replies]
            expected = sum(n * model for n, model in zip(examples, models)) / sum(examples)
            np.testing.assert_allclose(average.numpy(), expected, rtol=1e-4, atol=1e-6, err_msg=name)
            if not np.isfinite(average.numpy()).all():
                raise RuntimeError(f"{name} is not finite in round {server_round}")
            largest = max(largest, max(float(np.abs(model - models[0]).max(initial=0)) for model in models))
        self.rounds.append({"round": server_round, "examples": examples, "difference": largest})
        return arrays, metrics


def first_arrays(grid: Grid) -> ArrayRecord:
    """The model that one of the nodes proposes."""
    message = Message(
        content=RecordDict({"config": ConfigRecord({"server-round": 0})}),
        message_type="query.parameters",
        dst_node_id=min(grid.get_node_ids()),
    )
    (reply,) = grid.send_and_receive([message], timeout=TIMEOUT)
    if reply.has_error():
        raise RuntimeError(f"query.parameters: {reply.error.reason}")
    return reply.content["arrays"]


def answers(grid: Grid, jobs: list[str]) -> list[str]:
    """What a site answers to each of these jobs, with which a hostile server could begin."""
    while not (nodes := list(grid.get_node_ids())):
        time.sleep(0.2)
    reasons = []
    for job in jobs:
        message = Message(
            content=RecordDict({"config": ConfigRecord({"job": job, "server-round": 0})}),
            message_type="query.describe",
            dst_node_id=min(nodes),
        )
        (reply,) = grid.send_and_receive([message], timeout=TIMEOUT)
        reasons.append(reply.error.reason if reply.has_error() else "")
    return reasons


@app.main()
def main(grid: Grid, context: Context) -> None:
    config = context.run_config
    if config["jobs"]:
        pathlib.Path(config["report"]).write_text(json.dumps(answers(grid, json.loads(pathlib.Path(config["jobs"]).read_text()))))
        return
    while len(list(grid.get_node_ids())) < config["nodes"]:
        time.sleep(0.2)
    if config["ask-for-parameters"]:
        arrays = first_arrays(grid)
    else:
        arrays = ArrayRecord([np.ones((3, 2), np.float32), np.linspace(-1, 1, 5, dtype=np.float32)])
    strategy = CheckedFedAvg(config["nodes"])
    result = strategy.start(grid=grid, initial_arrays=arrays, num_rounds=config["rounds"], timeout=TIMEOUT)
    change = max(float(np.abs(result.arrays[name].numpy() - arrays[name].numpy()).max(initial=0)) for name in arrays)
    report = {
        "arrays": {name: list(array.shape) for name, array in result.arrays.items()},
        "change": change,
        "rounds": strategy.rounds,
    }
    if config["report"]:
        pathlib.Path(config["report"]).write_text(json.dumps(report))
