"""A client in NumPy: it returns the arrays that it got, a little changed. It answers nothing but `train`.

`behaviour` in the node's configuration makes it misbehave: `nan` puts a NaN into its first array, `shape` appends a row
to it, `far` moves all weights a hundred times as far as it should, `huge` sends the largest numbers there are, `samples`
claims a trillion of them, `variance` makes variances negative, `large` sends 100 MB, and `silent` does not answer for ten
minutes. `twin` calls itself client-1, and `escape` has control characters in its name.
"""

import time

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

EXAMPLES = 10

NAMES = {"twin": "client-1", "escape": "\x1b[2Jclient-9"}

app = ClientApp()


@app.query("describe")
def describe(message: Message, context: Context) -> Message:
    behaviour = context.node_config.get("behaviour", "")
    if behaviour not in NAMES:
        raise ValueError("this client says nothing about itself")
    content = RecordDict({"config": ConfigRecord({"client": NAMES[behaviour], "max-shared": 0})})
    return Message(content=content, reply_to=message)


@app.train()
def train(message: Message, context: Context) -> Message:
    arrays = {name: array.numpy() * np.float32(0.999) for name, array in message.content["arrays"].items()}
    first = next(iter(arrays))
    behaviour = context.node_config.get("behaviour", "")
    if behaviour == "nan":
        arrays[first].flat[0] = np.nan
    elif behaviour == "shape":
        arrays[first] = np.concatenate([arrays[first], arrays[first][:1]])
    elif behaviour == "far":
        arrays = {name: (array / np.float32(0.999) * np.float32(0.9)).astype(np.float32) * np.float32(100)
                  for name, array in arrays.items()}
    elif behaviour == "huge":
        arrays = {name: np.full_like(array, 3e38) for name, array in arrays.items()}
    elif behaviour == "variance":
        arrays = {name: -array if name.endswith("running_var") else array for name, array in arrays.items()}
    elif behaviour == "large":
        arrays[first] = np.random.default_rng(1).random(25_000_000, dtype=np.float32)
    elif behaviour == "silent":
        time.sleep(600)
    content = RecordDict(
        {
            "arrays": ArrayRecord({name: Array(array) for name, array in arrays.items()}),
            "metrics": MetricRecord({"num-examples": 1 << 40 if behaviour == "samples" else EXAMPLES}),
        }
    )
    return Message(content=content, reply_to=message)
