"""A client in NumPy: it returns the arrays that it got, a little changed. It answers nothing but `train`.

`behaviour` in the node's configuration makes it misbehave: `nan` puts a NaN into its first array, `shape` appends a row
to it.
"""

import numpy as np
from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

EXAMPLES = 10

app = ClientApp()


@app.train()
def train(message: Message, context: Context) -> Message:
    arrays = {name: array.numpy() * np.float32(0.999) for name, array in message.content["arrays"].items()}
    first = next(iter(arrays))
    behaviour = context.node_config.get("behaviour", "")
    if behaviour == "nan":
        arrays[first].flat[0] = np.nan
    elif behaviour == "shape":
        arrays[first] = np.concatenate([arrays[first], arrays[first][:1]])
    content = RecordDict(
        {
            "arrays": ArrayRecord({name: Array(array) for name, array in arrays.items()}),
            "metrics": MetricRecord({"num-examples": EXAMPLES}),
        }
    )
    return Message(content=content, reply_to=message)
